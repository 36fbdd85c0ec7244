/** Every rule id that can stand in a chain of reasons, with the source of the behaviour that it speaks for. */
import type { Reason } from "../core/index.ts";

const monitor = "learn.microsoft.com/azure/azure-monitor";
const security = `${monitor}/fundamentals/private-link-security`;
const design = `${monitor}/fundamentals/private-link-design`;
const configure = `${monitor}/fundamentals/private-link-configure`;
const workspaceEndpoint = `${monitor}/metrics/azure-monitor-workspace-private-endpoint`;
const fallback = "learn.microsoft.com/azure/dns/private-dns-fallback";
const privateDns = "learn.microsoft.com/azure/dns/private-dns-privatednszone";
const overview = "learn.microsoft.com/azure/private-link/private-link-overview";
const endpointOverview = "learn.microsoft.com/azure/private-link/private-endpoint-overview";
const onPremisesDns = "learn.microsoft.com/azure/private-link/private-endpoint-dns-integration";
const gatewayTransit = "learn.microsoft.com/azure/vpn-gateway/vpn-gateway-peering-gateway-transit";
const roles = "learn.microsoft.com/azure/role-based-access-control/overview";
const routing = "learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview";
const peerings = "learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering";
const firewalls = "learn.microsoft.com/azure/firewall/rule-processing";
const groups = "learn.microsoft.com/azure/virtual-network/network-security-groups-overview";
const storageEndpoints = "learn.microsoft.com/azure/storage/common/storage-private-endpoints";
const resolvers = "learn.microsoft.com/azure/dns/dns-private-resolver-overview";
const agent = "github.com/microsoft/Docker-Provider ingestion_token_utils.go";

