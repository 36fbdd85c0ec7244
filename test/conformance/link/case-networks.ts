/** The networks of a case as full ARM resources: subnets, peerings, routes, firewalls, resolvers and forwarding rules. */
import type { ArmResource, Json, JsonObject, ResourceId } from "../../../src/arm/index.ts";
import { idOf, resource } from "./case-graph.ts";
import type { Given, GivenFirewall, GivenVnet } from "./given.ts";

const regional = { location: "westeurope" };

/** The networks, each with its subnets and peerings in it, as a GET shows them; then what stands in them. */
export const networkResources = (given: Given): readonly ArmResource[] => [
  ...given.vnets.flatMap((vnet) => vnetResources(given, vnet)),
  ...tables(given),
  ...given.firewalls.map((firewall) => firewallResource(given, firewall)),
  ...given.resolvers.flatMap(({ name, vnet }) => resolverResources(given, name, vnet)),
  ...given.forwards.flatMap((_, index) => forwardResources(given, index)),
];

const part = (given: Given, vnet: string, third: number): string => {
  const prefix = given.vnets.find(({ name }) => name === vnet)?.prefix;
  if (prefix === undefined) throw new Error(`no vnet '${vnet}' is given`);
  return [...prefix.split(".").slice(0, 2), String(third)].join(".");
};

/** The address of a firewall, of a resolver's inbound endpoint, or the word itself. */
function addressOf(given: Given, word: string): string {
  const firewall = given.firewalls.find(({ name }) => name === word);
  if (firewall !== undefined) return `${part(given, firewall.vnet, 250)}.4`;
  const resolver = given.resolvers.find(({ name }) => name === word);
  return resolver === undefined ? word : `${part(given, resolver.vnet, 251)}.4`;
}

const tableId = (vnet: string, of: string): ResourceId =>
  idOf.network("routeTables", `${vnet}-${of}`);

const firewallSubnet = (vnet: string): ResourceId =>
  `${idOf.vnet(vnet)}/subnets/AzureFirewallSubnet`;

function vnetResources(
  given: Given,
  { name, prefix, dns = [] }: GivenVnet,
): readonly ArmResource[] {
  const routed = (of: string): JsonObject =>
    given.routes.some((route) => route.name === name && route.of === of)
      ? { routeTable: { id: tableId(name, of) } }
      : {};
  const subnets = [
    resource(idOf.subnet(name), "Microsoft.Network/virtualNetworks/subnets", {
      addressPrefix: prefix,
      ...routed("clients"),
    }),
    ...(given.firewalls.some(({ vnet }) => vnet === name)
      ? [
          resource(firewallSubnet(name), "Microsoft.Network/virtualNetworks/subnets", {
            addressPrefix: `${part(given, name, 250)}.0/26`,
            ...routed("firewall"),
          }),
        ]
      : []),
  ];
  const properties = {
    addressSpace: { addressPrefixes: [prefix] },
    dhcpOptions: { dnsServers: dns.map((server) => addressOf(given, server)) },
    subnets: subnets.map((subnet) => ({
      id: subnet.id,
      name: subnet.name,
      properties: subnet.properties,
    })),
    virtualNetworkPeerings: peeringsOf(given, name),
  };
  return [
    resource(idOf.vnet(name), "Microsoft.Network/virtualNetworks", properties, regional),
    ...subnets,
  ];
}

/** Both sides of a line: `access` is the first network's; before it is connected, only that one knows of it. */
function peeringsOf(given: Given, vnet: string): readonly Json[] {
  return given.peerings.flatMap((peering): readonly Json[] => {
    const isFirst = peering.name === vnet;
    if (!isFirst && peering.with !== vnet) return [];
    if (!isFirst && peering.state !== "Connected") return [];
    const remote = isFirst ? peering.with : peering.name;
    const name = `to-${remote}`;
    return [
      {
        id: `${idOf.vnet(vnet)}/virtualNetworkPeerings/${name}`,
        name,
        properties: {
          remoteVirtualNetwork: { id: idOf.vnet(remote) },
          allowVirtualNetworkAccess: !isFirst || peering.access,
          allowForwardedTraffic: peering.forwarded,
          peeringState: peering.state,
        },
      },
    ];
  });
}

