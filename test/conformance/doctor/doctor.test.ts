/** Planted faults: in a healthy estate with one change, the doctor names that change's check as the root, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checks, completeFacts, runChecks } from "../../../src/doctor/index.ts";
import type { CheckResult } from "../../../src/doctor/index.ts";
import { endsIn, factsOfCase } from "./case-facts.ts";
import { nowMs } from "./case-probes.ts";
import { estateGraph } from "./estate-graph.ts";
import { loadCases, loadEstates, parseCases } from "./parse-cases.ts";

const quiet: ReadonlySet<string> = new Set(["pass", "skipped"]);
const troubles = (results: readonly CheckResult[]): readonly CheckResult[] =>
  results.filter(({ finding }) => !quiet.has(finding.status));
const line = ({ check, finding, explainedBy }: CheckResult): string =>
  `${finding.status} ${check.id} ${finding.subject}: ${finding.says}${explainedBy === undefined ? "" : ` [explained by ${explainedBy.check}]`}`;

for (const [name, lines] of loadEstates()) {
  test(`the healthy estate '${name}' has neither warning nor failure, and nothing unknown`, () => {
    const { results } = runChecks(checks, completeFacts(estateGraph(lines), { nowMs }));
    assert.deepEqual(troubles(results).map(line), []);
    assert.ok(results.length > 10);
  });
}

for (const one of loadCases()) {
  test(`${one.failures.join(", ")}: ${one.name}`, () => {
    const { results } = runChecks(checks, factsOfCase(one));
    const roots = troubles(results).filter(({ explainedBy }) => explainedBy === undefined);
    const { status, check, subject } = one.expect;
    assert.deepEqual(
      roots.map((root) => `${root.finding.status} ${root.check.id}`),
      [`${status} ${check}`],
      `\n${troubles(results).map(line).join("\n")}`,
    );
    const [root] = roots;
    assert.ok(root !== undefined);
    assert.ok(endsIn(root.finding.subject, subject), root.finding.subject);
    for (const failure of one.failures)
      assert.ok(root.check.failureModes.includes(failure), failure);
    const explained = new Set(
      troubles(results)
        .filter(({ explainedBy }) => explainedBy?.check === check)
        .map((result) => result.check.id as string),
    );
    for (const id of one.explains) {
      assert.ok(
        explained.has(id),
        `${id} is not explained by ${check}\n${troubles(results).map(line).join("\n")}`,
      );
    }
    if (status !== "unknown" && status !== "waiting") {
      assert.notEqual(root.finding.fixes.length, 0, "no fix");
    }
  });
}

test("the language refuses what it does not know, with file and line", () => {
  const refused = (text: string): string => {
    try {
      parseCases("x.case", text, loadEstates());
      return "taken";
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(refused("failure F01"), "x.case:1: a case begins with '# '");
  assert.equal(refused("# A\nestate moon"), "x.case:2: there is no estate 'moon'");
  assert.equal(refused("# A\ndance"), "x.case:2: 'dance' is no word of a case");
  assert.equal(
    refused("# A\nestate private\nwith moon m"),
    "x.case:3: 'moon' is nothing that an estate has",
  );
  assert.equal(
    refused("# A\nestate private\nwith dce d color=red"),
    "x.case:3: 'color=red' is not a key of 'dce'",
  );
  assert.equal(refused("# A\nestate private\nwithout dce d"), "x.case:3: there is no 'dce d'");
  assert.equal(
    refused("# A\nexpect pass LS0101 x"),
    "x.case:2: 'pass' is none of fail, warn, unknown, waiting",
  );
  assert.equal(refused("# A\nexpect fail LS1 x"), "x.case:2: 'LS1' is no check");
  assert.equal(refused("# A\nfailure F01"), "x.case: the case 'A' lacks failure, estate or expect");
});
