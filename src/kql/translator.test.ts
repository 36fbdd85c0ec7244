/** The translator's lifetime, its limits, and that nothing a caller wrote leaves the SQL. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { CodedError, fakeClock, limits, seededRandom, systemClock } from "../core/index.ts";
import type { LogTable } from "../core/index.ts";
import { createKqlTranslator } from "./create-kql-translator.ts";
import { kqlErrors } from "./errors.ts";
import { printSql, quoteIdentifier } from "./print-sql.ts";
import type { TranslateRequest, Translation } from "./seams.ts";
import type { SqlSelect } from "./sql.ts";
import { translateKql } from "./translate.ts";

const pods: LogTable = {
  name: "Pod",
  columns: [
    { name: "TimeGenerated", type: "datetime" },
    { name: "Name", type: "string" },
    { name: "Restarts", type: "long" },
    { name: "Labels", type: "dynamic" },
    { name: "_ResourceId", type: "string" },
  ],
};

const request = (text: string, more: Partial<TranslateRequest> = {}): TranslateRequest => ({
  text,
  tables: [pods],
  nowMs: 0,
  use: "query",
  ...more,
});

function sqlOf(translation: Translation): Extract<Translation, { ok: true }> {
  assert.ok(translation.ok, translation.ok ? "" : JSON.stringify(translation.problems));
  return translation;
}

const translator = createKqlTranslator({ clock: systemClock() });
after(() => translator.close());

test("a query is translated in the worker as it is here", async () => {
  await translator.warm();
  const asked = request("Pod | where Name == 'a' | take 5");
  const there = sqlOf(await translator.translate(asked));
  assert.deepEqual(there, translateKql(asked));
  assert.deepEqual(there.tables, ["Pod"]);
  assert.ok(there.parameters.some((each) => each.type === "long" && each.value === 5n));
});

test("a text that takes too long ends its worker, the next one gets a new one, and an idle one ends", async () => {
  const clock = fakeClock();
  const slow = createKqlTranslator({ clock, timeoutMs: 50, idleMs: 1000 });
  await slow.warm();
  const first = slow.translate(request(`Pod | where ${"(".repeat(3000)}1${")".repeat(3000)}`));
  clock.advance(51);
  await assert.rejects(first, { code: "KqlTimeout", status: kqlErrors.KqlTimeout.status });
  assert.ok((await slow.translate(request("Pod | count"))).ok);
  const warmNow = async (): Promise<boolean> => {
    let warmed = false;
    slow.warm().then(
      () => (warmed = true),
      () => {},
    );
    await new Promise(setImmediate);
    return warmed;
  };
  clock.advance(999);
  assert.equal(await warmNow(), true);
  clock.advance(1);
  assert.equal(await warmNow(), false);
  await slow.close();
  await assert.rejects(slow.translate(request("Pod")), { code: "KqlUnavailable", status: 503 });
  await assert.rejects(slow.warm(), { code: "KqlUnavailable" });
});

test("a worker that ends, fails or never answers costs its queries and no more", async () => {
  const script = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  for (const code of ["process.exit(3)", "throw new Error('broken')"]) {
    const broken = createKqlTranslator({ clock: systemClock(), worker: script(code) });
    for (let round = 0; round < 2; round++) {
      await assert.rejects(broken.translate(request("Pod")), { code: "KqlUnavailable" });
    }
    await broken.close();
  }
  const inside = `import { parentPort } from "node:worker_threads";
    parentPort.postMessage({ kind: "ready" });
    parentPort.on("message", () => parentPort.postMessage({ kind: "failed", says: "a bug" }));`;
  const failing = createKqlTranslator({ clock: systemClock(), worker: script(inside) });
  await assert.rejects(failing.translate(request("Pod")), /The parser failed: a bug/);
  await failing.close();
  const clock = fakeClock();
  const silent = createKqlTranslator({ clock, worker: script("setInterval(() => {}, 1000)") });
  const asked = silent.translate(request("Pod"));
  clock.advance(limits.kqlLoadTimeoutMs);
  await assert.rejects(asked, { code: "KqlUnavailable" });
  await silent.close();
});

test("as many texts wait as may, and one more is refused", async () => {
  const crowded = createKqlTranslator({ clock: fakeClock(), pendingMax: 2 });
  const waiting = [1, 2].map(() =>
    crowded.translate(request("Pod")).catch((error: unknown) => error),
  );
  await assert.rejects(crowded.translate(request("Pod")), (error: CodedError) => {
    assert.equal(error.code, "KqlUnavailable");
    assert.match(error.message, /2 queries wait for the parser; the limit is 2/);
    return true;
  });
  await crowded.close();
  for (const ended of await Promise.all(waiting)) assert.ok(ended instanceof CodedError);
});

test("a text at the limit of characters is read, one past it is not", () => {
  const at = `Pod | where Name == "${"x".repeat(limits.kqlCharsMax - 22)}"`;
  assert.equal(at.length, limits.kqlCharsMax);
  assert.ok(translateKql(request(at)).ok);
  const past = translateKql(request(`${at} `));
  assert.ok(!past.ok);
  assert.deepEqual(
    past.problems.map(({ code }) => code),
    ["KqlTooLong"],
  );
  assert.match(past.problems[0]?.says ?? "", /has 65537 characters; the limit is 65536/);
});

test("a query of as many operators as may be is translated, one more is refused", () => {
  const piped = (count: number): Translation =>
    translateKql(request(`Pod ${"| where Restarts > 1 ".repeat(count)}`));
  assert.ok(piped(limits.kqlOperatorsMax).ok);
  const past = piped(limits.kqlOperatorsMax + 1);
  assert.ok(!past.ok);
  assert.match(past.problems[0]?.says ?? "", /A query of 101 operators \(the limit is 100\)/);
});

test("as many expressions as may stand in the SQL are printed, and one more is refused", () => {
  const one: SqlSelect["columns"][0]["of"] = { kind: "column", name: "a" };
  const printed = (count: number) => {
    const values = Array.from({ length: count }, () => one);
    const from = { kind: "table", name: "Pod" } as const;
    return () => printSql({ columns: [], from, where: { kind: "in", of: one, values } });
  };
  assert.ok(printed(limits.kqlSqlNodesMax - 2)().sql.length > limits.kqlSqlNodesMax);
  assert.throws(printed(limits.kqlSqlNodesMax - 1), /more than 20000 expressions in SQL/);
  const wild = translateKql(request(`Pod | extend x = 1.0${" / Restarts".repeat(30)}`));
  assert.deepEqual(wild.ok ? [] : wild.problems.map(({ code }) => code), ["KqlNotSupported"]);
  assert.ok(translateKql(request(`Pod | extend x = Labels${".a".repeat(30)}`)).ok);
  assert.ok(translateKql(request(`Pod | extend x = Restarts${" / 2.0".repeat(30)}`)).ok);
});

test("no more problems are told than the limit", () => {
  const names = Array.from({ length: limits.kqlProblemsMax + 5 }, (_, index) => `no${index}`);
  const refused = translateKql(request(`Pod | project ${names.join(", ")}`));
  assert.ok(!refused.ok);
  assert.equal(refused.problems.length, limits.kqlProblemsMax);
});

test("an empty text and one that is deeply nested are problems, not failures", () => {
  const empty = translateKql(request(" // nothing"));
  assert.deepEqual(empty.ok ? [] : empty.problems.map(({ code }) => code), ["KqlEmpty"]);
  for (const text of [
    `Pod | where ${"not(".repeat(1500)}true${")".repeat(1500)}`,
    `Pod | where ${"1+".repeat(3000)}1 > 2`,
  ]) {
    const deep = translateKql(request(text));
    assert.ok(!deep.ok);
    assert.match(deep.problems[0]?.says ?? "", /depth/);
  }
});

const quote = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;

test("a hostile literal is bound, and never stands in the SQL", () => {
  const hostile = [
    '\'; DROP TABLE "Pod"; --',
    '" OR 1=1',
    "$1",
    "\\'); ATTACH 'x' --",
    "a\u0000b",
    "/* */",
    "${process.exit()}",
    "CAST($1 AS VARCHAR)",
  ];
  for (const literal of hostile) {
    const written = quote(literal);
    for (const text of [
      `Pod | where Name == ${written}`,
      `Pod | where Name has ${written} or Name in (${written}, "x") or Name contains ${written}`,
      `Pod | extend x = strcat(Name, ${written}), y = Labels[${written}], z = split(Name, ${written})`,
      `Pod | summarize countif(Name =~ ${written}) by k = iff(Restarts > 1, ${written}, "b")`,
    ]) {
      const { sql, parameters } = sqlOf(translateKql(request(text)));
      assert.ok(!sql.includes(literal) || literal === "$1" || literal.startsWith("CAST"), sql);
      assert.ok(parameters.some((each) => each.type === "string" && each.value.includes(literal)));
      assertShape(sql);
    }
  }
});

