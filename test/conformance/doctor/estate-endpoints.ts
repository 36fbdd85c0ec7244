/** Private endpoints of an estate, with the interfaces, connections, zones and records that come of them. */
import type { ArmResource, Graph, JsonObject, ResourceId } from "../../../src/arm/index.ts";
import { groupIds, scopeZones } from "../../../src/azure/index.ts";
import { endpointMembers } from "../../../src/rules/index.ts";
import type { EndpointMember } from "../../../src/rules/index.ts";
import { groupId, resource, typesByKind } from "./estate-parts.ts";
import type { Estate } from "./estate-parts.ts";
import { listOf, wordOf } from "./estate-lines.ts";
import type { EstateLine } from "./estate-lines.ts";
import { endpointAddress } from "./estate-networks.ts";

/** The zones of an estate while it is made: by resource group and name. */
export interface DraftZone {
  readonly id: ResourceId;
  readonly name: string;
  readonly links: Map<string, boolean>;
  readonly records: Map<string, string>;
}
export type DraftZones = Map<ResourceId, DraftZone>;

const blobZone = "privatelink.blob.core.windows.net";

function zoneIn(zones: DraftZones, group: string, name: string): DraftZone {
  const id = `${groupId("1", group)}/providers/Microsoft.Network/privateDnsZones/${name}`;
  const known = zones.get(id);
  if (known !== undefined) return known;
  const made: DraftZone = { id, name, links: new Map(), records: new Map() };
  zones.set(id, made);
  return made;
}

/** The endpoints and all that they make, given the graph of everything else. */
export function endpointResources(
  estate: Estate,
  graph: Graph,
): { readonly resources: readonly ArmResource[]; readonly zones: DraftZones } {
  const zones: DraftZones = new Map();
  const next = new Map<string, number>();
  const take = (network: string): string | undefined => {
    const index = next.get(network) ?? 0;
    next.set(network, index + 1);
    return endpointAddress(estate, network, index);
  };
  const resources = [
    ...estate.ofKind("endpoint").flatMap((line) => {
      const target = targetOf(estate, line);
      const members = endpointMembers(graph, target.id, target.groupId);
      return endpoint(estate, { line, zones, take, ...target, members });
    }),
    ...estate.ofKind("storage").flatMap((line) => storage(estate, { line, zones, take })),
  ];
  return { resources, zones };
}

interface Target {
  readonly id: ResourceId;
  readonly groupId: string;
  readonly connectionType: string;
}

function targetOf(estate: Estate, line: EstateLine): Target {
  const name = wordOf(line, "to") ?? "";
  const isScope = estate.ofKind("scope").some((scope) => scope.name === name);
  const kind = isScope ? "scope" : "metrics-workspace";
  return {
    id: estate.idOf(name, kind),
    groupId: isScope ? groupIds.azureMonitor : groupIds.prometheusMetrics,
    connectionType: `${typesByKind[kind]}/privateEndpointConnections`,
  };
}

interface Making {
  readonly line: EstateLine;
  readonly zones: DraftZones;
  readonly take: (network: string) => string | undefined;
}

function endpoint(
  estate: Estate,
  making: Making & Target & { readonly members: readonly EndpointMember[] },
): readonly ArmResource[] {
  const { line, members: all, take, connectionType } = making;
  const network = wordOf(line, "network") ?? "";
  const endpointId = estate.idOf(line.name, "endpoint");
  const addresses = new Map<string, string>();
  for (const { memberName } of all) {
    const address = addresses.has(memberName) ? undefined : take(network);
    if (address !== undefined) addresses.set(memberName, address);
  }
  // A member for which the subnet has no address gets neither interface nor record.
  const members = all.filter(({ memberName }) => addresses.has(memberName));
  const addressOf = ({ memberName }: EndpointMember): string => addresses.get(memberName) ?? "";
  const state = { status: wordOf(line, "state") ?? "", description: "", actionsRequired: "None" };
  const subnet = { id: `${estate.idOf(network, "network")}/subnets/endpoints` };
  const shown = members.map((member) => ({
    fqdn: member.fqdn,
    ipAddresses: [addressOf(member)],
  }));
  const ipConfigurations = [...Map.groupBy(members, ({ memberName }) => memberName)].map(
    ([requiredMemberName, same]) => ({
      name: requiredMemberName,
      properties: {
        privateIPAddress: addresses.get(requiredMemberName) ?? "",
        subnet,
        privateLinkConnectionProperties: {
          groupId: making.groupId,
          requiredMemberName,
          fqdns: same.map(({ fqdn }) => fqdn),
        },
      },
    }),
  );
  const interfaceId = endpointId.replace("privateEndpoints", "networkInterfaces").concat(".nic");
  const connection = resource(
    `${making.id}/privateEndpointConnections/${line.name}.1`,
    connectionType,
    {
      privateEndpoint: { id: endpointId },
      privateLinkServiceConnectionState: state,
      groupIds: [making.groupId],
    },
  );
  return [
    resource(
      endpointId,
      "Microsoft.Network/privateEndpoints",
      {
        subnet,
        networkInterfaces: [{ id: interfaceId }],
        privateLinkServiceConnections: [
          {
            name: line.name,
            properties: {
              privateLinkServiceId: making.id,
              groupIds: [making.groupId],
              privateLinkServiceConnectionState: state,
            },
          },
        ],
        customDnsConfigs: shown,
      },
      { location: "westeurope" },
    ),
    resource(
      interfaceId,
      "Microsoft.Network/networkInterfaces",
      { privateEndpoint: { id: endpointId }, ipConfigurations },
      { location: "westeurope" },
    ),
    ...(state.status === "Disconnected" ? [] : [connection]),
    ...registered({ ...making, members }, { endpointId, network, addressOf }),
  ];
}

