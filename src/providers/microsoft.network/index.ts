/** The resource types of Microsoft.Network. */
import type { ResourceType } from "../../arm/index.ts";
import { azureFirewalls } from "./azure-firewalls.ts";
import { dnsForwardingRulesets, forwardingRules, rulesetLinks } from "./dns-forwarding-rulesets.ts";
import { dnsResolvers, inboundEndpoints, outboundEndpoints } from "./dns-resolvers.ts";
import { connections } from "./connections.ts";
import { expressRouteCircuits } from "./express-route-circuits.ts";
import { expressRoutePeerings } from "./express-route-peerings.ts";
import { localNetworkGateways } from "./local-network-gateways.ts";
import { networkInterfaces } from "./network-interfaces.ts";
import { networkSecurityGroups, securityRules } from "./network-security-groups.ts";
import { privateDnsZoneGroups } from "./private-dns-zone-groups.ts";
import { privateDnsZones } from "./private-dns-zones.ts";
import { privateEndpoints } from "./private-endpoints.ts";
import { addressRecords, authorityRecords } from "./record-sets.ts";
import { routes, routeTables } from "./route-tables.ts";
import { subnets } from "./subnets.ts";
import { virtualNetworkGateways } from "./virtual-network-gateways.ts";
import { virtualNetworkLinks } from "./virtual-network-links.ts";
import { virtualNetworkPeerings } from "./virtual-network-peerings.ts";
import { virtualNetworks } from "./virtual-networks.ts";

export const networkTypes: readonly ResourceType[] = [
  virtualNetworks,
  subnets,
  privateEndpoints,
  privateDnsZoneGroups,
  networkInterfaces,
  privateDnsZones,
  virtualNetworkLinks,
  addressRecords,
  authorityRecords,
  virtualNetworkPeerings,
  routeTables,
  routes,
  networkSecurityGroups,
  securityRules,
  azureFirewalls,
  dnsResolvers,
  inboundEndpoints,
  outboundEndpoints,
  dnsForwardingRulesets,
  forwardingRules,
  rulesetLinks,
  localNetworkGateways,
  virtualNetworkGateways,
  expressRouteCircuits,
  expressRoutePeerings,
  connections,
];
