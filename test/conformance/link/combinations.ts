/** Every combination of a world's inputs, asked of the rules and of the oracle. */
import assert from "node:assert/strict";
import { graphOfCase, questionOf } from "./case-graph.ts";
import type { Ask, Given } from "./given.ts";
import { askOracle } from "./oracle.ts";
import { answerByRules } from "./rules-implementation.ts";

/** Every choice of one value for each name. */
export function* combinations<Choice extends Record<string, unknown>>(values: {
  readonly [Name in keyof Choice]: readonly Choice[Name][];
}): Generator<Choice> {
  const names = Object.keys(values);
  const sizes = names.map((name) => (values[name] as readonly unknown[]).length);
  const total = sizes.reduce((product, size) => product * size, 1);
  for (let index = 0; index < total; index++) {
    let rest = index;
    const choice = names.map((name, at) => {
      const size = sizes[at] ?? 1;
      const value = (values[name] as readonly unknown[])[rest % size];
      rest = Math.floor(rest / size);
      return [name, value];
    });
    yield Object.fromEntries(choice) as Choice;
  }
}

/** Asks both, and counts the outcomes, so that a table in which nothing varies cannot pass. */
export function compare(given: Given, asks: readonly Ask[], outcomes: Map<string, number>): void {
  const graph = graphOfCase({ given });
  for (const ask of asks) {
    const expected = askOracle(given, ask);
    const answer = answerByRules(graph, questionOf(given, ask));
    outcomes.set(expected.outcome, (outcomes.get(expected.outcome) ?? 0) + 1);
    const same =
      answer.outcome === expected.outcome &&
      (expected.detail === undefined || expected.detail === answer.detail);
    if (!same) assert.deepEqual({ ask, given, answer }, { ask, given, answer: expected });
  }
}
