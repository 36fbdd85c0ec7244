/** A cluster that is to be made: its id, and the subnet of its nodes, from what a person typed. */
import { parseId } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { CodedError } from "../../core/index.ts";
import { types } from "../types.ts";
import { findResource } from "./connect.ts";
import type { Connection } from "./connect.ts";

/**
 * The subnet of a new cluster's nodes: an id as it is, or NETWORK/NAME.
 *
 * @throws CodedError WrongUse, NameNotFound, NameNotUnique.
 */
export async function nodeSubnetIdOf(connection: Connection, named: string): Promise<ResourceId> {
  if (named.startsWith("/")) return named;
  const [network = "", subnet = "", ...more] = named.split("/");
  if (network === "" || subnet === "" || more.length > 0) {
    throw new CodedError("WrongUse", `'${named}' names no subnet: write NETWORK/NAME, or its id.`);
  }
  return `${await findResource(connection, types.vnet.type, network)}/subnets/${subnet}`;
}

/**
 * The id of the named cluster: of one that stands, else one beside its network.
 *
 * @throws CodedError NameNotUnique.
 */
export async function newClusterIdOf(
  connection: Connection,
  named: string,
  nodeSubnetId: ResourceId,
): Promise<ResourceId> {
  try {
    return await findResource(connection, types.cluster.type, named);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== "NameNotFound") throw error;
  }
  if (named.startsWith("/")) return named;
  const { subscriptionId, resourceGroup } = parseId(nodeSubnetId) ?? {};
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${types.cluster.type}/${named}`;
}
