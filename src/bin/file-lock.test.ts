/** The lock on a file: held by one, freed by the end of its holder, whatever lay there before. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { lockFile } from "./file-lock.ts";

const now = { waitMs: 0 };

function newPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "file-lock-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "lock");
}

/** Another process that holds the lock until it is killed. */
async function otherHolder(t: TestContext, path: string) {
  const module = JSON.stringify(join(import.meta.dirname, "file-lock.ts"));
  const program = `
    import { lockFile } from ${module};
    lockFile(${JSON.stringify(path)}, { waitMs: 0 });
    process.stdout.write("held");
    setInterval(() => {}, 1_000_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

test("a holder has the file alone, and a killed one leaves nothing beside it", async (t) => {
  const path = newPath(t);
  const holder = await otherHolder(t, path);
  assert.deepEqual(readdirSync(dirname(path)), ["lock"]);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  assert.deepEqual(readdirSync(dirname(path)), ["lock"]);
});

test("one holds it, and the next one when it is unlocked", (t) => {
  const path = newPath(t);
  const unlock = lockFile(path, now);
  assert.ok(unlock);
  assert.equal(lockFile(path, now), undefined);
  unlock();
  const again = lockFile(path, now);
  assert.ok(again);
  again();
  assert.equal(statSync(path).size, 0);
});

test("kill -9 of its holder frees it, and who waits gets it", async (t) => {
  const path = newPath(t);
  const holder = await otherHolder(t, path);
  assert.equal(lockFile(path, now), undefined);
  holder.kill("SIGKILL");
  const unlock = lockFile(path, { waitMs: 10_000 });
  assert.ok(unlock);
  unlock();
});

test("a file with something else in it is locked all the same", (t) => {
  const path = newPath(t);
  writeFileSync(path, "4711");
  const unlock = lockFile(path, now);
  assert.ok(unlock);
  assert.equal(lockFile(path, now), undefined);
  unlock();
});

test("a path where no file can be is the system's error", (t) => {
  const path = newPath(t);
  assert.throws(() => lockFile(join(path, "missing", "lock"), now), /unable to open/);
  mkdirSync(path);
  assert.throws(() => lockFile(path, now), /unable to open/);
});

test("a lock whose holder keeps no hold of it lasts as long as the process", async (t) => {
  const path = newPath(t);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // In a function of its own, so that nothing here refers to what it answers.
  (() => assert.ok(lockFile(path, now)))();
  for (let round = 0; round < 5; round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(lockFile(path, now), undefined);
});
