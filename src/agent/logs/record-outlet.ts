/** The way out of records: a queue on disk, and a sender that empties it, oldest first. */
import type { LogsChannel, RecordsOutcome, Transport } from "../../client/index.ts";
import { sendRecords } from "../../client/index.ts";
import { limits, messageOf, sleep } from "../../core/index.ts";
import type { Clock, Random } from "../../core/index.ts";
import type { Queue, QueueBatch } from "../queue.ts";
import type { LogsChannelKeeper, OpenLogsChannel } from "./logs-channel.ts";
import { decodePayload } from "./record-payload.ts";
import { highScaleStream, ipNameOf } from "./record-types.ts";

export interface OutletState {
  readonly recordsSent: number;
  readonly requestsSent: number;
  /** Records that the receiver refused for good. */
  readonly recordsRefused: number;
  readonly retries: number;
  readonly lastSentMs: number | undefined;
  /** What stands in the way now; undefined while all goes well. */
  readonly failure: string | undefined;
}

export interface OutletOptions {
  readonly queue: Queue;
  readonly channel: LogsChannelKeeper;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly resourceId: string;
}

export interface RecordOutlet {
  /** Tells that the queue has more. */
  wake(): void;
  state(): OutletState;
  /** Ends at once; what is not acknowledged stays queued. */
  stop(): Promise<void>;
}

/** Starts sending. */
export function startRecordOutlet(options: OutletOptions): RecordOutlet {
  const run = new OutletRun(options);
  const done = run.loop();
  return {
    wake: () => run.wake(),
    state: () => run.state,
    stop: () => {
      run.stop();
      return done;
    },
  };
}

const ONE_RECORD = { samplesMax: 0, bytesMax: 0 };

class OutletRun {
  readonly #options: OutletOptions;
  readonly #stopping = new AbortController();
  #wake: () => void = () => undefined;
  #failures = 0;
  /** The request that 401 was answered to once already. */
  #unauthorized: string | undefined;
  state: OutletState = {
    recordsSent: 0,
    requestsSent: 0,
    recordsRefused: 0,
    retries: 0,
    lastSentMs: undefined,
    failure: undefined,
  };

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  wake(): void {
    this.#wake();
  }

  stop(): void {
    this.#stopping.abort(new Error("The agent stops."));
    this.#wake();
  }

  async loop(): Promise<void> {
    const { queue } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      const batch = queue.next(ONE_RECORD);
      if (batch === undefined) await woken;
      else await this.#sendOrWait(batch);
    }
  }

  async #sendOrWait(batch: QueueBatch): Promise<void> {
    const { channel } = this.#options;
    let payload: ReturnType<typeof decodePayload>;
    try {
      payload = decodePayload(batch.message);
    } catch (error) {
      return this.#acknowledge(batch, { sent: false, failure: messageOf(error) });
    }
    try {
      const kind = payload.head.type === highScaleStream ? "gig" : "ods";
      const open = await this.#unlessStopped(channel.open(kind));
      const outcome = await this.#unlessStopped(this.#send(payload, open));
      await this.#settle(batch, payload.head.requestId, outcome, open.channel);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      // No answer: the records may have been taken or not. They are sent again under the same request id.
      channel.forgetConfiguration();
      await this.#backOff(messageOf(error), undefined);
    }
  }

  #send(
    { head, items }: ReturnType<typeof decodePayload>,
    open: OpenLogsChannel,
  ): Promise<RecordsOutcome> {
    const { clock, resourceId } = this.#options;
    const { channel, token, transport = this.#options.transport } = open;
    const { type, requestId } = head;
    return sendRecords(
      { dataType: type, ipName: ipNameOf(type), items, requestId, resourceId },
      { transport, clock, channel, token, signal: this.#stopping.signal },
    );
  }

  /** The work's outcome, or a throw when the agent stops first: what then still comes is not looked at. */
  #unlessStopped<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#stopping;
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
    });
  }

  async #settle(
    batch: QueueBatch,
    requestId: string,
    outcome: RecordsOutcome,
    way: LogsChannel,
  ): Promise<void> {
    const { channel } = this.#options;
    switch (outcome.kind) {
      case "taken":
        return this.#acknowledge(batch, { sent: true, failure: undefined });
      case "retry":
        // A way that is closed may have been moved: the configuration is read anew.
        channel.forgetConfiguration();
        return this.#backOff(describe(outcome), outcome.retryAfterMs);
      case "unauthorized":
        channel.forgetToken(way.channelId);
        if (this.#unauthorized === requestId) channel.forgetConfiguration();
        await this.#backOff(describe(outcome), this.#unauthorized === requestId ? undefined : 0);
        this.#unauthorized = requestId;
        return;
      case "refused":
        return this.#acknowledge(batch, { sent: false, failure: describe(outcome) });
    }
  }

  #acknowledge(
    batch: QueueBatch,
    { sent, failure }: { readonly sent: boolean; readonly failure: string | undefined },
  ): void {
    this.#options.queue.acknowledge(batch);
    this.#failures = 0;
    this.#unauthorized = undefined;
    const { state } = this;
    this.state = {
      ...state,
      recordsSent: state.recordsSent + (sent ? batch.samples : 0),
      recordsRefused: state.recordsRefused + (sent ? 0 : batch.samples),
      requestsSent: state.requestsSent + 1,
      lastSentMs: sent ? this.#options.clock.nowMs() : state.lastSentMs,
      failure,
    };
  }

  /** Waits as the receiver said, ten minutes at most, else twice as long as the last time, with a quarter of jitter either way. */
  async #backOff(failure: string, saidMs: number | undefined): Promise<void> {
    const { clock, random } = this.#options;
    const doubled = limits.agentBackoffMsMin * 2 ** Math.min(this.#failures, 10);
    const jitter = 0.75 + (random.bytes(1)[0] ?? 0) / 512;
    const waitMs =
      saidMs === undefined
        ? Math.min(doubled, limits.agentBackoffMsMax) * jitter
        : Math.min(saidMs, limits.logRetryAfterMsMax);
    this.#failures += 1;
    this.state = { ...this.state, retries: this.state.retries + 1, failure };
    try {
      await sleep(clock, waitMs, this.#stopping.signal);
    } catch {
      // The agent stops: the loop sees it.
    }
  }
}

function describe({ response }: RecordsOutcome): string {
  const text = response.body.toString("utf8").slice(0, 300).trim();
  return `The receiver answered ${response.status}${text === "" ? "" : `: ${text}`}`;
}
