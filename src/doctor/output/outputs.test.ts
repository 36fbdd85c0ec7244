/** The outputs of a report: for people, for CI and for code scanning; and the exit code. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, graphFrom, isObject, listAt, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import { fail, pass, skipped, unknown, warn } from "../check.ts";
import type { Check, CheckId, Finding } from "../check.ts";
import { completeFacts } from "../facts.ts";
import { command, step } from "../fix.ts";
import { readSuppressions } from "../read-suppressions.ts";
import { runChecks } from "../run-checks.ts";
import { inPhases, usualPhases } from "../select-phases.ts";
import { patienceMs, withWaiting } from "../waiting.ts";
import { reportJson } from "./json.ts";
import { reportJunit } from "./junit.ts";
import { reportMarkdown } from "./markdown.ts";
import { countsOf, exitOf } from "./report-view.ts";
import type { ReportHead } from "./report-view.ts";
import { reportSarif } from "./sarif.ts";
import { reportLines, shortLines } from "./table.ts";

const at1 = (name: string): string =>
  `/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.Insights/privateLinkScopes/${name}`;
const nowMs = Date.UTC(2026, 5, 1, 12);
const facts = completeFacts(graphFrom([]), { nowMs });

const check = (
  id: CheckId,
  findings: readonly Finding[],
  more: Partial<Omit<Check, "id" | "run">> = {},
): Check => ({
  id,
  title: `${id} holds`,
  severity: "error",
  phase: "control",
  dependsOn: [],
  failureModes: ["F01"],
  run: () => findings,
  ...more,
});

const hostile = `a<b>&"'|\`*\u001b[31m`;
const checks: readonly Check[] = [
  check("LS0001", [
    fail(at1("one"), `not in scope ${hostile} of privatelink.monitor.azure.com`, {
      reasons: [{ rule: "r", says: `because of ${at1("two")}.`, source: "learn.microsoft.com/x" }],
      fixes: [command("Link it.", "az", "x", "--name", "it's"), step("Restart the agents.")],
    }),
    pass(at1("fine"), "linked."),
  ]),
  check("LS0002", [fail(at1("one"), "no record")], { dependsOn: ["LS0001"], phase: "dns" }),
  check("LS0003", [warn(at1("one"), "open"), warn(at1("two"), "open")], {
    severity: "warning",
    phase: "network",
  }),
  check("LS0004", [unknown(at1("three"), "403"), skipped(at1("four"), "no logs")], {
    phase: "data",
  }),
];
const suppressions = [
  { check: "LS0003", resource: at1("two"), reason: "accepted", expiresMs: nowMs + 1 },
] as const;
const report = runChecks(checks, facts, suppressions);
const head: ReportHead = {
  cloud: "AzureUSGovernment",
  clusters: ["/x/aks-one"],
  source: "the snapshot x.json",
  takenAtMs: nowMs - 3_600_000,
  nowMs,
  probes: [{ place: "inside", takenAtMs: nowMs - 60_000 }],
  unread: ["/subscriptions/x could not be read (403)"],
  version: "9.9.9",
};

test("the table has roots with reasons, quoted fixes and what they explain, in the cloud's names, without escapes", () => {
  const lines = reportLines(report, head, { all: false });
  const text = lines.join("\n");
  assert.match(text, /^check of aks-one in the snapshot x\.json, 60 min old$/m);
  assert.match(text, /^probes: inside, 60 s old$/m);
  assert.match(text, /1 read was refused; what it would tell is unknown/);
  assert.match(text, /^✘ LS0001 LS0001 holds$/m);
  assert.match(text, /privatelink\.monitor\.azure\.us/);
  assert.match(text, /because: because of two\. \(learn\.microsoft\.com\/x\)/);
  assert.match(text, /^ {8}az x --name 'it'\\''s'$/m);
  assert.match(text, /explains: ✘ LS0002 one/);
  assert.match(text, /more: \.\/linkscope explain LS0001/);
  assert.ok(!text.includes("\u001b"));
  assert.ok(!text.includes("LS0002 holds"), "what is explained has no block of its own");
  assert.ok(!text.includes("two: open"), "what is suppressed is not shown");
  assert.equal(
    lines.at(-1),
    "1 passed, 1 failed, 1 explained by others, 1 warning, 1 unknown, 1 skipped, 1 suppressed.",
  );
  const all = reportLines(report, head, { all: true }).join("\n");
  assert.match(all, /suppressed until 2026-06-01: accepted/);
  assert.match(all, /^✔ LS0001/m);
});

test("the short output has a line for each problem, and nothing else but the counts", () => {
  const lines = shortLines(report, head);
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? "", /^✘ LS0001 one: not in scope .*\(explains 1 more\)$/);
});

test("exit codes: 1 failed, 3 warnings that were to fail, 4 unknowns that were to, 0 else", () => {
  const exit = (list: readonly Check[], failOnWarning: boolean, strict: boolean): number =>
    exitOf(runChecks(list, facts), { failOnWarning, strict });
  const [failing, , warning, untold] = checks;
  assert.ok(failing !== undefined && warning !== undefined && untold !== undefined);
  assert.equal(exit([failing, warning, untold], true, true), 1);
  assert.equal(exit([warning, untold], true, true), 3);
  assert.equal(exit([warning, untold], false, true), 4);
  assert.equal(exit([warning, untold], false, false), 0);
  // What is suppressed counts for nothing.
  const suppressed = runChecks([warning], facts, [
    { check: "LS0003", reason: "x", expiresMs: nowMs + 1 },
  ]);
  assert.equal(exitOf(suppressed, { failOnWarning: true, strict: true }), 0);
  assert.equal(countsOf(suppressed).suppressed, 2);
});

test("JSON has every finding with its cause, its fixes as words and as a line, and the exit code", () => {
  const body = JSON.parse(reportJson(report, head, 1)) as JsonObject;
  assert.equal(body["format"], "linkscope/check-report");
  assert.equal(body["exit"], 1);
  const results = listAt(body, "results");
  assert.equal(results.length, 7);
  assert.deepEqual(at(results[2], "explainedBy"), { check: "LS0001", subject: at1("one") });
  assert.equal(stringAt(results[0], "fixes", 0, "command"), String.raw`az x --name 'it'\''s'`);
  assert.match(stringAt(results[0], "says") ?? "", /privatelink\.monitor\.azure\.us/);
  assert.equal(stringAt(results[4], "suppressed", "reason"), "accepted");
});

test("JUnit is well formed: its counts agree, and every name is escaped", () => {
  const xml = reportJunit(report, head);
  const tags = [...xml.matchAll(/<(\/?)([a-z-]+)((?: [a-z]+="[^"<>]*")*)(\/?)>/g)];
  // Everything between the tags is text without a mark of its own.
  const rest = xml.replace(/^<\?xml[^>]*\?>/, "").replace(/<[^<>]*>/g, "");
  assert.ok(!/[<>"']/.test(rest), rest);
  const open: string[] = [];
  for (const [, closes, name = "", , empty] of tags) {
    if (closes === "/") assert.equal(open.pop(), name);
    else if (empty !== "/") open.push(name);
  }
  assert.deepEqual(open, []);
  const count = (pattern: RegExp): number => [...xml.matchAll(pattern)].length;
  assert.match(
    xml,
    /<testsuites name="linkscope check" tests="7" failures="1" errors="0" skipped="4"/,
  );
  assert.equal(count(/<testcase /g), 7);
  assert.equal(count(/<failure /g), 1);
  assert.equal(count(/<skipped /g), 4);
  assert.match(xml, /explained by LS0001 of one: no record/);
  assert.match(xml, /a&lt;b&gt;&amp;&quot;&apos;/);
});

test("Markdown shows names as text, and commands where nothing ends the block", () => {
  const text = reportMarkdown(report, head);
  assert.match(text, /^\| ✘ \| LS0001 \| one \| /m);
  assert.ok(text.includes(String.raw`a\<b\>\&"'\|` + "\\`"));
  assert.match(text, /^ {6}az x --name/m);
});

/** The parts of SARIF 2.1.0 that are written: the fields of each object, those that must be there, and closed sets. */
interface Shape {
  readonly fields: Readonly<Record<string, Shape | "any" | "text" | "number" | readonly string[]>>;
  readonly required?: readonly string[];
}
const message: Shape = { fields: { text: "text" }, required: ["text"] };
const levels = ["none", "note", "warning", "error"] as const;
const descriptor: Shape = {
  fields: {
    id: "text",
    name: "text",
    shortDescription: message,
    help: message,
    defaultConfiguration: { fields: { level: levels } },
    properties: "any",
  },
  required: ["id"],
};
const location: Shape = {
  fields: {
    physicalLocation: {
      fields: {
        artifactLocation: { fields: { uri: "text" } },
        region: { fields: { startLine: "number" } },
      },
    },
    logicalLocations: { fields: { name: "text", fullyQualifiedName: "text", kind: "text" } },
  },
};
const result: Shape = {
  fields: {
    ruleId: "text",
    ruleIndex: "number",
    kind: ["notApplicable", "pass", "fail", "review", "open", "informational"],
    level: levels,
    message,
    locations: location,
    partialFingerprints: "any",
    suppressions: {
      fields: { kind: ["inSource", "external"], justification: "text" },
      required: ["kind"],
    },
    properties: "any",
  },
  required: ["message"],
};
const sarif: Shape = {
  fields: {
    $schema: "text",
    version: ["2.1.0"],
    runs: {
      fields: {
        tool: {
          fields: {
            driver: {
              fields: { name: "text", semanticVersion: "text", rules: descriptor },
              required: ["name"],
            },
          },
          required: ["driver"],
        },
        invocations: {
          fields: {
            executionSuccessful: "any",
            endTimeUtc: "text",
            toolExecutionNotifications: {
              fields: { level: levels, message },
              required: ["message"],
            },
          },
          required: ["executionSuccessful"],
        },
        results: result,
        properties: "any",
      },
      required: ["tool"],
    },
  },
  required: ["version", "runs"],
};