function tables(given: Given): readonly ArmResource[] {
  const ids = new Map<ResourceId, Json[]>();
  for (const { name, of, to, hop } of given.routes) {
    const id = tableId(name, of);
    const isType = hop === "Internet" || hop === "None";
    const properties = isType
      ? { addressPrefix: to, nextHopType: hop }
      : {
          addressPrefix: to,
          nextHopType: "VirtualAppliance",
          nextHopIpAddress: addressOf(given, hop),
        };
    const routes = ids.get(id) ?? [];
    ids.set(id, [...routes, { name: `r${routes.length}`, properties }]);
  }
  return [...ids].map(([id, routes]) =>
    resource(id, "Microsoft.Network/routeTables", { routes }, regional),
  );
}

function firewallResource(given: Given, firewall: GivenFirewall): ArmResource {
  const { name, vnet, allow, deny, networks, proxy, servers } = firewall;
  const application = (type: string, targetFqdns: readonly string[], priority: number): Json => ({
    name: `${type}-names`,
    properties: {
      priority,
      action: { type },
      rules: [
        {
          name: type.toLowerCase(),
          sourceAddresses: ["*"],
          protocols: [{ protocolType: "Https", port: 443 }],
          targetFqdns,
        },
      ],
    },
  });
  const collections = [
    ...(allow.length === 0 ? [] : [application("Allow", allow, 200)]),
    ...(deny.length === 0 ? [] : [application("Deny", deny, 100)]),
  ];
  const network = {
    name: "networks",
    properties: {
      priority: 100,
      action: { type: "Allow" },
      rules: [
        {
          name: "networks",
          protocols: ["TCP"],
          sourceAddresses: ["*"],
          destinationAddresses: networks,
          destinationPorts: ["443"],
        },
      ],
    },
  };
  return resource(
    idOf.network("azureFirewalls", name),
    "Microsoft.Network/azureFirewalls",
    {
      ipConfigurations: [
        {
          name: "one",
          properties: {
            subnet: { id: firewallSubnet(vnet) },
            privateIPAddress: addressOf(given, name),
          },
        },
      ],
      applicationRuleCollections: collections,
      networkRuleCollections: networks.length === 0 ? [] : [network],
      additionalProperties: {
        "Network.DNS.EnableProxy": String(proxy),
        ...(servers.length === 0
          ? {}
          : { "Network.DNS.Servers": servers.map((one) => addressOf(given, one)).join(",") }),
      },
    },
    regional,
  );
}

function resolverResources(given: Given, name: string, vnet: string): readonly ArmResource[] {
  const id = idOf.network("dnsResolvers", name);
  const type = "Microsoft.Network/dnsResolvers";
  const subnet = { id: `${idOf.vnet(vnet)}/subnets/${name}` };
  return [
    resource(id, type, { virtualNetwork: { id: idOf.vnet(vnet) } }, regional),
    resource(
      `${id}/inboundEndpoints/in`,
      `${type}/inboundEndpoints`,
      { ipConfigurations: [{ subnet, privateIpAddress: addressOf(given, name) }] },
      regional,
    ),
    resource(`${id}/outboundEndpoints/out`, `${type}/outboundEndpoints`, { subnet }, regional),
  ];
}

function forwardResources(given: Given, index: number): readonly ArmResource[] {
  const forward = given.forwards[index];
  if (forward === undefined) return [];
  const { name, networks, to, by } = forward;
  const id = idOf.network("dnsForwardingRulesets", `ruleset-${index}`);
  const type = "Microsoft.Network/dnsForwardingRulesets";
  const outbound = `${idOf.network("dnsResolvers", by)}/outboundEndpoints/out`;
  return [
    resource(id, type, { dnsResolverOutboundEndpoints: [{ id: outbound }] }, regional),
    resource(`${id}/forwardingRules/rule`, `${type}/forwardingRules`, {
      domainName: name === "." ? "." : `${name}.`,
      targetDnsServers: [{ ipAddress: addressOf(given, to), port: 53 }],
      forwardingRuleState: "Enabled",
    }),
    ...networks.map((network) =>
      resource(`${id}/virtualNetworkLinks/${network}`, `${type}/virtualNetworkLinks`, {
        virtualNetwork: { id: idOf.vnet(network) },
      }),
    ),
  ];
}
