/** Address spaces and subnets of a virtual network: what may stand beside what, in Azure's words. */
import { limits } from "../../core/index.ts";
import { listAt, sameId, stringAt } from "../../arm/index.ts";
import type { ArmResource, Graph, Json, Problem, ResourceId } from "../../arm/index.ts";
import { formatIpv4 } from "../../rules/index.ts";
import { isUsable, takenAddresses } from "../private-link/addresses.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { canonicalPrefix, contains, overlaps, parsePrefix } from "./ipv4.ts";
import type { Prefix } from "./ipv4.ts";

export interface NamedPrefixes {
  readonly name: string;
  readonly target: string;
  readonly prefixes: readonly Prefix[];
}

/** Reads prefixes; names each that is none, or that has bits below its mask. */
export function readPrefixes(
  texts: readonly Json[],
  where: { readonly target: string; readonly owner: string },
): { readonly prefixes: readonly Prefix[]; readonly problems: readonly Problem[] } {
  const prefixes: Prefix[] = [];
  const problems: Problem[] = [];
  const { target, owner } = where;
  for (const text of texts) {
    const prefix = parsePrefix(String(text));
    if (prefix === undefined) {
      const message = String(text).includes(":")
        ? `The prefix '${String(text)}' of '${owner}' is IPv6, which is not emulated. Give IPv4 prefixes.`
        : `Address prefix '${String(text)}' of resource '${owner}' is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.`;
      const code = String(text).includes(":") ? "FeatureNotEmulated" : "InvalidAddressPrefixFormat";
      problems.push(problem(code, message, { target }));
    } else if (canonicalPrefix(prefix) !== String(text)) {
      const message = `The address prefix ${String(text)} in resource ${owner} has an invalid CIDR notation. For the given prefix length, the address prefix should be ${canonicalPrefix(prefix)}.`;
      problems.push(problem("InvalidCIDRNotation", message, { target }));
    } else {
      prefixes.push(prefix);
    }
  }
  return { prefixes, problems };
}

/** The prefixes of a virtual network against one another. */
export const addressSpaceProblems = (
  prefixes: readonly Prefix[],
  owner: string,
): readonly Problem[] =>
  prefixes.flatMap((prefix, index) =>
    prefixes
      .slice(0, index)
      .filter((other) => overlaps(prefix, other))
      .map((other) =>
        problem(
          "OverlappingAddressPrefixes",
          `Address prefixes ${canonicalPrefix(other)} and ${canonicalPrefix(prefix)} of virtual network '${owner}' overlap.`,
          { target: "properties.addressSpace.addressPrefixes" },
        ),
      ),
  );

/** Whether a virtual network can hold these subnets: each large enough, within its address space, and apart from the others. */
export function subnetProblems(
  space: readonly Prefix[],
  subnets: readonly NamedPrefixes[],
  vnetName: string,
): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (code: string, message: string, target: string): void =>
    void problems.push(problem(code, message, { target }));
  subnets.forEach(({ name, target, prefixes }, index) => {
    for (const prefix of prefixes) {
      if (prefix.length > limits.subnetPrefixLengthMax) {
        const says = `Subnet '${name}' has the prefix ${canonicalPrefix(prefix)}; the smallest subnet is /${limits.subnetPrefixLengthMax}, for Azure keeps five addresses of each. Make it larger.`;
        add("SubnetTooSmall", says, target);
      }
      if (!space.some((outer) => contains(outer, prefix))) {
        const says = `Subnet '${name}' is not valid in virtual network '${vnetName}': ${canonicalPrefix(prefix)} is not within its address space.`;
        add("NetcfgInvalidSubnet", says, target);
      }
      const clash = subnets.findIndex((other) => other.prefixes.some((p) => overlaps(p, prefix)));
      if (clash >= 0 && clash < index) {
        const says = `Subnet '${name}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '${vnetName}'.`;
        add("NetcfgSubnetRangesOverlap", says, target);
      }
    }
  });
  return problems;
}

/** Refuses prefixes that no longer hold an address which a private endpoint has in the subnet. */
export function shrinkProblems(
  graph: Graph,
  subnetId: ResourceId,
  subnet: NamedPrefixes,
): readonly Problem[] {
  const lost = [...takenAddresses(graph, subnetId)].filter(
    (address) => !isUsable(subnet.prefixes, address),
  );
  if (lost.length === 0) return [];
  const shown = lost.slice(0, 3).map(formatIpv4).join(", ");
  const message = `The prefix of subnet '${subnet.name}' has active allocations and cannot be changed so: ${lost.length} addresses of private endpoints (${shown}${lost.length > 3 ? ", …" : ""}) would lie outside it.`;
  return [problem("InUsePrefixCannotBeDeleted", message, { target: subnet.target })];
}

/** The prefixes that a subnet's properties give: one, or a list. */
export const prefixTextsOf = (properties: Json | undefined): readonly Json[] => {
  const single = stringAt(properties, "addressPrefix");
  return single === undefined ? listAt(properties, "addressPrefixes") : [single];
};

/** The private endpoints whose interfaces stand in a subnet. */
export const endpointsIn = (graph: Graph, subnetId: ResourceId): readonly ArmResource[] =>
  graph
    .ofType(typeNames.privateEndpoints)
    .filter(({ properties }) => sameId(stringAt(properties, "subnet", "id"), subnetId));
