/** Runs the cases against an implementation: the rules, or the platform on real sockets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Graph } from "../../../src/arm/index.ts";
import { graphOfCase, questionOf } from "./case-graph.ts";
import type { Question } from "./case-graph.ts";
import type { Answer, LinkCase } from "./given.ts";
import { loadCases } from "./parse-cases.ts";

export type Implementation = (
  graph: Graph,
  question: Question,
  linkCase: LinkCase,
) => Answer | Promise<Answer>;

export interface RunOptions {
  /** Stands before each test's name. */
  readonly name: string;
  readonly implementation: Implementation;
  /** Cases that this implementation cannot do: name and reason. A name that no case has is an error. */
  readonly skip?: ReadonlyMap<string, string>;
  readonly cases?: readonly LinkCase[];
}

/** Makes one test of each case. */
export function runCases({ name, implementation, skip, cases = loadCases() }: RunOptions): void {
  for (const skipped of skip?.keys() ?? []) {
    if (!cases.some((one) => one.name === skipped))
      throw new Error(`no case is named '${skipped}'`);
  }
  for (const linkCase of cases) {
    const reason = skip?.get(linkCase.name);
    test(`${name}: ${linkCase.name}`, reason === undefined ? {} : { skip: reason }, async () => {
      const graph = graphOfCase(linkCase);
      for (const { line, ask, expect } of linkCase.asks) {
        const answer = await implementation(graph, questionOf(linkCase.given, ask), linkCase);
        assert.equal(asText(answer, expect), asText(expect, expect), `${linkCase.file}:${line}`);
      }
    });
  }
}

/** An answer as text, as far as it was expected and could be told. */
function asText(answer: Answer, expect: Answer): string {
  const { outcome, detail, rules } = answer;
  const first = expect.detail === undefined ? outcome : `${outcome} ${detail}`;
  return [first, ...(rules ?? expect.rules ?? [])].join("\n  ");
}
