/** What a proof prints for programs: one shape, whether of one cluster or of several. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JudgedPath, Proof } from "../../onboard/index.ts";
import { proofJson, proofLines } from "./proof.ts";

const untried = { kind: "untried", says: "no network." } as const;
const path: JudgedPath = {
  id: "configuration",
  verdict: "unknown",
  expected: "private",
  holds: false,
  reasons: [],
  evidence: {
    id: "configuration",
    host: undefined,
    insideName: undefined,
    inside: untried,
    publicName: undefined,
    public: untried,
    alsoInside: [],
    missing: [],
  },
};
const proofOf = (cluster: string): Proof => ({ cluster, paths: [path], exit: 2 });

test("a proof of one cluster is its paths and exit, with the cluster's name", () => {
  assert.deepEqual(proofJson([proofOf("a")], 2), { cluster: "a", paths: [path], exit: 2 });
});

test("a proof of several clusters has the same paths and exit, and each path says whose it is", () => {
  assert.deepEqual(proofJson([proofOf("a"), proofOf("b")], 2), {
    paths: [
      { cluster: "a", ...path },
      { cluster: "b", ...path },
    ],
    exit: 2,
  });
});

test("a path that nobody tried says so, with the address that its name led to where that was seen", () => {
  const shown = (addresses: readonly string[] | undefined): string => {
    const host = "x.ingest.monitor.azure.com";
    const insideName = addresses === undefined ? undefined : { name: host, aliases: [], addresses };
    const paths = [{ ...path, evidence: { ...path.evidence, host, insideName } }];
    const lines = proofLines({ cluster: "a", paths, exit: 2 }, { nowMs: 0, extra: [] });
    return lines.find((line) => line.includes("→")) ?? "";
  };
  assert.match(shown(undefined), /→ not tried {2}/);
  assert.match(shown([]), /→ not tried {2}/);
  assert.match(shown(["10.0.0.4"]), /→ 10\.0\.0\.4 not tried {2}/);
});
