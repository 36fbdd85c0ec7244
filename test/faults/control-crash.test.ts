/** Control is killed at any moment: what it answered is there after a restart, and no write is there by half. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { listAt, stringAt } from "../../src/arm/index.ts";
import { seededRandom } from "../../src/core/index.ts";
import { openDatabase } from "../../src/control/index.ts";
import { group, sampleControl } from "../../src/control/testing/sample-types.ts";

const insights = `${group}/providers/Microsoft.Insights`;

/** Runs the writer until it has said `count` writes, kills it, and answers the writes that it said. */
async function killedAfter(path: string, first: number, count: number): Promise<readonly number[]> {
  const writer = join(import.meta.dirname, "control-writer.ts");
  const child = spawn(process.execPath, [writer, path, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [index, status] = line.split(" ");
    assert.equal(status, "201", line);
    said.push(Number(index));
    if (said.length === count) child.kill("SIGKILL");
  }
  return said;
}

test("every answered write survives kill -9, whole, and its operation ends", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-crash-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "control.sqlite");
  const random = seededRandom(11);
  const answered: number[] = [];
  let version = 0;
  for (let round = 0; round < 4; round++) {
    const first = (answered.at(-1) ?? -2) + 2;
    answered.push(...(await killedAfter(path, first, 1 + ((random.bytes(1)[0] ?? 0) % 40))));
    const { ask, control } = sampleControl({ database: openDatabase(path) });
    const { graph } = control.source.current();
    assert.ok(graph.version > version);
    version = graph.version;
    const linked = graph.ofType("Microsoft.Insights/privateLinkScopes/scopedResources");
    for (const one of linked) {
      assert.equal(stringAt(one.properties, "provisioningState"), "Succeeded");
      const endpoint = graph.get(stringAt(one.properties, "linkedResourceId") ?? "");
      assert.deepEqual(listAt(endpoint?.properties, "linkedBy"), [one.id]);
    }
    const pointing = graph
      .ofType("Microsoft.Insights/dataCollectionEndpoints")
      .filter(({ properties }) => listAt(properties, "linkedBy").length > 0);
    assert.equal(pointing.length, linked.length);
    for (const index of answered) {
      const read = await ask("GET", `${insights}/privateLinkScopes/s/scopedResources/r${index}`);
      assert.equal(read.status, 200, `write ${index} was answered and is gone`);
    }
    await control.close();
  }
});
