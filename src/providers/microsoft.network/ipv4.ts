/** IPv4 prefixes as ranges of numbers. */
import { formatIpv4, parseIpv4 } from "../../rules/index.ts";

export interface Prefix {
  /** First address, as an unsigned 32-bit number. */
  readonly first: number;
  readonly last: number;
  readonly length: number;
}

/** `10.0.0.0/24` as a range, or undefined when it is none. Bits below the mask are ignored: see `canonicalPrefix`. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf("/");
  const address = parseIpv4(text.slice(0, Math.max(slash, 0)));
  const bits = text.slice(slash + 1);
  if (address === undefined || !/^(?:\d|[12]\d|3[0-2])$/.test(bits)) return undefined;
  const length = Number(bits);
  const size = 2 ** (32 - length);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1, length };
}

/** The prefix as Azure wants it spelled: no bits below the mask. */
export const canonicalPrefix = ({ first, length }: Prefix): string =>
  `${formatIpv4(first)}/${length}`;

export const overlaps = (a: Prefix, b: Prefix): boolean => a.first <= b.last && b.first <= a.last;

export const contains = (outer: Prefix, inner: Prefix): boolean =>
  outer.first <= inner.first && inner.last <= outer.last;
