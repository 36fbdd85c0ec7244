/** The Log Analytics workspaces of a case as full ARM resources, their hosts, and the questions about logs. */
import type { ArmResource, ResourceId } from "../../../src/arm/index.ts";
import { cloud, workspaceHosts } from "../../../src/azure/index.ts";
import type { WorkspaceHosts } from "../../../src/azure/index.ts";
import { idOf, resource } from "./case-graph.ts";
import type { Given } from "./given.ts";

/** A workspace's customer id: the n-th of a case has the n-th. */
export const customerIdOf = (given: Given, name: string): string => {
  const index = (given.laws ?? []).findIndex((law) => law.name === name);
  if (index < 0) throw new Error(`no law '${name}' is given`);
  return `00000000-0000-4000-8002-${String(index + 1).padStart(12, "0")}`;
};

/** The three hosts of a workspace. */
export const lawHostsOf = (given: Given, name: string): WorkspaceHosts =>
  workspaceHosts(customerIdOf(given, name));

/** The hosts that a scope's endpoint has for a linked workspace, in their order. */
export function lawMembers(given: Given, name: string): readonly string[] {
  const { oms, ods, agentService } = lawHostsOf(given, name);
  return [oms, ods, agentService];
}

export const isLaw = (given: Given, name: string): boolean =>
  (given.laws ?? []).some((law) => law.name === name);

/** What a scope links: a workspace or a data collection endpoint. */
export const linkedIdOf = (given: Given, name: string): ResourceId =>
  isLaw(given, name) ? idOf.law(name) : idOf.dce(name);

/** The host that is asked about logs: of a workspace, of all workspaces, or ARM's. */
export function logsHostOf(given: Given, ask: "send" | "logs" | "arm-logs", to: string): string {
  switch (ask) {
    case "send":
      return lawHostsOf(given, to).ods;
    case "logs":
      return cloud.logAnalyticsHost;
    case "arm-logs":
      return cloud.armHost;
  }
}

export const lawResources = (given: Given): readonly ArmResource[] =>
  (given.laws ?? []).map(({ name, region, ingestion, query }) =>
    resource(
      idOf.law(name),
      "Microsoft.OperationalInsights/workspaces",
      {
        customerId: customerIdOf(given, name),
        publicNetworkAccessForIngestion: ingestion,
        publicNetworkAccessForQuery: query,
      },
      { location: region },
    ),
  );
