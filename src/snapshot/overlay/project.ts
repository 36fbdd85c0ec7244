/**
 * Projection: what Azure makes by itself of what a plan sets, so that its end can be judged: hosts of new endpoints,
 * connections, addresses and records of new private endpoints, back references. Addresses and the keys in host names are
 * placeholders, for nobody knows them before; everything here is `inferred` from what Azure shows afterwards.
 */
import { graphFrom, idKey, listAt, parseId, sameId, stringAt } from "../../arm/index.ts";
import type { ArmResource, Graph, JsonObject, ResourceId } from "../../arm/index.ts";
import { dceHosts, hostKey, hostKeyChars, workspaceQueryHost } from "../../azure/index.ts";
import { endpointMembers, networkTypes, types } from "../../rules/index.ts";
import type { EndpointMember } from "../../rules/index.ts";

/** The resources that follow of planned ones, or change with them. */
export function projected(
  resources: readonly ArmResource[],
  planned: ReadonlySet<string>,
): readonly ArmResource[] {
  const hosts = resources
    .filter(({ id }) => planned.has(idKey(id)))
    .flatMap((resource) => withHosts(resource) ?? []);
  const withNames = graphFrom([...resources, ...hosts]);
  const touched = endpointsTouched(withNames, planned);
  return [
    ...hosts,
    ...withSubnets(withNames, planned),
    ...touched.flatMap((endpoint) => consequences(withNames, endpoint)),
  ];
}

/** A new endpoint or workspace with host names, where the plan has none. */
function withHosts(resource: ArmResource): ArmResource | undefined {
  const { id, name, type, location, properties } = resource;
  const region = location ?? "";
  if (
    sameId(type, types.dce) &&
    stringAt(properties, "configurationAccess", "endpoint") === undefined
  ) {
    const hosts = dceHosts({ name, key: hostKey(id, hostKeyChars.dce), region });
    const made: JsonObject = {
      configurationAccess: { endpoint: `https://${hosts.configuration}` },
      logsIngestion: { endpoint: `https://${hosts.logs}` },
      metricsIngestion: { endpoint: `https://${hosts.metrics}` },
    };
    return { ...resource, properties: { ...properties, ...made } };
  }
  if (
    sameId(type, types.workspace) &&
    stringAt(properties, "metrics", "prometheusQueryEndpoint") === undefined
  ) {
    const host = workspaceQueryHost({ name, key: hostKey(id, hostKeyChars.workspace), region });
    const metrics = { prometheusQueryEndpoint: `https://${host}` };
    return { ...resource, properties: { ...properties, metrics } };
  }
  return undefined;
}

/** Networks with the planned subnets among theirs, where ARM's GET shows them. */
function withSubnets(graph: Graph, planned: ReadonlySet<string>): readonly ArmResource[] {
  const added = graph.ofType(networkTypes.subnet).filter(({ id }) => planned.has(idKey(id)));
  const byNetwork = Map.groupBy(added, ({ id }) => idKey(parseId(id)?.parentId ?? ""));
  return [...byNetwork].flatMap(([vnetId, subnets]) => {
    const vnet = graph.get(vnetId);
    if (vnet === undefined) return [];
    const before = listAt(vnet.properties, "subnets").filter(
      (one) => !subnets.some(({ id }) => sameId(stringAt(one, "id"), id)),
    );
    const own = subnets.map(({ id, name, properties }) => ({ id, name, properties }));
    return [{ ...vnet, properties: { ...vnet.properties, subnets: [...before, ...own] } }];
  });
}

/** Private endpoints that are planned, or whose target, link or zone group is. */
function endpointsTouched(graph: Graph, planned: ReadonlySet<string>): readonly ArmResource[] {
  const isPlanned = (id: ResourceId | undefined): boolean =>
    id !== undefined && planned.has(idKey(id));
  const targets = new Set(
    graph
      .ofType(types.scopedResource)
      .filter(
        ({ id, properties }) =>
          isPlanned(id) || isPlanned(stringAt(properties, "linkedResourceId")),
      )
      .map(({ id }) => idKey(parseId(id)?.parentId ?? "")),
  );
  return graph.ofType(networkTypes.endpoint).filter((endpoint) => {
    const target = serviceConnection(endpoint)?.targetId;
    const groups = graph.under(endpoint.id, networkTypes.zoneGroup);
    return (
      isPlanned(endpoint.id) ||
      (target !== undefined && targets.has(idKey(target))) ||
      groups.some(({ id }) => isPlanned(id))
    );
  });
}

interface ServiceConnection {
  readonly name: string;
  readonly targetId: ResourceId;
  readonly groupId: string;
  readonly manual: boolean;
}

function serviceConnection({ name, properties }: ArmResource): ServiceConnection | undefined {
  const automatic = listAt(properties, "privateLinkServiceConnections")[0];
  const connection = automatic ?? listAt(properties, "manualPrivateLinkServiceConnections")[0];
  const targetId = stringAt(connection, "properties", "privateLinkServiceId");
  if (targetId === undefined) return undefined;
  const groupId = stringAt(connection, "properties", "groupIds", 0) ?? "";
  return { name, targetId, groupId, manual: automatic === undefined };
}

