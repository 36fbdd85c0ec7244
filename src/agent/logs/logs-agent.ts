/** The agent of logs: on a node it reads the logs of containers; for the cluster it takes the inventory. Both send as Azure's agent does. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { agentConfigurationClient } from "../../client/index.ts";
import type { LogsConfiguration, TokenSource, Transport } from "../../client/index.ts";
import { limits, messageOf } from "../../core/index.ts";
import type { Clock, Random, Timer } from "../../core/index.ts";
import type { LockFile } from "../folder-lock.ts";
import { openQueue } from "../queue.ts";
import type { Queue, QueueState } from "../queue.ts";
import { collectionPlan } from "./collection-plan.ts";
import type { ContainerFacts } from "./collection-plan.ts";
import { startLogCollector } from "./log-collector.ts";
import type { LogCollector, LogCollectorState } from "./log-collector.ts";
import { logsChannelKeeper } from "./logs-channel.ts";
import type { LogsChannelKeeper, LogsChannelState } from "./logs-channel.ts";
import type { LogsAgentSettings } from "./logs-settings.ts";
import { PositionsFile } from "./positions-file.ts";
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
  /** Where the configuration is asked first; the global handler where absent. */
  readonly configurationEndpoint?: string;
  /** Queues and positions lie in it. */
  readonly folder: string;
  readonly lockFile: LockFile;
  readonly settings: LogsAgentSettings;
  /** Of the node; absent for an agent that reads no files. */
  readonly node?: NodeLogs;
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

export interface LogsAgentState {
  readonly channel: LogsChannelState;
  /** Why the configuration could not be read last. */
  readonly configurationFailure: string | undefined;
  readonly collector: LogCollectorState | undefined;
  readonly queue: QueueState;
  readonly outlet: OutletState;
}

export interface LogsAgent {
  state(): LogsAgentState;
  /** Ends reading and sending; what is queued, and where the files were read to, stays for the next start. */
  stop(): Promise<void>;
}

/**
 * Starts the agent. It reads files as soon as its configuration names what to collect.
 *
 * @throws CodedError QueueInUse, QueueUnwritable; the system's error when the folder cannot be made.
 */
export function createLogsAgent(options: LogsAgentOptions): LogsAgent {
  const { transport, clock, token, clusterId, region, random, folder } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const bytesMax = options.queueBytesMax ?? limits.logQueueBytesMax;
  const queue = openQueue({
    folder: join(folder, "logs"),
    lockFile: options.lockFile,
    bytesMax,
    segmentBytesMax: Math.min(limits.agentSegmentBytesMax, Math.floor(bytesMax / 4)),
    whenFull: "refuse",
    durable: true,
  });
  const { configurationEndpoint: endpoint } = options;
  const channel = logsChannelKeeper({
    clock,
    client: agentConfigurationClient({
      transport,
      clock,
      token,
      clusterId,
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
    }),
  });
  const outlet = startRecordOutlet({
    queue,
    channel,
    transport,
    clock,
    random,
    resourceId: clusterId,
    onSent: () => undefined,
  });
  const collector = startCollector(options, { queue, outlet });
  const following = followConfiguration({
    channel,
    clock,
    take: (configuration) => collector?.take(configuration),
  });
  return {
    state: () => ({
      channel: channel.state(),
      configurationFailure: following.failure(),
      collector: collector?.state(),
      queue: queue.state(),
      outlet: outlet.state(),
    }),
    async stop() {
      following.stop();
      collector?.stop();
      await outlet.stop();
      queue.close();
    },
  };
}

type PlannedCollector = Pick<LogCollector, "state" | "stop"> & {
  take(configuration: LogsConfiguration): void;
};

function startCollector(
  { node, clock, random, settings, folder }: LogsAgentOptions,
  { queue, outlet }: { readonly queue: Queue; readonly outlet: RecordOutlet },
): PlannedCollector | undefined {
  if (node === undefined) return undefined;
  const collector = startLogCollector({
    folder: node.folder,
    queue,
    positions: new PositionsFile(join(folder, "positions.json"), queue.pending()),
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
      const { name: computer, facts } = node;
      collector.setPlan(collectionPlan(configuration, settings, { computer, facts }));
    },
  };
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
