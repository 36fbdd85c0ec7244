/** Makes full ARM resources of what a case says exists, and questions with resource ids and hosts. */
import { graphFrom } from "../../../src/arm/index.ts";
import type { ArmResource, Graph, JsonObject, ResourceId } from "../../../src/arm/index.ts";
import {
  cloud,
  dceHosts,
  groupIds,
  hostKey,
  hostKeyChars,
  privateAlias,
  sharedScopeHosts,
  workspaceQueryHost,
} from "../../../src/azure/index.ts";
import type { Ask, Given, GivenEndpoint, LinkCase, Where } from "./given.ts";
import {
  isLaw,
  lawHostsOf,
  lawMembers,
  lawResources,
  linkedIdOf,
  logsHostOf,
} from "./case-logs.ts";
import { networkResources } from "./case-networks.ts";
import { zoneResources } from "./case-zones.ts";

const group = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/cases";

/** The ids of what a case names. */
export const idOf = {
  vnet: (name: string): ResourceId =>
    `${group}/providers/Microsoft.Network/virtualNetworks/${name}`,
  subnet: (vnet: string): ResourceId => `${idOf.vnet(vnet)}/subnets/snet-private-endpoints`,
  dce: (name: string): ResourceId =>
    `${group}/providers/Microsoft.Insights/dataCollectionEndpoints/${name}`,
  workspace: (name: string): ResourceId => `${group}/providers/Microsoft.Monitor/accounts/${name}`,
  law: (name: string): ResourceId =>
    `${group}/providers/Microsoft.OperationalInsights/workspaces/${name}`,
  scope: (name: string): ResourceId =>
    `${group}/providers/Microsoft.Insights/privateLinkScopes/${name}`,
  cluster: (name: string): ResourceId =>
    `${group}/providers/Microsoft.ContainerService/managedClusters/${name}`,
  endpoint: (name: string): ResourceId =>
    `${group}/providers/Microsoft.Network/privateEndpoints/${name}`,
  zone: (name: string): ResourceId =>
    `${group}/providers/Microsoft.Network/privateDnsZones/${name}`,
  /** A zone that one endpoint has for itself, beside another of its name. */
  ownZone: (endpoint: string, name: string): ResourceId =>
    `${group}-${endpoint}/providers/Microsoft.Network/privateDnsZones/${name}`,
  network: (type: string, name: string): ResourceId =>
    `${group}/providers/Microsoft.Network/${type}/${name}`,
};

const hostsOf = (given: Given, name: string): ReturnType<typeof dceHosts> => {
  const dce = given.dces.find((one) => one.name === name);
  if (dce === undefined) throw new Error(`no dce '${name}' is given`);
  return dceHosts({ name, key: hostKey(idOf.dce(name), hostKeyChars.dce), region: dce.region });
};
const queryHostOf = (given: Given, name: string): string => {
  const workspace = given.workspaces.find((one) => one.name === name);
  if (workspace === undefined) throw new Error(`no workspace '${name}' is given`);
  return workspaceQueryHost({
    name,
    key: hostKey(idOf.workspace(name), hostKeyChars.workspace),
    region: workspace.region,
  });
};

/** Writes out `{metrics:DCE}`, `{query:WORKSPACE|alias}` and the like. */
export function writtenOut(given: Given, name: string): string {
  return name.replaceAll(
    /\{(configuration|logs|metrics|query|ods|oms|agentService):([^}|]+)(\|alias)?\}/g,
    (...parts: string[]) => {
      const [, door = "", of = "", alias] = parts;
      const host =
        door === "query"
          ? queryHostOf(given, of)
          : isLaw(given, of)
            ? lawHostsOf(given, of)[door as "ods" | "oms" | "agentService"]
            : hostsOf(given, of)[door as "configuration" | "logs" | "metrics"];
      return alias === undefined ? host : (privateAlias(host)?.alias ?? host);
    },
  );
}

/** A question with ids and hosts, as data: what a client on a real socket needs. */
export interface Question {
  readonly ask: Ask["ask"];
  readonly from:
    | { readonly kind: "public" }
    | { readonly kind: "vnet"; readonly vnetId: ResourceId }
    | { readonly kind: "through"; readonly endpointId: ResourceId };
  /** The host asked, or the name to resolve. */
  readonly host: string;
  readonly recordType: string;
  /** The DCE or workspace, of either kind, that is asked for. */
  readonly targetId?: ResourceId;
  readonly clusterId?: ResourceId;
}

