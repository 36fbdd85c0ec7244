/** Sends the queue, oldest first, one request at a time: retried, refused or acknowledged as remote write says. */
import { sendWriteMessage } from "../client/index.ts";
import type { Transport, WriteOutcome } from "../client/index.ts";
import { limits, messageOf, sleep } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import type { ChannelKeeper, OpenChannel } from "./channel.ts";
import type { Queue, QueueBatch } from "./queue.ts";

export interface SenderState {
  readonly samplesSent: number;
  readonly requestsSent: number;
  /** Samples that the receiver refused for good (4xx). */
  readonly samplesRefused: number;
  readonly retries: number;
  readonly lastSentMs: number | undefined;
  /** What stands in the way now; undefined while all goes well. */
  readonly failure: string | undefined;
}

export interface Sender {
  /** Tells that the queue has more. */
  wake(): void;
  state(): SenderState;
  /** Ends at once; what is not acknowledged stays queued. */
  stop(): Promise<void>;
}

export interface SenderOptions {
  readonly queue: Queue;
  readonly channel: ChannelKeeper;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
}

/** Starts sending. */
export function startSender(options: SenderOptions): Sender {
  const run = new SenderRun(options);
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

const initial: SenderState = {
  samplesSent: 0,
  requestsSent: 0,
  samplesRefused: 0,
  retries: 0,
  lastSentMs: undefined,
  failure: undefined,
};

class SenderRun {
  readonly #options: SenderOptions;
  readonly #stopping = new AbortController();
  #wake: () => void = () => undefined;
  #failures = 0;
  /** The batch that 401 was answered to once already. */
  #unauthorized: QueueBatch | undefined;
  state: SenderState = initial;

  constructor(options: SenderOptions) {
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
      const batch = queue.next({
        samplesMax: limits.agentBatchSamplesMax,
        bytesMax: limits.agentBatchBytesMax,
      });
      if (batch === undefined) await woken;
      else await this.#sendOrWait(batch);
    }
  }

  async #sendOrWait(batch: QueueBatch): Promise<void> {
    const { channel } = this.#options;
    let open: OpenChannel;
    try {
      open = await this.#unlessStopped(channel.open());
    } catch (error) {
      channel.forgetConfiguration();
      return this.#backOff(messageOf(error), { msMax: limits.agentConfigurationBackoffMsMax });
    }
    try {
      await this.#settle(batch, await this.#unlessStopped(this.#send(batch, open)));
    } catch (error) {
      // No answer: the batch may have been taken or not. It is sent again, and the receiver knows samples it has.
      channel.forgetConfiguration();
      return this.#backOff(messageOf(error), {});
    }
  }

  #send(batch: QueueBatch, { channel, token }: OpenChannel): Promise<WriteOutcome> {
    const { transport, clock } = this.#options;
    const { signal } = this.#stopping;
    return sendWriteMessage(batch.message, {
      transport,
      clock,
      url: channel.endpoint,
      token,
      signal,
    });
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

  async #settle(batch: QueueBatch, outcome: WriteOutcome): Promise<void> {
    switch (outcome.kind) {
      case "taken":
        return this.#acknowledge(batch, { sent: true, failure: undefined });
      case "retry":
        return this.#backOff(describe(outcome), { saidMs: outcome.retryAfterMs });
      case "unauthorized":
        this.#options.channel.forgetToken();
        if (this.#unauthorized !== undefined && sameBatch(this.#unauthorized, batch)) {
          return this.#refuse(batch, outcome);
        }
        this.#unauthorized = batch;
        return this.#backOff(describe(outcome), { saidMs: 0 });
      case "refused":
        return this.#refuse(batch, outcome);
    }
  }

  /** Dropped, as the protocol demands: the receiver said that it will never take it. */
  #refuse(batch: QueueBatch, outcome: WriteOutcome): void {
    this.#options.channel.forgetConfiguration();
    this.#acknowledge(batch, { sent: false, failure: describe(outcome) });
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
      samplesSent: state.samplesSent + (sent ? batch.samples : 0),
      samplesRefused: state.samplesRefused + (sent ? 0 : batch.samples),
      requestsSent: state.requestsSent + 1,
      lastSentMs: sent ? this.#options.clock.nowMs() : state.lastSentMs,
      failure,
    };
  }

  /** Waits as the receiver said, else twice as long as the last time, with a quarter of jitter either way. */
  async #backOff(
    failure: string,
    wait: { readonly saidMs?: number | undefined; readonly msMax?: number },
  ): Promise<void> {
    const { clock, random } = this.#options;
    const doubled = limits.agentBackoffMsMin * 2 ** Math.min(this.#failures, 10);
    const jitter = 0.75 + (random.bytes(1)[0] ?? 0) / 512;
    const waitMs =
      wait.saidMs ?? Math.min(doubled, wait.msMax ?? limits.agentBackoffMsMax) * jitter;
    this.#failures += 1;
    this.state = { ...this.state, retries: this.state.retries + 1, failure };
    try {
      await sleep(clock, waitMs, this.#stopping.signal);
    } catch {
      // The agent stops: the loop sees it.
    }
  }
}

const sameBatch = (a: QueueBatch, b: QueueBatch): boolean =>
  a.next.segment === b.next.segment && a.next.offset === b.next.offset;

function describe({ response }: WriteOutcome): string {
  const text = response.body.toString("utf8").slice(0, 300).trim();
  return `The receiver answered ${response.status}${text === "" ? "" : `: ${text}`}`;
}