/** The connection at the target, the interface with an address for each member, and the records of the zone group. */
function consequences(graph: Graph, endpoint: ArmResource): readonly ArmResource[] {
  const connection = serviceConnection(endpoint);
  if (connection === undefined) return [];
  const members = endpointMembers(graph, connection.targetId, connection.groupId);
  const known = graph.get(stringAt(endpoint.properties, "networkInterfaces", 0, "id") ?? "");
  const addresses = addressesFor(members, known);
  const nic = interfaceWith(endpoint, { members, addresses, known, groupId: connection.groupId });
  return [
    { ...endpoint, properties: { ...endpoint.properties, networkInterfaces: [{ id: nic.id }] } },
    nic,
    ...connectionAt(graph, endpoint, connection),
    ...recordsOf(graph, endpoint, { members, addresses }),
  ];
}

const memberLink = "privateLinkConnectionProperties";

/** Each name's address: the one that it has, else a placeholder of a block that no network may have. */
function addressesFor(
  members: readonly EndpointMember[],
  known: ArmResource | undefined,
): ReadonlyMap<string, string> {
  const byName = new Map<string, string>();
  for (const configuration of listAt(known?.properties, "ipConfigurations")) {
    const address = stringAt(configuration, "properties", "privateIPAddress");
    for (const fqdn of listAt(configuration, "properties", memberLink, "fqdns")) {
      if (typeof fqdn === "string" && address !== undefined)
        byName.set(fqdn.toLowerCase(), address);
    }
  }
  members.forEach(({ fqdn }, index) => {
    // 192.0.2.0/24 and 198.51.100.0/24 are for documentation (RFC 5737): nobody takes them for the real ones.
    const block = index < 250 ? "192.0.2" : "198.51.100";
    if (!byName.has(fqdn)) byName.set(fqdn, `${block}.${(index % 250) + 1}`);
  });
  return byName;
}

function interfaceWith(
  endpoint: ArmResource,
  of: {
    readonly members: readonly EndpointMember[];
    readonly addresses: ReadonlyMap<string, string>;
    readonly known: ArmResource | undefined;
    readonly groupId: string;
  },
): ArmResource {
  const { members, addresses, known, groupId } = of;
  const parsed = parseId(endpoint.id);
  const name = `${endpoint.name}.nic.planned`;
  const id = `/subscriptions/${parsed?.subscriptionId ?? ""}/resourceGroups/${parsed?.resourceGroup ?? ""}/providers/${networkTypes.interface}/${name}`;
  const base = known ?? { id, name, type: networkTypes.interface, properties: {} };
  const before = listAt(base.properties, "ipConfigurations");
  const covered = new Set(before.flatMap((one) => listAt(one, "properties", memberLink, "fqdns")));
  const subnet = { id: stringAt(endpoint.properties, "subnet", "id") ?? "" };
  const added = members
    .filter(({ fqdn }) => !covered.has(fqdn))
    .map(({ memberName, fqdn }) => ({
      name: `${memberName}.planned`,
      properties: {
        privateIPAddress: addresses.get(fqdn) ?? "",
        subnet,
        [memberLink]: { groupId, requiredMemberName: memberName, fqdns: [fqdn] },
      },
    }));
  const ipConfigurations = [...before, ...added];
  return {
    ...base,
    properties: { ...base.properties, privateEndpoint: { id: endpoint.id }, ipConfigurations },
  };
}

function connectionAt(
  graph: Graph,
  endpoint: ArmResource,
  { targetId, manual, name }: ServiceConnection,
): readonly ArmResource[] {
  const type = `${parseId(targetId)?.type ?? ""}/privateEndpointConnections`;
  const there = graph
    .under(targetId, type)
    .some(({ properties }) => sameId(stringAt(properties, "privateEndpoint", "id"), endpoint.id));
  if (there) return [];
  return [
    {
      id: `${targetId}/privateEndpointConnections/${name}.planned`,
      name: `${name}.planned`,
      type,
      properties: {
        privateEndpoint: { id: endpoint.id },
        privateLinkServiceConnectionState: { status: manual ? "Pending" : "Approved" },
      },
    },
  ];
}

/** The records that a zone group writes beside those that are there: one for each member whose zone is in the group. */
function recordsOf(
  graph: Graph,
  endpoint: ArmResource,
  of: {
    readonly members: readonly EndpointMember[];
    readonly addresses: ReadonlyMap<string, string>;
  },
): readonly ArmResource[] {
  const groups = graph.under(endpoint.id, networkTypes.zoneGroup);
  const zones = groups
    .flatMap(({ properties }) => listAt(properties, "privateDnsZoneConfigs"))
    .flatMap((config) => stringAt(config, "properties", "privateDnsZoneId") ?? []);
  return zones.flatMap((zoneId) => {
    const zone = (parseId(zoneId)?.name ?? "").toLowerCase();
    return of.members
      .filter((member) => member.zone === zone)
      .filter(({ recordName }) => graph.get(`${zoneId}/A/${recordName}`) === undefined)
      .map(({ recordName, fqdn }) => ({
        id: `${zoneId}/A/${recordName}`,
        name: recordName,
        type: `${networkTypes.zone}/A`,
        properties: {
          ttl: 10,
          aRecords: [{ ipv4Address: of.addresses.get(fqdn) ?? "" }],
        },
      }));
  });
}
