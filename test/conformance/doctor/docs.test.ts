/** The doctor's documents: a page for each check and a check for each page; forty failures, each with what is done about it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { checks, knownTexts, phases } from "../../../src/doctor/index.ts";
import { loadCases } from "./parse-cases.ts";

const root = new URL("../../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const pages = readdirSync(new URL("docs/checks/", root));

test("each check has its page, and each page its check", () => {
  assert.deepEqual(
    pages.toSorted(),
    checks.map(({ id }) => `${id}.md`),
  );
});

test("each page has its check's title, phase, severity and failures, what it says, why, how to mend it, and sources", () => {
  for (const { id, title, severity, failureModes } of checks) {
    const page = read(`docs/checks/${id}.md`);
    assert.ok(page.toLowerCase().startsWith(`# ${id}: ${title}\n`.toLowerCase()), id);
    assert.ok(
      page.includes(`Severity: ${severity}. Failure modes: ${failureModes.join(", ")} `),
      id,
    );
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    assert.deepEqual(headings, ["What it says", "Why it fails", "How to mend it", "Sources"], id);
    assert.match(page.slice(page.indexOf("## Sources")), /^- \S+/m, id);
  }
});

test("checks have ids in the hundreds of their phase, one file each, and depend on checks that are there", () => {
  const ids = new Set(checks.map(({ id }) => id));
  assert.equal(ids.size, checks.length);
  const files = readdirSync(new URL("src/doctor/checks/", root));
  for (const { id, phase, dependsOn, failureModes } of checks) {
    assert.equal(id.slice(2, 4), String(phases.indexOf(phase) + 1).padStart(2, "0"), id);
    assert.equal(files.filter((file) => file.startsWith(`${id.toLowerCase()}-`)).length, 1, id);
    for (const other of dependsOn) assert.ok(ids.has(other), `${id} depends on ${other}`);
    assert.notEqual(failureModes.length, 0, id);
  }
});

interface Row {
  readonly id: string;
  readonly by: string;
  readonly held: string;
}

const rows: readonly Row[] = read("docs/failures.md")
  .split("\n")
  .filter((line) => line.startsWith("| F"))
  .map((line) => {
    const [, id = "", , by = "", held = ""] = line.split("|").map((cell) => cell.trim());
    return { id, by, held };
  });

test("the table has the forty failures, in order", () => {
  assert.deepEqual(
    rows.map(({ id }) => id),
    Array.from({ length: 40 }, (_, index) => `F${String(index + 1).padStart(2, "0")}`),
  );
});

const otherWays: ReadonlySet<string> = new Set(["F18", "F21", "F22", "F23", "F39"]);
const manners: ReadonlySet<string> = new Set(["F07", "F29", "F32", "F33", "F36", "F37", "F40"]);

test("each state of an estate has a check that names it, and a planted fault whose root is such a check", () => {
  const planted = loadCases();
  for (const { id, by } of rows) {
    if (otherWays.has(id) || manners.has(id)) continue;
    const named: readonly string[] = by.match(/LS\d{4}/g) ?? [];
    assert.notEqual(named.length, 0, id);
    for (const check of named) {
      assert.ok(
        checks.find((one) => one.id === check)?.failureModes.includes(id),
        `${check} of ${id}`,
      );
    }
    const cases = planted.filter(({ failures }) => failures.includes(id));
    assert.ok(
      cases.some(({ expect }) => named.includes(expect.check)),
      `${id} has no planted fault`,
    );
  }
});

test("refusals, retries and texts are said to be that, and manners have a test that says so", () => {
  const mannersTests = read("test/conformance/doctor/manners.test.ts");
  for (const { id, by } of rows) {
    if (otherWays.has(id)) assert.match(by, /^(?:refusal|retry|explain): /, id);
    if (manners.has(id)) {
      assert.match(by, /^manners: /, id);
      assert.ok(mannersTests.includes(`${id}: `), `${id} has no test of manners`);
    }
    for (const [, text] of by.matchAll(/explain: `([\w.-]+)`/g)) {
      assert.ok(
        knownTexts.some((known) => known.id === text),
        text,
      );
    }
  }
});

test("what holds each row is there, and speaks of it", () => {
  for (const { id, held } of rows) {
    for (const path of held.split("; ")) {
      assert.ok(existsSync(new URL(path, root)), `${id}: ${path}`);
    }
  }
});

test("every check that can find a fault alone has a planted fault, and each case names its failure's check", () => {
  const roots = new Set(loadCases().map(({ expect }) => expect.check));
  // These follow of others, or need a fault of what is not told in a case.
  const following = ["LS0307", "LS0501", "LS0504", "LS0602", "LS0603"];
  const silent = checks.map(({ id }) => id as string).filter((id) => !roots.has(id));
  assert.deepEqual(silent, following);
});

test("each text that is explained names checks and failures that are there", () => {
  const ids = new Set<string>(checks.map(({ id }) => id));
  const failures = new Set(rows.map(({ id }) => id));
  for (const { id, checks: named, failures: seenIn } of knownTexts) {
    for (const check of named) assert.ok(ids.has(check), `${id}: ${check}`);
    for (const failure of seenIn) assert.ok(failures.has(failure), `${id}: ${failure}`);
  }
});
