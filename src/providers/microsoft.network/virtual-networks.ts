/** Microsoft.Network/virtualNetworks: an address space and its subnets. */
import { limits } from "../../core/index.ts";
import {
  boolean,
  list,
  listAt,
  object,
  oneOf,
  parseId,
  readOnly,
  refused,
  required,
  sameId,
  stored,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  Json,
  JsonObject,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { parseIpv4 } from "../../rules/index.ts";
import { derivedFrom, referringTo, resourceOf, stableGuid } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { countRecords } from "../private-link/zone-records.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import {
  addressSpaceProblems,
  endpointsIn,
  prefixTextsOf,
  readPrefixes,
  shrinkProblems,
  subnetProblems,
} from "./address-space.ts";
import type { NamedPrefixes } from "./address-space.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { showSubnets, subnetsOf } from "./subnet-list.ts";
import { loopProblems } from "./network-loops.ts";
import { groupOf, groupProblems, showGuardedSubnets } from "./network-security-groups.ts";
import { showRoutedSubnets } from "./route-tables.ts";
import { inlineSubnet, routeTableProblems, subnetToStore, tableOf } from "./subnet-schema.ts";
import { showPeerings } from "./virtual-network-peerings.ts";

const spacePath = "properties.addressSpace.addressPrefixes";

