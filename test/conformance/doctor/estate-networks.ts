/** Networks of an estate: subnets, peerings, routes, security groups, firewalls, resolvers, and lines to one's own building. */
import type { ArmResource, Json, JsonObject, ResourceId } from "../../../src/arm/index.ts";
import { formatIpv4, parseIpv4Prefix, usableAddresses } from "../../../src/rules/index.ts";
import { resource } from "./estate-parts.ts";
import type { Estate } from "./estate-parts.ts";
import { listOf, wordOf } from "./estate-lines.ts";
import type { EstateLine } from "./estate-lines.ts";

const base = 10 * 2 ** 24;
const first = (network: number): number => base + network * 4096;

/** The n-th address of private endpoints in a network, or undefined when the subnet is full. */
export function endpointAddress(
  estate: Estate,
  network: string,
  index: number,
): string | undefined {
  const line = estate.ofKind("network").find(({ name }) => name === network);
  const length = (line === undefined ? undefined : wordOf(line, "endpoints")) ?? "/22";
  const prefix = parseIpv4Prefix(`10.0.0.0${length}`);
  if (prefix === undefined || index >= usableAddresses(prefix)) return undefined;
  // Azure keeps the first four of a subnet.
  return formatIpv4(first(estate.networkAt(network)) + 1024 + 4 + index);
}

const prefixOf = (network: number, part: keyof typeof parts): string =>
  `${formatIpv4(first(network) + parts[part].at)}${parts[part].length}`;

/** Where the subnets of a network lie in its /20. */
const parts = {
  all: { at: 0, length: "/20" },
  nodes: { at: 0, length: "/22" },
  endpoints: { at: 1024, length: "/22" },
  firewall: { at: 2048, length: "/26" },
  inbound: { at: 2112, length: "/28" },
  gateway: { at: 2176, length: "/27" },
} as const;

const regional = { location: "westeurope" };

export const networkResources = (estate: Estate): readonly ArmResource[] => [
  ...estate.ofKind("network").flatMap((line) => network(estate, line)),
  ...routeTables(estate),
  ...estate.ofKind("security-group").map((line) => securityGroup(estate, line)),
  ...estate.ofKind("firewall").map((line) => firewall(estate, line)),
  ...estate.ofKind("resolver").flatMap((line) => resolver(estate, line)),
  ...estate.ofKind("forward").flatMap((line, index) => forward(estate, line, index)),
  ...estate.ofKind("on-premises").flatMap((line) => onPremises(estate, line)),
];

/** The address of a firewall, of a resolver, or the word itself. */
function addressOf(estate: Estate, word: string): string {
  for (const [kind, part] of [
    ["firewall", "firewall"],
    ["resolver", "inbound"],
  ] as const) {
    const line = estate.ofKind(kind).find(({ name }) => name === word);
    if (line === undefined) continue;
    const place = estate.networkAt(wordOf(line, "network") ?? "");
    return formatIpv4(first(place) + parts[part].at + 4);
  }
  return word;
}

const tableId = (estate: Estate, name: string, of: string): ResourceId =>
  `${estate.idOf(name, "network").replace("virtualNetworks", "routeTables")}-${of}`;

function network(estate: Estate, line: EstateLine): readonly ArmResource[] {
  const { name } = line;
  const id = estate.idOf(name, "network");
  const place = estate.networkAt(name);
  const has = (kind: string): boolean =>
    estate.ofKind(kind).some((one) => wordOf(one, "network") === name);
  const small = wordOf(line, "endpoints") ?? "/22";
  const subnets = [
    subnet(estate, name, "nodes", prefixOf(place, "nodes")),
    subnet(estate, name, "endpoints", prefixOf(place, "endpoints").replace(/\/\d+$/, small)),
    ...(has("firewall")
      ? [subnet(estate, name, "AzureFirewallSubnet", prefixOf(place, "firewall"))]
      : []),
    ...(has("resolver") ? [subnet(estate, name, "inbound", prefixOf(place, "inbound"))] : []),
    ...(estate.ofKind("on-premises").some((one) => wordOf(one, "hub") === name)
      ? [subnet(estate, name, "GatewaySubnet", prefixOf(place, "gateway"))]
      : []),
  ];
  const properties = {
    addressSpace: { addressPrefixes: [prefixOf(place, "all")] },
    dhcpOptions: { dnsServers: listOf(line, "dns").map((server) => addressOf(estate, server)) },
    subnets: subnets.map((one) => ({ id: one.id, name: one.name, properties: one.properties })),
    virtualNetworkPeerings: peerings(estate, name),
  };
  const location = wordOf(line, "region") ?? "";
  return [resource(id, "Microsoft.Network/virtualNetworks", properties, { location }), ...subnets];
}

