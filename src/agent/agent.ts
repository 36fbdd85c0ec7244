/** The agent: scrapes targets and this machine, queues on disk, and sends over the private link as Azure's agents do. */
import { join } from "node:path";
import { agentConfigurationClient } from "../client/index.ts";
import type { TokenSource, Transport } from "../client/index.ts";
import { CodedError, limits, messageOf } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { encodeWriteRequest } from "../wire/index.ts";
import type { WriteSeries } from "../wire/index.ts";
import { channelKeeper } from "./channel.ts";
import type { ChannelState } from "./channel.ts";
import type { LockFile } from "./folder-lock.ts";
import { openQueue } from "./queue.ts";
import type { Queue, QueueState } from "./queue.ts";
import { targetSource } from "./scrape.ts";
import type { SampleSource, ScrapeTarget } from "./scrape.ts";
import { startSender } from "./sender.ts";
import type { SenderState } from "./sender.ts";
import { startTargetLoop } from "./target-loop.ts";
import type { TargetLoop, TargetState } from "./target-loop.ts";

export interface AgentOptions {
  /** The cluster's resource id. */
  readonly clusterId: string;
  /** The cluster's region, as its resource says. */
  readonly region: string;
  /** On every series that does not have them; `cluster` belongs among them. */
  readonly externalLabels: Readonly<Record<string, string>>;
  /** To Azure's hosts: through the virtual network's gateway, or direct inside it. */
  readonly transport: Transport;
  /** To the targets: direct. */
  readonly targetTransport: Transport;
  /** The cluster's managed identity: `managedIdentityClient`. */
  readonly token: TokenSource;
  /** Where the configuration is asked first; the global handler where absent. */
  readonly configurationEndpoint?: string;
  readonly targets: readonly ScrapeTarget[];
  /** Sources beyond the targets: `hostSource`. */
  readonly sources: readonly SampleSource[];
  /** The queue lies in its folder `queue`. */
  readonly folder: string;
  /** Of the machine: `src/bin/file-lock.ts`. */
  readonly lockFile: LockFile;
  readonly queueBytesMax?: number;
  readonly clock: Clock;
  readonly random: Random;
}

export interface AgentState {
  readonly channel: ChannelState;
  readonly targets: readonly TargetState[];
  readonly queue: QueueState;
  /** Samples that could not be written to the queue. */
  readonly samplesNotQueued: number;
  readonly queueFailure: string | undefined;
  readonly sender: SenderState;
}

export interface Agent {
  state(): AgentState;
  /** Scrapes these targets from now on. A target that is not among them ends with staleness markers. */
  setTargets(targets: readonly ScrapeTarget[]): void;
  /** Ends scraping and sending at once; what is queued, and what is not acknowledged, stays for the next start. */
  stop(): Promise<void>;
}

/**
 * Starts an agent: it scrapes at once, and sends as soon as its configuration names a channel.
 *
 * @throws CodedError QueueInUse, TargetInvalid, TooManyTargets.
 */
export function createAgent(options: AgentOptions): Agent {
  // What is invalid is refused before anything is opened.
  const sources = sourcesOf(options.targets, options);
  const queue = openQueue({
    folder: join(options.folder, "queue"),
    lockFile: options.lockFile,
    ...(options.queueBytesMax === undefined ? {} : { bytesMax: options.queueBytesMax }),
  });
  const { transport, clock, token, clusterId, region, random } = options;
  const channel = channelKeeper({
    clock,
    configuration: agentConfigurationClient({
      transport,
      clock,
      token,
      clusterId,
      region,
      ...(options.configurationEndpoint === undefined
        ? {}
        : { endpoint: options.configurationEndpoint }),
    }),
  });
  const sender = startSender({ queue, channel, transport, clock, random });
  const intake = queueIntake(queue, () => sender.wake());
  const start = (source: SampleSource): TargetLoop =>
    startTargetLoop({ source, externalLabels: options.externalLabels, clock, queue: intake.queue });
  const own = options.sources.map(start);
  let loops = new Map([...sources].map(([key, source]) => [key, start(source)]));
  return {
    state: () => ({
      channel: channel.state(),
      targets: [...loops.values(), ...own].map((loop) => loop.state()),
      queue: queue.state(),
      ...intake.state(),
      sender: sender.state(),
    }),
    setTargets(targets) {
      const wanted = sourcesOf(targets, options);
      const before = loops;
      loops = new Map([...wanted].map(([key, source]) => [key, before.get(key) ?? start(source)]));
      const gone = [...before].filter(([key]) => !wanted.has(key));
      for (const [, loop] of gone) loop.stop({ gone: true });
    },
    async stop() {
      for (const loop of [...loops.values(), ...own]) loop.stop({ gone: false });
      await sender.stop();
      queue.close();
    },
  };
}

/** Sources by what makes a target another one. */
function sourcesOf(
  targets: readonly ScrapeTarget[],
  { targetTransport, clock }: AgentOptions,
): ReadonlyMap<string, SampleSource> {
  if (targets.length > limits.agentTargetsMax) {
    throw new CodedError(
      "TooManyTargets",
      `${targets.length} targets are given; the limit is ${limits.agentTargetsMax}. Run another agent for the rest.`,
    );
  }
  return new Map(
    targets.map((target) => [
      JSON.stringify(target),
      targetSource(target, { transport: targetTransport, clock }),
    ]),
  );
}

interface Intake {
  readonly queue: (series: readonly WriteSeries[]) => void;
  readonly state: () => Pick<AgentState, "samplesNotQueued" | "queueFailure">;
}

/** Cuts scrapes into pieces that one request can hold, and counts what is not kept. */
function queueIntake(queue: Queue, wake: () => void): Intake {
  let samplesNotQueued = 0;
  let queueFailure: string | undefined;
  const failed = (says: string): void => void (queueFailure = says);
  const append = (piece: readonly WriteSeries[]): void => {
    const message = encodeWriteRequest(piece);
    if (message.length > limits.agentBatchBytesMax && piece.length > 1) {
      const half = Math.ceil(piece.length / 2);
      append(piece.slice(0, half));
      return append(piece.slice(half));
    }
    try {
      queue.append(message, piece.length);
      queueFailure = undefined;
    } catch (error) {
      samplesNotQueued += piece.length;
      failed(messageOf(error));
    }
  };
  return {
    queue(series) {
      for (let at = 0; at < series.length; at += limits.agentBatchSamplesMax) {
        append(series.slice(at, at + limits.agentBatchSamplesMax));
      }
      wake();
    },
    state: () => ({ samplesNotQueued, queueFailure }),
  };
}
