/** One path as it is seen from inside and from outside, and the age of the newest data that came by it. */
import type { PathEvidence, ProbeRequest, Probes, RequestEvidence } from "./evidence.ts";
import type { PathId } from "./paths.ts";
import type { ProofTarget } from "./proof-target.ts";

export interface Newest {
  readonly newestSampleMs?: number | null;
  readonly error?: string;
}

/** A sample that could not be asked for is not the same as none: its absence stays absent. */
export function withNewest(
  evidence: PathEvidence,
  { newestSampleMs, error }: Newest,
): PathEvidence {
  const missing = error === undefined ? evidence.missing : [...evidence.missing, error];
  return { ...evidence, missing, ...(newestSampleMs === undefined ? {} : { newestSampleMs }) };
}

export interface Asked {
  readonly id: PathId;
  readonly host: string | undefined;
  readonly request: Omit<ProbeRequest, "host"> | undefined;
  readonly also: readonly string[];
}

/** What is seen of one path, from inside and from outside. */
export async function probePath(
  probes: Probes,
  target: Pick<ProofTarget, "missing">,
  asked: Asked,
): Promise<PathEvidence> {
  const { id, host, request, also } = asked;
  if (host === undefined || request === undefined) {
    const untried: RequestEvidence = { kind: "untried", says: "there is no host to ask." };
    return {
      id,
      host,
      insideName: undefined,
      inside: untried,
      publicName: undefined,
      public: untried,
      alsoInside: [],
      missing: target.missing,
    };
  }
  const full = { ...request, host };
  return {
    id,
    host,
    insideName: await probes.resolveInside(host),
    inside: await probes.requestInside(full),
    publicName: await probes.resolvePublic(host),
    public: await probes.requestPublic(full),
    alsoInside: await Promise.all(also.map((name) => probes.resolveInside(name))),
    missing: [],
  };
}
