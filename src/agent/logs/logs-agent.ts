/** The agent of logs: on nodes it reads the logs of containers; for the cluster it takes the inventory. Both send as Azure's agent does. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { agentConfigurationClient } from "../../client/index.ts";
import type { LogsConfiguration, TokenSource, Transport } from "../../client/index.ts";
import { CodedError, limits, messageOf } from "../../core/index.ts";
import type { Clock, Random, Timer } from "../../core/index.ts";
import type { LockFile } from "../folder-lock.ts";
import { openQueue } from "../queue.ts";
import type { Queue, QueueState } from "../queue.ts";
import { collectionPlan } from "./collection-plan.ts";
import type { ContainerFacts } from "./collection-plan.ts";
import { legacyChannelKeeper } from "./legacy-channel.ts";
import type { LegacyWay } from "./legacy-channel.ts";
import { startLogCollector } from "./log-collector.ts";
import type { LogCollector, LogCollectorState } from "./log-collector.ts";
import { logsChannelKeeper } from "./logs-channel.ts";
import type { LogsChannelKeeper, LogsChannelState } from "./logs-channel.ts";
import type { LogsAgentSettings } from "./logs-settings.ts";
import { PositionsFile } from "./positions-file.ts";
import { recordIntake } from "./record-intake.ts";
import type { RecordIntake, RecordIntakeState } from "./record-intake.ts";
import { startRecordOutlet } from "./record-outlet.ts";
import type { OutletState, RecordOutlet } from "./record-outlet.ts";

export interface LogsAgentOptions {
  /** The cluster's resource id. */
  readonly clusterId: string;
  /** The cluster's region, as its resource says. */
  readonly region: string;
  /** To Azure's hosts: through the virtual network's gateway, or direct inside it. */
  readonly transport: Transport;
  /** The cluster's managed identity. */
  readonly token: TokenSource;
  /** Instead of the configuration service: the way of legacy authentication. */
  readonly legacy?: LegacyWay;
  /** Where the configuration is asked first; the global handler where absent. */
  readonly configurationEndpoint?: string;
  /** Queues and positions lie in it. */
  readonly folder: string;
  readonly lockFile: LockFile;
  readonly settings: LogsAgentSettings;
  /** Nodes whose files are read here: one as a daemon set's pod, all of them where one process stands for the set. */
  readonly nodes: readonly NodeLogs[];
  /** What is collected beside files: inventory, performance, heartbeats. */
  readonly sources: readonly RecordSource[];
  readonly queueBytesMax?: number;
  readonly clock: Clock;
  readonly random: Random;
}

export interface NodeLogs {
  /** The node's name. */
  readonly name: string;
  /** As a node has `/var/log`. */
  readonly folder: string;
  readonly facts: ContainerFacts;
}

/** A source of records that follows the configuration. */
export interface RecordSource {
  /** Called with each configuration that is read; the first call starts it. */
  take(configuration: LogsConfiguration, intake: RecordIntake): void;
  stop(): Promise<void>;
}

export interface LogsAgentState {
  readonly channel: LogsChannelState;
  /** Why the configuration could not be read last. */
  readonly configurationFailure: string | undefined;
  /** By the node's name. */
  readonly collectors: ReadonlyMap<string, LogCollectorState>;
  readonly logs: { readonly queue: QueueState; readonly outlet: OutletState };
  readonly records: {
    readonly queue: QueueState;
    readonly outlet: OutletState;
    readonly intake: RecordIntakeState;
  };
}

export interface LogsAgent {
  state(): LogsAgentState;
  /** Ends reading and sending; what is queued, and where the files were read to, stays for the next start. */
  stop(): Promise<void>;
}

/**
 * Starts the agent. It collects as soon as its configuration says what.
 *
 * @throws CodedError QueueInUse, QueueUnwritable, NodeNameInvalid; the system's error when the folder cannot be made.
 */
export function createLogsAgent(options: LogsAgentOptions): LogsAgent {
  for (const { name } of options.nodes) checkNodeName(name);
  const { clock, folder } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const channel = channelOf(options);
  const logs = openWay(options, channel, { name: "logs", whenFull: "refuse" });
  const records = openWay(options, channel, { name: "records", whenFull: "drop-oldest" });
  const intake = recordIntake({
    queue: records.queue,
    random: options.random,
    wake: () => records.outlet.wake(),
  });
  const collectors = new Map(
    options.nodes.map((node) => [node.name, startCollector(options, { ...logs, node })]),
  );
  const following = followConfiguration({
    channel,
    clock,
    take(configuration) {
      for (const collector of collectors.values()) collector.take(configuration);
      for (const source of options.sources) source.take(configuration, intake);
    },
  });
  return {
    state: () => ({
      channel: channel.state(),
      configurationFailure: following.failure(),
      collectors: new Map([...collectors].map(([name, one]) => [name, one.state()])),
      logs: { queue: logs.queue.state(), outlet: logs.outlet.state() },
      records: {
        queue: records.queue.state(),
        outlet: records.outlet.state(),
        intake: intake.state(),
      },
    }),
    async stop() {
      following.stop();
      for (const source of options.sources) await source.stop();
      for (const collector of collectors.values()) collector.stop();
      await Promise.all([logs.outlet.stop(), records.outlet.stop()]);
      logs.queue.close();
      records.queue.close();
    },
  };
}

