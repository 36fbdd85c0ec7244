/** What the two descriptions of an on-premises network share: the resolver's tag, and who still uses a gateway. */
import { sameId, stringAt } from "../../arm/index.ts";
import type { Problem, RequestBody, ResourceId, TypeContext } from "../../arm/index.ts";
import { forwarderTag, parseIpv4 } from "../../rules/index.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";

/** The article's own words on what a connection to an on-premises cluster must be. */
export const articleSays =
  '"Configure the on-premises cluster to connect to an Azure VNET using a VPN gateway or ExpressRoutes with private-peering."';

/**
 * What is wrong with the tag that names the server which an on-premises resolver forwards to. Azure has no resource for
 * that setting, so the tag is the platform's own word.
 */
export function forwarderProblems({ tags }: RequestBody): readonly Problem[] {
  const given = tags?.[forwarderTag];
  if (given === undefined || (typeof given === "string" && parseIpv4(given) !== undefined)) {
    return [];
  }
  const message = `The tag '${forwarderTag}' is '${String(given)}', which is no IPv4 address. Give the address of a DNS resolver's inbound endpoint, or leave the tag out.`;
  return [problem("InvalidRequestContent", message, { target: `tags.${forwarderTag}` })];
}

/** The properties by which a connection names its ends. */
const ends = [
  ["virtualNetworkGateway1", "id"],
  ["localNetworkGateway2", "id"],
  ["peer", "id"],
] as const;

/** The connections that have a resource as one of their ends. */
export const connectionsOf = (
  graph: TypeContext["graph"],
  id: ResourceId,
): readonly { readonly id: ResourceId }[] =>
  graph
    .ofType(typeNames.connections)
    .filter(({ properties }) => ends.some((path) => sameId(stringAt(properties, ...path), id)));

/** Why a gateway or circuit cannot go: the connections that use it. */
export function usedProblems(graph: TypeContext["graph"], id: ResourceId): readonly Problem[] {
  const users = connectionsOf(graph, id);
  if (users.length === 0) return [];
  const shown = users.map((user) => user.id).join(", ");
  const message = `${id} is in use by ${shown}. Delete the connections first.`;
  return [problem("GatewayInUse", message, { status: 409, target: id })];
}
