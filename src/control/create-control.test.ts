/** Control as a whole: PUT, GET, LIST, DELETE, and what a restart keeps. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { group, sampleControl, subscription, withGroup } from "./testing/sample-types.ts";

const scope = `${group}/providers/Microsoft.Insights/privateLinkScopes/ampls1`;
const scopeBody = { location: "Global" };

test("a resource that was put is read, listed and deleted", async () => {
  const { ask } = await withGroup();
  const put = await ask("PUT", scope, { body: scopeBody });
  assert.equal(put.status, 201);
  assert.equal(put.body["id"], scope);
  assert.deepEqual(put.body["properties"], {
    accessModeSettings: { queryAccessMode: "Open", ingestionAccessMode: "Open" },
    provisioningState: "Succeeded",
  });
  const again = await ask("PUT", scope, { body: scopeBody });
  assert.equal(again.status, 200);
  const read = await ask("GET", scope);
  assert.deepEqual(read.body, again.body);
  for (const at of [subscription, group]) {
    const list = await ask("GET", `${at}/providers/Microsoft.Insights/privateLinkScopes`);
    assert.deepEqual(list.body, { value: [read.body] });
  }
  assert.equal((await ask("DELETE", scope)).status, 200);
  assert.equal((await ask("DELETE", scope)).status, 204);
  const gone = await ask("GET", scope);
  assert.equal(gone.status, 404);
  assert.equal(gone.code, "ResourceNotFound");
});

test("a write is in the published graph before it is answered", async () => {
  const { ask, control } = await withGroup();
  await ask("PUT", scope, { body: scopeBody });
  assert.equal(control.source.current().graph.get(scope.toUpperCase())?.name, "ampls1");
});

test("a restart on the same file gives the same graph", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-control-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const databasePath = join(folder, "control.db");
  const first = await withGroup({ databasePath });
  await first.ask("PUT", scope, { body: scopeBody });
  const before = first.control.source.current().graph;
  await first.control.close();
  const second = sampleControl({ databasePath });
  const after = second.control.source.current().graph;
  assert.equal(after.version, before.version);
  assert.deepEqual([...after.all()], [...before.all()]);
  await second.control.close();
});
