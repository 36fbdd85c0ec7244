/** The properties of a subnet: alike in a virtual network's list and at the subnet's own address. */
import {
  boolean,
  id,
  list,
  object,
  oneOf,
  readOnly,
  refused,
  required,
  stored,
  string,
} from "../../arm/index.ts";
import { stringAt } from "../../arm/index.ts";
import type { Graph, Json, JsonObject, Problem, ResourceId } from "../../arm/index.ts";
import { reference } from "../declared.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";

const noFilter = "networks filter by firewalls and security groups only.";

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
  networkSecurityGroup: object({
    id: required(id(typeNames.networkSecurityGroups)),
    name: readOnly(),
    type: readOnly(),
    etag: readOnly(),
    location: readOnly(),
    tags: readOnly(),
    properties: readOnly(),
  }),
  routeTable: object({
    id: required(id(typeNames.routeTables)),
    name: readOnly(),
    type: readOnly(),
    etag: readOnly(),
    location: readOnly(),
    tags: readOnly(),
    properties: readOnly(),
  }),
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
  const { routeTable: _, networkSecurityGroup: __, ...rest } = given;
  const tableId = stringAt(given, "routeTable", "id");
  const groupId = stringAt(given, "networkSecurityGroup", "id");
  return {
    ...rest,
    ...(tableId === undefined ? {} : { routeTable: reference(tableId) }),
    ...(groupId === undefined ? {} : { networkSecurityGroup: reference(groupId) }),
    provisioningState: "Succeeded",
    ...(endpoints === undefined ? {} : { privateEndpoints: endpoints }),
  };
}

/** Whether a subnet's route table is there, and in the region of its network. */
export function routeTableProblems(
  graph: Graph,
  subnet: Json | undefined,
  where: { readonly region: string | undefined; readonly target: string },
): readonly Problem[] {
  const tableId = stringAt(subnet, "routeTable", "id");
  if (tableId === undefined) return [];
  const table = graph.get(tableId);
  if (table !== undefined && table.location === where.region) return [];
  const message = `The route table '${tableId}' ${table === undefined ? "was not found" : `is in ${table.location}`}. A subnet takes one of its network's region (${where.region ?? ""}).`;
  return [
    problem("InvalidResourceReference", message, { target: `${where.target}.routeTable.id` }),
  ];
}

/** The route table of a subnet's properties, if it has one. */
export const tableOf = (properties: Json | undefined): readonly ResourceId[] => {
  const tableId = stringAt(properties, "routeTable", "id");
  return tableId === undefined ? [] : [tableId];
};
