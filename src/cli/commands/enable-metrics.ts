/** `enable metrics`: puts a cluster's Managed Prometheus on a private link scope, as one operation that can be run again. */
import { metricsRequest, observe, planMetrics } from "../../onboard/index.ts";
import type { AccessMode, ApplyEvent, Arrival, MetricsRequest } from "../../onboard/index.ts";
import type { CliContext, Command, CommandInput } from "../command.ts";
import { connect, findResource } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { arrived, carryOut } from "../platform/carry-out.ts";
import type { Enabled } from "../platform/carry-out.ts";
import { scopeIdOf } from "../platform/onboarding.ts";
import { types } from "../types.ts";
import { durationMs } from "./query-metrics.ts";

const modes: readonly string[] = ["Open", "PrivateOnly"] satisfies readonly AccessMode[];

export const enableMetrics: Command = {
  name: "enable metrics",
  summary: "Put a cluster's Managed Prometheus metrics on a private link scope.",
  options: [
    { flags: "--cluster <id>", help: "the cluster, by id or unique name", required: true },
    {
      flags: "--workspace <id>",
      help: "the Azure Monitor workspace, by id or unique name",
      required: true,
    },
    {
      flags: "--scope <id>",
      help: "the private link scope, by id or name; made if it is not there",
      required: true,
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
      help: "close what others use as well: shared endpoints, an existing scope's modes",
    },
    { flags: "--close-query", help: "close public queries of the workspace" },
    {
      flags: "--wait <duration>",
      help: "how long to wait for approval and for data",
      default: "15m",
    },
  ],
  exitCodes: {
    0: "done, or nothing to change",
    1: "blocked, or a write failed; a rerun resumes",
    2: "wrong use",
    3: "the wait ran out: nothing was closed, a rerun resumes",
  },
  examples: ["./linkscope enable metrics --cluster aks-one --workspace amw-one --scope ampls-one"],
  async run(input, context) {
    const waitMs = durationMs(input.text("wait") ?? "15m");
    const connection = connect(input, context);
    try {
      const request = await requestOf(input, connection);
      const { outcome } = await enable(connection, context, { request, waitMs });
      return outcome.exit;
    } finally {
      connection.close();
    }
  },
};

async function requestOf(input: CommandInput, connection: Connection): Promise<MetricsRequest> {
  const clusterId = await findResource(connection, types.cluster.type, input.text("cluster") ?? "");
  return metricsRequest({
    clusterId,
    workspaceId: await findResource(
      connection,
      types.workspace.type,
      input.text("workspace") ?? "",
    ),
    scopeId: await scopeIdOf(connection, input.text("scope") ?? "", clusterId),
    subnetName: input.text("subnet") ?? "",
    ingestionAccessMode: input.text("ingestion-access-mode") as AccessMode,
    queryAccessMode: input.text("query-access-mode") as AccessMode,
    closeShared: input.flag("close-shared"),
    closeQuery: input.flag("close-query"),
  });
}

/** Observe, plan, apply, each said as it goes. `onEvent` is told of everything besides. */
export async function enable(
  connection: Connection,
  context: CliContext,
  asked: {
    readonly request: MetricsRequest;
    readonly waitMs: number;
    readonly onEvent?: (event: ApplyEvent) => void;
  },
): Promise<Enabled> {
  const { request } = asked;
  const plan = planMetrics(request, await observe(connection.arm, request));
  return carryOut(connection, context, {
    ...asked,
    plan,
    dataArrived: (sinceMs) => arrivedNow(connection, context, { request, sinceMs }),
  });
}

/** Asks once whether a sample newer than `sinceMs` came by the private way. */
export const arrivedNow = (
  connection: Connection,
  context: CliContext,
  { request, sinceMs }: { readonly request: MetricsRequest; readonly sinceMs: number },
): Promise<Arrival> =>
  arrived(connection, context, {
    request,
    clusterId: request.clusterId,
    signal: "metrics",
    sinceMs,
  });
