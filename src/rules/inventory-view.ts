/** What a rule may read of resources that are known and not served: Application Insights, Grafana, storage accounts. */
import { idKey, listAt, parseId, stringAt } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { cloud, hostOfEndpoint } from "../azure/index.ts";
import { byIdInGraph, oncePerGraph } from "./memo.ts";
import { publicAccessOf } from "./view.ts";
import type { PublicNetworkAccess } from "./view.ts";

/** The types, in the providers' spelling. */
export const inventoryTypes = {
  component: "Microsoft.Insights/components",
  grafana: "Microsoft.Dashboard/grafana",
  managedEndpoint: "Microsoft.Dashboard/grafana/managedPrivateEndpoints",
  storage: "Microsoft.Storage/storageAccounts",
} as const;

/** An Application Insights component. */
export interface ComponentView {
  readonly id: ResourceId;
  readonly name: string;
  readonly publicIngestion: PublicNetworkAccess;
  readonly publicQuery: PublicNetworkAccess;
}

export interface StorageView {
  readonly id: ResourceId;
  readonly name: string;
  /** `account.blob.core.windows.net`, in lower case. */
  readonly blobHost: string;
  /** Whether it has a private endpoint anywhere: then public DNS gives its name a `privatelink` alias. */
  readonly isLinked: boolean;
}

export interface GrafanaView {
  readonly id: ResourceId;
  readonly name: string;
  /** The identity that asks the data sources; undefined where it has none. */
  readonly principalId: string | undefined;
  /** Azure Monitor workspaces that it is given as data sources. */
  readonly workspaceIds: readonly ResourceId[];
  readonly managedEndpoints: readonly ManagedEndpointView[];
}

/** A private endpoint in Grafana's own network. */
export interface ManagedEndpointView {
  readonly id: ResourceId;
  readonly name: string;
  readonly targetId: ResourceId;
  readonly groupIds: readonly string[];
  /** `Pending`, `Approved`, `Rejected` or `Disconnected`, as Grafana last saw it. */
  readonly status: string;
}

/** All components, oldest first. */
export const componentsOf = oncePerGraph((graph): readonly ComponentView[] =>
  graph.ofType(inventoryTypes.component).map(({ id, name, properties }) => ({
    id,
    name,
    publicIngestion: publicAccessOf(stringAt(properties, "publicNetworkAccessForIngestion")),
    publicQuery: publicAccessOf(stringAt(properties, "publicNetworkAccessForQuery")),
  })),
);

export const componentOf = byIdInGraph(componentsOf);

/** All storage accounts, oldest first. */
export const storageAccountsOf = oncePerGraph((graph): readonly StorageView[] =>
  graph.ofType(inventoryTypes.storage).map(({ id, name, properties }) => ({
    id,
    name,
    blobHost:
      hostOfEndpoint(stringAt(properties, "primaryEndpoints", "blob") ?? "") ??
      `${name.toLowerCase()}.${cloud.blobSuffix}`,
    isLinked: listAt(properties, "privateEndpointConnections").length > 0,
  })),
);

const storageByHost = oncePerGraph(
  (graph) => new Map(storageAccountsOf(graph).map((one) => [one.blobHost, one])),
);

/** The `privatelink` alias that public DNS has for a storage account with a private endpoint. @see learn.microsoft.com/azure/storage/common/storage-private-endpoints */
export function storageAlias(graph: Graph, host: string): string | undefined {
  const account = storageByHost(graph).get(host);
  if (account?.isLinked !== true) return undefined;
  return `${host.slice(0, host.indexOf("."))}.privatelink.${cloud.blobSuffix}`;
}

/** All Grafana workspaces, oldest first. */
export const grafanasOf = oncePerGraph((graph): readonly GrafanaView[] => {
  const endpoints = Map.groupBy(graph.ofType(inventoryTypes.managedEndpoint), ({ id }) =>
    idKey(parseId(id)?.parentId ?? ""),
  );
  return graph.ofType(inventoryTypes.grafana).map(({ id, name, identity, properties }) => ({
    id,
    name,
    principalId: stringAt(identity, "principalId"),
    workspaceIds: listAt(
      properties,
      "grafanaIntegrations",
      "azureMonitorWorkspaceIntegrations",
    ).flatMap((one) => stringAt(one, "azureMonitorWorkspaceResourceId") ?? []),
    managedEndpoints: (endpoints.get(idKey(id)) ?? []).map((endpoint) => ({
      id: endpoint.id,
      name: endpoint.name,
      targetId: stringAt(endpoint.properties, "privateLinkResourceId") ?? "",
      groupIds: listAt(endpoint.properties, "groupIds").filter((one) => typeof one === "string"),
      status: stringAt(endpoint.properties, "connectionState", "status") ?? "Pending",
    })),
  }));
});
