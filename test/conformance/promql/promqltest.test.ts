/**
 * Prometheus's own PromQL test files, where they are beside the repository. What the evaluator refuses by name is
 * counted and printed; a wrong answer fails. A file's number of passing cases may only rise.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runScript } from "./promqltest-runner.ts";
import { readScript } from "./promqltest-script.ts";

const folder = join(import.meta.dirname, "../../../../shared/promqltest");

/** Cases that pass, by file. Raise a number when more pass; never lower one. */
const floors: Readonly<Record<string, number>> = {
  "aggregators.test": 123,
  "at_modifier.test": 70,
  "collision.test": 2,
  "duration_expression.test": 59,
  "extended_vectors.test": 30,
  "fill-modifier.test": 1,
  "functions.test": 218,
  "histograms.test": 54,
  "info.test": 0,
  "limit.test": 0,
  "literals.test": 25,
  "name_label_dropping.test": 29,
  "native_histograms.test": 3,
  "operators.test": 142,
  "range_queries.test": 14,
  "selectors.test": 31,
  "staleness.test": 17,
  "start_timestamps.test": 0,
  "subquery.test": 32,
  "trig_functions.test": 0,
};

/** Files that need a feature flag which the platform has not. */
const refusedFiles: Readonly<Record<string, string>> = {
  "type_and_unit.test": "feature flag type-and-unit-labels",
};

const files = existsSync(folder)
  ? readdirSync(folder).filter((name) => name.endsWith(".test"))
  : [];

test(
  "Prometheus's PromQL test files are beside the repository",
  { skip: files.length > 0 ? false : "the folder ../shared/promqltest is absent" },
  () => assert.ok(files.length > 20),
);

for (const file of files) {
  const flag = refusedFiles[file];
  test(
    `PromQL gives Prometheus's answers in ${file}`,
    { skip: flag === undefined ? false : `refused: ${flag}` },
    async (context) => {
      const report = await runScript(readScript(readFileSync(join(folder, file), "utf8")));
      for (const [name, count] of report.refused) context.diagnostic(`refused: ${name} ×${count}`);
      context.diagnostic(`passed: ${report.passed}`);
      assert.deepEqual(report.failures, []);
      const floor = floors[file];
      assert.ok(floor !== undefined, `${file} has no floor: write one`);
      assert.ok(report.passed >= floor, `${report.passed} cases pass, fewer than ${floor}`);
    },
  );
}
