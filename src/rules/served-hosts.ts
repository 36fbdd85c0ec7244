/** The hosts that the platform answers for: the fixed ones, and those of resources in the graph. */
import type { Graph, ResourceId } from "../arm/index.ts";
import { cloud, logsQueryHosts } from "../azure/index.ts";
import { lawsOf } from "./law-view.ts";
import { oncePerGraph } from "./memo.ts";
import { dcesOf, workspacesOf } from "./view.ts";

export type ServedHostKind =
  | "arm"
  | "login"
  | "configuration-global"
  | "configuration"
  | "logs-ingestion"
  | "metrics-ingestion"
  | "metrics-query"
  /** Takes the records of one Log Analytics workspace. */
  | "ods"
  /** Registers the agents of one Log Analytics workspace. */
  | "oms"
  /** Azure Automation's agent service of one workspace: it exists, and nothing is emulated there. */
  | "agent-service"
  /** Answers queries of every Log Analytics workspace. */
  | "logs-query";

export interface ServedHost {
  readonly kind: ServedHostKind;
  /** Lower case. */
  readonly host: string;
  /** The data collection endpoint or workspace whose host it is; absent for the fixed ones. */
  readonly resourceId?: ResourceId;
}

const fixed: readonly ServedHost[] = [
  { kind: "arm", host: cloud.armHost },
  { kind: "login", host: cloud.loginHost },
  { kind: "configuration-global", host: cloud.globalHandlerHost },
  ...logsQueryHosts.map((host): ServedHost => ({ kind: "logs-query", host })),
];

/**
 * Every host that may be served, by its name in lower case. Certificates are minted for these and no others.
 * A fixed host is never taken by a resource.
 */
export const servedHosts: (graph: Graph) => ReadonlyMap<string, ServedHost> = oncePerGraph(
  (graph) => {
    const hosts = new Map(fixed.map((served) => [served.host, served]));
    const add = (kind: ServedHostKind, host: string | undefined, resourceId: ResourceId): void => {
      if (host === undefined || hosts.has(host)) return;
      hosts.set(host, { kind, host, resourceId });
    };
    for (const dce of dcesOf(graph)) {
      add("configuration", dce.configurationHost, dce.id);
      add("logs-ingestion", dce.logsHost, dce.id);
      add("metrics-ingestion", dce.metricsHost, dce.id);
    }
    for (const workspace of workspacesOf(graph)) {
      add("metrics-query", workspace.queryHost, workspace.id);
    }
    for (const { hosts: own, id } of lawsOf(graph)) {
      add("ods", own.ods, id);
      add("oms", own.oms, id);
      add("agent-service", own.agentService, id);
    }
    return hosts;
  },
);
