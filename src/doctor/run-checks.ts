/** Runs checks in the order of cause, and tells roots from what follows of them. Pure. */
import { idKey } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";
import { assert } from "../core/index.ts";
import { phases } from "./check.ts";
import type { Check, CheckId, Finding } from "./check.ts";
import type { CheckFacts } from "./facts.ts";
import { suppressionOf } from "./suppressions.ts";
import type { Suppression, SuppressionQuestion } from "./suppressions.ts";

/** The root of a finding: a failure, or something unknown, of a check that it depends on. */
export interface Cause {
  readonly check: CheckId;
  readonly subject: ResourceId;
}

export interface CheckResult {
  readonly check: Check;
  readonly finding: Finding;
  /** Set where another finding is the root of this one. */
  readonly explainedBy?: Cause;
  readonly suppressedBy?: Suppression;
  /** A suppression that covered it and has run out. */
  readonly expiredSuppression?: Suppression;
}

export interface CheckReport {
  /** In the order of cause: dependencies first, then by id; the findings of one check in its own order. */
  readonly results: readonly CheckResult[];
  /** Suppressions that covered nothing, so that the file can be tidied. */
  readonly unused: readonly Suppression[];
}

/** Runs all `checks` over the facts. The same facts, checks and suppressions give the same report. */
export function runChecks(
  checks: readonly Check[],
  facts: CheckFacts,
  suppressions: readonly Suppression[] = [],
): CheckReport {
  const ordered = orderOfCause(checks);
  const ancestors = ancestorsOf(ordered);
  const troubles = new Map<CheckId, Troubles>();
  const results: CheckResult[] = [];
  for (const check of ordered) {
    const own = troublesIndex();
    troubles.set(check.id, own);
    for (const finding of check.run(facts)) {
      assert(
        check.severity === "error" || finding.status !== "fail",
        `${check.id} is of severity warning and failed`,
      );
      const cause = causeOf(finding, ancestors.get(check.id) ?? [], troubles);
      own.add(finding, cause ?? { check: check.id, subject: finding.subject });
      results.push({
        check,
        finding,
        ...(cause === undefined ? {} : { explainedBy: cause }),
        ...suppressed(suppressions, { check: check.id, finding, nowMs: facts.nowMs }),
      });
    }
  }
  const used = new Set(
    results.flatMap(({ suppressedBy, expiredSuppression }) => [suppressedBy, expiredSuppression]),
  );
  return { results, unused: suppressions.filter((one) => !used.has(one)) };
}

function suppressed(
  suppressions: readonly Suppression[],
  asked: SuppressionQuestion,
): Pick<CheckResult, "suppressedBy" | "expiredSuppression"> {
  const { status } = asked.finding;
  if (status !== "fail" && status !== "warn") return {};
  const { inForce, expired } = suppressionOf(suppressions, asked);
  if (inForce !== undefined) return { suppressedBy: inForce };
  return expired === undefined ? {} : { expiredSuppression: expired };
}

/** Dependencies before dependents; where nothing else decides, by phase and id. A missing dependency or a cycle is a bug. */
export function orderOfCause(checks: readonly Check[]): readonly Check[] {
  const byId = new Map(checks.map((check) => [check.id, check]));
  assert(byId.size === checks.length, "two checks have the same id");
  const ordered: Check[] = [];
  const state = new Map<CheckId, "open" | "done">();
  const visit = (check: Check): void => {
    const known = state.get(check.id);
    if (known === "done") return;
    assert(known !== "open", `the checks that ${check.id} depends on are a cycle`);
    state.set(check.id, "open");
    for (const id of check.dependsOn.toSorted()) {
      const dependency = byId.get(id);
      assert(dependency !== undefined, `${check.id} depends on ${id}, which is no check`);
      visit(dependency);
    }
    state.set(check.id, "done");
    ordered.push(check);
  };
  const rank = (check: Check): string => `${phases.indexOf(check.phase)} ${check.id}`;
  for (const check of checks.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))) visit(check);
  return ordered;
}

/** For each check all that it depends on, nearest to the beginning of the way first. */
function ancestorsOf(ordered: readonly Check[]): ReadonlyMap<CheckId, readonly CheckId[]> {
  const all = new Map<CheckId, ReadonlySet<CheckId>>();
  const inOrder = new Map<CheckId, readonly CheckId[]>();
  for (const { id, dependsOn } of ordered) {
    const own = new Set(dependsOn.flatMap((one) => [one, ...(all.get(one) ?? [])]));
    all.set(id, own);
    inOrder.set(
      id,
      ordered.flatMap((check) => (own.has(check.id) ? [check.id] : [])),
    );
  }
  return inOrder;
}

const isTrouble = ({ status }: Finding): boolean => status !== "pass" && status !== "skipped";

/** What went wrong in one check, found by its subjects and by the resources of its chains. */
interface Troubles {
  readonly add: (finding: Finding, root: Cause) => void;
  readonly of: (
    finding: Finding,
  ) => { readonly status: Finding["status"]; readonly root: Cause } | undefined;
}

function troublesIndex(): Troubles {
  interface Trouble {
    readonly status: Finding["status"];
    readonly root: Cause;
    readonly at: number;
  }
  const bySubject = new Map<string, Trouble>();
  const byChain = new Map<string, Trouble>();
  let count = 0;
  // A failure speaks louder than what could not be told; of two alike the first is named.
  const keep = (index: Map<string, Trouble>, key: string, trouble: Trouble): void => {
    const before = index.get(key);
    if (before === undefined || (before.status !== "fail" && trouble.status === "fail")) {
      index.set(key, trouble);
    }
  };
  return {
    add: (finding, root) => {
      if (!isTrouble(finding)) return;
      const { subject, chain, status } = finding;
      const trouble = { status, root, at: count++ };
      keep(bySubject, idKey(subject), trouble);
      for (const id of chain) keep(byChain, idKey(id), trouble);
    },
    of: ({ subject, chain }) => {
      const found = [
        bySubject.get(idKey(subject)),
        byChain.get(idKey(subject)),
        ...chain.map((id) => bySubject.get(idKey(id))),
      ].filter((one) => one !== undefined);
      return found.find(({ status }) => status === "fail") ?? found[0];
    },
  };
}

/**
 * The root that explains a finding. A failure or wait is explained by a failure or wait before it; a warning by those
 * and by warnings; what could not be told by those and by what could not be told before it. What is unknown never
 * explains a failure away.
 */
function causeOf(
  finding: Finding,
  ancestors: readonly CheckId[],
  troubles: ReadonlyMap<CheckId, Troubles>,
): Cause | undefined {
  if (!isTrouble(finding)) return undefined;
  let unknown: Cause | undefined;
  for (const id of ancestors) {
    const trouble = troubles.get(id)?.of(finding);
    if (trouble === undefined) continue;
    if (trouble.status === "unknown") unknown ??= trouble.root;
    else if (trouble.status !== "warn" || finding.status === "warn") return trouble.root;
  }
  return finding.status === "unknown" ? unknown : undefined;
}