function subnet(estate: Estate, name: string, part: string, addressPrefix: string): ArmResource {
  const routed = estate
    .ofKind("route")
    .some((one) => one.name === name && wordOf(one, "of") === part);
  const group = estate
    .ofKind("security-group")
    .find((one) => wordOf(one, "of") === name && wordOf(one, "subnet") === part);
  const line = estate.ofKind("network").find((one) => one.name === name);
  const policies = line === undefined ? undefined : wordOf(line, "policies");
  const properties: JsonObject = {
    addressPrefix,
    ...(policies === undefined ? {} : { privateEndpointNetworkPolicies: policies }),
    ...(routed ? { routeTable: { id: tableId(estate, name, part) } } : {}),
    ...(group === undefined
      ? {}
      : {
          networkSecurityGroup: { id: estate.idOf(group.name, "security-group") },
          privateEndpointNetworkPolicies: "NetworkSecurityGroupEnabled",
        }),
  };
  return resource(
    `${estate.idOf(name, "network")}/subnets/${part}`,
    "Microsoft.Network/virtualNetworks/subnets",
    properties,
  );
}

/** Both sides of a peering line. */
function peerings(estate: Estate, name: string): readonly Json[] {
  return estate.ofKind("peering").flatMap((line): readonly Json[] => {
    const other = wordOf(line, "with");
    if (line.name !== name && other !== name) return [];
    const remote = (line.name === name ? other : line.name) ?? "";
    return [
      {
        id: `${estate.idOf(name, "network")}/virtualNetworkPeerings/to-${remote}`,
        name: `to-${remote}`,
        properties: {
          remoteVirtualNetwork: { id: estate.idOf(remote, "network") },
          allowVirtualNetworkAccess: wordOf(line, "access") === "yes",
          allowForwardedTraffic: wordOf(line, "forwarded") === "yes",
          peeringState: "Connected",
        },
      },
    ];
  });
}

function routeTables(estate: Estate): readonly ArmResource[] {
  const byTable = Map.groupBy(estate.ofKind("route"), (line) =>
    tableId(estate, line.name, wordOf(line, "of") ?? ""),
  );
  return [...byTable].map(([id, lines]) => {
    const routes = lines.map((line, index) => {
      const hop = wordOf(line, "hop") ?? "None";
      const next =
        hop === "None" || hop === "Internet"
          ? { nextHopType: hop }
          : { nextHopType: "VirtualAppliance", nextHopIpAddress: addressOf(estate, hop) };
      const addressPrefix = wordOf(line, "to") ?? "";
      return { name: `r${index}`, properties: { addressPrefix, ...next } };
    });
    return resource(id, "Microsoft.Network/routeTables", { routes }, regional);
  });
}

function securityGroup(estate: Estate, line: EstateLine): ArmResource {
  const direction = wordOf(line, "subnet") === "endpoints" ? "Inbound" : "Outbound";
  const rule = (access: string, destination: string, priority: number): Json => ({
    name: `${access}-${priority}`,
    properties: {
      access,
      direction,
      priority,
      protocol: "*",
      sourceAddressPrefix: "*",
      sourcePortRange: "*",
      destinationAddressPrefix: destination,
      destinationPortRange: "443",
    },
  });
  const securityRules = [
    ...listOf(line, "allow").map((to, index) => rule("Allow", to, 100 + index)),
    ...listOf(line, "deny").map((to, index) => rule("Deny", to, 200 + index)),
  ];
  return resource(
    estate.idOf(line.name, "security-group"),
    "Microsoft.Network/networkSecurityGroups",
    { securityRules },
    regional,
  );
}

