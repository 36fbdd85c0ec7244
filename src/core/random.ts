/** Randomness as an argument: only src/bin/ takes it from the machine; tests give a seed. */
import { randomBytes } from "node:crypto";

export interface Random {
  /** `count` random bytes; fit for secrets when made by `systemRandom`. */
  bytes(count: number): Buffer;
}

export const systemRandom = (): Random => ({ bytes: (count) => randomBytes(count) });

/** A repeatable source for tests (xorshift32); never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0) & 0xff;
  };
  return { bytes: (count) => Buffer.from(Array.from({ length: count }, next)) };
}

/** A version 4 GUID in lower case. */
export function guid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
