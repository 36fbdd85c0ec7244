/** The report of a proof: the verdict on each path, what it rests on and how old that is; what an auditor keeps. */
import type { ResourceId } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import type { Proof, RequestEvidence } from "../../onboard/index.ts";
import { clusterTypes } from "../../snapshot/index.ts";
import { runChecks } from "../run-checks.ts";
import { checks } from "../checks/index.ts";
import type { CheckFacts } from "../facts.ts";
import type { CheckId } from "../check.ts";

/** One piece of evidence, with its age. */
export interface EvidencePiece {
  readonly what: string;
  readonly takenAtMs: number;
  readonly ageMs: number;
  /** Older than `limits.evidenceFreshMs`. */
  readonly stale: boolean;
}

export interface ReportPath {
  readonly id: string;
  /** `private`, `public`, `both`, `closed`, `open`, `broken`, `unknown`, or `none` where there is nothing to reach. */
  readonly verdict: string;
  readonly expected: string;
  readonly holds: boolean;
  readonly host: string;
  readonly inside: string;
  readonly outside: string;
  readonly reasons: readonly string[];
}

export interface ReportedCluster {
  readonly id: ResourceId;
  readonly name: string;
  readonly paths: readonly ReportPath[];
}

export interface ProofReport {
  readonly format: "linkscope/proof-report";
  readonly version: 1;
  readonly tool: string;
  readonly madeAtMs: number;
  readonly cloud: string;
  /** `the snapshot aks.json`, `the running platform`. */
  readonly source: string;
  readonly clusters: readonly ReportedCluster[];
  /** 0: every path holds. 1: one does not. 2: it could not be told of all. */
  readonly exit: 0 | 1 | 2;
  readonly evidence: readonly EvidencePiece[];
  /** What could not be read. */
  readonly unread: readonly string[];
  readonly remarks: readonly string[];
}

export interface ReportSubject {
  readonly facts: CheckFacts;
  readonly proofs: readonly { readonly clusterId: ResourceId; readonly proof: Proof }[];
  readonly exit: 0 | 1 | 2;
  readonly source: string;
  readonly version: string;
  /** Of a proof made by requests of its own, when: they are evidence beside the graph. */
  readonly probedAtMs?: number;
}

/** Puts a report together. */
export function proofReport(subject: ReportSubject): ProofReport {
  const { facts, proofs, exit, source, version } = subject;
  const grafana = grafanaPath(facts);
  return {
    format: "linkscope/proof-report",
    version: 1,
    tool: `linkscope ${version}`,
    madeAtMs: facts.nowMs,
    cloud: facts.cloud,
    source,
    clusters: proofs.map(({ clusterId, proof }) => ({
      id: clusterId,
      name: proof.cluster,
      paths: [
        ...proof.paths.map((path) => ({
          id: path.id,
          verdict: path.verdict,
          expected: path.expected,
          holds: path.holds,
          host: path.evidence.host ?? "",
          inside: seenText(path.evidence.inside),
          outside: seenText(path.evidence.public),
          reasons: path.reasons,
        })),
        grafana,
      ],
    })),
    exit,
    evidence: evidenceOf(subject),
    unread: facts.coverage.unread.map(
      ({ path, status, code, says }) => `${path}: ${status} ${code}: ${says}`,
    ),
    remarks: [
      "Private means: the address that was reached is an interface's of a private endpoint in the cluster's network, as Azure Resource Manager shows it; and the same request from outside was refused.",
      "What no evidence covers is unknown, and is never counted as held.",
      ...(facts.planned.size === 0
        ? []
        : ["A plan or template was laid over the facts: this is what would be, and not what is."]),
    ],
  };
}

function evidenceOf({ facts, source, probedAtMs }: ReportSubject): readonly EvidencePiece[] {
  const piece = (what: string, takenAtMs: number): EvidencePiece => {
    const ageMs = Math.max(0, facts.nowMs - takenAtMs);
    return { what, takenAtMs, ageMs, stale: ageMs > limits.evidenceFreshMs };
  };
  return [
    piece(`resources, read from ${source}`, facts.takenAtMs),
    ...(probedAtMs === undefined ? [] : [piece("requests from inside and outside", probedAtMs)]),
    ...facts.probes.map((probe) =>
      piece(
        `probe from ${probe.place}${probe.clusterId === undefined ? "" : ` of ${probe.clusterId}`}`,
        probe.takenAtMs,
      ),
    ),
  ];
}

function seenText(seen: RequestEvidence): string {
  switch (seen.kind) {
    case "answered":
      return `${seen.status} from ${seen.address ?? "an address that was not told"}`;
    case "unreachable":
      return `no answer: ${seen.code}`;
    default:
      return `not tried: ${seen.says}`;
  }
}

/** The checks that speak of Grafana's own private endpoint; a probe cannot stand in a managed Grafana. */
const grafanaChecks: readonly CheckId[] = ["LS0605", "LS0606"];

function grafanaPath(facts: CheckFacts): ReportPath {
  const base = { id: "grafana", host: "", outside: "" };
  if (facts.graph.ofType(clusterTypes.grafana).length === 0) {
    const reasons = ["No managed Grafana was found."];
    return { ...base, verdict: "none", expected: "none", holds: true, inside: "", reasons };
  }
  const own = runChecks(checks, facts).results.filter(({ check }) =>
    grafanaChecks.includes(check.id),
  );
  return {
    ...base,
    verdict: "unknown",
    expected: "private",
    holds: false,
    inside: "not tried: no probe can stand in a managed Grafana",
    reasons: [
      "By configuration only; it does not count in the verdict of the whole.",
      ...own.map(({ check, finding }) => `${check.id}: ${finding.status}: ${finding.says}`),
    ],
  };
}
