/** Shared keys of workspaces: one secret at rest, the same keys for all who open it, renewed for all at once. */
import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CodedError, seededRandom } from "../core/index.ts";
import { openWorkspaceKeys } from "./index.ts";

const customerId = "0f0e0d0c-0000-4000-8000-000000000001";
const open = async () => {
  const path = join(await mkdtemp(join(tmpdir(), "keys-")), "keys", "workspaces.json");
  return { path, keys: await openWorkspaceKeys({ path, random: seededRandom(1) }) };
};

test("a workspace has two keys of 64 bytes that differ from each other and from another workspace's", async () => {
  const { keys } = await open();
  const own = await keys.of(customerId);
  for (const key of Object.values(own)) assert.equal(Buffer.from(key, "base64").length, 64);
  const other = await keys.of("0f0e0d0c-0000-4000-8000-000000000002");
  assert.equal(new Set([...Object.values(own), ...Object.values(other)]).size, 4);
  assert.deepEqual(await keys.of(customerId.toUpperCase()), own);
});

test("the file holds no key and is for its owner alone, and whoever opens it has the same keys", async () => {
  const { keys, path } = await open();
  const own = await keys.of(customerId);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const text = await readFile(path, "utf8");
  for (const key of Object.values(own)) assert.ok(!text.includes(key));
  const again = await openWorkspaceKeys({ path, random: seededRandom(2) });
  assert.deepEqual(await again.of(customerId), own);
});

test("renewed keys are new to everyone at once, and two renewals at a time count as two", async () => {
  const { keys, path } = await open();
  const other = await openWorkspaceKeys({ path, random: seededRandom(2) });
  const before = await keys.of(customerId);
  const [first, second] = await Promise.all([keys.renew(customerId), keys.renew(customerId)]);
  assert.notDeepEqual(first, before);
  assert.notDeepEqual(second, first);
  assert.deepEqual(await other.of(customerId), second);
});

test("a file without a secret is told by its path", async () => {
  const { keys, path } = await open();
  await writeFile(path, '{"secret":"short","generations":{}}');
  await assert.rejects(
    () => keys.of(customerId),
    (error) =>
      error instanceof CodedError &&
      error.code === "KeyFileUnreadable" &&
      error.message.includes(path),
  );
});
