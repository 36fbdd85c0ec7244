/** The properties of a subnet: alike in a virtual network's list and at the subnet's own address. */
import {
  boolean,
  list,
  object,
  oneOf,
  readOnly,
  refused,
  required,
  stored,
  string,
} from "../../arm/index.ts";
import type { JsonObject } from "../../arm/index.ts";

const noFilter = "the platform's networks filter and route nothing.";

export const subnetProperties = object({
  addressPrefix: string({ charsMax: 64 }),
  addressPrefixes: list(string({ charsMax: 64 }), { countMin: 1, countMax: 16 }),
  privateEndpointNetworkPolicies: oneOf(
    ["Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"],
    {
      default: "Disabled",
    },
  ),
  privateLinkServiceNetworkPolicies: oneOf(["Enabled", "Disabled"], { default: "Enabled" }),
  defaultOutboundAccess: boolean(),
  delegations: stored(),
  serviceEndpoints: stored(),
  networkSecurityGroup: refused(noFilter),
  routeTable: refused(noFilter),
  natGateway: refused(noFilter),
  serviceEndpointPolicies: refused(noFilter),
  ipAllocations: refused("addresses come from the subnet's prefix."),
  ipamPoolPrefixAllocations: refused("addresses come from the subnet's prefix."),
  applicationGatewayIPConfigurations: refused("there are no application gateways."),
  sharingScope: refused("subnets are not shared between tenants."),
  provisioningState: readOnly(),
  privateEndpoints: readOnly(),
  ipConfigurations: readOnly(),
  ipConfigurationProfiles: readOnly(),
  resourceNavigationLinks: readOnly(),
  serviceAssociationLinks: readOnly(),
  purpose: readOnly(),
});

/** A subnet as a virtual network's PUT carries it. */
export const inlineSubnet = object({
  name: required(string({ charsMax: 80 })),
  properties: required(subnetProperties),
  id: readOnly(),
  type: readOnly(),
  etag: readOnly(),
});

/** What a subnet stores: what was given, and what it had of the platform's own. */
export function subnetToStore(given: JsonObject, before: JsonObject | undefined): JsonObject {
  const endpoints = before?.["privateEndpoints"];
  return {
    ...given,
    provisioningState: "Succeeded",
    ...(endpoints === undefined ? {} : { privateEndpoints: endpoints }),
  };
}
