/** What the proof of a cluster's logs probes: the hosts of its workspace, and the flags that ARM shows. */
import { sameId, stringAt } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { cloud, odsDataTypes, streamsNamed } from "../../azure/index.ts";
import { dceOf, ingestionAccess, lawOf, logsQueryAccess, odsAccess } from "../../rules/index.ts";
import type { DceView, LawView, Origin } from "../../rules/index.ts";
import type { PathId } from "../paths.ts";
import { logsAddonOf, logsRuleOf } from "./log-workspace.ts";
import type { LogsAddon, LogsRule } from "./log-workspace.ts";
import { streamsOf } from "./logs-rule.ts";
import type { LogsAuth } from "./logs-request.ts";

/** A host is absent where the resources do not say it, with the reason in `missing`. */
export interface LogsTarget {
  readonly auth: LogsAuth;
  readonly workspaceId: ResourceId | undefined;
  /** The GUID in its host names and in the path of its queries. */
  readonly customerId: string | undefined;
  readonly odsHost: string | undefined;
  /** Where legacy agents register. */
  readonly omsHost: string | undefined;
  /** A data type that the rule takes at ODS, for a write without records. */
  readonly odsProbe: { readonly DataType: string; readonly IPName: string };
  readonly queryHost: string;
  readonly armHost: string;
  readonly ruleId: ResourceId | undefined;
  readonly ruleImmutableId: string | undefined;
  /** Present where a stream goes by an ingestion endpoint, at high scale. */
  readonly highScale?: {
    readonly host: string | undefined;
    readonly dceId: ResourceId | undefined;
    readonly dceImmutableId: string | undefined;
    readonly stream: string;
  };
  readonly missing: readonly string[];
}

interface Parts {
  readonly auth: LogsAuth;
  readonly rule: LogsRule | undefined;
  readonly law: LawView | undefined;
  readonly dce: DceView | undefined;
}

/** What a cluster's logs go by; undefined where Container insights is neither enabled nor associated. */
export function logsTarget(graph: Graph, clusterId: ResourceId): LogsTarget | undefined {
  const parts = partsOf(graph, clusterId);
  if (parts === undefined) return undefined;
  const { auth, rule, law, dce } = parts;
  const stream = highScaleStreamOf(rule);
  return {
    auth,
    workspaceId: law?.id,
    customerId: law?.customerId,
    odsHost: law?.hosts.ods,
    omsHost: law?.hosts.oms,
    odsProbe: odsProbe(rule),
    queryHost: cloud.logsQueryHost,
    armHost: cloud.armHost,
    ruleId: rule?.rule.id,
    ruleImmutableId: stringAt(rule?.rule.properties, "immutableId"),
    ...(stream === undefined ? {} : { highScale: highScaleOf(graph, { dce, stream }) }),
    missing: missingOf(parts, { name: graph.get(clusterId)?.name ?? "", stream }),
  };
}

function partsOf(graph: Graph, clusterId: ResourceId): Parts | undefined {
  const enabled = enabledAddon(graph, clusterId);
  const legacy = enabled !== undefined && !enabled.usesIdentity;
  const found = logsRuleOf(graph, { clusterId, workspaceId: enabled?.workspaceId });
  // A rule that another workspace's agent once had says nothing of a legacy agent.
  const rule = legacy ? undefined : (found ?? logsRuleOf(graph, { clusterId }));
  if (enabled === undefined && rule === undefined) return undefined;
  const workspaceId = rule?.workspaceIds.find(
    (id) => enabled?.workspaceId === undefined || sameId(id, enabled.workspaceId),
  );
  const dceId = stringAt(rule?.rule.properties, "dataCollectionEndpointId");
  return {
    auth: legacy ? "legacy" : "managed-identity",
    rule,
    law: lawOf(graph, workspaceId ?? enabled?.workspaceId ?? ""),
    dce: dceId === undefined ? undefined : dceOf(graph, dceId),
  };
}

function enabledAddon(graph: Graph, clusterId: ResourceId): LogsAddon | undefined {
  const addon = logsAddonOf(graph.get(clusterId));
  return addon?.enabled === true ? addon : undefined;
}

const highScaleOf = (
  graph: Graph,
  { dce, stream }: { readonly dce: DceView | undefined; readonly stream: string },
): NonNullable<LogsTarget["highScale"]> => ({
  host: dce?.logsHost,
  dceId: dce?.id,
  dceImmutableId: stringAt(graph.get(dce?.id ?? "")?.properties, "immutableId"),
  stream,
});

const highScaleStreamOf = (rule: LogsRule | undefined): string | undefined =>
  streamsOf(rule?.rule).find((stream) => stream.endsWith("-HighScale"));

/** What is said of legacy agents, whose records no rule limits, and of rules without any stream for ODS. */
const anyRecords = { DataType: "KUBE_POD_INVENTORY_BLOB", IPName: "ContainerInsights" };

function odsProbe(rule: LogsRule | undefined): LogsTarget["odsProbe"] {
  const types = streamsOf(rule?.rule)
    .flatMap(streamsNamed)
    .flatMap(({ dataType }) => odsDataTypes.get(dataType ?? "") ?? []);
  const [first] = types;
  return first === undefined ? anyRecords : { DataType: first.dataType, IPName: first.solution };
}

const missingOf = (
  { auth, rule, law, dce }: Parts,
  { name, stream }: { readonly name: string; readonly stream: string | undefined },
): readonly string[] =>
  [
    auth === "managed-identity" && rule === undefined
      ? `${name} is associated with no Container insights rule.`
      : [],
    law === undefined ? `There is no Log Analytics workspace that ${name}'s logs go to.` : [],
    stream !== undefined && dce === undefined
      ? `The rule ${rule?.rule.name} collects ${stream} and has no endpoint.`
      : [],
  ].flat();

/** Paths of logs that the rules refuse from every origin, and the one by ARM that its flag refuses. */
export function logsClosedByFlag(
  graph: Graph,
  { workspaceId, highScale }: LogsTarget,
  origins: readonly Origin[],
): readonly PathId[] {
  const closed: PathId[] = [];
  const dceId = highScale?.dceId;
  if (dceId !== undefined) {
    const refuses = (origin: Origin): boolean =>
      ingestionAccess(graph, { origin, dceId }).outcome === "deny";
    if (origins.every(refuses)) closed.push("logs-ingestion-dce");
  }
  if (workspaceId === undefined) return closed;
  const refusesRecords = (origin: Origin): boolean =>
    odsAccess(graph, { origin, workspaceId }).outcome === "deny";
  const refusesQueries = (origin: Origin): boolean =>
    logsQueryAccess(graph, { origin, workspaceId, way: "direct" }).outcome === "deny";
  const [origin] = origins;
  if (origins.every(refusesRecords)) closed.push("logs-ingestion");
  if (origins.every(refusesQueries)) closed.push("logs-query");
  if (
    origin !== undefined &&
    logsQueryAccess(graph, { origin, workspaceId, way: "arm" }).outcome === "deny"
  ) {
    closed.push("logs-query-arm");
  }
  return closed;
}
