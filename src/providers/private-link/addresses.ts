/** Addresses of private endpoints: which are taken in a subnet, and which one is next. */
import { listAt, sameId, stringAt } from "../../arm/index.ts";
import type { ArmResource, Graph, JsonObject, ResourceId } from "../../arm/index.ts";
import { addressesIn, formatIpv4, parseIpv4, reservedAddresses } from "../../rules/index.ts";
import { parsePrefix } from "../microsoft.network/ipv4.ts";
import type { Prefix } from "../microsoft.network/ipv4.ts";

/** The prefixes of a subnet resource, in the order given. */
export function subnetPrefixes(subnet: ArmResource): readonly Prefix[] {
  const single = stringAt(subnet.properties, "addressPrefix");
  const texts = single === undefined ? listAt(subnet.properties, "addressPrefixes") : [single];
  return texts
    .map((text) => (typeof text === "string" ? parsePrefix(text) : undefined))
    .filter((prefix) => prefix !== undefined);
}

/** The addresses that network interfaces hold in a subnet, without those of the interface `except`. */
export function takenAddresses(
  graph: Graph,
  subnetId: ResourceId,
  except?: ResourceId,
): ReadonlySet<number> {
  return new Set(
    addressesIn(graph, subnetId)
      .filter(({ interfaceId }) => !sameId(interfaceId, except))
      .map(({ address }) => parseIpv4(address))
      .filter((address) => address !== undefined),
  );
}

/** Whether an address of a subnet can be given out at all. */
export const isUsable = (prefixes: readonly Prefix[], address: number): boolean =>
  prefixes.some(
    ({ first, last }) =>
      address >= first + reservedAddresses.atStart && address <= last - reservedAddresses.atEnd,
  );

export interface AddressRequest {
  readonly graph: Graph;
  readonly subnet: ArmResource;
  readonly interfaceId: ResourceId;
  /** Who wants an address, in a stable order. */
  readonly members: readonly string[];
  /** What each has now, or must have. */
  readonly held: ReadonlyMap<string, string>;
}

/**
 * An address for each member: the one it holds, else the lowest that is free.
 *
 * @returns `missing`: how many members found none; then `addresses` is not to be used.
 */
export function allocateAddresses(request: AddressRequest): {
  readonly addresses: ReadonlyMap<string, string>;
  readonly missing: number;
} {
  const { graph, subnet, interfaceId, members, held } = request;
  const prefixes = subnetPrefixes(subnet);
  const taken = new Set(takenAddresses(graph, subnet.id, interfaceId));
  const addresses = new Map<string, string>();
  for (const member of members) {
    const address = parseIpv4(held.get(member) ?? "");
    if (address === undefined || !isUsable(prefixes, address) || taken.has(address)) continue;
    taken.add(address);
    addresses.set(member, formatIpv4(address));
  }
  const free = freeAddresses(prefixes, taken);
  for (const member of members) {
    if (addresses.has(member)) continue;
    const next = free.next();
    if (next.done === true) break;
    addresses.set(member, formatIpv4(next.value));
  }
  return { addresses, missing: members.length - addresses.size };
}

function* freeAddresses(
  prefixes: readonly Prefix[],
  taken: ReadonlySet<number>,
): Generator<number, void> {
  for (const { first, last } of prefixes) {
    const end = last - reservedAddresses.atEnd;
    for (let address = first + reservedAddresses.atStart; address <= end; address++) {
      if (!taken.has(address)) yield address;
    }
  }
}

/** The addresses of a network interface by the member that each serves. */
export function heldAddresses(nic: ArmResource | undefined): ReadonlyMap<string, string> {
  const held = new Map<string, string>();
  for (const config of listAt(nic?.properties, "ipConfigurations")) {
    const member = stringAt(
      config,
      "properties",
      "privateLinkConnectionProperties",
      "requiredMemberName",
    );
    const address = stringAt(config, "properties", "privateIPAddress");
    if (member !== undefined && address !== undefined) held.set(member, address);
  }
  return held;
}

/** The addresses that a private endpoint's own `ipConfigurations` fix, by member. */
export function fixedAddresses(properties: JsonObject): ReadonlyMap<string, string> {
  const fixed = new Map<string, string>();
  for (const config of listAt(properties, "ipConfigurations")) {
    const member = stringAt(config, "properties", "memberName");
    const address = stringAt(config, "properties", "privateIPAddress");
    if (member !== undefined && address !== undefined) fixed.set(member, address);
  }
  return fixed;
}