/** The sources by rule id. An id is stable: people search for it. */
export const ruleSources = {
  "endpoint.approved": endpointOverview,
  "endpoint.not-approved": endpointOverview,
  "endpoint.disconnected": endpointOverview,
  "endpoint.unknown": "inferred: a link that belongs to no private endpoint carries nothing",
  "endpoint.other-resource": overview,

  "scope.links": security,
  "scope.does-not-link": security,

  "dce.public-enabled": configure,
  "dce.public-disabled":
    "inferred: documented to refuse (private-link-configure), with which status is not",
  "dce.public-perimeter":
    "inferred: SecuredByPerimeter asks a network security perimeter, which is not emulated",
  "dce.unknown": "inferred: a data collection endpoint that does not exist takes nothing",

  "workspace.own-endpoint": workspaceEndpoint,
  "workspace.public-enabled": workspaceEndpoint,
  "workspace.public-disabled": workspaceEndpoint,
  "workspace.public-perimeter":
    "inferred: SecuredByPerimeter asks a network security perimeter, which is not emulated",
  "workspace.unknown": "inferred: an Azure Monitor workspace that does not exist answers nothing",

  "scope.query-private-only": design,
  "scope.query-open": design,
  "scope.query-exclusion": design,

  "law.ingestion-enabled": configure,
  "law.ingestion-disabled": configure,
  "law.ingestion-perimeter":
    "inferred: SecuredByPerimeter asks a network security perimeter, which is not emulated",
  "law.query-enabled": configure,
  "law.query-disabled": configure,
  "law.query-perimeter":
    "inferred: SecuredByPerimeter asks a network security perimeter, which is not emulated",
  "law.query-arm": security,
  "law.unknown":
    "inferred: a Log Analytics workspace that does not exist takes and answers nothing",

  "configuration.redirect": agent,
  "configuration.endpoint-required": agent,
  "configuration.global-public": agent,
  "configuration.associated": agent,
  "configuration.other-endpoint":
    "inferred: an endpoint serves the configuration of the resources associated with it",
  "configuration.association-broken":
    "inferred: an association with a missing endpoint leads nowhere",
  "configuration.not-a-handler": "inferred: only handler hosts answer for agent configuration",
  "configuration.unknown-resource": "inferred: a cluster that does not exist has no configuration",

  "role.granted": roles,
  "role.excluded": roles,
  "role.none": roles,
  "role.unknown-definition": "inferred: a role that is not known grants nothing",
  "role.conditional": "inferred: conditions of assignments are not emulated, and grant nothing",

  "dns.service-alias": `${monitor}/fundamentals/azure-monitor-network-access`,
  "dns.alias": "github.com/Azure/Azure-Landing-Zones/issues/270",
  "dns.workspace-alias": workspaceEndpoint,
  "dns.workspace-without-endpoint": workspaceEndpoint,
  "dns.zone": privateDns,
  "dns.no-zone": privateDns,
  "dns.record": privateDns,
  "dns.record-alias": privateDns,
  "dns.no-record": design,
  "dns.redirected": fallback,
  "dns.no-type": "RFC 2308 section 2.2",
  "dns.public": design,
  "dns.unknown-name": "RFC 2308 section 2.1",
  "dns.not-an-interface":
    "inferred: private means an address of a network interface, never a range",
  "dns.chain-too-long": "RFC 1034 section 3.6.2",
  "dns.unknown-network": "inferred: a virtual network that does not exist has no resolver",

  "dns.azure": "learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16",
  "dns.inbound": "learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets",
  "dns.proxy": "learn.microsoft.com/azure/firewall/dns-details",
  "dns.proxy-off": "learn.microsoft.com/azure/firewall/dns-details",
  "dns.forwarded": resolvers,
  "dns.forwarding-loop": "learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets",
  "dns.server-unknown":
    "inferred: a DNS server that is none of the platform's answers what only it knows",
  "dns.server-unreachable":
    "learn.microsoft.com/azure/virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances",
  "dns.on-premises": onPremisesDns,
  "dns.on-premises-forwarded": onPremisesDns,
  "dns.on-premises-unanswered":
    "inferred: an on-premises server that forwards to nobody answers SERVFAIL",
  "reach.on-premises": gatewayTransit,
  "reach.on-premises-none": gatewayTransit,
  "reach.on-premises-public":
    "inferred: an on-premises network has a way to the internet of its own",

  "reach.endpoint": endpointOverview,
  "reach.no-interface": endpointOverview,
  "reach.other-network": peerings,
  "reach.unknown-network": "inferred: a virtual network that does not exist reaches nothing",

  "route.local": routing,
  "route.peering": routing,
  "route.endpoint":
    "learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy",
  "route.internet": routing,
  "route.none": routing,
  "route.user": routing,
  "route.dropped": routing,
  "route.loop": "inferred: a packet that comes back to a firewall is sent round until it dies",
  "route.ambiguous": "inferred: in Azure a client stands in a subnet, and its route table speaks",
  "route.unknown-appliance": "inferred: appliances other than Azure Firewall are not emulated",

  "access.open": "inferred: hosts that belong to no resource of a customer are open to all",

  "peering.allows": peerings,
  "peering.no-access": peerings,
  "peering.no-forwarded": peerings,

  "firewall.allows": firewalls,
  "firewall.denies": firewalls,
  "firewall.no-rule": firewalls,
  "firewall.inspects": firewalls,

  "group.allows": groups,
  "group.denies": groups,
  "group.default": groups,
  "group.unknown": "inferred: a group whose rules are not known stops nothing that is known",

  "component.public-enabled": configure,
  "component.public-disabled": configure,
  "component.perimeter":
    "inferred: SecuredByPerimeter asks a network security perimeter, which is not emulated",
  "component.private-only": design,
  "component.unknown": "inferred: a component that does not exist takes and answers nothing",
  "dns.storage-alias": storageEndpoints,
} as const satisfies Readonly<Record<string, string>>;

export type RuleId = keyof typeof ruleSources;

/** One link of a chain: the rule that spoke, its sentence, and its source. */
export const because = (rule: RuleId, says: string): Reason => ({
  rule,
  says,
  source: ruleSources[rule],
});
