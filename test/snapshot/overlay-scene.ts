/** The estate that overlays are laid over, and what the doctor says with one on it. */
import assert from "node:assert/strict";
import type { Json } from "../../src/arm/index.ts";
import { checks, factsOf, runChecks } from "../../src/doctor/index.ts";
import type { Snapshot } from "../../src/snapshot/index.ts";
import { overlaid, readOverlay } from "../../src/snapshot/overlay/overlays.ts";
import { takeSnapshot } from "../../src/snapshot/take-snapshot.ts";
import { applied, group, inTime, sceneOf } from "../onboard/scene.ts";

export const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/aks-prod`;
export const place = { groupId: group, location: "westeurope" };

/** A snapshot of a healthy estate. */
export async function healthySnapshot(): Promise<Snapshot> {
  const scene = await sceneOf();
  await applied(scene);
  const { send, clock } = scene.plane;
  const source = {
    cloud: "AzureCloud",
    source: "platform",
    origin: "https://localhost:8443",
    send,
  } as const;
  return inTime(scene.plane, takeSnapshot(source, { clusters: [clusterId], clock }));
}

/** What the doctor says with a file laid over the estate: every root that is not well. */
export function troubles(estate: Snapshot, body: Json): readonly string[] {
  const laid = readOverlay(JSON.stringify(body), "x.json", place);
  assert.ok(laid.kind === "overlay");
  const { snapshot, planned } = overlaid(estate, [laid.overlay]);
  const facts = factsOf(snapshot, { nowMs: estate.takenAtMs, planned });
  return runChecks(checks, facts)
    .results.filter(
      ({ finding, explainedBy }) =>
        !["pass", "skipped"].includes(finding.status) && explainedBy === undefined,
    )
    .map(({ check, finding }) => `${finding.status} ${check.id}`);
}
