/** HalfSipHash-1-3: a short hash that a sender who does not know the key cannot make collide. */

/** Two secret 32-bit words. */
export interface HashKey {
  readonly k0: number;
  readonly k1: number;
}

/**
 * Hashes the bytes in [start, end) to 32 bits.
 *
 * @see https://github.com/veorq/SipHash (halfsiphash.c), with one compression and three finalization rounds
 */
export function halfSipHash(
  view: DataView,
  range: { readonly start: number; readonly end: number },
  key: HashKey,
): number {
  const { start, end } = range;
  let v0 = key.k0;
  let v1 = key.k1;
  let v2 = 0x6c796765 ^ key.k0;
  let v3 = 0x74656462 ^ key.k1;
  const whole = start + ((end - start) & ~3);
  let last = (end - start) << 24;
  for (let at = whole; at < end; at++) last |= view.getUint8(at) << ((at - whole) * 8);
  for (let at = start; at <= whole + 12; at += 4) {
    // After the words come the last bytes with the length, then three rounds that finalize.
    const word = at < whole ? view.getInt32(at, true) : at === whole ? last : 0;
    if (at === whole + 4) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}