/** The question that an `ask` stands for. */
export function questionOf(given: Given, ask: Ask): Question {
  const from = placeOf(ask.from);
  switch (ask.ask) {
    case "ingest":
      return {
        ask: ask.ask,
        from,
        host: hostsOf(given, ask.to).metrics,
        recordType: "A",
        targetId: idOf.dce(ask.to),
      };
    case "query":
      return {
        ask: ask.ask,
        from,
        host: queryHostOf(given, ask.to),
        recordType: "A",
        targetId: idOf.workspace(ask.to),
      };
    case "write-logs": {
      const targetId = idOf.dce(ask.to);
      return { ask: ask.ask, from, host: hostsOf(given, ask.to).logs, recordType: "A", targetId };
    }
    case "send":
    case "logs":
    case "arm-logs": {
      const host = logsHostOf(given, ask.ask, ask.to);
      return { ask: ask.ask, from, host, recordType: "A", targetId: idOf.law(ask.to) };
    }
    case "configuration": {
      const host =
        ask.at === "global" ? cloud.globalHandlerHost : hostsOf(given, ask.at).configuration;
      return { ask: ask.ask, from, host, recordType: "A", clusterId: idOf.cluster(ask.cluster) };
    }
    case "resolve":
      return { ask: ask.ask, from, host: writtenOut(given, ask.name), recordType: ask.recordType };
  }
}

function placeOf(where: Where): Question["from"] {
  switch (where.kind) {
    case "public":
      return where;
    case "vnet":
      return { kind: "vnet", vnetId: idOf.vnet(where.vnet) };
    case "through":
      return { kind: "through", endpointId: idOf.endpoint(where.endpoint) };
  }
}

/** A full ARM resource. */
export const resource = (
  id: ResourceId,
  type: string,
  properties: JsonObject,
  top: Partial<ArmResource> = {},
): ArmResource => ({
  id,
  name: id.slice(id.lastIndexOf("/") + 1),
  type,
  properties: { provisioningState: "Succeeded", ...properties },
  ...top,
});

/** The graph of a case. */
export const graphOfCase = ({ given }: Pick<LinkCase, "given">): Graph =>
  graphFrom(resourcesOf(given));

/** The resources of a case, in an order in which each stands after what it names. */
export function resourcesOf(given: Given): readonly ArmResource[] {
  return [
    ...networkResources(given),
    ...given.dces.map((dce) => dceResource(given, dce.name)),
    ...given.workspaces.map(({ name, region, public: access }) =>
      resource(
        idOf.workspace(name),
        "Microsoft.Monitor/accounts",
        {
          metrics: { prometheusQueryEndpoint: `https://${queryHostOf(given, name)}` },
          publicNetworkAccess: access,
        },
        { location: region },
      ),
    ),
    ...lawResources(given),
    ...given.scopes.flatMap(({ name, links, ingestion, query, exclusions = [] }) => [
      resource(
        idOf.scope(name),
        "Microsoft.Insights/privateLinkScopes",
        {
          accessModeSettings: {
            ingestionAccessMode: ingestion,
            queryAccessMode: query,
            exclusions: exclusions.map(({ endpoint, query: queryAccessMode }) => ({
              privateEndpointConnectionName: `${endpoint}.1`,
              queryAccessMode,
            })),
          },
        },
        { location: "global" },
      ),
      ...links.map((linked) =>
        resource(
          `${idOf.scope(name)}/scopedResources/${linked}-connection`,
          "Microsoft.Insights/privateLinkScopes/scopedResources",
          { linkedResourceId: linkedIdOf(given, linked) },
        ),
      ),
    ]),
    ...given.clusters.flatMap(({ name, configuration }) => clusterResources(name, configuration)),
    ...given.endpoints.flatMap((endpoint, index) => endpointResources(given, endpoint, index)),
    ...zoneResources(given),
  ];
}

function dceResource(given: Given, name: string): ArmResource {
  const hosts = hostsOf(given, name);
  const dce = given.dces.find((one) => one.name === name);
  return resource(
    idOf.dce(name),
    "Microsoft.Insights/dataCollectionEndpoints",
    {
      configurationAccess: { endpoint: `https://${hosts.configuration}` },
      logsIngestion: { endpoint: `https://${hosts.logs}` },
      metricsIngestion: { endpoint: `https://${hosts.metrics}` },
      networkAcls: { publicNetworkAccess: dce?.public ?? "Enabled" },
    },
    { location: dce?.region ?? "westeurope", kind: "Linux" },
  );
}

