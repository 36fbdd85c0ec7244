/** Pure decisions with reasons: name resolution, origins, access, roles, reachability, members and addresses. */
export { addressInVnet } from "./address-in-vnet.ts";
export type { AddressInVnet } from "./address-in-vnet.ts";
export { because, ruleSources } from "./because.ts";
export type { RuleId } from "./because.ts";
export {
  configurationAccess,
  endpointRequiredMessage,
  redirectMessage,
} from "./configuration-access.ts";
export type { ConfigurationAccess, ConfigurationQuestion } from "./configuration-access.ts";
export { componentAccess } from "./component-access.ts";
export type { ComponentQuestion } from "./component-access.ts";
export { forwardingLoops, resolverOf } from "./dns-servers.ts";
export type { Resolver } from "./dns-servers.ts";
export {
  componentOf,
  componentsOf,
  grafanasOf,
  inventoryTypes,
  storageAccountsOf,
} from "./inventory-view.ts";
export type {
  ComponentView,
  GrafanaView,
  ManagedEndpointView,
  StorageView,
} from "./inventory-view.ts";
export { securityDecision, securityGroupOf } from "./security-groups.ts";
export type { SecurityDecision, SecurityGroupView, SecurityQuestion } from "./security-groups.ts";
export { endpointMembers, groupIdsOf } from "./endpoint-members.ts";
export type { EndpointMember } from "./endpoint-members.ts";
export { fqdnMatches, fqdnPatternProblem, rangeOf } from "./firewall-decision.ts";
export { firewallDnsKeys, firewallsOf } from "./firewall-view.ts";
export type { FirewallView } from "./firewall-view.ts";
export { ingestionAccess, isScope } from "./ingestion-access.ts";
export { lawTablesOf, logColumnOf } from "./law-tables.ts";
export type { LawTable } from "./law-tables.ts";
export { lawByCustomerId, lawOf, lawOfTable, lawsOf, logFlowsOf } from "./law-view.ts";
export type { LawView, LogFlow } from "./law-view.ts";
export { logsQueryAccess } from "./logs-query-access.ts";
export type { LogsQueryQuestion } from "./logs-query-access.ts";
export { resolveName } from "./name-resolution.ts";
export type { NameOutcome, NameQuestion, NameResolution, NameStep } from "./name-resolution.ts";
export {
  addressesIn,
  connectionOf,
  connectionsTo,
  connectionTypes,
  endpointOf,
  endpointsOf,
  interfacesAt,
  networkTypes,
  recordsIn,
  zoneLinksOf,
  zoneLinksTo,
} from "./network-view.ts";
export type {
  ConnectionView,
  EndpointView,
  InterfaceAddress,
  RecordNode,
  ZoneLinkView,
} from "./network-view.ts";
export { odsAccess } from "./ods-access.ts";
export {
  forwardedSuffixes,
  forwarderTag,
  onPremisesNetwork,
  onPremisesNetworks,
  onPremisesTypes,
  reachedNetworks,
  reachFromOnPremises,
  resolveFrom,
} from "./on-premises.ts";
export type {
  GatewayConnection,
  OnPremisesNetwork,
  ReachedNetwork,
  Standpoint,
} from "./on-premises.ts";
export { originOfEndpoint, publicOrigin } from "./origin.ts";
export type { Origin } from "./origin.ts";
export { pathOf } from "./path-of.ts";
export type { PathOf } from "./path-of.ts";
export { pathToHost } from "./path-to-host.ts";
export type { PathToHost } from "./path-to-host.ts";
export { reachAddress } from "./reach.ts";
export type { Hop, Reach, ReachQuestion } from "./reach.ts";
export { routeLoops } from "./route-loops.ts";
export type { RouteLoop } from "./route-loops.ts";
export { isServiceSubnet, routeOf } from "./route-of.ts";
export type { NextHop, Route, RouteOrigin } from "./route-of.ts";
export {
  addressSpaceOf,
  dnsServersOf,
  inboundEndpointsOf,
  peeringBetween,
  peeringsOf,
  routesIn,
  subnetOf,
  subnetsIn,
} from "./routing-view.ts";
export type { PeeringView, SubnetView, UserRoute } from "./routing-view.ts";
export { matchesPattern, roleAccess } from "./role-access.ts";
export type { RoleQuestion } from "./role-access.ts";
export { servedHosts } from "./served-hosts.ts";
export type { ServedHost, ServedHostKind } from "./served-hosts.ts";
export {
  formatIpv4,
  parseIpv4,
  parseIpv4Prefix,
  prefixContains,
  reservedAddresses,
  subnetPrefix,
  usableAddresses,
} from "./subnet-addresses.ts";
export type { Ipv4Prefix } from "./subnet-addresses.ts";
export {
  associationsOf,
  associationsWith,
  configurationAssociation,
  configurationAssociationName,
  dceOf,
  dcesOf,
  dcrOf,
  dcrsOf,
  scopedResourcesIn,
  scopedResourcesOf,
  scopeLinks,
  publicAccessOf,
  scopeOf,
  types,
  workspaceOf,
  workspacesOf,
} from "./view.ts";
export type {
  AssociationView,
  DceView,
  DcrView,
  PublicNetworkAccess,
  ScopedResourceView,
  ScopeExclusion,
  ScopeView,
  WorkspaceView,
} from "./view.ts";
export { workspaceQueryAccess } from "./workspace-query-access.ts";