function holds(value: Json | undefined, shape: Shape, where: string): void {
  if (Array.isArray(value)) {
    (value as readonly Json[]).forEach((one, index) => holds(one, shape, `${where}[${index}]`));
    return;
  }
  assert.ok(isObject(value), where);
  for (const name of shape.required ?? []) assert.ok(name in value, `${where} lacks ${name}`);
  for (const [name, inner] of Object.entries(value)) {
    const expected = shape.fields[name];
    const here = `${where}.${name}`;
    assert.ok(expected !== undefined, `${here} is no field`);
    if (expected === "text" || expected === "number") {
      assert.equal(typeof inner, expected === "text" ? "string" : "number", here);
    } else if (Array.isArray(expected)) assert.ok(expected.includes(String(inner)), here);
    else if (expected !== "any") holds(inner, expected as Shape, here);
  }
}

test("SARIF has the fields and words of 2.1.0, and a level only where something failed", () => {
  const log = JSON.parse(reportSarif(report, head, { checks, file: "a b/x.json" })) as JsonObject;
  holds(log, sarif, "sarif");
  const results = listAt(log, "runs", 0, "results");
  assert.equal(results.length, 7);
  for (const one of results) {
    const kind = stringAt(one, "kind");
    // Section 3.27.10: where the kind is another than fail, the level is none.
    if (kind !== "fail") assert.equal(stringAt(one, "level"), "none");
    const rule = at(one, "ruleIndex");
    assert.equal(
      stringAt(log, "runs", 0, "tool", "driver", "rules", Number(rule), "id"),
      stringAt(one, "ruleId"),
    );
  }
  assert.deepEqual(
    results.map((one) => `${stringAt(one, "kind")} ${stringAt(one, "level")}`),
    [
      "fail error",
      "pass none",
      "review none",
      "fail warning",
      "fail warning",
      "open none",
      "notApplicable none",
    ],
  );
  assert.equal(stringAt(results[4], "suppressions", 0, "justification"), "accepted");
  const uri = stringAt(results[0], "locations", 0, "physicalLocation", "artifactLocation", "uri");
  assert.equal(uri, "a%20b/x.json");
});

