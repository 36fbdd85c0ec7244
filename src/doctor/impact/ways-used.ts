/** Every way that a network has to a resource of Azure Monitor, and whether it works: what a change is measured by. */
import { idKey } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { cloud, sharedScopeHosts } from "../../azure/index.ts";
import type { Reason, Verdict } from "../../core/index.ts";
import {
  componentAccess,
  componentsOf,
  configurationAccess,
  ingestionAccess,
  lawsOf,
  logsQueryAccess,
  odsAccess,
  pathToHost,
  resolveName,
  servedHosts,
  storageAccountsOf,
  workspaceQueryAccess,
} from "../../rules/index.ts";
import type { Origin, PathToHost, ServedHost } from "../../rules/index.ts";

/** What is done at a host. */
export type Use =
  | "configuration"
  | "metrics ingestion"
  | "logs ingestion"
  | "metrics query"
  | "logs query"
  | "telemetry"
  | "telemetry query"
  | "storage";

/** A question that is asked before the change and after it. */
export interface WayAsked {
  readonly resourceId: ResourceId;
  readonly use: Use;
  readonly host: string;
  readonly verdictOf: (graph: Graph, origin: Origin) => Verdict;
}

export interface WayAnswer {
  readonly works: boolean;
  readonly way: "private" | "public" | "none";
  readonly reasons: readonly Reason[];
}

const applicationInsights = sharedScopeHosts.find((host) => host.startsWith("global.in.ai.")) ?? "";

const usesByKind: Readonly<Partial<Record<ServedHost["kind"], Use>>> = {
  "metrics-ingestion": "metrics ingestion",
  "logs-ingestion": "logs ingestion",
  "metrics-query": "metrics query",
  ods: "logs ingestion",
};

/** The ways to every resource of the graph but those to configuration, which are each cluster's own. */
export function waysToResources(graph: Graph): readonly WayAsked[] {
  const hosts = [...servedHosts(graph).values()].flatMap((served): readonly WayAsked[] => {
    const use = usesByKind[served.kind];
    const { resourceId, host } = served;
    return use === undefined || resourceId === undefined
      ? []
      : [{ resourceId, use, host, verdictOf: verdictOfHost(served.kind, resourceId) }];
  });
  const queries = lawsOf(graph).map(({ id: workspaceId }): WayAsked => ({
    resourceId: workspaceId,
    use: "logs query",
    host: cloud.logsQueryHost,
    verdictOf: (after, origin) => logsQueryAccess(after, { origin, workspaceId, way: "direct" }),
  }));
  const components = componentsOf(graph).flatMap(({ id: componentId }): readonly WayAsked[] => [
    {
      resourceId: componentId,
      use: "telemetry",
      host: applicationInsights,
      verdictOf: (after, origin) =>
        componentAccess(after, { origin, componentId, door: "ingestion" }),
    },
    {
      resourceId: componentId,
      use: "telemetry query",
      host: cloud.logsQueryHost,
      verdictOf: (after, origin) => componentAccess(after, { origin, componentId, door: "query" }),
    },
  ]);
  return [...hosts, ...queries, ...components];
}

const verdictOfHost =
  (kind: ServedHost["kind"], id: ResourceId) =>
  (graph: Graph, origin: Origin): Verdict => {
    if (kind === "metrics-query") return workspaceQueryAccess(graph, { origin, workspaceId: id });
    if (kind === "ods") return odsAccess(graph, { origin, workspaceId: id });
    return ingestionAccess(graph, { origin, dceId: id });
  };

/** Paths are asked once for each host of a network, however many resources share it. */
export type Paths = (host: string) => PathToHost;

export function pathsFrom(graph: Graph, vnetId: ResourceId): Paths {
  const kept = new Map<string, PathToHost>();
  return (host) => {
    let path = kept.get(host);
    if (path === undefined) {
      path = pathToHost(graph, { host, vnetId });
      kept.set(host, path);
    }
    return path;
  };
}

const wayOf = (origin: Origin | undefined): WayAnswer["way"] => origin?.kind ?? "none";

/** Whether a way works from a network. */
export function answerOf(graph: Graph, asked: WayAsked, paths: Paths): WayAnswer {
  const { origin, reasons } = paths(asked.host);
  if (origin === undefined) return { works: false, way: "none", reasons };
  const verdict = asked.verdictOf(graph, origin);
  return {
    works: verdict.outcome === "allow",
    way: wayOf(origin),
    reasons: [...reasons, ...verdict.reasons],
  };
}

/** Whether a cluster's agents get their configuration from a network: at the global host, and where that sends them. */
export function configurationAnswer(graph: Graph, clusterId: ResourceId, paths: Paths): WayAnswer {
  let host: string = cloud.globalHandlerHost;
  const all: Reason[] = [];
  for (let turn = 0; turn < 2; turn++) {
    const { origin, reasons } = paths(host);
    all.push(...reasons);
    const served = servedHosts(graph).get(host);
    if (origin === undefined || served === undefined) {
      return { works: false, way: "none", reasons: all };
    }
    const access = configurationAccess(graph, { origin, host: served, clusterId });
    all.push(...access.reasons);
    if (access.kind !== "redirect") {
      return { works: access.kind === "serve", way: wayOf(origin), reasons: all };
    }
    host = access.endpoint.slice("https://".length);
  }
  return { works: false, way: "none", reasons: all };
}

/** Storage accounts whose names a zone hides in a network: elsewhere on the internet they are not the platform's to judge. */
export const hiddenAccounts = (graph: Graph, vnetId: ResourceId): ReadonlyMap<string, WayAnswer> =>
  new Map(
    storageAccountsOf(graph).flatMap(({ id, blobHost, isLinked }) => {
      if (!isLinked) return [];
      const { outcome, answeredBy, reasons } = resolveName(graph, { name: blobHost, vnetId });
      return outcome === "nxdomain" && answeredBy === "private-zone"
        ? [[idKey(id), { works: false, way: "none", reasons }] as const]
        : [];
    }),
  );
