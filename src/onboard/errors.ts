/** Codes of onboarding: what blocks a plan, and what stops an apply. None travels over HTTP. */
import type { ErrorCatalogue, ErrorEntry } from "../core/index.ts";

const blocked = (means: string, remedy: string): ErrorEntry => ({
  status: 0,
  fault: "caller",
  retry: false,
  means,
  remedy,
});

export const onboardErrors = {
  InvalidId: blocked(
    "An id in the request is not a resource id of the expected type.",
    "Give the full id, without blanks.",
  ),
  ResourceMissing: blocked(
    "A resource that onboarding does not make is not there.",
    "Make it first, or correct its id.",
  ),
  ResourceUnreadable: blocked(
    "A resource that the plan depends on could not be read.",
    "Get the right to read it.",
  ),
  NetworkUnknown: blocked(
    "The cluster does not say which subnet its nodes are in.",
    "Use a cluster with a virtual network of your own.",
  ),
  NetworkNotConnected: blocked(
    "The on-premises network is connected to no virtual network, so no private endpoint can be reached from it.",
    "Connect it to a gateway: by VPN, or by ExpressRoute with private peering.",
  ),
  PrometheusFileInvalid: blocked(
    "The file is no Prometheus configuration with a remote_write block.",
    "Begin with the one that `linkscope enable remote-write` prints.",
  ),
  NetworkHasOtherScope: blocked(
    "The network already has a private endpoint to another private link scope; it can have one.",
    "Use that scope, or delete that endpoint.",
  ),
  ZoneLeadsElsewhere: blocked(
    "The private zone already leads to another private endpoint, whose names a second one would take over.",
    "Share that endpoint's network, or use a zone in another resource group.",
  ),
  SubnetTooSmall: blocked(
    "The subnet has too few free addresses for the private endpoints.",
    "Use a larger subnet.",
  ),
  NetworkFull: blocked(
    "The network has no room for a subnet for private endpoints.",
    "Add an address prefix to the network.",
  ),
  ConnectionRefused: blocked(
    "The private endpoint's connection was rejected or removed by the owner of its target.",
    "Delete the endpoint, or have the connection approved.",
  ),
  PerimeterUnsupported: blocked(
    "A resource is secured by a network security perimeter, which is not supported.",
    "Set its public network access to Enabled or Disabled.",
  ),
  RuleWithoutEndpoint: blocked(
    "The cluster's Prometheus rule has no data collection endpoint; with a private link it needs one.",
    "Set dataCollectionEndpointId of the rule.",
  ),
  RuleOfOtherWorkspace: blocked(
    "The rule of the expected name sends to another workspace.",
    "Delete the rule, or name that workspace.",
  ),
  NeedsManagedIdentity: blocked(
    "High log scale and Syslog are collected by a data collection rule, which legacy authentication has none of.",
    "Use --auth managed-identity.",
  ),
  ClusterNotPrivate: blocked(
    "Container insights over a private link is for private clusters, as Azure's own tooling has it.",
    "Use a private cluster.",
  ),
  ClusterWithoutIdentity: blocked(
    "The cluster has a service principal, and managed identity authentication needs a managed identity.",
    "Give the cluster a managed identity.",
  ),
  LogsOfOtherWorkspace: blocked(
    "Container insights of the cluster is enabled already, into another workspace.",
    "Name that workspace, or disable it first.",
  ),
  RuleLacksStreams: blocked(
    "The cluster's Container insights rule, made by somebody else, lacks streams that are asked for.",
    "Add the streams to the rule, or disassociate it.",
  ),
  PlanStale: {
    status: 0,
    fault: "world",
    retry: true,
    means: "A resource changed after the plan was made.",
    remedy: "Run again; a new plan is made.",
  },
  WriteFailed: {
    status: 0,
    fault: "world",
    retry: true,
    means: "ARM refused or failed a write.",
    remedy: "Read ARM's code and message; run again to resume.",
  },
  EstateInvalid: blocked("The estate file has mistakes.", "Correct each at its line and column."),
} as const satisfies ErrorCatalogue;

export type OnboardCode = keyof typeof onboardErrors;
