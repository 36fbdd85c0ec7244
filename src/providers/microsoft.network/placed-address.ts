/** The address that a firewall or a resolver's endpoint takes in a subnet of its own, and what is wrong with the subnet. */
import { parseId, regionKey, sameId } from "../../arm/index.ts";
import type { Graph, Problem, ResourceId } from "../../arm/index.ts";
import { formatIpv4, parseIpv4, reservedAddresses } from "../../rules/index.ts";
import { isUsable, subnetPrefixes, takenAddresses } from "../private-link/addresses.ts";
import { problem } from "../problems.ts";

export interface PlaceToTake {
  readonly graph: Graph;
  /** The resource that takes the address. */
  readonly holderId: ResourceId;
  readonly subnetId: ResourceId;
}

/** Whether the subnet is there, and in the region where the holder is. */
export function placeProblems(
  { graph, subnetId }: PlaceToTake,
  where: { readonly region: string | undefined; readonly target: string },
): readonly Problem[] {
  const { region, target } = where;
  if (graph.get(subnetId) === undefined) {
    const message = `The subnet '${subnetId}' was not found. Create it first.`;
    return [problem("InvalidResourceReference", message, { target })];
  }
  const home = graph.get(parseId(subnetId)?.parentId ?? "")?.location;
  if (region === undefined || regionKey(home ?? "") === regionKey(region)) return [];
  const message = `The subnet '${subnetId}' is in ${home}, the resource in ${region}. Put it into the region of its network.`;
  return [problem("InvalidResourceReference", message, { target })];
}

/** What is wrong with a fixed address, or undefined. */
export function fixedAddressProblem(
  place: PlaceToTake,
  fixed: { readonly address: string; readonly target: string },
): Problem | undefined {
  const { graph, subnetId, holderId } = place;
  const { address, target } = fixed;
  const value = parseIpv4(address);
  const subnet = graph.get(subnetId);
  if (value === undefined || subnet === undefined || !isUsable(subnetPrefixes(subnet), value)) {
    const message = `The address '${address}' cannot be given out in ${subnetId}. Choose one between its fourth and last.`;
    return problem("PrivateIPAddressNotInSubnet", message, { target });
  }
  if (!takenAddresses(graph, subnetId, holderId).has(value)) return undefined;
  return problem("PrivateIPAddressInUse", `The address ${address} is taken. Choose another.`, {
    target,
  });
}

/** The lowest free address of a subnet; undefined where there is none. */
export function freeAddress({ graph, subnetId, holderId }: PlaceToTake): string | undefined {
  const subnet = graph.get(subnetId);
  if (subnet === undefined) return undefined;
  const taken = takenAddresses(graph, subnetId, holderId);
  for (const { first, last } of subnetPrefixes(subnet)) {
    for (let next = first + reservedAddresses.atStart; next < last; next++) {
      if (!taken.has(next)) return formatIpv4(next);
    }
  }
  return undefined;
}

/** Whether a subnet's id ends with a name. */
export const isSubnetNamed = (subnetId: ResourceId, name: string): boolean =>
  parseId(subnetId)?.name.toLowerCase() === name.toLowerCase();

/** Whether two subnets are in one network. */
export const inOneNetwork = (one: ResourceId, other: ResourceId): boolean =>
  sameId(parseId(one)?.parentId, parseId(other)?.parentId);
