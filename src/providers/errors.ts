/** Error codes of resource types: what a declaration refuses, in ARM's words where they are known. */
import type { ErrorCatalogue, ErrorEntry } from "../core/index.ts";

const caller = (status: number, means: string, remedy: string): ErrorEntry => ({
  status,
  fault: "caller",
  retry: false,
  means,
  remedy,
});

export const providerErrors = {
  InvalidRequestContent: caller(
    400,
    "The body does not say what the resource type needs, or says it twice.",
    "Correct the property that the target names.",
  ),
  FeatureNotEmulated: caller(
    400,
    "Azure takes this; the platform does not emulate it.",
    "Leave it out, or use what the message names.",
  ),
  InvalidResourceName: caller(
    400,
    "A name has characters or a length that its type does not take.",
    "Choose a name as the message says.",
  ),
  InvalidParameter: caller(
    400,
    "A cluster's property has a value that the service does not take.",
    "Correct the property that the target names.",
  ),
  BadRequest: caller(
    400,
    "The private link resource refused the private endpoint.",
    "Read the message of the resource's provider.",
  ),
  Conflict: caller(
    409,
    "Another resource already says the same: the same link, under another name.",
    "Use the one that exists.",
  ),
  LinkedAuthorizationFailed: caller(
    403,
    "The caller may write the resource, but may not use what it links to.",
    "Ask for the action that the message names, on the linked resource.",
  ),
  LinkedResourceNotFound: caller(
    404,
    "The resource that the request links to does not exist.",
    "Create it first, or correct its id.",
  ),
  InvalidLinkedResource: caller(
    400,
    "A resource of this type cannot be in a private link scope.",
    "Link data collection endpoints.",
  ),
  ScopeLimitExceeded: caller(
    400,
    "The resource is linked to as many private link scopes as it may be.",
    "Unlink it from one.",
  ),
  ResourceIsScoped: caller(
    409,
    "The resource is linked to a private link scope and cannot be deleted.",
    "Remove it from every scope first.",
  ),
  ResourceHasAssociations: caller(
    409,
    "Associations name the rule or endpoint, which cannot be deleted.",
    "Delete the associations first.",
  ),
  PrivateEndpointConnectionNotFound: caller(
    404,
    "There is no such private endpoint connection, and a PUT makes none.",
    "List the connections for their names.",
  ),
  InvalidGroupId: caller(
    400,
    "The private link resource has no such group.",
    "Use the group id that the message names.",
  ),
  InvalidMemberName: caller(
    400,
    "A static address names no member of the group, or one twice.",
    "List the private link resources for the members.",
  ),
  PrivateIPAddressNotInSubnet: caller(
    400,
    "A static address cannot be given out in the subnet.",
    "Choose one between the subnet's fourth and last address.",
  ),
  PrivateIPAddressInUse: caller(400, "A static address is taken.", "Choose another."),
  SubnetIsFull: caller(
    400,
    "The subnet has too few free addresses for the members of the private endpoint.",
    "Use a larger subnet.",
  ),
  PrivateEndpointLimitExceeded: caller(
    400,
    "The private link scope has as many private endpoints as it may.",
    "Delete one, or share one between networks.",
  ),
  VirtualNetworkAlreadyLinked: caller(
    409,
    "The virtual network already has a private endpoint to a private link scope (inferred from one scope for each network).",
    "Use that endpoint's scope.",
  ),
  InvalidExtensionSettings: caller(
    400,
    "The settings of a rule's extension have a value that its agent does not take.",
    "Correct the setting that the target names.",
  ),
  InvalidStreamDeclaration: caller(
    400,
    "A rule declares a stream under a wrong name, or a column twice.",
    "Correct the declaration that the target names.",
  ),
  InvalidOutputTable: caller(
    400,
    "A data flow leads to a table that the workspace does not have.",
    "Make the table first, or correct the output stream.",
  ),
  InvalidTransformQuery: caller(
    400,
    "The transformation of a data flow is no right KQL.",
    "Correct the query; the message says where it is wrong.",
  ),
  InvalidTransformOutput: caller(
    400,
    "The columns that a transformation gives do not fit the table.",
    "Give TimeGenerated, and each column the type of the table's.",
  ),
  InvalidOperation: caller(
    400,
    "The operation is not one for this resource: a table of Azure's own is not deleted.",
    "Read the message; set its retention instead.",
  ),
  TableLimitExceeded: caller(
    400,
    "The workspace has as many custom tables as it may.",
    "Delete one that is not needed.",
  ),
  PropertyChangeNotAllowed: caller(
    409,
    "A property that is fixed at creation would change.",
    "Delete the resource and make another.",
  ),
  PrivateDnsZoneGroupLimitExceeded: caller(
    409,
    "The private endpoint already has a DNS zone group.",
    "Add the zones to that group.",
  ),
  InvalidResourceReference: caller(
    400,
    "A resource that the request refers to does not exist, or is in another region.",
    "Create it first, in the region that the message names.",
  ),
  InvalidAddressPrefixFormat: caller(
    400,
    "An address prefix is not written in CIDR notation.",
    "Write it as 10.0.0.0/24.",
  ),
  InvalidCIDRNotation: caller(
    400,
    "An address prefix has bits below its mask.",
    "Use the prefix that the message names.",
  ),
  OverlappingAddressPrefixes: caller(
    400,
    "Two address prefixes of a virtual network overlap.",
    "Take them apart.",
  ),
  SubnetTooSmall: caller(400, "A subnet is smaller than /29.", "Make it larger."),
  NetcfgInvalidSubnet: caller(
    400,
    "A subnet lies outside its virtual network's address space.",
    "Choose a prefix within it.",
  ),
  NetcfgSubnetRangesOverlap: caller(400, "Two subnets overlap.", "Take them apart."),
  GatewayInUse: caller(
    409,
    "A connection still uses the gateway or circuit. The code is inferred: Azure refuses, with which code is not documented.",
    "Delete the connections that the message names, then delete it.",
  ),
  InUseSubnetCannotBeDeleted: caller(
    400,
    "Private endpoints stand in the subnet.",
    "Delete them first.",
  ),
  InUsePrefixCannotBeDeleted: caller(
    400,
    "Addresses of private endpoints would lie outside the subnet.",
    "Keep a prefix that holds them.",
  ),
  RouteLoop: caller(
    400,
    "A route would send traffic back to a firewall that it has passed (inferred: Azure takes it and drops the packets).",
    "Route the firewall's own subnet to the Internet or to None.",
  ),
  DnsForwardingLoop: caller(
    400,
    "A resolver or DNS proxy would forward queries to itself (inferred: Azure takes it and answers nothing).",
    "Forward to another server, or do not link the ruleset to the resolver's own network.",
  ),
  VnetAddressSpacesOverlap: caller(
    400,
    "The address spaces of two networks to be peered overlap.",
    "Give them address spaces that are apart.",
  ),
  VnetAddressSpaceOverlapsWithAlreadyPeeredVnet: caller(
    400,
    "A network's address space overlaps with one that the other network is peered with.",
    "Give them address spaces that are apart.",
  ),
  RemotePeeringIsDisconnected: caller(
    400,
    "The other side of the peering is left from one that was deleted.",
    "Delete the other side, and make both again.",
  ),
  AnotherPeeringAlreadyReferencesRemoteVnet: caller(
    400,
    "The network has a peering with the same remote network.",
    "Use the one that exists.",
  ),
  PeeringGatewayNotUsable: caller(
    400,
    "A peering cannot use the gateway of the remote network (the words are inferred).",
    "Do what the message says.",
  ),
  PeeringLimitExceeded: caller(400, "The network has as many peerings as it may.", "Remove one."),
  RouteCannotHaveNextHopIpAddress: caller(
    400,
    "A route has a next hop address without an appliance, or an appliance without an address.",
    "Give nextHopIpAddress with VirtualAppliance, and with nothing else.",
  ),
  RouteConflict: caller(400, "Two routes of a table have one prefix.", "Give it once."),
  RouteLimitExceeded: caller(400, "The route table has as many routes as it may.", "Remove one."),
  InUseRouteTableCannotBeDeleted: caller(
    400,
    "Subnets are routed by the table.",
    "Take it off them first.",
  ),
  SecurityRuleConflict: caller(
    400,
    "Two rules of a network security group have one priority and direction.",
    "Give each its own.",
  ),
  InUseNetworkSecurityGroupCannotBeDeleted: caller(
    400,
    "Subnets are guarded by the network security group.",
    "Take it off them first.",
  ),
  AzureFirewallSubnetNameInvalid: caller(
    400,
    "A firewall stands in a subnet of a fixed name.",
    "Name the subnet AzureFirewallSubnet.",
  ),
  AzureFirewallRuleInvalidFqdn: caller(
    400,
    "A target FQDN of an application rule is no name, or has an asterisk that is not at its left end.",
    "Write host.example, or *.example for every name below it.",
  ),
  AzureFirewallRuleInvalidAddress: caller(
    400,
    "A source or destination of a rule is no IPv4 address, prefix or range.",
    "Correct what the target names.",
  ),
  AzureFirewallRuleInvalidPort: caller(
    400,
    "A port of a network rule is no port, range or asterisk.",
    "Correct what the target names.",
  ),
  FirewallRuleLimitExceeded: caller(400, "The firewall has as many rules as it may.", "Join some."),
  ResolverHasEndpoints: caller(
    409,
    "The DNS resolver has endpoints and cannot be deleted.",
    "Delete its endpoints first.",
  ),
  OutboundEndpointInUse: caller(
    409,
    "A forwarding ruleset sends queries by the outbound endpoint.",
    "Delete the ruleset first.",
  ),
  ResolverEndpointLimitExceeded: caller(
    400,
    "The DNS resolver has as many endpoints of the kind as it may.",
    "Remove one.",
  ),
  RulesetHasLinks: caller(
    409,
    "The forwarding ruleset is linked to networks and cannot be deleted.",
    "Delete the links first.",
  ),
  ForwardingRuleLimitExceeded: caller(
    400,
    "The ruleset has as many forwarding rules as it may.",
    "Remove one.",
  ),
  RulesetLinkLimitExceeded: caller(
    400,
    "The ruleset is linked to as many networks as it may be.",
    "Remove a link.",
  ),
  RecordSetLimitExceeded: caller(400, "The zone has as many record sets as it may.", "Remove one."),
  VirtualNetworkLinkLimitExceeded: caller(
    400,
    "The zone has as many virtual network links as it may.",
    "Remove one.",
  ),
  InvalidPayload: caller(
    400,
    "The data collection rule or association is invalid; the details say where.",
    "Correct what the details name.",
  ),
  InvalidStream: caller(
    400,
    "A stream is not supported, or no data flow carries it.",
    "Use Microsoft-PrometheusMetrics, in a source and in a flow.",
  ),
  InvalidDestination: caller(
    400,
    "A data flow names a destination that the rule does not define, or a name is given twice.",
    "Define each destination once.",
  ),
  InvalidLabelIncludeFilter: caller(
    400,
    "A label filter has a key that is not taken.",
    "Use microsoft_metrics_include_label.",
  ),
  InvalidRegion: caller(
    400,
    "A data collection rule is in another region than its endpoint or destination.",
    "Put them in one region.",
  ),
  InvalidEndpointAssociationName: caller(
    400,
    "An association of a data collection endpoint has another name than configurationAccessEndpoint.",
    "Name it so.",
  ),
  InvalidRuleAssociationName: caller(
    400,
    "An association of a rule has the name that is kept for endpoints.",
    "Name it otherwise.",
  ),
  ManagedResourceGroupExists: caller(
    409,
    "The resource group that the workspace would manage exists already.",
    "Delete the group, or choose another name.",
  ),
  RoleDefinitionDoesNotExist: caller(
    404,
    "The role is not one of the built-in roles that are known.",
    "List roleDefinitions.",
  ),
  RoleAssignmentExists: caller(
    409,
    "The principal has the role at the scope already, by another assignment.",
    "Nothing is to do.",
  ),
  RoleAssignmentUpdateNotPermitted: caller(
    400,
    "An assignment's principal, role or scope would change.",
    "Make another assignment.",
  ),
  RoleAssignmentLimitExceeded: caller(
    400,
    "The subscription has as many role assignments as it may.",
    "Remove some.",
  ),
} as const satisfies ErrorCatalogue;
