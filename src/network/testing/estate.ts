/** An estate for the fabric's tests: networks with and without private DNS, an endpoint, a workspace, names that lead somewhere. */
import { graphFrom } from "../../arm/index.ts";
import type { ArmResource, Graph, JsonObject, ResourceId } from "../../arm/index.ts";
import { dceHosts, hostKey, hostKeyChars, privateAlias, scopeZones } from "../../azure/index.ts";
import { networkTypes, types } from "../../rules/index.ts";

const group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-a";
const region = "westeurope";
const inGroup = (type: string, name: string): ResourceId => `${group}/providers/${type}/${name}`;

export const ids = {
  /** Has the endpoint, and the scope's zones linked. */
  inside: inGroup(networkTypes.vnet, "vnet-inside"),
  /** Has nothing: its names are public. */
  plain: inGroup(networkTypes.vnet, "vnet-plain"),
  /** Has an empty zone linked, by which names vanish. */
  empty: inGroup(networkTypes.vnet, "vnet-empty"),
  /** As `empty`, with NxDomainRedirect. */
  redirected: inGroup(networkTypes.vnet, "vnet-redirected"),
  endpoint: inGroup(networkTypes.endpoint, "pe-scope"),
  interface: inGroup(networkTypes.interface, "pe-scope.nic"),
  dce: inGroup(types.dce, "dce-a"),
  scope: inGroup(types.scope, "scope-a"),
  zone: inGroup(networkTypes.zone, scopeZones[0] ?? ""),
  emptyZone: `${group.replace("rg-a", "rg-b")}/providers/${networkTypes.zone}/${scopeZones[0]}`,
  cluster: inGroup(types.cluster, "aks-a"),
};

export const hosts = dceHosts({
  name: "dce-a",
  region,
  key: hostKey(ids.dce, hostKeyChars.dce),
});

export const addresses = { metrics: "10.10.1.7", configuration: "10.10.1.5", free: "10.10.1.99" };

const resource = (
  id: ResourceId,
  type: string,
  properties: JsonObject,
  name = id.slice(id.lastIndexOf("/") + 1),
): ArmResource => ({ id, name, type, location: region, properties });

const vnet = (id: ResourceId, prefix: string): ArmResource =>
  resource(id, networkTypes.vnet, { addressSpace: { addressPrefixes: [prefix] } });

const zoneLink = (zone: ResourceId, vnetId: ResourceId, resolutionPolicy: string): ArmResource =>
  resource(
    `${zone}/virtualNetworkLinks/${vnetId.slice(vnetId.lastIndexOf("/") + 1)}`,
    networkTypes.zoneLink,
    { virtualNetwork: { id: vnetId }, registrationEnabled: false, resolutionPolicy },
  );

const record = (recordName: string, address: string): ArmResource =>
  resource(
    `${ids.zone}/A/${recordName}`,
    `${networkTypes.zone}/A`,
    { ttl: 10, aRecords: [{ ipv4Address: address }] },
    recordName,
  );

const recordNameOf = (host: string): string => privateAlias(host)?.recordName ?? "";

const interfaceConfiguration = (address: string, host: string): JsonObject => ({
  name: host,
  properties: {
    privateIPAddress: address,
    subnet: { id: `${ids.inside}/subnets/snet-private-endpoints` },
    privateLinkConnectionProperties: { requiredMemberName: host, fqdns: [host] },
  },
});

/** The private endpoint and its interface; left out of `estate` they are gone. */
export const endpointResources: readonly ArmResource[] = [
  resource(ids.endpoint, networkTypes.endpoint, {
    subnet: { id: `${ids.inside}/subnets/snet-private-endpoints` },
    networkInterfaces: [{ id: ids.interface }],
    privateLinkServiceConnections: [
      {
        name: "pe-scope",
        properties: { privateLinkServiceId: ids.scope, groupIds: ["azuremonitor"] },
      },
    ],
  }),
  resource(ids.interface, networkTypes.interface, {
    ipConfigurations: [
      interfaceConfiguration(addresses.metrics, hosts.metrics),
      interfaceConfiguration(addresses.configuration, hosts.configuration),
    ],
  }),
];

const base: readonly ArmResource[] = [
  vnet(ids.inside, "10.10.0.0/16"),
  vnet(ids.plain, "10.20.0.0/16"),
  vnet(ids.empty, "10.30.0.0/16"),
  vnet(ids.redirected, "10.40.0.0/16"),
  resource(ids.scope, types.scope, {}),
  resource(ids.dce, types.dce, {
    configurationAccess: { endpoint: `https://${hosts.configuration}` },
    logsIngestion: { endpoint: `https://${hosts.logs}` },
    metricsIngestion: { endpoint: `https://${hosts.metrics}` },
    networkAcls: { publicNetworkAccess: "Disabled" },
  }),
  resource(ids.zone, networkTypes.zone, {}),
  resource(ids.emptyZone, networkTypes.zone, {}),
  zoneLink(ids.zone, ids.inside, "Default"),
  zoneLink(ids.emptyZone, ids.empty, "Default"),
  zoneLink(ids.emptyZone, ids.redirected, "NxDomainRedirect"),
  record(recordNameOf(hosts.metrics), addresses.metrics),
  record(recordNameOf(hosts.configuration), addresses.configuration),
  resource(
    `${ids.zone}/SOA/@`,
    `${networkTypes.zone}/SOA`,
    {
      ttl: 3600,
      soaRecord: {
        host: "ns.example.net",
        email: "admin.example.net",
        serialNumber: 7,
        refreshTime: 3600,
        retryTime: 300,
        expireTime: 2_419_200,
        minimumTtl: 10,
      },
    },
    "@",
  ),
];

/** The graph with the endpoint in it, and with what else a test adds. */
export const estate = (more: readonly ArmResource[] = []): Graph =>
  graphFrom([...base, ...endpointResources, ...more]);

/** The graph after the endpoint's end. */
export const estateWithoutEndpoint = (): Graph => graphFrom(base);

/** An IPv6 record set at a name of the linked zone. */
export const ipv6Record = (recordName: string, list: readonly string[]): ArmResource =>
  resource(
    `${ids.zone}/AAAA/${recordName}`,
    `${networkTypes.zone}/AAAA`,
    { ttl: 10, aaaaRecords: list.map((ipv6Address) => ({ ipv6Address })) },
    recordName,
  );

/** A record set at a name of the linked zone. */
export const addressRecord = (recordName: string, list: readonly string[]): ArmResource =>
  resource(
    `${ids.zone}/A/${recordName}`,
    `${networkTypes.zone}/A`,
    { ttl: 10, aRecords: list.map((ipv4Address) => ({ ipv4Address })) },
    recordName,
  );