test("numbers, times and lengths are bound as well as texts", () => {
  const { sql, parameters } = sqlOf(
    translateKql(
      request(
        "Pod | where Restarts in (918273, 5) and Restarts > 71.25 and TimeGenerated > datetime(2019-08-17) and bin(Restarts, 918274) == 1 | extend x = extract('(b)', 1, Name), y = Labels[918275] | take 918276",
      ),
    ),
  );
  assert.doesNotMatch(sql, /9182\d\d|71|2019|25/);
  const bound = parameters.map((each) => (each.type === "long" ? Number(each.value) : each.type));
  for (const value of [918_273, 918_274, 918_275, 918_276]) assert.ok(bound.includes(value));
  assert.ok(bound.includes("real") && bound.includes("datetime"));
});

/** The SQL's own alphabet: quoted names, parameters, numbers of ours, words and operators. */
function assertShape(sql: string): void {
  const withoutNames = sql.replaceAll(/"(?:[^"]|"")*"/g, "N");
  assert.match(withoutNames, /^[A-Za-z0-9_$(),.=<>+\-*/% :]*$/, withoutNames);
  assert.doesNotMatch(withoutNames, /--|\/\*|;|'/);
}

test("a hostile name of a column is quoted wherever it goes, and ends nothing", () => {
  for (const name of ['a"b', "a; DROP TABLE x", "a' OR 1=1 --", "$1", "sélect", "a b", "c0"]) {
    const written = `[${quote(name)}]`;
    const { sql, columns } = sqlOf(
      translateKql(
        request(
          `Pod | extend ${written} = Restarts | where ${written} > 1 | project ${written} | sort by ${written}`,
        ),
      ),
    );
    assert.deepEqual(columns, [{ name, type: "long" }]);
    assert.ok(sql.includes(quoteIdentifier(name)));
    assertShape(sql);
  }
  assert.throws(() => quoteIdentifier(""), /a name has characters/);
  assert.throws(() => quoteIdentifier("a\0"), /no NUL/);
});

