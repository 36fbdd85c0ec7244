/** The agent: scrapes targets and this machine, queues on disk, and sends over the private link as Azure's agents do. */
import { join } from "node:path";
import { agentConfigurationClient } from "../client/index.ts";
import type { KubernetesClient, TokenSource, Transport } from "../client/index.ts";
import { CodedError, limits, messageOf } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { encodeWriteRequest } from "../wire/index.ts";
import type { WrittenSample } from "../wire/index.ts";
import { channelKeeper } from "./channel.ts";
import type { ChannelState } from "./channel.ts";
import type { LockFile } from "./folder-lock.ts";
import { startDiscovery } from "./discovery.ts";
import type { Discovery, DiscoveryState } from "./discovery.ts";
import type { JobTarget } from "./job-target.ts";
import { jobTransports } from "./job-transports.ts";
import { openQueue } from "./queue.ts";
import type { Queue, QueueState } from "./queue.ts";
import type { ScrapeJob } from "./scrape-job.ts";
import { jobSource, targetSource } from "./scrape.ts";
import type { SampleSource, ScrapeTarget } from "./scrape.ts";
import { startSender } from "./sender.ts";
import { seriesBudget } from "./series-cache.ts";
import type { SenderState } from "./sender.ts";
import { startTargetLoop } from "./target-loop.ts";
import type { TargetLoop, TargetState } from "./target-loop.ts";
import { turns } from "./turns.ts";

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
  /** Jobs whose targets are discovered, or named in them. */
  readonly jobs?: readonly ScrapeJob[];
  /** Where targets are discovered; absent, jobs have only those that they name. */
  readonly kubernetes?: KubernetesClient;
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
  /** Undefined without jobs. */
  readonly discovery: DiscoveryState | undefined;
  /** Series that are kept in memory to be recognised at the next scrape. */
  readonly seriesKept: number;
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
  const scraping = scrapeAll(options, { sources, queue: intake.queue });
  return {
    state: () => ({
      channel: channel.state(),
      ...scraping.state(),
      queue: queue.state(),
      ...intake.state(),
      sender: sender.state(),
    }),
    setTargets: (targets) => scraping.set(sourcesOf(targets, options)),
    async stop() {
      await scraping.stop();
      await sender.stop();
      queue.close();
    },
  };
}

type Sources = ReadonlyMap<string, SampleSource>;

interface Scraping {
  state(): Pick<AgentState, "targets" | "discovery" | "seriesKept">;
  set(sources: Sources): void;
  stop(): Promise<void>;
}

/** One loop for each source: those that are named, those that are discovered, and the agent's own. */
function scrapeAll(
  options: AgentOptions,
  { sources, queue }: { readonly sources: Sources; readonly queue: Intake["queue"] },
): Scraping {
  const { clock, random, externalLabels, jobs = [], kubernetes, targetTransport } = options;
  const budget = seriesBudget(limits.agentSeriesMax);
  const turn = turns(limits.scrapesAtOnceMax);
  const start = (source: SampleSource): TargetLoop =>
    startTargetLoop({ source, externalLabels, clock, queue, budget, turn });
  const own = options.sources.map(start);
  const named = keyedLoops((source: SampleSource) => start(source));
  named.set(sources);
  const transports = jobTransports({
    plain: targetTransport,
    clock,
    ownToken: () => kubernetes?.token() ?? Promise.resolve(undefined),
  });
  const discovered = keyedLoops((target: JobTarget) =>
    start(jobSource(target, { transports, clock })),
  );
  const discovery: Discovery | undefined =
    jobs.length === 0
      ? undefined
      : startDiscovery({
          jobs,
          client: kubernetes,
          clock,
          random,
          targets: (found) => discovered.set(new Map(found.map((one) => [one.key, one]))),
        });
  return {
    state: () => ({
      targets: [...named.loops(), ...discovered.loops(), ...own].map((loop) => loop.state()),
      discovery: discovery?.state(),
      seriesKept: budget.used,
    }),
    set: (wanted) => named.set(wanted),
    async stop() {
      await discovery?.stop();
      for (const loop of [...named.loops(), ...discovered.loops(), ...own]) {
        loop.stop({ gone: false });
      }
      transports.close();
    },
  };
}

/** Loops by key: one that is wanted still goes on as it is, one that is not ends with staleness markers. */
function keyedLoops<Wanted>(start: (wanted: Wanted) => TargetLoop): {
  readonly loops: () => Iterable<TargetLoop>;
  readonly set: (wanted: ReadonlyMap<string, Wanted>) => void;
} {
  const loops = new Map<string, TargetLoop>();
  return {
    loops: () => loops.values(),
    set(wanted) {
      for (const [key, loop] of loops) {
        if (wanted.has(key)) continue;
        loops.delete(key);
        loop.stop({ gone: true });
      }
      for (const [key, one] of wanted) if (!loops.has(key)) loops.set(key, start(one));
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
  readonly queue: (series: readonly WrittenSample[]) => void;
  readonly state: () => Pick<AgentState, "samplesNotQueued" | "queueFailure">;
}

/** Cuts scrapes into pieces that one request can hold, and counts what is not kept. */
function queueIntake(queue: Queue, wake: () => void): Intake {
  let samplesNotQueued = 0;
  let queueFailure: string | undefined;
  const failed = (says: string): void => void (queueFailure = says);
  const append = (piece: readonly WrittenSample[]): void => {
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