function firewall(estate: Estate, line: EstateLine): ArmResource {
  const name = wordOf(line, "network") ?? "";
  const allow = listOf(line, "allow");
  const servers = listOf(line, "servers").map((one) => addressOf(estate, one));
  const rules = [
    {
      name: "allow",
      sourceAddresses: ["*"],
      protocols: [{ protocolType: "Https", port: 443 }],
      targetFqdns: allow,
    },
  ];
  return resource(
    estate.idOf(line.name, "firewall"),
    "Microsoft.Network/azureFirewalls",
    {
      ipConfigurations: [
        {
          name: "one",
          properties: {
            subnet: { id: `${estate.idOf(name, "network")}/subnets/AzureFirewallSubnet` },
            privateIPAddress: addressOf(estate, line.name),
          },
        },
      ],
      applicationRuleCollections:
        allow.length === 0
          ? []
          : [{ name: "names", properties: { priority: 200, action: { type: "Allow" }, rules } }],
      networkRuleCollections: [],
      additionalProperties: {
        "Network.DNS.EnableProxy": String(wordOf(line, "proxy") === "yes"),
        ...(servers.length === 0 ? {} : { "Network.DNS.Servers": servers.join(",") }),
      },
    },
    regional,
  );
}

function resolver(estate: Estate, line: EstateLine): readonly ArmResource[] {
  const id = estate.idOf(line.name, "resolver");
  const networkId = estate.idOf(wordOf(line, "network") ?? "", "network");
  const type = "Microsoft.Network/dnsResolvers";
  const inbound = { id: `${networkId}/subnets/inbound` };
  return [
    resource(id, type, { virtualNetwork: { id: networkId } }, regional),
    resource(
      `${id}/inboundEndpoints/in`,
      `${type}/inboundEndpoints`,
      { ipConfigurations: [{ subnet: inbound, privateIpAddress: addressOf(estate, line.name) }] },
      regional,
    ),
    resource(
      `${id}/outboundEndpoints/out`,
      `${type}/outboundEndpoints`,
      { subnet: { id: `${networkId}/subnets/nodes` } },
      regional,
    ),
  ];
}

function forward(estate: Estate, line: EstateLine, index: number): readonly ArmResource[] {
  const by = estate.idOf(wordOf(line, "by") ?? "", "resolver");
  const type = "Microsoft.Network/dnsForwardingRulesets";
  const id = by.replace(/dnsResolvers\/.*$/, `dnsForwardingRulesets/ruleset-${index}`);
  return [
    resource(
      id,
      type,
      { dnsResolverOutboundEndpoints: [{ id: `${by}/outboundEndpoints/out` }] },
      regional,
    ),
    resource(`${id}/forwardingRules/rule`, `${type}/forwardingRules`, {
      domainName: `${line.name}.`,
      targetDnsServers: [{ ipAddress: addressOf(estate, wordOf(line, "to") ?? ""), port: 53 }],
      forwardingRuleState: "Enabled",
    }),
    ...listOf(line, "networks").map((name) =>
      resource(`${id}/virtualNetworkLinks/${name}`, `${type}/virtualNetworkLinks`, {
        virtualNetwork: { id: estate.idOf(name, "network") },
      }),
    ),
  ];
}

function onPremises(estate: Estate, line: EstateLine): readonly ArmResource[] {
  const hub = wordOf(line, "hub") ?? "";
  const id = estate.idOf(line.name, "on-premises");
  const gatewayId = id.replace("localNetworkGateways", "virtualNetworkGateways");
  const forwarder = wordOf(line, "forwarder");
  const tags =
    forwarder === undefined
      ? {}
      : { tags: { "linkscope-dns-forwarder": addressOf(estate, forwarder) } };
  const subnetId = `${estate.idOf(hub, "network")}/subnets/GatewaySubnet`;
  return [
    resource(
      id,
      "Microsoft.Network/localNetworkGateways",
      { localNetworkAddressSpace: { addressPrefixes: ["192.168.0.0/16"] } },
      { ...regional, ...tags },
    ),
    resource(
      gatewayId,
      "Microsoft.Network/virtualNetworkGateways",
      { ipConfigurations: [{ name: "one", properties: { subnet: { id: subnetId } } }] },
      regional,
    ),
    resource(
      id.replace("localNetworkGateways", "connections"),
      "Microsoft.Network/connections",
      { virtualNetworkGateway1: { id: gatewayId }, localNetworkGateway2: { id } },
      regional,
    ),
  ];
}