test("a phase shows its own findings, and the root of another that explains them", () => {
  const ids = (phases: Parameters<typeof inPhases>[1]): readonly string[] =>
    inPhases(report, phases).results.map(({ check: { id }, finding }) => `${id} ${finding.status}`);
  assert.deepEqual(ids(["dns"]), ["LS0001 fail", "LS0002 fail"]);
  assert.deepEqual(ids(["network"]), ["LS0003 warn", "LS0003 warn"]);
  assert.ok(!usualPhases.includes("pre"));
});

test("a failure after a young change waits where its effect comes late, and no longer than its check says", () => {
  const changed = (ageMs: number) =>
    graphFrom([
      {
        id: at1("one"),
        name: "one",
        type: "Microsoft.Insights/privateLinkScopes",
        systemData: { lastModifiedAt: new Date(nowMs - ageMs).toISOString() },
        properties: {},
      },
    ]);
  const statusOf = (phase: Check["phase"], ageMs: number, retryMs?: number): string => {
    const late = check("LS0001", [fail(at1("x"), "no", { chain: [at1("one")] })], {
      phase,
      ...(retryMs === undefined ? {} : { retryMs }),
    });
    const young = completeFacts(changed(ageMs), { nowMs });
    const first = runChecks([late], young);
    assert.equal(patienceMs(first), retryMs ?? 0);
    return withWaiting(first, young).results[0]?.finding.status ?? "";
  };
  assert.equal(statusOf("dns", 59_000, 60_000), "waiting");
  assert.equal(statusOf("dns", 60_000, 60_000), "fail");
  assert.equal(statusOf("dns", 1_000), "fail");
  assert.equal(statusOf("control", 1_000, 60_000), "fail");
});