/** Queries grown at random from a small grammar, with literals and names of any characters. */
function grower(seed: number) {
  const bytes = seededRandom(seed).bytes(20_000);
  let at = 0;
  const below = (size: number): number => (bytes[at++ % bytes.length] ?? 0) % size;
  const one = (choices: readonly string[]): string => choices[below(choices.length)] ?? "";
  const alphabet = [..."ab'\"\\;-$%()[]{}|/*\n\t é\u2028x1"];
  const literal = (): string =>
    quote(Array.from({ length: below(12) }, () => one(alphabet)).join("")).replaceAll("\n", "\\n");
  const text = (depth: number): string => {
    if (depth === 0) return one(["Name", literal(), `tostring(Labels[${literal()}])`]);
    const inner = (): string => text(depth - 1);
    return one([
      `strcat(${inner()}, ${inner()})`,
      `tolower(${inner()})`,
      `substring(${inner()}, ${below(5)})`,
      `iff(${condition(depth - 1)}, ${inner()}, ${inner()})`,
      `replace_string(${inner()}, ${literal()}, ${inner()})`,
    ]);
  };
  const condition = (depth: number): string => {
    const compared = `${text(Math.min(depth, 1))} ${one(["==", "!=", "has", "contains", "startswith", "=~", "!has"])} ${literal()}`;
    if (depth === 0)
      return one([compared, `Restarts > ${below(9)}`, `Name in (${literal()}, ${literal()})`]);
    return one([
      compared,
      `not(${condition(depth - 1)})`,
      `(${condition(depth - 1)} or ${condition(depth - 1)})`,
    ]);
  };
  const name = (): string => `[${quote(one(['a"b', "x;y", "--", "c0", "$1"]))}]`;
  return (): string => {
    const named = name();
    return `Pod | where ${condition(2)} | extend ${named} = ${text(2)} | summarize n = count() by ${named}, k = ${text(1)} | top 3 by n`;
  };
}

test("queries made at random never leave the SQL's own alphabet, and never fail inside", () => {
  const grow = grower(11);
  for (let round = 0; round < 60; round++) {
    const text = grow();
    const translation = translateKql(request(text));
    const problems = translation.ok ? [] : translation.problems;
    assert.deepEqual(problems, [], text);
    assert.ok(translation.ok);
    assertShape(translation.sql);
  }
});

test("what is printed has a name, a function, an operator and a type of the tables, or is a bug", () => {
  const from = { kind: "table", name: "Pod" } as const;
  const call = { kind: "call", name: "read_csv", arguments: [] } as unknown as Parameters<
    typeof printSql
  >[0]["columns"][0]["of"];
  assert.throws(
    () => printSql({ from, columns: [{ name: "x", of: call }] }),
    /a function of the table/,
  );
});

test("distinct values are counted and percentiles taken exactly", () => {
  const { sql } = sqlOf(
    translateKql(request("Pod | summarize dcount(Name), percentile(Restarts, 95)")),
  );
  assert.match(sql, /count\(DISTINCT /);
  assert.match(sql, /quantile_disc\(/);
});

test("a timespan finer than a microsecond is refused, and a microsecond is not", () => {
  const within = (length: string): Translation =>
    translateKql(request(`Pod | where now() - TimeGenerated > ${length}`));
  assert.ok(within("1microsecond").ok);
  const finer = within("1tick");
  assert.deepEqual(finer.ok ? [] : finer.problems.map(({ code }) => code), ["KqlNotSupported"]);
});

test("a resource's own query sees its own records alone", () => {
  const own = sqlOf(translateKql(request("Pod | count", { resourceId: "/subscriptions/S/X" })));
  assert.ok(
    own.parameters.some((each) => each.type === "string" && each.value === "/subscriptions/s/x"),
  );
  assert.match(own.sql, /lower\("_ResourceId"\) =/);
  const bare = { name: "Pod", columns: pods.columns.filter(({ name }) => name !== "_ResourceId") };
  const none = sqlOf(translateKql(request("Pod | count", { resourceId: "/x", tables: [bare] })));
  assert.match(none.sql, /WHERE FALSE/);
});
