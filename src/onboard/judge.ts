/** The verdict on one path: pure, from what was seen. */
import { stringAt } from "../arm/index.ts";
import type { Json } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import type { CertificateSeen, NameEvidence, PathEvidence, RequestEvidence } from "./evidence.ts";
import type { PathId } from "./paths.ts";

/**
 * - `private`: works from inside by a private endpoint's address, and is refused from outside.
 * - `public`: works from inside, by a public address. `both`: works from inside privately, and from outside.
 * - `open`: works by Resource Manager, which no private link carries: as the workspace's flag says.
 * - `closed`: refused everywhere, by a flag. `broken`: does not work from inside. `unknown`: could not be told.
 */
export type PathVerdict = "private" | "public" | "both" | "open" | "closed" | "broken" | "unknown";

/** What a path must be. `public` holds for `both` and `open` as well: it is open, as expected. */
export type Expected = "private" | "public" | "closed";

export interface Expectations {
  /** `private` where nothing else is said; `closed` for what cannot be private. */
  readonly expected: Readonly<Partial<Record<PathId, Expected>>>;
  /** Addresses of interfaces seen through ARM: what private means. */
  readonly privateAddresses: ReadonlySet<string>;
  /** Paths that the flags in ARM refuse by every way: a refusal of any other is for another reason, as a missing role. */
  readonly closedByFlag: ReadonlySet<PathId>;
  readonly nowMs: number;
  /** How old the newest sample may be. */
  readonly freshMs?: number;
}

export interface JudgedPath {
  readonly id: PathId;
  readonly verdict: PathVerdict;
  readonly expected: Expected;
  readonly holds: boolean;
  readonly reasons: readonly string[];
  readonly evidence: PathEvidence;
}

/** Judges one path. The same evidence gives the same verdict. */
export function judge(evidence: PathEvidence, expectations: Expectations): JudgedPath {
  const reasons: string[] = [...evidence.missing];
  const seen = verdictOf(evidence, expectations, reasons);
  const expected = expectations.expected[evidence.id] ?? usually(evidence.id);
  const age = freshness(evidence, expectations, reasons);
  const matches =
    seen === expected || (expected === "public" && (seen === "both" || seen === "open"));
  const needsData = expected !== "closed";
  const verdict = matches && needsData && age === "untold" ? "unknown" : seen;
  const holds = matches && (!needsData || age === "fresh");
  return { id: evidence.id, verdict, expected, holds, reasons, evidence };
}

/** A query by Resource Manager comes to the workspace from a public network, so that it is never private: it is closed, or open. */
const neverPrivate: ReadonlySet<PathId> = new Set<PathId>(["logs-query-arm"]);

const usually = (id: PathId): Expected => (neverPrivate.has(id) ? "closed" : "private");

function verdictOf(
  evidence: PathEvidence,
  { privateAddresses, closedByFlag }: Expectations,
  reasons: string[],
): PathVerdict {
  const { inside } = evidence;
  const outside = outsideOf(evidence, privateAddresses, reasons);
  if (inside.kind === "untried") {
    reasons.push(`Inside: could not be tried: ${inside.says}`);
    return "unknown";
  }
  const insideWay = wayInside(inside, privateAddresses, reasons);
  if (insideWay === "untold") return "unknown";
  if (neverPrivate.has(evidence.id) && (insideWay === "public" || insideWay === "private")) {
    reasons.push(
      "The workspace's publicNetworkAccessForQuery is Enabled, and queries by Resource Manager reach it from a public network, by no private link: --close-query closes them.",
    );
    return "open";
  }
  if (insideWay === "private") {
    if (!alsoPrivate(evidence, privateAddresses, reasons)) return "both";
    if (outside === "unknown") return "unknown";
    return outside === "works" ? "both" : "private";
  }
  if (insideWay === "public") return "public";
  if (insideWay !== "refused" || outside !== "refused") return "broken";
  if (closedByFlag.has(evidence.id)) return "closed";
  reasons.push(
    "Both ways are refused, but no flag in ARM closes both: the caller lacks a role, or the network layer refuses.",
  );
  return "broken";
}

type WayInside = "private" | "public" | "refused" | "fails" | "untold";

/** Refused by the service: it answered, and would not have this caller by this way. */
const isRefusal = (status: number): boolean => status === 403;
const works = (status: number): boolean => status >= 200 && status < 300;