/** The zone group with its records; the zones are linked to the endpoint's network, or to those that the line names. */
function registered(
  {
    line,
    zones,
    members,
    groupId: group,
  }: Making & Target & { readonly members: readonly EndpointMember[] },
  at: {
    readonly endpointId: ResourceId;
    readonly network: string;
    readonly addressOf: (member: EndpointMember) => string;
  },
): readonly ArmResource[] {
  const dns = wordOf(line, "dns");
  if (dns === undefined) return [];
  const except = new Set(listOf(line, "except"));
  const wanted = group === groupIds.azureMonitor ? scopeZones : members.map(({ zone }) => zone);
  const names = wanted.filter((name) => !except.has(name));
  const linked = listOf(line, "linked");
  for (const name of names) {
    const zone = zoneIn(zones, dns, name);
    for (const network of linked.length === 0 ? [at.network] : linked) {
      if (network !== "none") zone.links.set(network, zone.links.get(network) ?? false);
    }
    for (const member of members) {
      if (member.zone === name) zone.records.set(member.recordName, at.addressOf(member));
    }
  }
  if (wordOf(line, "group") !== "yes") return [];
  const configs = names.map((name) => ({
    name: name.replaceAll(".", "-"),
    properties: { privateDnsZoneId: zoneIn(zones, dns, name).id },
  }));
  return [
    resource(
      `${at.endpointId}/privateDnsZoneGroups/default`,
      "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
      { privateDnsZoneConfigs: configs },
    ),
  ];
}

/** A storage account; with a network, it has a private endpoint there whose record stands in a zone of its own. */
function storage(estate: Estate, { line, zones, take }: Making): readonly ArmResource[] {
  const id = estate.idOf(line.name, "storage");
  const network = wordOf(line, "network");
  const connections: JsonObject[] = [];
  if (network !== undefined) {
    const zone = zoneIn(zones, `storage-${network}`, blobZone);
    zone.links.set(network, false);
    zone.records.set(line.name, take(network) ?? "");
    connections.push({
      id: `${id}/privateEndpointConnections/one`,
      name: "one",
      properties: { privateLinkServiceConnectionState: { status: "Approved" } },
    });
  }
  const properties = {
    publicNetworkAccess: "Enabled",
    primaryEndpoints: { blob: `https://${line.name}.blob.core.windows.net/` },
    privateEndpointConnections: connections,
  };
  return [
    resource(id, typesByKind["storage"] ?? "", properties, {
      location: "westeurope",
      kind: "StorageV2",
      sku: { name: "Standard_LRS" },
    }),
  ];
}

/** The zones with their links and records, those of `zone` lines among them. */
export function zoneResources(estate: Estate, zones: DraftZones): readonly ArmResource[] {
  for (const line of estate.ofKind("zone")) {
    const zone = zoneIn(zones, wordOf(line, "dns") ?? "", line.name);
    const redirects = wordOf(line, "redirects") === "yes";
    for (const network of listOf(line, "linked")) zone.links.set(network, redirects);
  }
  return [...zones.values()].flatMap(({ id, name, links, records }) => [
    resource(id, "Microsoft.Network/privateDnsZones", {}, { location: "global" }),
    ...[...links].map(([network, redirects]) =>
      resource(
        `${id}/virtualNetworkLinks/${network}`,
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        {
          virtualNetwork: { id: estate.idOf(network, "network") },
          registrationEnabled: false,
          resolutionPolicy: redirects ? "NxDomainRedirect" : "Default",
        },
        { location: "global" },
      ),
    ),
    ...[...records].map(([record, address]) => recordResource({ id, name }, record, address)),
  ]);
}

/** One A record. */
export const recordResource = (
  zone: { readonly id: ResourceId; readonly name: string },
  record: string,
  address: string,
): ArmResource =>
  resource(`${zone.id}/A/${record}`, "Microsoft.Network/privateDnsZones/A", {
    ttl: 10,
    fqdn: `${record}.${zone.name}.`,
    aRecords: [{ ipv4Address: address }],
  });
