/** `agent logs`: the agent of Container insights: logs of containers, inventory, events and performance, over the private link. */
import { readFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { at, isObject, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../../arm/index.ts";
import {
  defaultLogsSettings,
  listenSyslog,
  parseLogsSettings,
  parseSyslogAddress,
  sayProblems,
  startLogsRoles,
} from "../../agent/index.ts";
import type {
  LegacyWay,
  LogsRoles,
  ReadLogsSettings,
  SyslogAddress,
  SyslogListener,
} from "../../agent/index.ts";
import { kubernetesClient, managedIdentityClient, openTransport } from "../../client/index.ts";
import type { KubernetesClient } from "../../client/index.ts";
import { workspaceHosts } from "../../azure/index.ts";
import { CodedError, messageOf } from "../../core/index.ts";
import type { CliContext, Command, CommandInput } from "../command.ts";
import type { Where } from "../exec/index.ts";
import { connect, findResource, vnetOfCluster } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { lastingTransport } from "../platform/lasting-transport.ts";
import { types } from "../types.ts";
import { accessOf } from "./agent-scraping.ts";
import { printable } from "../views/table.ts";
import { stopped } from "./up.ts";

export const agentLogs: Command = {
  name: "agent logs",
  summary: "Run a cluster's agent of Container insights: logs, inventory, events, performance.",
  options: [
    { flags: "--cluster <name>", help: "the cluster, by name or id", required: true },
    {
      flags: "--log-folder <folder>",
      help: "a node's /var/log, with containers/*.log, or a folder of such files; of several nodes, one folder each by its name",
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
    {
      flags: "--syslog-listen <addresses>",
      help: "take syslog at udp:HOST:PORT, tcp:HOST:PORT or unix:/PATH; several with commas",
    },
    { flags: "--no-inventory", help: "leave the cluster's inventory to another agent" },
    {
      flags: "--settings <file>",
      help: "what is collected, as the ConfigMap container-azm-ms-agentconfig has it",
    },
  ],
  exitCodes: { 0: "stopped by Ctrl-C or SIGTERM", 1: "could not start", 2: "wrong use" },
  examples: [
    "./linkscope agent logs --cluster aks-one --log-folder /var/log --node $(hostname)",
    "./linkscope agent logs --cluster aks-one --kubeconfig ~/.kube/config",
  ],
  async run(input, context) {
    const nodes = nodesOf(input, context);
    // What the files say is checked before anything is asked.
    const { settings, notDone } = await settingsOf(input);
    const kubernetes = await kubernetesOf(input, context);
    const syslog = syslogAddresses(input);
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
    const legacy = await legacyWayOf(cluster, {
      connection,
      context,
      where: { kind: "vnet", vnet, as: clusterId },
      computer: nodes[0]?.name ?? name,
    });
    const running = startLogsRoles({
      clusterId,
      region: stringAt(cluster, "location") ?? "",
      transport,
      token: managedIdentityClient({ transport, clock }),
      ...(legacy === undefined ? {} : { legacy }),
      folder: join(connection.file.data, "agents", name, "logs"),
      lockFile: context.lockFile,
      settings,
      notDone,
      syslog: syslog.length > 0,
      nodes,
      ...(kubernetes === undefined ? {} : { kubernetes }),
      inventory: input.flag("inventory"),
      clusterName: name,
      podName: "",
      clock,
      random,
    });
    context.note(`${describe(name, { nodes, vnet, hasCluster: kubernetes !== undefined })}\n`);
    if (legacy !== undefined) {
      context.note(
        "agent logs: the add-on has legacy authentication: by the workspace's key and a certificate\n",
      );
    }
    for (const one of notDone) context.note(`agent logs: ${one}\n`);
    try {
      const listener = await listenSyslog(syslog, (text) => running.syslogMessage(text));
      const stopSaying = sayAsItComes(running, listener, context);
      await stopped(context);
      stopSaying();
      await listener.close();
    } finally {
      await running.stop();
      transport.close();
      kubernetes?.close();
      connection.close();
    }
    sayState(running, context);
    return 0;
  },
};

const SHARED_KEYS_VERSION = "2020-08-01";

/** The way of legacy authentication, where the cluster's add-on has that: by the workspace that it names. */
async function legacyWayOf(
  cluster: JsonObject,
  asked: {
    readonly connection: Connection;
    readonly context: CliContext;
    readonly where: Where;
    readonly computer: string;
  },
): Promise<LegacyWay | undefined> {
  const addon = field(at(cluster, "properties", "addonProfiles"), "omsagent");
  const config = field(addon, "config");
  const text = (name: string): string => stringAt(field(config, name)) ?? "";
  if (field(addon, "enabled") !== true || text("useAADAuth").toLowerCase() === "true") {
    return undefined;
  }
  const { connection, context, where, computer } = asked;
  const workspaceId = (stringAt(addon, "config", "logAnalyticsWorkspaceResourceID") ??
    "") as ResourceId;
  const workspace = await connection.arm.get(workspaceId, types.law.apiVersion);
  const customerId = stringAt(workspace, "properties", "customerId") ?? "";
  const { ods: odsHost, oms: omsHost } = workspaceHosts(customerId);
  return {
    customerId,
    odsHost,
    omsHost,
    computer,
    async sharedKey() {
      const path = `${workspaceId}/sharedKeys`;
      const keys = await connection.arm.post(path, { apiVersion: SHARED_KEYS_VERSION });
      return stringAt(keys, "primarySharedKey") ?? "";
    },
    transportWith: (clientCertificate) =>
      lastingTransport(connection, where, ({ session }) =>
        openTransport({
          clock: context.clock,
          caPem: connection.caPem,
          gateway: session.doors.gatewayUrl,
          clientCertificate,
        }),
      ),
  };
}

/** A field by its name in any case: az and templates write those of the add-on in several spellings. */
function field(value: Json | undefined, name: string): Json | undefined {
  if (!isObject(value)) return undefined;
  const key = Object.keys(value).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : value[key];
}

interface NodeFolder {
  readonly name: string;
  readonly folder?: string;
}

function describe(
  name: string,
  what: {
    readonly nodes: readonly NodeFolder[];
    readonly vnet: string;
    readonly hasCluster: boolean;
  },
): string {
  const folders = what.nodes.flatMap(({ folder }) => folder ?? []);
  const files = folders.length === 0 ? "no files" : `the logs in ${folders.join(", ")}`;
  const cluster = what.hasCluster ? "its API server" : "no API server";
  return `agent of logs of ${name} in ${what.vnet.split("/").at(-1)}, reading ${files} and ${cluster}`;
}

/** @throws CodedError SyslogAddressInvalid. */
const syslogAddresses = (input: CommandInput): readonly SyslogAddress[] =>
  (input.text("syslog-listen") ?? "")
    .split(",")
    .filter((text) => text !== "")
    .map(parseSyslogAddress);

/** @throws CodedError AgentSettingsInvalid with each problem's line and column. */
async function settingsOf(input: CommandInput): Promise<ReadLogsSettings> {
  const path = input.text("settings");
  if (path === undefined) return { settings: defaultLogsSettings, notDone: [] };
  const invalid = (says: string, cause?: unknown): CodedError =>
    new CodedError("AgentSettingsInvalid", says, { cause });
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw invalid(`${path}: ${messageOf(error)}.`, error);
  });
  const read = parseLogsSettings(text);
  if ("problems" in read) throw invalid(sayProblems(path, read.problems));
  return read;
}

async function kubernetesOf(
  input: CommandInput,
  context: CliContext,
): Promise<KubernetesClient | undefined> {
  const kubeconfig = input.text("kubeconfig");
  if (kubeconfig === undefined) return undefined;
  const access = await accessOf(kubeconfig, input, context);
  const { clock, environment } = context;
  return kubernetesClient({ access, clock, environment });
}

function nodesOf(input: CommandInput, context: CliContext): readonly NodeFolder[] {
  const names = (input.text("node") ?? "").split(",").filter((name) => name !== "");
  const named = input.text("log-folder");
  if (named === undefined) return names.map((name) => ({ name }));
  const folder = isAbsolute(named) ? named : resolve(context.workingFolder, named);
  return names.map((name) => ({
    name,
    folder: names.length === 1 ? folder : join(folder, name),
  }));
}

const SAY_MS = 15_000;

/** Says what does not go well when it is seen first, and where syslog is taken once a rule collects it. */
function sayAsItComes(
  agent: LogsRoles,
  { addresses }: SyslogListener,
  context: CliContext,
): () => void {
  const said = new Set<string>();
  const sayOnce = (text: string): void => {
    if (said.has(text)) return;
    said.add(text);
    context.note(`agent logs: ${printable(text)}\n`);
  };
  const round = (): void => {
    const { channel, configurationFailure } = agent.state();
    if (configurationFailure !== undefined) sayOnce(configurationFailure);
    for (const failure of agent.failures()) sayOnce(failure);
    const places = addresses.map((address) =>
      address.kind === "unix"
        ? `unix:${address.path}`
        : `${address.kind}:${address.host}:${address.port}`,
    );
    if (places.length > 0 && (channel.configuration?.syslog.length ?? 0) > 0) {
      sayOnce(`the rule collects syslog; it is taken at ${places.join(", ")}`);
    }
    timer = context.clock.after(SAY_MS, round);
  };
  let timer = context.clock.after(SAY_MS, round);
  return () => timer.cancel();
}

function sayState(agent: LogsRoles, context: CliContext): void {
  const state = agent.state();
  const say = (text: string): void => context.note(`agent logs: ${printable(text)}\n`);
  if (state.configurationFailure !== undefined) say(state.configurationFailure);
  for (const [node, collector] of state.collectors) {
    const { files, records, bytesRead } = collector;
    say(`${node}: ${records} records of ${files} files (${bytesRead} bytes read)`);
  }
  for (const failure of agent.failures()) say(failure);
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
