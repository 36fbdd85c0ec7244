/** The parser's cases: parse.case in the language of README.md, and Prometheus's own expressions where they are. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { limits, seededRandom } from "../../../src/core/index.ts";
import { drawProblem, parseExpr, printExpr } from "../../../src/query/index.ts";
import type { Parsed } from "../../../src/query/index.ts";
import { functions } from "../../../src/query/promql/functions.ts";
import { place } from "../../../src/query/promql/problems.ts";
import { treeOf } from "./parse-tree.ts";
import { readScript } from "./promqltest-script.ts";

interface Case {
  readonly heading: readonly string[];
  readonly input: string;
  readonly places: boolean;
  readonly output: string;
}

const path = join(import.meta.dirname, "parse.case");

function readCases(text: string): readonly Case[] {
  return text
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      const lines = block.split("\n");
      const heading = lines.filter((line) => line.startsWith("// "));
      const body = lines.filter((line) => !line.startsWith("// "));
      const arrow = body.findIndex((line) => line === "==>" || line === "==> places");
      assert.ok(arrow >= 0, `no arrow in:\n${block}`);
      return {
        heading,
        input: body.slice(0, arrow).join("\n"),
        places: body[arrow] === "==> places",
        output: body.slice(arrow + 1).join("\n"),
      };
    });
}

function outcome(text: string, places: boolean): string {
  const parsed = parseExpr(text);
  if (parsed.kind === "parsed") return treeOf(parsed.expr, places ? text : undefined);
  return parsed.problems
    .map((problem) => {
      const drawn = drawProblem(text, problem).split("\n");
      const lines = drawn.map((line) => `| ${line}`.trimEnd());
      return [`error ${place(text, problem.span)} ${problem.message}`, ...lines].join("\n");
    })
    .join("\n");
}

const cases = readCases(readFileSync(path, "utf8"));

if (process.env["UPDATE"] === "1") {
  const renewed = cases.map(({ heading, input, places }) =>
    [...heading, input, places ? "==> places" : "==>", outcome(input, places)].join("\n"),
  );
  writeFileSync(path, `${renewed.join("\n\n")}\n`);
}

for (const { heading, input, places, output } of cases) {
  test(`PromQL parses: ${[...heading.map((line) => line.slice(3)), input].join(" · ")}`, () => {
    assert.equal(outcome(input, places), output);
    const parsed = parseExpr(input);
    if (parsed.kind === "parsed") roundTrips(input, parsed);
  });
}

function roundTrips(input: string, { expr }: Extract<Parsed, { kind: "parsed" }>): void {
  const printed = printExpr(expr);
  const again = parseExpr(printed);
  assert.equal(again.kind, "parsed", `${input} prints as ${printed}, which does not parse`);
  if (again.kind === "parsed") assert.equal(treeOf(again.expr), treeOf(expr), printed);
}

test("all 90 functions are known, 17 of them experimental", () => {
  assert.equal(functions.size, 90);
  assert.equal([...functions.values()].filter(({ experimental }) => experimental).length, 17);
});

const promqltest = join(import.meta.dirname, "../../../../shared/promqltest");
const beside = existsSync(promqltest);

test(
  "every expression of Prometheus's test files parses and prints to itself",
  { skip: beside ? false : "the folder ../shared/promqltest is absent" },
  () => {
    let count = 0;
    for (const file of readdirSync(promqltest).filter((name) => name.endsWith(".test"))) {
      for (const command of readScript(readFileSync(join(promqltest, file), "utf8"))) {
        if (command.kind !== "eval") continue;
        const parsed = parseExpr(command.query);
        assert.equal(parsed.kind, "parsed", `${file}:${command.line}: ${command.query}`);
        if (parsed.kind === "parsed") roundTrips(command.query, parsed);
        count++;
      }
    }
    assert.equal(count, 2214);
  },
);

const problemOf = (text: string): string => {
  const parsed = parseExpr(text);
  return parsed.kind === "parsed" ? "parsed" : (parsed.problems[0]?.message ?? "");
};

test("a query of queryCharsMax characters parses, one more is refused", () => {
  const query = (chars: number): string => "1".padEnd(chars, " ");
  assert.equal(problemOf(query(limits.queryCharsMax)), "parsed");
  assert.equal(
    problemOf(query(limits.queryCharsMax + 1)),
    `query has ${limits.queryCharsMax + 1} characters; the limit is ${limits.queryCharsMax}`,
  );
});

const depths: Readonly<Record<string, (depth: number) => string>> = {
  parentheses: (depth) => "(".repeat(depth) + "a" + ")".repeat(depth),
  signs: (depth) => "-".repeat(depth) + "a",
  "sums, which need no bracket": (depth) => "a" + "+a".repeat(depth),
  "powers, which group to the right": (depth) => "a" + "^a".repeat(depth),
  calls: (depth) => "abs(".repeat(depth) + "a" + ")".repeat(depth),
  "durations in a bracket": (depth) => `a[${"(".repeat(depth - 1)}5m${")".repeat(depth - 1)}]`,
};

for (const [what, query] of Object.entries(depths)) {
  test(`${what} nest queryDepthMax levels deep, not one more, and no number of them overflows the stack`, () => {
    assert.equal(problemOf(query(limits.queryDepthMax)), "parsed");
    assert.match(
      problemOf(query(limits.queryDepthMax + 1)),
      /^expression nests deeper than 200 levels/,
    );
    const most = Math.floor(limits.queryCharsMax / "abs(a)".length) - 10;
    assert.match(problemOf(query(most)), /^expression nests deeper than 200 levels/);
  });
}

const vocabulary =
  "a b:c sum topk by without on ignoring group_left bool offset @ start end step range fill fill_left anchored smoothed and or unless " +
  "atan2 rate abs label_replace info min_of ( ( ) ) { } [ ] , : = != =~ !~ == > <= </ + - * / % ^ 1 0x1F 5m 1h30m .5 inf NaN \"x\" 'y' `z` " +
  '"\\xff" "(" # é \\ ! ; foo[5m] foo[5m:1m] {a="b"} sum(a) (a) foo by(x) on(y)';

test("no sequence of words makes the parser throw, and what it takes prints to itself", () => {
  const words = vocabulary.split(" ");
  let taken = 0;
  for (let seed = 1; seed <= 4000; seed++) {
    const bytes = seededRandom(seed).bytes(12);
    const length = 1 + ((bytes[0] ?? 0) % 11);
    const glue = (bytes[11] ?? 0) % 3 === 0 ? "" : " ";
    const text = [...bytes.subarray(1, 1 + length)]
      .map((byte) => words[byte % words.length])
      .join(glue);
    const parsed = parseExpr(text);
    if (parsed.kind === "parsed") {
      roundTrips(text, parsed);
      taken++;
    } else
      assert.ok(
        parsed.problems.every(({ span }) => span.start <= text.length),
        text,
      );
  }
  assert.ok(taken > 100, `${taken} of the sequences parse`);
});

test("labels and names that JavaScript objects treat apart are labels like others", () => {
  assert.equal(
    outcome('__proto__{constructor="toString"}', false),
    '(select "__proto__" "constructor"="toString")',
  );
});
