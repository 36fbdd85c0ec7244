/** The cases of this folder, against the rules; and the language they are written in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleSources } from "../../../src/rules/index.ts";
import { graphOfCase, questionOf } from "./case-graph.ts";
import { loadCases, parseCases } from "./parse-cases.ts";
import { answerByRules } from "./rules-implementation.ts";
import { runCases } from "./run-cases.ts";

runCases({ name: "rules", implementation: answerByRules });

test("every rule of names, links and access speaks in some case", () => {
  const spoken = new Set(
    loadCases().flatMap((linkCase) =>
      linkCase.asks.flatMap(({ ask }) => {
        const answer = answerByRules(graphOfCase(linkCase), questionOf(linkCase.given, ask));
        return answer.rules ?? [];
      }),
    ),
  );
  const elsewhere = /^(role|subnet|group|component)\.|storage-alias|on-premises/; // These have tests of their own beside the rules.
  const silent = Object.keys(ruleSources).filter(
    (rule) => !elsewhere.test(rule) && !spoken.has(rule),
  );
  assert.deepEqual(silent, [
    // No question of the language leads here: the graph of a case always has the host's resource.
    "dce.unknown",
    "workspace.unknown",
    "law.unknown",
    "configuration.not-a-handler",
    "dns.record-alias",
    "dns.chain-too-long",
    "reach.unknown-network",
    // What Azure routes by itself stands in the hops of a trace, and in no decision.
    "route.local",
    "route.peering",
    "route.endpoint",
    "route.internet",
    "route.none",
    "route.ambiguous",
    "access.open",
    // A question gives the name that a firewall reads; that it must be read is the fabric's.
    "firewall.inspects",
  ]);
});

test("the language refuses what it does not know, with file and line", () => {
  const refused = (text: string): string => {
    try {
      parseCases("x.case", text);
      return "taken";
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(refused("given"), "x.case:1: a case begins with '# '");
  assert.equal(refused("# A\ngiven\n  moon m"), "x.case:3: 'moon' is nothing that can be given");
  assert.equal(refused("# A\ngiven\n  dce d color=red"), "x.case:3: 'color' is not a key here");
  assert.equal(
    refused("# A\ngiven\n  dce d public=Maybe"),
    "x.case:3: 'Maybe' is none of Enabled, Disabled, SecuredByPerimeter",
  );
  assert.equal(refused("# A\nask dance"), "x.case:2: 'dance' is nothing to ask");
  assert.equal(refused("# A\nask query from public to amw"), "x.case:2: 'ask' without 'expect'");
  assert.equal(refused("# A\n"), "x.case: the case 'A' asks nothing");
});