function clusterResources(name: string, configuration: string | undefined): readonly ArmResource[] {
  const id = idOf.cluster(name);
  const cluster = resource(
    id,
    "Microsoft.ContainerService/managedClusters",
    {},
    { location: "westeurope" },
  );
  if (configuration === undefined) return [cluster];
  const association = "Microsoft.Insights/dataCollectionRuleAssociations";
  return [
    cluster,
    resource(`${id}/providers/${association}/configurationAccessEndpoint`, association, {
      dataCollectionEndpointId: idOf.dce(configuration),
    }),
  ];
}

/** The hosts that an endpoint's addresses stand for, in order. */
export function hostsBehind(given: Given, endpoint: GivenEndpoint): readonly string[] {
  const scope = given.scopes.find(({ name }) => name === endpoint.to);
  if (scope === undefined) return [queryHostOf(given, endpoint.to)];
  const members = (name: string): readonly string[] => {
    if (isLaw(given, name)) return lawMembers(given, name);
    const { configuration, logs, metrics } = hostsOf(given, name);
    return [configuration, logs, metrics];
  };
  return [...sharedScopeHosts, ...scope.links.flatMap(members)];
}

/** The address of an endpoint's n-th host: the endpoint's index gives the third octet. */
export function addressOf(given: Given, index: number, host: number): string {
  const endpoint = given.endpoints[index];
  const prefix = given.vnets.find(({ name }) => name === endpoint?.vnet)?.prefix;
  if (prefix === undefined) throw new Error(`the endpoint '${endpoint?.name}' needs a given vnet`);
  return [...prefix.split(".").slice(0, 2), String(index), String(4 + host)].join(".");
}

function endpointResources(
  given: Given,
  endpoint: GivenEndpoint,
  index: number,
): readonly ArmResource[] {
  const id = idOf.endpoint(endpoint.name);
  const toScope = given.scopes.some(({ name }) => name === endpoint.to);
  const targetId = toScope ? idOf.scope(endpoint.to) : idOf.workspace(endpoint.to);
  const groupId = toScope ? groupIds.azureMonitor : groupIds.prometheusMetrics;
  const interfaceId = `${group}/providers/Microsoft.Network/networkInterfaces/${endpoint.name}.nic`;
  const hosts = hostsBehind(given, endpoint);
  const state = { status: endpoint.state, description: "", actionsRequired: "None" };
  const connectionType = toScope
    ? "Microsoft.Insights/privateLinkScopes/privateEndpointConnections"
    : "Microsoft.Monitor/accounts/privateEndpointConnections";
  const connection = resource(
    `${targetId}/privateEndpointConnections/${endpoint.name}.1`,
    connectionType,
    {
      privateEndpoint: { id },
      privateLinkServiceConnectionState: state,
      groupIds: [groupId],
    },
  );
  return [
    resource(
      id,
      "Microsoft.Network/privateEndpoints",
      {
        subnet: { id: idOf.subnet(endpoint.vnet) },
        networkInterfaces: [{ id: interfaceId }],
        privateLinkServiceConnections: [
          {
            name: endpoint.name,
            properties: {
              privateLinkServiceId: targetId,
              groupIds: [groupId],
              privateLinkServiceConnectionState: state,
            },
          },
        ],
        customDnsConfigs: hosts.map((fqdn, host) => ({
          fqdn,
          ipAddresses: [addressOf(given, index, host)],
        })),
      },
      { location: "westeurope" },
    ),
    resource(
      interfaceId,
      "Microsoft.Network/networkInterfaces",
      {
        privateEndpoint: { id },
        ipConfigurations: hosts.map((host, at) => ({
          name: `ip${at}`,
          properties: {
            privateIPAddress: addressOf(given, index, at),
            subnet: { id: idOf.subnet(endpoint.vnet) },
            privateLinkConnectionProperties: {
              groupId,
              requiredMemberName: privateAlias(host)?.recordName ?? host,
              fqdns: [host],
            },
          },
        })),
      },
      { location: "westeurope" },
    ),
    // A target that removed a connection keeps nothing of it.
    ...(endpoint.state === "Disconnected" ? [] : [connection]),
  ];
}
