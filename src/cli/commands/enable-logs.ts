/** `enable logs`: puts a cluster's Container insights on a private link scope, as one operation that can be run again. */
import { CodedError } from "../../core/index.ts";
import { legacyEnded, logsAuths, logsRequest, observe, planLogs } from "../../onboard/index.ts";
import type {
  AccessMode,
  ApplyEvent,
  Arrival,
  LogsAuth,
  LogsRequest,
} from "../../onboard/index.ts";
import type { CliContext, Command, CommandInput } from "../command.ts";
import { arrived, carryOut } from "../platform/carry-out.ts";
import type { Enabled } from "../platform/carry-out.ts";
import { connect, findResource } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { newClusterIdOf, nodeSubnetIdOf } from "../platform/new-cluster.ts";
import { scopeIdOf } from "../platform/onboarding.ts";
import { types } from "../types.ts";
import { durationMs } from "./query-metrics.ts";

const modes: readonly string[] = ["Open", "PrivateOnly"] satisfies readonly AccessMode[];

export const enableLogs: Command = {
  name: "enable logs",
  summary: "Put a cluster's Container insights (logs and inventory) on a private link scope.",
  options: [
    { flags: "--cluster <id>", help: "the cluster, by id or unique name", required: true },
    {
      flags: "--workspace <id>",
      help: "the Log Analytics workspace, by id or unique name (default: the default workspace of the group's region, made if missing)",
    },
    {
      flags: "--scope <id>",
      help: "the private link scope, by id or name; made if it is not there",
      required: true,
    },
    {
      flags: "--auth <way>",
      help: "how the agent signs in: by the cluster's identity and a rule, or by the workspace's key",
      choices: logsAuths,
      default: "managed-identity",
    },
    {
      flags: "--high-log-scale",
      help: "container logs by an ingestion endpoint rather than by the workspace's own host",
    },
    { flags: "--syslog", help: "collect the nodes' syslog too" },
    {
      flags: "--create-cluster",
      help: "make the cluster, private, if it is not there; with --node-subnet",
    },
    {
      flags: "--node-subnet <id>",
      help: "of a new cluster: the nodes' subnet, by id or NETWORK/NAME",
    },
    {
      flags: "--subnet <name>",
      help: "the subnet for private endpoints, made if missing",
      default: "snet-private-endpoints",
    },
    {
      flags: "--ingestion-access-mode <mode>",
      help: "of a scope that this makes, once data has come",
      choices: modes,
      default: "PrivateOnly",
    },
    {
      flags: "--query-access-mode <mode>",
      help: "of a scope that this makes, once data has come",
      choices: modes,
      default: "Open",
    },
    {
      flags: "--close-shared",
      help: "close what others use as well: public ingestion of the workspace, shared endpoints, an existing scope's modes",
    },
    {
      flags: "--close-query",
      help: "close public queries of the workspace; those by ARM (the portal's) close too",
    },
    {
      flags: "--wait <duration>",
      help: "how long to wait for approval and for data",
      default: "15m",
    },
    {
      flags: "--cloud <name>",
      help: "where: this platform, and no other yet",
      default: "platform",
    },
  ],
  exitCodes: {
    0: "done, or nothing to change",
    1: "blocked, or a write failed; a rerun resumes",
    2: "wrong use",
    3: "the wait ran out: nothing was closed, a rerun resumes",
  },
  examples: [
    "./linkscope enable logs --cluster aks-one --workspace law-one --scope ampls-one",
    "./linkscope enable logs --cluster aks-new --create-cluster --node-subnet vnet-one/nodes --scope ampls-one",
  ],
  async run(input, context) {
    refuseOtherClouds(input);
    if (input.flag("create-cluster") !== (input.text("node-subnet") !== undefined)) {
      throw new CodedError("WrongUse", "--create-cluster and --node-subnet go together.");
    }
    const waitMs = durationMs(input.text("wait") ?? "15m");
    const connection = connect(input, context);
    try {
      const request = await requestOf(input, connection);
      const { outcome } = await enableLogsOf(connection, context, { request, waitMs });
      return outcome.exit;
    } finally {
      connection.close();
    }
  },
};

function refuseOtherClouds(input: CommandInput): void {
  const cloud = input.text("cloud") ?? "platform";
  if (cloud === "platform") return;
  const says =
    input.text("auth") === "legacy"
      ? `Legacy authentication ended on ${legacyEnded}: Azure takes nothing from such agents, so that '${cloud}' is refused. It is for this platform only.`
      : `'${cloud}' is not supported: this changes the platform only, and no real subscription.`;
  throw new CodedError("CloudNotSupported", says);
}

async function requestOf(input: CommandInput, connection: Connection): Promise<LogsRequest> {
  const nodeSubnet = input.text("node-subnet");
  const nodeSubnetId =
    nodeSubnet === undefined ? undefined : await nodeSubnetIdOf(connection, nodeSubnet);
  const cluster = input.text("cluster") ?? "";
  const clusterId =
    nodeSubnetId === undefined
      ? await findResource(connection, types.cluster.type, cluster)
      : await newClusterIdOf(connection, cluster, nodeSubnetId);
  const workspace = input.text("workspace");
  return logsRequest({
    clusterId,
    ...(workspace === undefined
      ? {}
      : { workspaceId: await findResource(connection, types.law.type, workspace) }),
    scopeId: await scopeIdOf(connection, input.text("scope") ?? "", clusterId),
    auth: input.text("auth") as LogsAuth,
    highLogScale: input.flag("high-log-scale"),
    syslog: input.flag("syslog"),
    subnetName: input.text("subnet") ?? "",
    ingestionAccessMode: input.text("ingestion-access-mode") as AccessMode,
    queryAccessMode: input.text("query-access-mode") as AccessMode,
    closeShared: input.flag("close-shared"),
    closeQuery: input.flag("close-query"),
    ...(nodeSubnetId === undefined ? {} : { nodeSubnetId }),
  });
}

/** Observe, plan, apply, each said as it goes. `onEvent` is told of everything besides. */
export async function enableLogsOf(
  connection: Connection,
  context: CliContext,
  asked: {
    readonly request: LogsRequest;
    readonly waitMs: number;
    readonly onEvent?: (event: ApplyEvent) => void;
  },
): Promise<Enabled> {
  const { request } = asked;
  const { clusterId, scopeId } = request;
  const plan = planLogs(
    request,
    await observe(connection.arm, { clusterId, scopeId, logs: request }),
  );
  return carryOut(connection, context, {
    ...asked,
    plan,
    dataArrived: (sinceMs) => logsArrivedNow(connection, context, { request, sinceMs }),
  });
}

/** Asks once whether a record newer than `sinceMs` came by the private way. */
export const logsArrivedNow = (
  connection: Connection,
  context: CliContext,
  { request, sinceMs }: { readonly request: LogsRequest; readonly sinceMs: number },
): Promise<Arrival> => {
  const { clusterId, scopeId } = request;
  return arrived(connection, context, {
    request: { clusterId, scopeId },
    clusterId,
    signal: "logs",
    sinceMs,
  });
};
