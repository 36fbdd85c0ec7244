/** The agents of logs that `start` runs beside the platform, each a process of its own; with the laboratory's cluster where there is no other. */
import { keepAgents } from "./agent-process.ts";
import type { AgentProcesses } from "./agent-process.ts";
import type { CliContext } from "../command.ts";
import type { Laboratory } from "./laboratory.ts";

/**
 * @param options.data the data folder of the platform, which may be started again at other addresses meanwhile.
 * @param options.laboratory undefined where there is none: then the agent sends what needs no cluster, its heartbeat and
 *   the logs of `logFolder`, of one node.
 */
export function startLogsAgents(
  context: CliContext,
  options: {
    readonly data: string;
    readonly laboratory: Laboratory | undefined;
    readonly logFolder: string;
  },
): AgentProcesses {
  const { data, laboratory, logFolder } = options;
  const cluster =
    laboratory === undefined
      ? ["--log-folder", logFolder]
      : [
          "--kubeconfig",
          laboratory.kubeconfig,
          "--log-folder",
          laboratory.logFolder,
          "--node",
          laboratory.nodes.join(","),
        ];
  return keepAgents(context, (clusterId) => [
    "agent",
    "logs",
    "--cluster",
    clusterId,
    ...cluster,
    // It says where it listens once a rule collects syslog.
    "--syslog-listen",
    "tcp:127.0.0.1:0",
    "--data",
    data,
  ]);
}
