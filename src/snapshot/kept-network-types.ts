/** What is read of the types of Microsoft.Network. */
import type { TypeRow } from "./kept-types.ts";

const subnet = `addressPrefix addressPrefixes networkSecurityGroup{id} routeTable{id} natGateway{id}
  privateEndpointNetworkPolicies delegations{name properties{serviceName}} provisioningState`;
const peering = `remoteVirtualNetwork{id} remoteAddressSpace{addressPrefixes} peeringState
  allowVirtualNetworkAccess allowForwardedTraffic allowGatewayTransit useRemoteGateways provisioningState`;
const vnet = `addressSpace{addressPrefixes} dhcpOptions{dnsServers} provisioningState
  subnets{id name type properties{${subnet}}} virtualNetworkPeerings{id name type properties{${peering}}}`;

const serviceConnection = `id name properties{privateLinkServiceId groupIds
  privateLinkServiceConnectionState{status actionsRequired} provisioningState}`;
const endpoint = `subnet{id} privateLinkServiceConnections{${serviceConnection}}
  manualPrivateLinkServiceConnections{${serviceConnection}} customDnsConfigs{fqdn ipAddresses}
  networkInterfaces{id} ipConfigurations{name properties{groupId memberName privateIPAddress}} provisioningState`;

const securityRule = `id name type properties{priority direction access protocol sourceAddressPrefix sourceAddressPrefixes
  sourcePortRange sourcePortRanges destinationAddressPrefix destinationAddressPrefixes destinationPortRange destinationPortRanges}`;

const ruleCollection = `name properties{priority action{type} rules{name ruleCollectionType sourceAddresses
  destinationAddresses destinationPorts destinationFqdns protocols{protocolType port} targetFqdns fqdnTags}}`;
const networkRules = `name properties{priority action{type} rules{name protocols sourceAddresses destinationAddresses
  destinationPorts destinationFqdns}}`;
const firewall = `sku{name tier} threatIntelMode firewallPolicy{id} additionalProperties{*} provisioningState
  ipConfigurations{id name properties{privateIPAddress subnet{id}}}
  networkRuleCollections{${networkRules}} applicationRuleCollections{${ruleCollection}}`;

const resolverAddresses =
  "ipConfigurations{subnet{id} privateIpAddress privateIpAllocationMethod} provisioningState";

const { network, privateDns, zoneLink, resolver } = {
  network: "2023-05-01",
  privateDns: "2020-06-01",
  /** The first in which a link shows its resolution policy. */
  zoneLink: "2024-06-01",
  resolver: "2022-07-01",
} as const;

export const networkTypeTable: readonly TypeRow[] = [
  ["Microsoft.Network/virtualNetworks", network, "vnet", vnet],
  ["Microsoft.Network/virtualNetworks/subnets", network, "subnet", subnet],
  ["Microsoft.Network/virtualNetworks/virtualNetworkPeerings", network, "peering", peering],
  ["Microsoft.Network/privateEndpoints", network, "endpoint", endpoint],
  [
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    network,
    "zone-group",
    `privateDnsZoneConfigs{name properties{privateDnsZoneId
       recordSets{recordType recordSetName fqdn ttl ipAddresses}}} provisioningState`,
  ],
  [
    "Microsoft.Network/networkInterfaces",
    network,
    "nic",
    `privateEndpoint{id} ipConfigurations{id name properties{privateIPAddress subnet{id}
       privateLinkConnectionProperties{groupId requiredMemberName fqdns}}}`,
  ],
  [
    "Microsoft.Network/privateDnsZones",
    privateDns,
    "zone",
    "numberOfRecordSets numberOfVirtualNetworkLinks provisioningState",
  ],
  [
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    zoneLink,
    "zone-link",
    "virtualNetwork{id} registrationEnabled resolutionPolicy virtualNetworkLinkState provisioningState",
  ],
  ["Microsoft.Network/privateDnsZones/A", privateDns, "record", "ttl fqdn aRecords{ipv4Address}"],
  ["Microsoft.Network/privateDnsZones/CNAME", privateDns, "record", "ttl fqdn cnameRecord{cname}"],
  [
    "Microsoft.Network/routeTables",
    network,
    "routes",
    "routes{id name properties{addressPrefix nextHopType nextHopIpAddress}} disableBgpRoutePropagation",
  ],
  [
    "Microsoft.Network/networkSecurityGroups",
    network,
    "nsg",
    `securityRules{${securityRule}} defaultSecurityRules{${securityRule}} provisioningState`,
  ],
  ["Microsoft.Network/azureFirewalls", network, "firewall", firewall],
  [
    "Microsoft.Network/dnsResolvers",
    resolver,
    "resolver",
    "virtualNetwork{id} dnsResolverState provisioningState",
  ],
  ["Microsoft.Network/dnsResolvers/inboundEndpoints", resolver, "inbound", resolverAddresses],
  [
    "Microsoft.Network/dnsResolvers/outboundEndpoints",
    resolver,
    "outbound",
    "subnet{id} provisioningState",
  ],
  [
    "Microsoft.Network/dnsForwardingRulesets",
    resolver,
    "ruleset",
    "dnsResolverOutboundEndpoints{id} provisioningState",
  ],
  [
    "Microsoft.Network/dnsForwardingRulesets/forwardingRules",
    resolver,
    "forwarding",
    "domainName targetDnsServers{ipAddress port} forwardingRuleState provisioningState",
  ],
  [
    "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks",
    resolver,
    "ruleset-link",
    "virtualNetwork{id} provisioningState",
  ],
];