export const virtualNetworks: ResourceType = {
  type: typeNames.virtualNetworks,
  apiVersions: networkVersions,
  scope: "resourceGroup",
  source:
    "learn.microsoft.com/azure/templates/microsoft.network/virtualnetworks; az network vnet, traced",
  location: "regional",
  name: networkName,
  properties: object({
    addressSpace: required(
      object({
        addressPrefixes: required(list(string({ charsMax: 64 }), { countMin: 1, countMax: 64 })),
        ipamPoolPrefixAllocations: refused("address spaces are given as prefixes."),
      }),
    ),
    subnets: list(inlineSubnet, { countMax: limits.subnetsPerVnetMax }),
    dhcpOptions: object({
      dnsServers: list(string({ charsMax: 64 }), { countMax: limits.dnsServersPerVnetMax }),
    }),
    enableDdosProtection: boolean(false),
    enableVmProtection: boolean(false),
    privateEndpointVNetPolicies: oneOf(["Disabled"], {
      default: "Disabled",
      refused: { Basic: "endpoints have no network policies." },
    }),
    virtualNetworkPeerings: list(stored(), { countMax: limits.peeringsPerVnetMax }),
    ddosProtectionPlan: refused("there is no DDoS protection."),
    encryption: refused("traffic between machines is not emulated."),
    bgpCommunities: refused("there is no ExpressRoute."),
    ipAllocations: refused("address spaces are given as prefixes."),
    flowTimeoutInMinutes: refused("flows of machines are not emulated."),
    provisioningState: readOnly(),
    resourceGuid: readOnly(),
    flowLogs: readOnly(),
    defaultPublicNatGateway: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  keeps: ["etag"],
  validate,
  derive,
  validateDelete: (vnet, { graph }) =>
    subnetsOf(graph, vnet.id).flatMap((subnet) => inUseProblems(graph, subnet)),
  deleteEffects: removeLinks,
};

/** The subnets of a request; undefined where it says nothing of them, and then they stay as they are. */
const givenSubnets = (body: RequestBody): readonly Json[] | undefined =>
  body.properties["subnets"] === undefined ? undefined : listAt(body.properties, "subnets");

const nameOf = (subnet: Json): string => stringAt(subnet, "name") ?? "";

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const vnetName = context.parsed.name;
  const space = readPrefixes(listAt(body.properties, "addressSpace", "addressPrefixes"), {
    target: spacePath,
    owner: vnetName,
  });
  const found = [
    ...space.problems,
    ...unsupported(body),
    ...repeatedNames(body),
    ...dnsServerProblems(body),
    ...peeringProblems(body, context),
  ];
  const { subnets, problems } = subnetsAfter(body, context);
  found.push(...problems);
  if (found.length > 0) return found;
  const clashes = [
    ...addressSpaceProblems(space.prefixes, vnetName),
    ...subnetProblems(space.prefixes, subnets, vnetName),
    ...subnets.flatMap((subnet) =>
      shrinkProblems(context.graph, `${context.id}/subnets/${subnet.name}`, subnet),
    ),
    ...removedSubnets(body, context).flatMap((subnet) => inUseProblems(context.graph, subnet)),
    ...tableProblems(body, context),
  ];
  return clashes.length > 0
    ? clashes
    : loopProblems(typeNames.virtualNetworks, { body, context }, derive);
}

function tableProblems(body: RequestBody, { graph }: TypeContext): readonly Problem[] {
  return (givenSubnets(body) ?? []).flatMap((subnet, index) => {
    const target = `properties.subnets[${index}].properties`;
    const properties = (subnet as JsonObject)["properties"];
    const where = { region: body.location, target };
    return [
      ...routeTableProblems(graph, properties, where),
      ...groupProblems(graph, properties, where),
    ];
  });
}

/** Any address is taken, as Azure does; whether a server answers there is seen when it is asked. */
function dnsServerProblems(body: RequestBody): readonly Problem[] {
  return listAt(body.properties, "dhcpOptions", "dnsServers").flatMap((server, index) => {
    if (parseIpv4(String(server)) !== undefined) return [];
    const target = `properties.dhcpOptions.dnsServers[${index}]`;
    const message = `'${String(server)}' is no IPv4 address of a DNS server.`;
    return [problem("InvalidRequestContent", message, { target })];
  });
}

/** A GET's list may be put back; a peering is made at its own address, and fixes the address spaces while it stands. */
function peeringProblems(
  body: RequestBody,
  { graph, id, previous }: TypeContext,
): readonly Problem[] {
  const peerings = graph.under(id, typeNames.virtualNetworkPeerings);
  const names = new Set(peerings.map(({ name }) => name.toLowerCase()));
  const target = "properties.virtualNetworkPeerings";
  const inline = listAt(body.properties, "virtualNetworkPeerings")
    .map(nameOf)
    .filter((name) => !names.has(name.toLowerCase()))
    .map((name) =>
      problem(
        "FeatureNotEmulated",
        `The peering '${name}' within a network is not emulated. Put it at ${id}/virtualNetworkPeerings/${name}.`,
        { target },
      ),
    );
  const space = (properties: JsonObject | undefined): string =>
    listAt(properties, "addressSpace", "addressPrefixes").map(String).toSorted().join(", ");
  if (peerings.length === 0 || space(body.properties) === space(previous?.properties))
    return inline;
  const message = `The address space of a network with peerings (${peerings.map(({ name }) => name).join(", ")}) cannot be changed here: their synchronisation is not emulated. Delete them, change it, and make them again.`;
  return [...inline, problem("FeatureNotEmulated", message, { target: spacePath })];
}

function unsupported(body: RequestBody): readonly Problem[] {
  const refusal = (target: string, says: string): Problem =>
    problem("FeatureNotEmulated", `The property '${target}' is not emulated: ${says}`, { target });
  return [
    ...(body.properties["enableDdosProtection"] === true
      ? [refusal("properties.enableDdosProtection", "there is no DDoS protection.")]
      : []),
    ...(body.properties["enableVmProtection"] === true
      ? [refusal("properties.enableVmProtection", "there are no virtual machines.")]
      : []),
  ];
}

function repeatedNames(body: RequestBody): readonly Problem[] {
  const seen = new Set<string>();
  return (givenSubnets(body) ?? []).flatMap((subnet, index) => {
    const target = `properties.subnets[${index}].name`;
    const name = nameOf(subnet);
    const key = name.toLowerCase();
    if (!networkName.pattern.test(name)) {
      return [
        problem(
          "InvalidResourceName",
          `The subnet name '${name}' is invalid: ${networkName.says}`,
          { target },
        ),
      ];
    }
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [
      problem("InvalidRequestContent", `The subnet '${name}' is given twice. Give it once.`, {
        target,
      }),
    ];
  });
}

/** The subnets as they would stand after the request. */
function subnetsAfter(
  body: RequestBody,
  { graph, id }: TypeContext,
): { readonly subnets: readonly NamedPrefixes[]; readonly problems: readonly Problem[] } {
  const given: readonly Json[] =
    givenSubnets(body) ??
    subnetsOf(graph, id).map(({ name, properties }): Json => ({ name, properties }));
  const problems: Problem[] = [];
  const subnets = given.map((subnet, index): NamedPrefixes => {
    const name = nameOf(subnet);
    const target = `properties.subnets[${index}].properties.addressPrefix`;
    const texts = prefixTextsOf((subnet as JsonObject)["properties"]);
    if (texts.length === 0) {
      problems.push(
        problem(
          "InvalidRequestContent",
          `The subnet '${name}' has no addressPrefix. Give it one.`,
          { target },
        ),
      );
    }
    const read = readPrefixes(texts, { target, owner: name });
    problems.push(...read.problems);
    return { name, target, prefixes: read.prefixes };
  });
  return { subnets, problems };
}

function removedSubnets(body: RequestBody, { graph, id }: TypeContext): readonly ArmResource[] {
  const given = givenSubnets(body);
  if (given === undefined) return [];
  const names = new Set(given.map((subnet) => nameOf(subnet).toLowerCase()));
  return subnetsOf(graph, id).filter(({ name }) => !names.has(name.toLowerCase()));
}

/** The subnet of a firewall or of a resolver's endpoint. */
const placedSubnetOf = (properties: JsonObject): ResourceId | undefined =>
  stringAt(properties, "ipConfigurations", 0, "properties", "subnet", "id") ??
  stringAt(properties, "ipConfigurations", 0, "subnet", "id") ??
  stringAt(properties, "subnet", "id");

const placedTypes: readonly string[] = [
  typeNames.azureFirewalls,
  typeNames.inboundEndpoints,
  typeNames.outboundEndpoints,
  typeNames.virtualNetworkGateways,
];

/** Why a subnet cannot go: the private endpoints, firewalls, resolvers and gateways in it. */
export function inUseProblems(
  graph: TypeContext["graph"],
  subnet: ArmResource,
): readonly Problem[] {
  const placed = placedTypes
    .flatMap((type) => graph.ofType(type))
    .filter(({ properties }) => sameId(placedSubnetOf(properties), subnet.id));
  const holders = [...endpointsIn(graph, subnet.id), ...placed];
  if (holders.length === 0) return [];
  const ids = holders.map(({ id }) => id).join(", ");
  const message = `Subnet ${subnet.name} is in use by ${ids} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet.`;
  return [problem("InUseSubnetCannotBeDeleted", message, { status: 400, target: subnet.id })];
}

/**
 * Subnets of the request become addressable children; those left out of a given list go.
 * @see learn.microsoft.com/azure/virtual-network: a PUT without `subnets` leaves them as they are
 */
function derive(body: RequestBody, context: TypeContext): Derived {
  const { subnets: _, virtualNetworkPeerings: __, ...rest } = body.properties;
  const draft = draftOf(context.graph);
  const vnet = resourceOf(
    typeNames.virtualNetworks,
    { body, context },
    {
      ...rest,
      provisioningState: "Succeeded",
      resourceGuid:
        stringAt(context.previous?.properties, "resourceGuid") ??
        stableGuid("resourceGuid", context.id, context.now),
      subnets: [],
      virtualNetworkPeerings: [],
    },
  );
  draft.put(vnet);
  const tables = new Set<ResourceId>();
  const groups = new Set<ResourceId>();
  const noteTable = (subnet: ArmResource | undefined): void => {
    for (const tableId of tableOf(subnet?.properties)) tables.add(tableId);
    for (const groupId of groupOf(subnet?.properties)) groups.add(groupId);
  };
  for (const subnet of removedSubnets(body, context)) {
    noteTable(subnet);
    draft.delete(subnet.id);
  }
  for (const given of givenSubnets(body) ?? []) {
    const id = `${vnet.id}/subnets/${nameOf(given)}`;
    const before = draft.get(id);
    const properties = (given as JsonObject)["properties"] as JsonObject;
    noteTable(before);
    draft.put({
      id: before?.id ?? id,
      name: before?.name ?? nameOf(given),
      type: typeNames.subnets,
      ...(before?.etag === undefined ? {} : { etag: before.etag }),
      properties: subnetToStore(properties, before?.properties),
    });
    noteTable(draft.get(id));
  }
  showSubnets(draft, vnet.id);
  showPeerings(draft, vnet.id);
  showRoutedSubnets(draft, tables);
  showGuardedSubnets(draft, groups);
  return derivedFrom(draft, vnet);
}

/** A network's links go with it. @see learn.microsoft.com/azure/dns/private-dns-virtual-network-links */
function removeLinks(vnet: ArmResource, { graph }: TypeContext): readonly Change[] {
  const draft = draftOf(graph);
  const links = referringTo(
    graph.ofType(typeNames.virtualNetworkLinks),
    ["virtualNetwork", "id"],
    vnet.id,
  );
  const zoneIds = new Map<string, ResourceId>();
  for (const { id } of links) {
    draft.delete(id);
    const zoneId = parseId(id)?.parentId ?? "";
    zoneIds.set(zoneId.toLowerCase(), zoneId);
  }
  for (const zoneId of zoneIds.values()) countRecords(draft, zoneId);
  return draft
    .changes(vnet.id)
    .filter((change) => change.kind === "put" || !sameId(change.id, vnet.id));
}
