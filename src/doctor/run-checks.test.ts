/** The order of cause: roots, what they explain, and what is answered for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFrom } from "../arm/index.ts";
import { fail, pass, unknown, warn } from "./check.ts";
import type { Check, CheckId, Finding } from "./check.ts";
import { completeFacts } from "./facts.ts";
import { shellLine } from "./fix.ts";
import { runChecks } from "./run-checks.ts";
import type { CheckResult } from "./run-checks.ts";

const at = (name: string): string =>
  `/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Test/things/${name}`;
const facts = completeFacts(graphFrom([]), { nowMs: 1_000 });

const check = (
  id: CheckId,
  findings: readonly Finding[],
  more: Partial<Pick<Check, "dependsOn" | "severity" | "phase">> = {},
): Check => ({
  id,
  title: `${id} holds`,
  severity: "error",
  phase: "control",
  dependsOn: [],
  failureModes: [],
  run: () => findings,
  ...more,
});

const roots = (results: readonly CheckResult[]): readonly string[] =>
  results
    .filter(({ finding, explainedBy }) => finding.status === "fail" && explainedBy === undefined)
    .map(({ check: { id } }) => id);

test("a failure of the same subject explains what depends on it, through checks that say nothing", () => {
  const report = runChecks(
    [
      check("LS0003", [fail(at("cluster"), "no data")], { dependsOn: ["LS0002"], phase: "data" }),
      check("LS0002", [], { dependsOn: ["LS0001"] }),
      check("LS0001", [fail(at("cluster"), "no association")]),
    ],
    facts,
  );
  assert.deepEqual(roots(report.results), ["LS0001"]);
  assert.deepEqual(report.results.at(-1)?.explainedBy, {
    check: "LS0001",
    subject: at("cluster"),
  });
});

test("a failure explains along the chain, whichever of the two names the other, and no further", () => {
  const report = runChecks(
    [
      check("LS0001", [
        fail(at("dce-one"), "not in the scope", { chain: [at("one"), at("scope")] }),
      ]),
      check(
        "LS0002",
        [
          fail(at("one"), "no way in"),
          fail(at("zone"), "no record", { chain: [at("dce-one")] }),
          fail(at("two"), "no way in", { chain: [at("dce-two"), at("scope")] }),
        ],
        { dependsOn: ["LS0001"] },
      ),
    ],
    facts,
  );
  assert.deepEqual(
    report.results.map(({ explainedBy }) => explainedBy?.check),
    [undefined, "LS0001", "LS0001", undefined],
  );
});

test("what is unknown explains what is unknown after it, and never a failure", () => {
  const report = runChecks(
    [
      check("LS0001", [unknown(at("scope"), "403")]),
      check("LS0002", [unknown(at("scope"), "no scope"), fail(at("scope"), "refused")], {
        dependsOn: ["LS0001"],
      }),
    ],
    facts,
  );
  assert.deepEqual(
    report.results.map(({ explainedBy }) => explainedBy?.check),
    [undefined, "LS0001", undefined],
  );
});

test("a suppression covers its resource until it expires; then the finding counts again and says so", () => {
  const checks = [
    check("LS0001", [warn(at("a"), "open"), warn(at("b"), "open"), pass(at("c"), "closed")], {
      severity: "warning",
    }),
  ];
  const suppressions = [
    { check: "LS0001", resource: at("A"), reason: "accepted", expiresMs: 1_001 },
    { check: "LS0001", resource: at("b"), reason: "accepted", expiresMs: 1_000 },
    { check: "LS0009", reason: "gone", expiresMs: 2_000 },
  ] as const;
  const { results, unused } = runChecks(checks, facts, suppressions);
  assert.equal(results[0]?.suppressedBy, suppressions[0]);
  assert.equal(results[1]?.suppressedBy, undefined);
  assert.equal(results[1]?.expiredSuppression, suppressions[1]);
  assert.deepEqual(unused, [suppressions[2]]);
});

test("checks run in one order however they are listed, and a cycle or a missing one is a bug", () => {
  const one = check("LS0001", [pass(at("a"), "")], { phase: "data" });
  const two = check("LS0002", [pass(at("a"), "")], { dependsOn: ["LS0001"], phase: "control" });
  const three = check("LS0003", [pass(at("a"), "")], { phase: "control" });
  const order = (list: readonly Check[]): readonly string[] =>
    runChecks(list, facts).results.map(({ check: { id } }) => id);
  assert.deepEqual(order([three, two, one]), ["LS0001", "LS0002", "LS0003"]);
  assert.deepEqual(order([one, two, three]), order([two, one, three]));
  assert.throws(() => runChecks([two], facts), /LS0002 depends on LS0001/);
  assert.throws(
    () => runChecks([two, check("LS0001", [], { dependsOn: ["LS0002"] })], facts),
    /cycle/,
  );
  assert.throws(
    () => runChecks([check("LS0001", [fail(at("a"), "")], { severity: "warning" })], facts),
    /severity warning/,
  );
});

test("a command line quotes what a shell would act on, and shows no control character", () => {
  assert.equal(
    shellLine(["az", "a=b", "x y", "it's", "$(rm)"]),
    String.raw`az a=b 'x y' 'it'\''s' '$(rm)'`,
  );
  assert.equal(shellLine(["az", "a\u001b[31m\n"]), "az 'a?[31m?'");
  assert.equal(shellLine([""]), "''");
});