function wayInside(
  inside: Exclude<RequestEvidence, { kind: "untried" }>,
  privateAddresses: ReadonlySet<string>,
  reasons: string[],
): WayInside {
  if (inside.kind === "unreachable") {
    reasons.push(`Inside: no answer (${inside.code}): ${inside.says}`);
    return "fails";
  }
  const { status, address, certificate } = inside;
  if (!works(status)) {
    reasons.push(
      `Inside: ${status} from ${address ?? "an unknown address"}: ${excerpt(inside.bodyExcerpt)}`,
    );
    return isRefusal(status) ? "refused" : "fails";
  }
  if (address === undefined) {
    reasons.push("Inside: it works, but the address that was reached is not known.");
    return "untold";
  }
  if (certificate === undefined) {
    reasons.push("Inside: it works, but no certificate was seen.");
    return "untold";
  }
  const isPrivate = privateAddresses.has(address);
  const what = isPrivate ? "an address of a private endpoint" : "no private endpoint's address";
  reasons.push(
    `Inside: ${status} from ${address}, ${what}; certificate of ${nameIn(certificate)}.`,
  );
  return isPrivate ? "private" : "public";
}

/** A private line in the middle of which a name goes out publicly is not private. */
function alsoPrivate(
  { alsoInside }: PathEvidence,
  privateAddresses: ReadonlySet<string>,
  reasons: string[],
): boolean {
  const strays = alsoInside.filter((name) => !resolvesPrivately(name, privateAddresses));
  for (const { name, addresses, rcode, error } of strays) {
    const answer = addresses.join(", ") || error || rcode || "nothing";
    reasons.push(`Inside: ${name} leads to ${answer}, which is no private endpoint's.`);
  }
  return strays.length === 0;
}

const resolvesPrivately = ({ addresses }: NameEvidence, known: ReadonlySet<string>): boolean =>
  addresses.length > 0 && addresses.every((address) => known.has(address));

type Outside = "works" | "refused" | "unknown";

function outsideOf(
  { public: outside, publicName }: PathEvidence,
  privateAddresses: ReadonlySet<string>,
  reasons: string[],
): Outside {
  if (outside.kind === "untried") {
    reasons.push(`Outside: could not be tried: ${outside.says}`);
    return "unknown";
  }
  if (publicName !== undefined && resolvesPrivately(publicName, privateAddresses)) {
    reasons.push(
      `Outside: ${publicName.name} leads to a private endpoint, so that was no public attempt.`,
    );
    return "unknown";
  }
  if (outside.kind === "unreachable") {
    // A machine without internet gets no answer from anything: that is no refusal.
    reasons.push(`Outside: no answer (${outside.code}): ${outside.says}`);
    return "unknown";
  }
  const { status, address, bodyExcerpt } = outside;
  const from = address ?? "an unknown address";
  if (works(status)) {
    reasons.push(`Outside: ${status} from ${from} with the same token: it is open to the public.`);
    return "works";
  }
  if (isRefusal(status)) {
    reasons.push(`Outside: ${status} from ${from} with the same token: ${excerpt(bodyExcerpt)}`);
    return "refused";
  }
  reasons.push(
    `Outside: ${status} from ${from}, which is neither an answer nor a refusal: ${excerpt(bodyExcerpt)}`,
  );
  return "unknown";
}

/** How fresh the data is. The configuration has no samples; of another path, not to know its age is not to know. */
function freshness(
  { id, newestSampleMs }: PathEvidence,
  { nowMs, freshMs = limits.proofFreshMs }: Expectations,
  reasons: string[],
): "fresh" | "stale" | "untold" {
  if (newestSampleMs === undefined) return id === "configuration" ? "fresh" : "untold";
  const isLogs = id.startsWith("logs-");
  if (newestSampleMs === null) {
    // A query of metrics looks back for as long as a sample counts as fresh, and no further; one of logs sees them all.
    reasons.push(
      isLogs
        ? "No record of this cluster was found."
        : `No sample of this cluster came in the last ${freshMs / 1000} s.`,
    );
    return "stale";
  }
  const ageMs = nowMs - newestSampleMs;
  reasons.push(
    `The newest ${isLogs ? "record" : "sample"} is ${Math.round(ageMs / 1000)} s old; ${freshMs / 1000} s are allowed.`,
  );
  return ageMs <= freshMs ? "fresh" : "stale";
}

const excerptCharsMax = 200;

/** What a body says: code and message of Azure's error envelope, else its first characters. */
function excerpt(text: string): string {
  const says = envelope(text) ?? text.trim();
  if (says === "") return "an empty body";
  return says.length > excerptCharsMax ? `${says.slice(0, excerptCharsMax - 1)}…` : says;
}

function envelope(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as Json;
    const code = stringAt(body, "error", "code");
    const message = stringAt(body, "error", "message");
    return code === undefined ? undefined : `${code}: ${message ?? ""}`;
  } catch {
    return undefined;
  }
}

const nameIn = ({ subjectAltName, subject }: CertificateSeen): string => subjectAltName || subject;

/** 0: every path holds. 1: one does not. 2: none fails for sure, but not all could be told. */
export function exitOf(paths: readonly JudgedPath[]): 0 | 1 | 2 {
  const failing = paths.filter(({ holds }) => !holds);
  if (failing.length === 0) return 0;
  return failing.every(({ verdict }) => verdict === "unknown") ? 2 : 1;
}
