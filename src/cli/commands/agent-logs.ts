/** `agent logs`: the agent of Container insights: logs of containers, inventory, events and performance, over the private link. */
import { isAbsolute, join, resolve } from "node:path";
import { stringAt } from "../../arm/index.ts";
import { createLogsAgent, defaultLogsSettings } from "../../agent/index.ts";
import type { LogsAgentSettings, LogsAgentState, NodeLogs } from "../../agent/index.ts";
import { managedIdentityClient } from "../../client/index.ts";
import { CodedError } from "../../core/index.ts";
import type { CliContext, Command, CommandInput } from "../command.ts";
import { connect, findResource, vnetOfCluster } from "../platform/connect.ts";
import { lastingTransport } from "../platform/lasting-transport.ts";
import { types } from "../types.ts";
import { printable } from "../views/table.ts";
import { stopped } from "./up.ts";

export const agentLogs: Command = {
  name: "agent logs",
  summary: "Run a cluster's agent of Container insights: logs, inventory, events, performance.",
  options: [
    { flags: "--cluster <name>", help: "the cluster, by name or id", required: true },
    {
      flags: "--log-folder <folder>",
      help: "a node's /var/log, with containers/*.log; of several nodes, one folder each by its name",
    },
    { flags: "--node <names>", help: "the node, or several with commas", default: "localhost" },
    {
      flags: "--kubeconfig <file>",
      help: "take the inventory of this cluster; in-cluster takes the pod's service account",
    },
    { flags: "--kube-context <name>", help: "a context of the kubeconfig other than its current" },
    {
      flags: "--kubeconfig-exec",
      help: "let the kubeconfig run a program for its credential",
    },
  ],
  exitCodes: { 0: "stopped by Ctrl-C or SIGTERM", 1: "could not start", 2: "wrong use" },
  examples: [
    "./linkscope agent logs --cluster aks-one --log-folder /var/log --node $(hostname)",
    "./linkscope agent logs --cluster aks-one --kubeconfig ~/.kube/config",
  ],
  async run(input, context) {
    const nodes = nodesOf(input, context);
    const settings: LogsAgentSettings = defaultLogsSettings;
    const connection = connect(input, context);
    const { clock, random } = context;
    const clusterId = await findResource(
      connection,
      types.cluster.type,
      input.text("cluster") ?? "",
    );
    const cluster = (await connection.arm.get(clusterId, types.cluster.apiVersion)) ?? {};
    const vnet = vnetOfCluster(cluster);
    if (vnet === undefined) {
      throw new CodedError(
        "ClusterWithoutNetwork",
        `The cluster ${clusterId} names no subnet (agentPoolProfiles[].vnetSubnetID), so its agent has nowhere to stand. Give its pool a subnet of your own network.`,
      );
    }
    const transport = await lastingTransport(connection, { kind: "vnet", vnet, as: clusterId });
    const name = stringAt(cluster, "name") ?? "";
    const running = createLogsAgent({
      clusterId,
      region: stringAt(cluster, "location") ?? "",
      transport,
      token: managedIdentityClient({ transport, clock }),
      folder: join(connection.file.data, "agents", name, "logs"),
      lockFile: context.lockFile,
      settings,
      nodes,
      sources: [],
      clock,
      random,
    });
    context.note(
      `agent of logs of ${name} in ${vnet.split("/").at(-1)}, reading ${nodes.length === 0 ? "no files" : nodes.map((node) => node.folder).join(", ")}\n`,
    );
    await stopped(context);
    await running.stop();
    transport.close();
    connection.close();
    sayState(running.state(), context);
    return 0;
  },
};

function nodesOf(input: CommandInput, context: CliContext): readonly NodeLogs[] {
  const named = input.text("log-folder");
  if (named === undefined) return [];
  const folder = isAbsolute(named) ? named : resolve(context.workingFolder, named);
  const names = (input.text("node") ?? "").split(",").filter((name) => name !== "");
  const facts = { metadata: () => undefined, image: () => undefined, isExcluded: () => false };
  return names.map((name) => ({
    name,
    folder: names.length === 1 ? folder : join(folder, name),
    facts,
  }));
}

function sayState(state: LogsAgentState, context: CliContext): void {
  const say = (text: string): void => context.note(`agent logs: ${printable(text)}\n`);
  if (state.configurationFailure !== undefined) say(state.configurationFailure);
  for (const [node, collector] of state.collectors) {
    const { files, records, bytesRead, malformedLines, lostFiles, refused, failure } = collector;
    say(
      `${node}: ${records} records of ${files} files (${bytesRead} bytes read); ${malformedLines} lines malformed, ${lostFiles} files lost`,
    );
    for (const one of refused) say(`${node}: ${one}; not followed`);
    if (failure !== undefined) say(`${node}: ${failure}`);
  }
  for (const [what, { queue, outlet }] of [
    ["logs", state.logs],
    ["records", state.records],
  ] as const) {
    const failure = outlet.failure === undefined ? "" : `; last: ${outlet.failure}`;
    say(
      `${what}: sent ${outlet.recordsSent} in ${outlet.requestsSent} requests, ${outlet.retries} retries, ` +
        `${outlet.recordsRefused} refused, ${queue.droppedSamples} dropped, ${queue.pendingSamples} still queued${failure}`,
    );
  }
}
