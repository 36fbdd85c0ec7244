/** No false alarms: on fifty healthy estates the doctor neither warns nor fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checks, completeFacts, runChecks } from "../../../src/doctor/index.ts";
import { nowMs } from "./case-probes.ts";
import { estateGraph } from "./estate-graph.ts";
import { healthyEstate } from "./healthy-estates.ts";

const seeds = Array.from({ length: 50 }, (_, seed) => seed);
const alarms: ReadonlySet<string> = new Set(["warn", "fail", "waiting"]);

test("on fifty healthy estates there is no warning and no failure", () => {
  for (const seed of seeds) {
    const { lines, cloud, traits } = healthyEstate(seed);
    const facts = completeFacts(estateGraph(lines), { nowMs, cloud });
    const found = runChecks(checks, facts).results;
    const raised = found.filter(({ finding }) => alarms.has(finding.status));
    assert.deepEqual(
      raised.map(({ check, finding }) => `${check.id} ${finding.subject} ${finding.says}`),
      [],
      `seed ${seed}: ${[...traits].join(", ")}`,
    );
    // Only what servers of one's own answer stays unknown.
    const unknown = found.filter(({ finding }) => finding.status === "unknown");
    assert.equal(unknown.length > 0, traits.has("own-dns"), `seed ${seed}`);
    assert.ok(found.some(({ finding }) => finding.status === "pass"));
  }
});

test("the fifty have hubs and spokes, regions, subscriptions, clouds, public clusters, several scopes and DNS of their own", () => {
  const traits = new Set(seeds.flatMap((seed) => [...healthyEstate(seed).traits]));
  assert.deepEqual([...traits].toSorted(), [
    "AzureChinaCloud",
    "AzureCloud",
    "AzureUSGovernment",
    "alone",
    "component",
    "cross-region",
    "cross-subscription",
    "firewall",
    "grafana",
    "hub and spoke",
    "linked",
    "logs",
    "own-dns",
    "public cluster",
    "resolver",
    "several scopes",
    "storage",
  ]);
});
