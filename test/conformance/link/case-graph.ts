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
  scopeZones,
  sharedScopeHosts,
  workspaceQueryHost,
} from "../../../src/azure/index.ts";
import type { Ask, Given, GivenEndpoint, GivenZone, LinkCase, Where } from "./given.ts";
import { networkResources } from "./case-networks.ts";

const group = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/cases";

/** The ids of what a case names. */
export const idOf = {
  vnet: (name: string): ResourceId =>
    `${group}/providers/Microsoft.Network/virtualNetworks/${name}`,
  subnet: (vnet: string): ResourceId => `${idOf.vnet(vnet)}/subnets/snet-private-endpoints`,
  dce: (name: string): ResourceId =>
    `${group}/providers/Microsoft.Insights/dataCollectionEndpoints/${name}`,
  workspace: (name: string): ResourceId => `${group}/providers/Microsoft.Monitor/accounts/${name}`,
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
    /\{(configuration|logs|metrics|query):([^}|]+)(\|alias)?\}/g,
    (...parts: string[]) => {
      const [, door, of = "", alias] = parts;
      const host =
        door === "query"
          ? queryHostOf(given, of)
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
  /** The DCE or workspace that is asked for. */
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
    ...given.scopes.flatMap(({ name, links, ingestion, query }) => [
      resource(
        idOf.scope(name),
        "Microsoft.Insights/privateLinkScopes",
        {
          accessModeSettings: {
            ingestionAccessMode: ingestion,
            queryAccessMode: query,
            exclusions: [],
          },
        },
        { location: "global" },
      ),
      ...links.map((dce) =>
        resource(
          `${idOf.scope(name)}/scopedResources/${dce}-connection`,
          "Microsoft.Insights/privateLinkScopes/scopedResources",
          { linkedResourceId: idOf.dce(dce) },
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
function hostsBehind(given: Given, endpoint: GivenEndpoint): readonly string[] {
  const scope = given.scopes.find(({ name }) => name === endpoint.to);
  if (scope === undefined) return [queryHostOf(given, endpoint.to)];
  const linked = scope.links.map((name) => hostsOf(given, name));
  return [
    ...sharedScopeHosts,
    ...linked.flatMap(({ configuration, logs, metrics }) => [configuration, logs, metrics]),
  ];
}

/** The address of an endpoint's n-th host: the endpoint's index gives the third octet. */
function addressOf(given: Given, index: number, host: number): string {
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

interface DraftZone {
  readonly id: ResourceId;
  readonly name: string;
  readonly policy: GivenZone["policy"];
  readonly links: Set<string>;
  readonly records: Map<string, string>;
}

function zoneResources(given: Given): readonly ArmResource[] {
  const zones = new Map<ResourceId, DraftZone>();
  const zoneOf = (name: string, owner?: string): DraftZone => {
    const id = owner === undefined ? idOf.zone(name) : idOf.ownZone(owner, name);
    const known = zones.get(id);
    if (known !== undefined) return known;
    const { links = [], policy = "Default" } = given.zones.find((one) => one.name === name) ?? {};
    const made: DraftZone = {
      id,
      name,
      policy,
      links: new Set(owner === undefined ? links : []),
      records: new Map(),
    };
    zones.set(id, made);
    return made;
  };
  for (const { name } of given.zones) zoneOf(name);
  for (const [index, endpoint] of given.endpoints.entries()) {
    if (endpoint.dns === "none") continue;
    const owner = endpoint.dns === "own" ? endpoint.name : undefined;
    const toScope = given.scopes.some(({ name }) => name === endpoint.to);
    const hosts = hostsBehind(given, endpoint);
    const names = toScope ? scopeZones : hosts.flatMap((host) => privateAlias(host)?.zone ?? []);
    for (const name of names) {
      if (endpoint.dns !== "records") zoneOf(name, owner).links.add(endpoint.vnet);
    }
    for (const [at, host] of hosts.entries()) {
      const alias = privateAlias(host);
      if (alias !== undefined) {
        zoneOf(alias.zone, owner).records.set(alias.recordName, addressOf(given, index, at));
      }
    }
  }
  for (const record of given.records) {
    const name = writtenOut(given, record.name);
    const zone = [...zones.values()]
      .filter((one) => name.endsWith(`.${one.name}`))
      .sort((a, b) => b.name.length - a.name.length)[0];
    if (zone === undefined) throw new Error(`no given zone holds ${name}`);
    zone.records.set(name.slice(0, -zone.name.length - 1), record.address);
  }
  return [...zones.values()].flatMap(resourcesOfZone);
}

const resourcesOfZone = ({
  id,
  name,
  policy,
  links,
  records,
}: DraftZone): readonly ArmResource[] => [
  resource(id, "Microsoft.Network/privateDnsZones", {}, { location: "global" }),
  ...[...links].map((vnet) =>
    resource(
      `${id}/virtualNetworkLinks/${vnet}`,
      "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
      {
        virtualNetwork: { id: idOf.vnet(vnet) },
        registrationEnabled: false,
        resolutionPolicy: policy,
      },
      { location: "global" },
    ),
  ),
  ...[...records].map(([record, address]) =>
    resource(`${id}/A/${record}`, "Microsoft.Network/privateDnsZones/A", {
      ttl: 10,
      fqdn: `${record}.${name}.`,
      aRecords: [{ ipv4Address: address }],
    }),
  ),
];
