/** The access log: bounded in memory, on disk and in what waits for the disk. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { limits } from "../core/index.ts";
import { openAccessLog } from "./access-log.ts";
import type { AccessEntry } from "./access-log.ts";

const entry = (requestId: string, path = "/"): AccessEntry => ({
  time: "2026-01-01T00:00:00.000Z",
  requestId,
  host: "h",
  method: "GET",
  path,
  status: 200,
  ms: 1,
  origin: "public",
  endpointId: undefined,
  principal: undefined,
  resourceId: undefined,
  reasons: [],
});

async function inFolder(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "edge-log-"));
  try {
    await run(join(folder, "access.ndjson"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("the log keeps the last requests and forgets the oldest", () =>
  inFolder(async (path) => {
    const log = await openAccessLog(path);
    for (let index = 0; index <= limits.accessLogEntriesMax; index++) log.append(entry(`${index}`));
    assert.equal(log.find("0"), undefined);
    assert.equal(log.find("1")?.requestId, "1");
    assert.equal(log.find(String(limits.accessLogEntriesMax))?.status, 200);
    await log.close();
    const lines = (await readFile(path, "utf8")).trim().split("\n");
    assert.equal(lines.length, limits.accessLogEntriesMax + 1, "the file has them all");
  }));

test("what the disk does not take in time is dropped and counted", () =>
  inFolder(async (path) => {
    const log = await openAccessLog(path);
    const line = JSON.stringify(entry("x")).length + 1;
    const fits = Math.floor(limits.accessLogPendingCharsMax / line);
    // The writer takes the first line at once; the rest waits for it, up to the bound and one past it.
    log.append(entry("x"));
    for (let index = 0; index < fits; index++) log.append(entry("x"));
    assert.equal(log.dropped(), 0);
    log.append(entry("x"));
    assert.equal(log.dropped(), 1);
    await log.close();
    assert.equal((await stat(path)).size, line * (fits + 1));
  }));

test("a log past its bytes becomes path.1, and a new one begins", () =>
  inFolder(async (path) => {
    await writeFile(path, Buffer.alloc(limits.accessLogBytesMax, " "));
    const log = await openAccessLog(path);
    log.append(entry("after"));
    await log.close();
    assert.equal((await stat(`${path}.1`)).size, limits.accessLogBytesMax);
    assert.match(await readFile(path, "utf8"), /"requestId":"after"/);
  }));

test("a log that cannot become path.1 drops what it is given, and goes on when it can", () =>
  inFolder(async (path) => {
    await writeFile(path, Buffer.alloc(limits.accessLogBytesMax, " "));
    await mkdir(join(`${path}.1`, "in the way"), { recursive: true });
    const log = await openAccessLog(path);
    log.append(entry("lost"));
    while (log.dropped() === 0) await setImmediate();
    await rm(`${path}.1`, { recursive: true });
    log.append(entry("after"));
    await log.close();
    assert.equal(log.dropped(), 1);
    assert.match(await readFile(path, "utf8"), /^\{[^\n]*"requestId":"after"[^\n]*\}\n$/);
  }));

test("the log is readable to its owner only", () =>
  inFolder(async (path) => {
    const log = await openAccessLog(path);
    await log.close();
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  }));
