/** What a rule may read of Log Analytics workspaces and of the rules that fill them: typed readers over the graph. */
import { at, idKey, listAt, parseId, regionKey, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, ResourceId } from "../arm/index.ts";
import { workspaceHosts } from "../azure/index.ts";
import type { WorkspaceHosts } from "../azure/index.ts";
import { byIdInGraph, oncePerGraph } from "./memo.ts";
import { publicAccessOf, types } from "./view.ts";
import type { PublicNetworkAccess } from "./view.ts";

/** A Log Analytics workspace. */
export interface LawView {
  readonly id: ResourceId;
  readonly name: string;
  readonly region: string;
  /** The GUID that its hosts and queries name, in lower case. */
  readonly customerId: string;
  readonly hosts: WorkspaceHosts;
  readonly publicIngestion: PublicNetworkAccess;
  readonly publicQuery: PublicNetworkAccess;
  /** Whether shared keys are refused: then legacy agents cannot send. */
  readonly localAuthDisabled: boolean;
  /** -1 is no cap. */
  readonly dailyQuotaGb: number;
  readonly retentionDays: number;
}

/** A flow of a data collection rule to Log Analytics workspaces. */
export interface LogFlow {
  readonly streams: readonly string[];
  readonly lawIds: readonly ResourceId[];
  readonly transformKql: string | undefined;
  /** `Microsoft-Table` or `Custom-Table_CL`; absent where the stream says it. */
  readonly outputStream: string | undefined;
}

const numberAt = (properties: ArmResource["properties"], ...path: readonly string[]) => {
  const value = at(properties, ...path);
  return typeof value === "number" ? value : undefined;
};

function lawView(resource: ArmResource): readonly LawView[] {
  const { id, name, properties } = resource;
  const customerId = stringAt(properties, "customerId")?.toLowerCase();
  if (customerId === undefined || customerId === "") return [];
  return [
    {
      id,
      name,
      region: regionKey(resource.location ?? ""),
      customerId,
      hosts: workspaceHosts(customerId),
      publicIngestion: publicAccessOf(stringAt(properties, "publicNetworkAccessForIngestion")),
      publicQuery: publicAccessOf(stringAt(properties, "publicNetworkAccessForQuery")),
      localAuthDisabled: at(properties, "features", "disableLocalAuth") === true,
      dailyQuotaGb: numberAt(properties, "workspaceCapping", "dailyQuotaGb") ?? -1,
      retentionDays: numberAt(properties, "retentionInDays") ?? 30,
    },
  ];
}

/** All Log Analytics workspaces, oldest first. */
export const lawsOf = oncePerGraph((graph): readonly LawView[] =>
  graph.ofType(types.law).flatMap(lawView),
);

/** The Log Analytics workspace of a resource id. */
export const lawOf = byIdInGraph(lawsOf);

const lawsByCustomerId = oncePerGraph(
  (graph) => new Map(lawsOf(graph).map((law) => [law.customerId, law])),
);

/** The Log Analytics workspace that a `customerId` names, in any case. */
export const lawByCustomerId = (graph: Graph, customerId: string): LawView | undefined =>
  lawsByCustomerId(graph).get(customerId.toLowerCase());

const strings = (values: readonly Json[]): readonly string[] =>
  values.filter((value) => typeof value === "string");

const flowsByRule = oncePerGraph(
  (graph) =>
    new Map(graph.ofType(types.dcr).map((rule) => [idKey(rule.id), flowsOf(rule)] as const)),
);

function flowsOf({ properties }: ArmResource): readonly LogFlow[] {
  const laws = new Map(
    listAt(properties, "destinations", "logAnalytics").map((destination) => [
      stringAt(destination, "name") ?? "",
      stringAt(destination, "workspaceResourceId") ?? "",
    ]),
  );
  return listAt(properties, "dataFlows").flatMap((flow) => {
    const lawIds = strings(listAt(flow, "destinations")).flatMap((name) => laws.get(name) ?? []);
    if (lawIds.length === 0) return [];
    return [
      {
        streams: strings(listAt(flow, "streams")),
        lawIds,
        transformKql: stringAt(flow, "transformKql"),
        outputStream: stringAt(flow, "outputStream"),
      },
    ];
  });
}

/** The flows of a data collection rule that lead to Log Analytics workspaces, in their order. */
export const logFlowsOf = (graph: Graph, dcrId: ResourceId): readonly LogFlow[] =>
  flowsByRule(graph).get(idKey(dcrId)) ?? [];

/** The id of the workspace that a table belongs to. */
export const lawOfTable = (tableId: ResourceId): ResourceId | undefined =>
  parseId(tableId)?.parentId;
