/** Azure's vocabulary: clouds, regions, host names, DNS zones, roles, group ids, audiences. */
export { audiences, cloud, fixedAddresses, fixedHosts, groupIds } from "./cloud.ts";
export { firewallClouds, firewallNames, firewallNamesWithPrivateLink } from "./firewall-lists.ts";
export type { FirewallCloud, FirewallName, FirewallPurpose } from "./firewall-lists.ts";
export { dceHosts, hostKey, hostKeyChars, hostOfEndpoint, workspaceQueryHost } from "./hosts.ts";
export type { DceHosts, NamedHost } from "./hosts.ts";
export {
  isScopeZone,
  publicAddresses,
  publicAddressOf,
  publicAddressPrefix,
  publicFixedHosts,
  publicServiceOf,
  publicServiceOfHost,
  sharedScopeHosts,
} from "./public-addresses.ts";
export type { PublicService, PublicServiceAddress } from "./public-addresses.ts";
export { regionOf, regions } from "./regions.ts";
export type { Region } from "./regions.ts";
export { dataActions, roleDefinitionOf, roleDefinitions } from "./roles.ts";
export type { RoleDefinition } from "./roles.ts";
export { isServiceTag, serviceTagCovers, serviceTags } from "./service-tags.ts";
export { privateAlias, publicNameOf, scopeZones, workspaceZone } from "./zones.ts";
export type { PrivateAlias } from "./zones.ts";
