/** Azure's vocabulary: clouds, regions, host names, DNS zones, roles, group ids, audiences. */
export { cloudNames, clouds, toCloudNames, toPublicNames } from "./clouds.ts";
export type { CloudEndpoints, CloudName } from "./clouds.ts";
export { audiences, cloud, fixedAddresses, fixedHosts, groupIds, logsQueryHosts } from "./cloud.ts";
export { firewallClouds, firewallNames, firewallNamesWithPrivateLink } from "./firewall-lists.ts";
export type { FirewallCloud, FirewallName, FirewallPurpose } from "./firewall-lists.ts";
export {
  dceHosts,
  hostKey,
  hostKeyChars,
  hostOfEndpoint,
  workspaceHosts,
  workspaceQueryHost,
} from "./hosts.ts";
export type { DceHosts, NamedHost, WorkspaceHosts } from "./hosts.ts";
export {
  containerInsightsGroup,
  containerInsightsStreams,
  highScaleStream,
  logStreams,
  odsDataTypes,
  streamsNamed,
} from "./log-streams.ts";
export type { LogStream, OdsDataType } from "./log-streams.ts";
export {
  freeLogTables,
  logTableOf,
  logTables,
  standardLogColumns,
  withStandardColumns,
} from "./log-tables.ts";
export type { CatalogueTable } from "./log-tables.ts";
export {
  isScopeZone,
  publicAddresses,
  publicAddressOf,
  publicAddressPrefix,
  publicFixedHosts,
  publicServiceOf,
  publicServiceOfHost,
  sharedScopeHosts,
  unlistedRegionAddress,
} from "./public-addresses.ts";
export type { PublicService, PublicServiceAddress } from "./public-addresses.ts";
export { regionOf, regions } from "./regions.ts";
export type { Region } from "./regions.ts";
export { dataActions, roleDefinitionOf, roleDefinitions } from "./roles.ts";
export type { RoleDefinition } from "./roles.ts";
export { isServiceTag, serviceTagCovers, serviceTags } from "./service-tags.ts";
export { defaultWorkspace, workspaceRegionOf } from "./workspace-regions.ts";
export type { DefaultWorkspace, WorkspaceCloud, WorkspaceRegion } from "./workspace-regions.ts";
export { privateAlias, publicAlias, publicNameOf, scopeZones, workspaceZone } from "./zones.ts";
export type { PrivateAlias } from "./zones.ts";