function channelOf(options: LogsAgentOptions): LogsChannelKeeper {
  const { transport, clock, token, clusterId, region, configurationEndpoint, legacy } = options;
  if (legacy !== undefined) {
    const { folder, random } = options;
    return legacyChannelKeeper({ way: legacy, folder, clock, random });
  }
  const client = agentConfigurationClient({
    transport,
    clock,
    token,
    clusterId,
    region,
    ...(configurationEndpoint === undefined ? {} : { endpoint: configurationEndpoint }),
  });
  return logsChannelKeeper({ clock, client });
}

interface Way {
  readonly queue: Queue;
  readonly outlet: RecordOutlet;
}

/** A queue with its sender. Logs and records have each their own: one that waits does not hold up the other. */
function openWay(
  options: LogsAgentOptions,
  channel: LogsChannelKeeper,
  {
    name,
    whenFull,
  }: { readonly name: "logs" | "records"; readonly whenFull: "refuse" | "drop-oldest" },
): Way {
  const { transport, clock, random, clusterId, folder, lockFile } = options;
  const isLogs = name === "logs";
  const bytesMax = isLogs
    ? (options.queueBytesMax ?? limits.logQueueBytesMax)
    : limits.recordQueueBytesMax;
  const queue = openQueue({
    folder: join(folder, name),
    lockFile,
    bytesMax,
    segmentBytesMax: Math.min(limits.agentSegmentBytesMax, Math.floor(bytesMax / 4)),
    whenFull,
    durable: isLogs,
  });
  const outlet = startRecordOutlet({
    queue,
    channel,
    transport,
    clock,
    random,
    resourceId: clusterId,
  });
  return { queue, outlet };
}

type PlannedCollector = Pick<LogCollector, "state" | "stop"> & {
  take(configuration: LogsConfiguration): void;
};

function startCollector(
  { clock, random, settings, folder }: LogsAgentOptions,
  { queue, outlet, node }: Way & { readonly node: NodeLogs },
): PlannedCollector {
  const { name: computer, facts } = node;
  const path = join(folder, `positions-${computer}.json`);
  const collector = startLogCollector({
    folder: node.folder,
    queue,
    positions: new PositionsFile(path, computer, queue.pending()),
    clock,
    random,
    wake: () => outlet.wake(),
  });
  let planned: string | undefined;
  return {
    state: () => collector.state(),
    stop: () => collector.stop(),
    take(configuration) {
      // The files are opened anew for another plan, and not each time that the same one is read.
      const key = JSON.stringify([[...configuration.streams].sort(), configuration.settings]);
      if (key === planned) return;
      planned = key;
      collector.setPlan(collectionPlan(configuration, settings, { computer, facts }));
    },
  };
}

/** Names of nodes go into names of files. */
function checkNodeName(name: string): void {
  if (/^[a-z0-9][a-z0-9.-]{0,252}$/.test(name)) return;
  throw new CodedError(
    "NodeNameInvalid",
    `${JSON.stringify(name.slice(0, 80))} is no node's name: small letters, digits, hyphens and dots.`,
  );
}

/** Reads the configuration now and as often as it is to be read; a failure is tried again. */
function followConfiguration(options: {
  readonly channel: LogsChannelKeeper;
  readonly clock: Clock;
  readonly take: (configuration: LogsConfiguration) => void;
}): { readonly failure: () => string | undefined; readonly stop: () => void } {
  const { channel, clock, take } = options;
  let failure: string | undefined;
  let timer: Timer | undefined;
  let stopped = false;
  const read = async (): Promise<void> => {
    let waitMs: number = limits.agentConfigurationBackoffMsMax;
    try {
      const configuration = await channel.configuration();
      failure = undefined;
      waitMs = limits.agentConfigurationRefreshMs;
      if (!stopped) take(configuration);
    } catch (error) {
      failure = messageOf(error);
    }
    if (!stopped) timer = clock.after(waitMs, () => void read());
  };
  void read();
  return {
    failure: () => failure,
    stop: () => {
      stopped = true;
      timer?.cancel();
    },
  };
}
