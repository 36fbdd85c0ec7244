/** IPv4 prefixes and addresses, and how many addresses a subnet has. */
import { at, listAt, parseId, sameId, stringAt } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";

export interface Ipv4Prefix {
  /** The first address, as an unsigned 32-bit number. */
  readonly first: number;
  readonly length: number;
  /** How many addresses it spans, all told. */
  readonly size: number;
}

/** Azure keeps the first four addresses of a subnet and the last. @see learn.microsoft.com/azure/virtual-network/virtual-networks-faq */
export const reservedAddresses = { atStart: 4, atEnd: 1 } as const;

/** Reads a dotted quad; undefined when it is none. Leading zeros are refused, since readers differ on them. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

/** Writes an unsigned 32-bit number as a dotted quad. */
export const formatIpv4 = (value: number): string =>
  [value / 2 ** 24, value / 2 ** 16, value / 2 ** 8, value]
    .map((part) => Math.floor(part) % 256)
    .join(".");

/** Reads `10.1.0.0/24`; undefined when it is no prefix, or has bits beyond its length. */
export function parseIpv4Prefix(text: string): Ipv4Prefix | undefined {
  const [address, length, ...rest] = text.split("/");
  const first = parseIpv4(address ?? "");
  if (first === undefined || rest.length > 0 || !/^\d{1,2}$/.test(length ?? "")) return undefined;
  const bits = Number(length);
  if (bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  return first % size === 0 ? { first, length: bits, size } : undefined;
}

/** Whether `inner` lies within `outer`. */
export const prefixContains = (outer: Ipv4Prefix, inner: Ipv4Prefix): boolean =>
  inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size;

/** How many addresses of a prefix resources can have. */
export const usableAddresses = (prefix: Ipv4Prefix): number =>
  Math.max(0, prefix.size - reservedAddresses.atStart - reservedAddresses.atEnd);

/** A subnet's prefix: its own resource's, or as its virtual network lists it. */
export function subnetPrefix(graph: Graph, subnetId: ResourceId): string | undefined {
  const own = graph.get(subnetId);
  const vnet = graph.get(parseId(subnetId)?.parentId ?? "");
  const listed = listAt(vnet?.properties, "subnets").find((subnet) =>
    sameId(stringAt(subnet, "id"), subnetId),
  );
  for (const properties of [own?.properties, at(listed, "properties")]) {
    const prefix =
      stringAt(properties, "addressPrefix") ?? stringAt(properties, "addressPrefixes", 0);
    if (prefix !== undefined) return prefix;
  }
  return undefined;
}
