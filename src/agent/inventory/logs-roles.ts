/** The agent of logs in its roles: of nodes, as each pod of a daemon set is; of the cluster, as one deployment is; or of both. */
import { join } from "node:path";
import type { KubernetesClient } from "../../client/index.ts";
import { createLogsAgent } from "../logs/logs-agent.ts";
import type { LogsAgent, LogsAgentOptions, LogsAgentState } from "../logs/logs-agent.ts";
import { agentEvents } from "./agent-events.ts";
import type { AgentProblem } from "./agent-events.ts";
import { clusterInventory } from "./cluster-inventory.ts";
import { syslogSource } from "../syslog/syslog-source.ts";
import type { SyslogState } from "../syslog/syslog-source.ts";
import { nodeAgent } from "./node-agent.ts";

export interface LogsRolesOptions extends Omit<LogsAgentOptions, "nodes" | "sources"> {
  readonly clusterName: string;
  /** The nodes that it stands for, each with the folder that the node has as `/var/log`, where it is to be read. */
  readonly nodes: readonly { readonly name: string; readonly folder?: string }[];
  /** Absent: no inventory, no performance, no metadata. */
  readonly kubernetes?: KubernetesClient;
  /** Whether it takes the cluster's inventory: one agent of a cluster does. */
  readonly inventory: boolean;
  /** Of the agent's own pod; empty where it is none. */
  readonly podName: string;
  /** Whether messages of syslog will be given to it. */
  readonly syslog: boolean;
  /** What the settings switch on and is not done. */
  readonly notDone: readonly string[];
}

export interface LogsRoles extends LogsAgent {
  /** Takes a message of syslog, where it is to collect them. */
  syslogMessage(text: string): void;
  /** What does not go well at the moment, a sentence each. */
  failures(): readonly string[];
}

/** Starts the agent. @throws as `createLogsAgent`. */
export function startLogsRoles(options: LogsRolesOptions): LogsRoles {
  const { kubernetes, clusterId, clusterName, settings, clock, random, folder } = options;
  const scope = { clusterId, clusterName };
  const common = { scope, settings, clock, random };
  const nodes = options.nodes.map(({ name }) =>
    nodeAgent({
      ...common,
      node: name,
      ...(kubernetes === undefined ? {} : { client: kubernetes }),
    }),
  );
  const inventory =
    options.inventory && kubernetes !== undefined
      ? clusterInventory({ ...common, client: kubernetes, folder: join(folder, "inventory") })
      : undefined;
  const syslog = options.syslog
    ? syslogSource({ clock, computer: options.nodes[0]?.name ?? "" })
    : undefined;
  const problems = (): readonly AgentProblem[] => [
    ...options.notDone.map((message): AgentProblem => ({
      category: "container.azm.ms/configmap",
      message,
    })),
    ...losses(agent.state(), syslog?.state()).map((message): AgentProblem => ({
      category: "linkscope/agent-logs",
      message,
    })),
  ];
  const events = agentEvents({
    clock,
    scope,
    computer: options.nodes[0]?.name ?? "",
    podName: options.podName,
    problems,
  });
  const agent: LogsAgent = createLogsAgent({
    ...options,
    nodes: options.nodes.flatMap(({ name, folder: logs }, index) => {
      const facts = nodes[index]?.facts;
      return logs === undefined || facts === undefined ? [] : [{ name, folder: logs, facts }];
    }),
    sources: [
      ...nodes,
      ...(inventory === undefined ? [] : [inventory]),
      ...(syslog === undefined ? [] : [syslog]),
      events,
    ],
  });
  return {
    state: () => agent.state(),
    stop: () => agent.stop(),
    syslogMessage: (text) => syslog?.message(text),
    failures: () => [
      ...nodes.flatMap((node) => node.failures()),
      ...(inventory?.failures() ?? []),
      ...losses(agent.state(), syslog?.state()),
    ],
  };
}

/** What the agent did not collect, or let go. */
function losses(
  { channel, collectors, records, logs }: LogsAgentState,
  syslog: SyslogState | undefined,
): readonly string[] {
  const perNode = [...collectors].flatMap(([node, one]) => [
    ...one.refused.map((says) => `${node}: ${says}; it is not followed.`),
    ...(one.lostFiles > 0
      ? [`${node}: ${one.lostFiles} rotated files were gone before they were read to their end.`]
      : []),
    ...(one.malformedLines > 0
      ? [`${node}: ${one.malformedLines} lines are not of the container runtime's format.`]
      : []),
    ...(one.failure === undefined ? [] : [`${node}: ${one.failure}`]),
  ]);
  const refused = logs.outlet.recordsRefused + records.outlet.recordsRefused;
  const dropped = records.queue.droppedSamples + records.intake.recordsNotQueued;
  return [
    ...perNode,
    ...(refused > 0 ? [`${refused} records were refused by the receiver.`] : []),
    ...(dropped > 0 ? [`${dropped} records of inventory were dropped: the queue was full.`] : []),
    ...((channel.configuration?.syslog.length ?? 0) > 0 && syslog === undefined
      ? [
          "The rule collects syslog (LINUX_SYSLOGS_BLOB), and this agent listens for none: give it an address to listen on.",
        ]
      : []),
    ...(syslog !== undefined && syslog.dropped > 0
      ? [`${syslog.dropped} messages of syslog were dropped: they came too fast.`]
      : []),
    ...(syslog !== undefined && syslog.malformed > 0
      ? [`${syslog.malformed} messages of syslog have no priority, and were let go.`]
      : []),
  ];
}