test("a file of suppressions is read strictly", () => {
  const read = (body: unknown): string => {
    try {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return String(readSuppressions(text, "s.json", ["LS0001", "LS0003"]).length);
    } catch (error) {
      assert.ok(error instanceof Error && "code" in error);
      return `${String(error.code)} ${error.message}`;
    }
  };
  const one = { check: "LS0001", resource: at1("one"), reason: "known", expires: "2027-01-31" };
  const of = (change: Record<string, unknown>): string =>
    read({ suppressions: [{ ...one, ...change }] });
  assert.equal(of({}), "1");
  assert.equal(of({ resource: undefined }), "1");
  assert.match(read("{"), /^SuppressionsInvalid s\.json is no JSON/);
  assert.match(read({}), /there must be a list "suppressions"/);
  assert.match(of({ check: "LS9999" }), /suppressions\[0\]: "check" must be the id of a check/);
  assert.match(of({ reason: " " }), /"reason" must say why/);
  assert.match(of({ expires: "soon" }), /"expires" must be a day/);
  assert.match(of({ expires: "2027-13-31" }), /there is no day 2027-13-31/);
  assert.match(of({ resource: "x" }), /"resource"/);
  assert.match(of({ who: "me" }), /it has no field "who"/);
  const many = (count: number): string =>
    read({ suppressions: Array.from({ length: count }, () => one) });
  assert.equal(many(limits.suppressionsMax), String(limits.suppressionsMax));
  assert.match(many(limits.suppressionsMax + 1), /there are 10001; the limit is 10000/);
});
