/** The documents hold: no statement of the article is missing, each witness exists, each dependency is explained. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { claims, differences } from "./claims.ts";
import { undocumentedDependencies } from "./docs.ts";
import { root } from "./repository-rules.ts";

const STATEMENTS = 112;

interface Row {
  readonly number: number;
  readonly witness: string;
}

function articleRows(): readonly Row[] {
  return readFileSync(join(root, "docs/article.md"), "utf8")
    .split("\n")
    .flatMap((line) => {
      const cells = line.split(" | ");
      const number = Number(/^\| (\d+)$/.exec(cells[0] ?? "")?.[1] ?? Number.NaN);
      return Number.isNaN(number)
        ? []
        : [{ number, witness: (cells.at(-1) ?? "").replace(/ \|$/, "") }];
    });
}

/** What is wrong with a witness `file :: name`, or undefined. */
function witnessProblem(witness: string): string | undefined {
  const [file = "", name = ""] = witness.split(" :: ");
  if (!existsSync(join(root, file))) return `${file} does not exist`;
  const text = readFileSync(join(root, file), "utf8");
  return name !== "" && text.includes(name) ? undefined : `${file} has no test named '${name}'`;
}

test("every checkable statement of the article has a row, in order", () => {
  assert.deepEqual(
    articleRows().map(({ number }) => number),
    Array.from({ length: STATEMENTS }, (_, index) => index + 1),
  );
});

test("each row names a test that exists, or says what comes later", () => {
  for (const { number, witness } of articleRows()) {
    if (witness.startsWith("later: ")) continue;
    assert.equal(witnessProblem(witness.replaceAll("`", "")), undefined, `row ${number}`);
  }
});

test("each claim of compatibility names a test that exists", () => {
  const all = [...claims, ...differences.map(({ of, witness }) => ({ client: of, witness }))];
  for (const { client, witness } of all) assert.equal(witnessProblem(witness), undefined, client);
});

test("a witness that does not exist is found", () => {
  assert.match(
    witnessProblem(`scripts/docs.test.ts :: ${["no", "such"].join(" ")}`) ?? "",
    /has no test named/,
  );
  assert.match(witnessProblem("test/nowhere.test.ts :: x") ?? "", /does not exist/);
});

test("each dependency has its line in docs/dependencies.md", () => {
  assert.deepEqual(undocumentedDependencies(), []);
});
