/** The engine as the edge asks it: started when it is first needed, started again when it dies, answers matched to questions. */
import { CodedError } from "../../core/index.ts";
import type { Clock, Timer } from "../../core/index.ts";
import type {
  EngineCallName,
  EngineCalls,
  EngineChannel,
  FromEngine,
  ToEngine,
} from "./engine-messages.ts";
import type { LogsLimits } from "./logs-limits.ts";

export interface EngineClientOptions {
  readonly start: () => EngineChannel;
  readonly folder: string;
  readonly limits: LogsLimits;
  readonly clock: Clock;
  readonly note: (workspace: string | undefined, says: string) => void;
}

/** An engine that dies sooner than this after its start is waited for longer each time. */
const STEADY_MS = 10_000;
const RESTART_MS_MAX = 30_000;
const RESTART_MS_MIN = 250;

interface Asked {
  readonly resolve: (answer: EngineCalls[EngineCallName]["answer"]) => void;
  readonly reject: (error: CodedError) => void;
}

export class EngineClient {
  readonly #options: EngineClientOptions;
  readonly #asked = new Map<number, Asked>();
  #channel: EngineChannel | undefined;
  #nextId = 1;
  #startedMs = 0;
  #waitMs = 0;
  #restart: Timer | undefined;
  #closed = false;

  constructor(options: EngineClientOptions) {
    this.#options = options;
  }

  /**
   * Asks the engine, which is started where it is not there.
   *
   * @throws CodedError what the engine answers; LogsUnavailable (503) when it is away or dies before it answers.
   */
  call<Name extends EngineCallName>(
    name: Name,
    asked: EngineCalls[Name]["asked"],
    signal?: AbortSignal,
  ): Promise<EngineCalls[Name]["answer"]> {
    const channel = this.#ready();
    if (channel === undefined) return Promise.reject(away());
    const id = this.#nextId++;
    const cancel = (): void => this.#channel?.send({ kind: "cancel", id });
    const answered = new Promise<EngineCalls[Name]["answer"]>((resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as Asked["resolve"], reject });
    }).finally(() => signal?.removeEventListener("abort", cancel));
    channel.send({ kind: "call", id, name, asked } satisfies ToEngine);
    if (signal?.aborted) cancel();
    else signal?.addEventListener("abort", cancel, { once: true });
    return answered;
  }

  /** Whether it was started and has not ended. */
  get isRunning(): boolean {
    return this.#channel !== undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#restart?.cancel();
    const channel = this.#channel;
    await channel?.close();
    this.#gone(channel);
  }

  /** The channel; undefined while a new start waits for its time. */
  #ready(): EngineChannel | undefined {
    if (this.#closed || this.#restart !== undefined) return undefined;
    if (this.#channel !== undefined) return this.#channel;
    const { start, folder, limits, clock } = this.#options;
    const channel = start();
    this.#channel = channel;
    this.#startedMs = clock.nowMs();
    channel.listen({
      message: (message) => this.#receive(message),
      gone: () => this.#gone(channel),
    });
    channel.send({ kind: "begin", folder, limits });
    return channel;
  }

  #receive(message: FromEngine): void {
    switch (message.kind) {
      case "ready":
        return;
      case "note":
        return this.#options.note(message.workspace, message.says);
      case "answer": {
        const asked = this.#asked.get(message.id);
        this.#asked.delete(message.id);
        return asked?.resolve(message.answer);
      }
      case "failure": {
        const asked = this.#asked.get(message.id);
        this.#asked.delete(message.id);
        const { code, says, status } = message;
        asked?.reject(new CodedError(code, says, { status }));
      }
    }
  }

  /** Whoever asked is told; the next question starts it again, at once where it had worked for long. */
  #gone(channel: EngineChannel | undefined): void {
    if (channel === undefined || this.#channel !== channel) return;
    this.#channel = undefined;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    const { clock, note } = this.#options;
    if (!this.#closed) {
      note(undefined, "The engine of logs ended; it is started again when it is next asked.");
      const lived = clock.nowMs() - this.#startedMs;
      this.#waitMs =
        lived >= STEADY_MS
          ? 0
          : Math.min(RESTART_MS_MAX, Math.max(RESTART_MS_MIN, this.#waitMs * 2));
      if (this.#waitMs > 0) {
        this.#restart = clock.after(this.#waitMs, () => {
          this.#restart = undefined;
        });
      }
    }
    for (const { reject } of asked) reject(away());
  }
}

const away = (): CodedError =>
  new CodedError("LogsUnavailable", "The engine of logs is away. Ask again in a few seconds.", {
    status: 503,
  });
