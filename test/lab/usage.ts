/** What a synthetic container or node uses at a moment: a pure function of its identity and its age. */
import { createHash } from "node:crypto";

export interface Usage {
  /** Seconds since its start. */
  readonly ageS: number;
  readonly cpuCores: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly networkBytes: number;
}

/** Repeatable: the same identity, start and moment give the same numbers; counters never fall. */
export function usageOf(identity: string, startMs: number, nowMs: number): Usage {
  const seed = createHash("sha256").update(identity).digest();
  const part = (index: number): number => (seed[index] ?? 0) / 255;
  const ageS = Math.max(0, (nowMs - startMs) / 1000);
  const cpuCores = 0.01 + part(0) * 0.19;
  const wave = Math.sin(ageS / (60 + part(1) * 240));
  return {
    ageS,
    cpuCores,
    cpuSeconds: round(cpuCores * ageS),
    memoryBytes: Math.round((32 + part(2) * 224 + wave * 4) * 1024 * 1024),
    networkBytes: Math.round((2_000 + part(3) * 30_000) * ageS),
  };
}

export const round = (value: number): number => Math.round(value * 1e6) / 1e6;
