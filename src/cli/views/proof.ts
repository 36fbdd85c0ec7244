/** The proof as a table: a line a path, what was seen, the verdict, and the reasons where it does not hold. */
import { laterPathIds } from "../../onboard/index.ts";
import type { JudgedPath, Proof, RequestEvidence } from "../../onboard/index.ts";
import { printable, tableLines } from "./table.ts";

/** Lines of one cluster's proof. `extra` are facts beside the evidence. */
export function proofLines(
  proof: Proof,
  { nowMs, extra }: { readonly nowMs: number; readonly extra: readonly string[] },
): readonly string[] {
  const head = ["", "path", "verdict", "inside", "certificate", "public attempt", "newest data"];
  const rows = proof.paths.map((path) => [
    path.holds ? "✔" : path.verdict === "unknown" ? "?" : "✘",
    shownId(path.id),
    verdictCell(path),
    insideCell(path),
    certificateCell(path.evidence.inside),
    publicCell(path.evidence.public),
    ageCell(path, nowMs),
  ]);
  const later = laterPathIds.map((id) => ["", shownId(id), "", "", "", "", ""]);
  const reasons = reasonLines(proof);
  return [
    `proof of ${printable(proof.cluster)}`,
    "",
    ...tableLines([head, ...rows, ...later]),
    ...(reasons.length === 0 ? [] : ["", ...reasons]),
    ...(extra.length === 0 ? [] : ["", ...extra.map((line) => `  ${line}`)]),
    "",
    summaryOf(proof),
  ];
}

/** What was expected is said where it is not what a path must be by itself. */
function verdictCell({ id, verdict, expected }: JudgedPath): string {
  const usual = id === "logs-query-arm" ? "closed" : "private";
  return expected === usual ? verdict : `${verdict} (expected ${expected})`;
}

/** An id of a path as people read it; `--expect` and JSON have it with hyphens. */
const shownId = (id: string): string => id.replaceAll("-", " ");

/** Why paths do not hold; what is missing for all of them, once. */
function reasonLines({ paths }: Proof): readonly string[] {
  const failing = paths.filter(({ holds }) => !holds);
  const [first, ...rest] = failing;
  const missing = (first?.evidence.missing ?? []).filter((says) =>
    rest.every(({ evidence }) => evidence.missing.includes(says)),
  );
  const own = failing.flatMap(({ id, reasons, evidence }) =>
    // Without a host nothing was asked, and what is missing says why.
    (evidence.host === undefined ? evidence.missing : reasons)
      .filter((says) => !missing.includes(says))
      .map((says) => `  ${shownId(id)}: ${printable(says)}`),
  );
  return [...missing.map((says) => `  ${printable(says)}`), ...own];
}

function summaryOf({ cluster, exit, paths }: Proof): string {
  if (exit === 1) return "Not every path holds.";
  if (exit === 2) {
    const nothing = paths.every(({ evidence }) => evidence.host === undefined);
    return nothing
      ? `There is nothing to prove yet: \`./linkscope enable metrics --cluster ${printable(cluster)} --workspace NAME --scope NAME\` makes it, and \`enable logs\` the other half.`
      : "It could not be told of every path.";
  }
  const others = paths.filter(({ verdict }) => verdict !== "private");
  const says =
    "Every path holds: its names resolve to private endpoints, it works there, and the same token is refused from outside.";
  if (others.length === 0) return says;
  return others.every(({ id, verdict }) => id === "logs-query-arm" && verdict === "closed")
    ? `${says} Queries by Resource Manager, which no private link carries, are refused.`
    : "Every path is as expected, and not every one is private.";
}

function insideCell({ evidence }: JudgedPath): string {
  const { host, inside, insideName } = evidence;
  if (host === undefined) return "no host";
  const shown = host.length > 34 ? `${host.slice(0, 31)}…` : host;
  const address = insideName?.addresses[0] ?? insideName?.rcode;
  // What nobody asked is no missing answer.
  if (inside.kind === "untried") return `${shown} → ${address ?? ""} not tried`.replace("  ", " ");
  const status = inside.kind === "answered" ? String(inside.status) : inside.kind;
  return `${shown} → ${address ?? "no answer"} ${status}`;
}

const certificateCell = (inside: RequestEvidence): string =>
  inside.kind === "answered" && inside.certificate !== undefined
    ? `valid to ${shortDate(inside.certificate.validTo)}`
    : "none";

const shortDate = (validTo: string): string => {
  const atMs = Date.parse(validTo);
  return Number.isNaN(atMs) ? validTo : new Date(atMs).toISOString().slice(0, 10);
};

function publicCell(seen: RequestEvidence): string {
  switch (seen.kind) {
    case "answered":
      return `${seen.status} from ${seen.address ?? "an address not told"}`;
    case "unreachable":
      return seen.code;
    case "untried":
      return "not tried";
    default:
      return "";
  }
}

function ageCell({ evidence, id }: JudgedPath, nowMs: number): string {
  if (id === "configuration") return "";
  const newest = evidence.newestSampleMs;
  if (newest === undefined) return "not told";
  if (newest === null) return "none";
  return `${Math.max(0, Math.round((nowMs - newest) / 1000))} s ago`;
}

/** What `-o json` prints: always `paths` and `exit`. Of several clusters each path says whose it is. */
export const proofJson = (proofs: readonly Proof[], exit: number): unknown => {
  const [only, another] = proofs;
  if (only !== undefined && another === undefined) return { ...only, exit };
  const paths = proofs.flatMap(({ cluster, paths: own }) =>
    own.map((path) => ({ cluster, ...path })),
  );
  return { paths, exit };
};
