/** The queue on disk: order, bounds, damage, restarts, and the death of its process at any moment. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lockFile } from "../bin/file-lock.ts";
import { testFolder } from "../client/testing/servers.ts";
import { CodedError, limits } from "../core/index.ts";
import { openQueue } from "./queue.ts";
import type { Queue } from "./queue.ts";

const bounds = { samplesMax: 1_000, bytesMax: 1_000_000 };
const open = (folder: string, more: { bytesMax?: number; segmentBytesMax?: number } = {}): Queue =>
  openQueue({ folder, lockFile, ...more });
const piece = (text: string): Buffer => Buffer.from(text);
const segments = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".segment"))
    .sort();
/** All that is queued, piece by piece. */
function drain(queue: Queue): string[] {
  const texts: string[] = [];
  for (;;) {
    const batch = queue.next({ samplesMax: 1, bytesMax: 1_000_000 });
    if (batch === undefined) return texts;
    texts.push(batch.message.toString());
    queue.acknowledge(batch);
  }
}
const coded = (code: string) => (error: unknown) =>
  error instanceof CodedError && error.code === code;

test("pieces come out in order, joined as far as the bounds allow, until they are acknowledged", () => {
  const queue = open(testFolder());
  for (const text of ["a", "b", "c", "d"]) queue.append(piece(text), 10);
  const first = queue.next({ samplesMax: 25, bytesMax: 1_000 });
  assert.deepEqual([first?.message.toString(), first?.samples], ["ab", 20]);
  assert.deepEqual(queue.next({ samplesMax: 25, bytesMax: 1_000 }), first);
  assert.ok(first !== undefined);
  queue.acknowledge(first);
  assert.equal(queue.state().pendingSamples, 20);
  assert.equal(queue.next({ samplesMax: 25, bytesMax: 1 })?.message.toString(), "c");
  // A piece past the bounds by itself is handed out alone.
  assert.equal(queue.next({ samplesMax: 1, bytesMax: 0 })?.message.toString(), "c");
  assert.deepEqual(drain(queue), ["c", "d"]);
  assert.equal(queue.next(bounds), undefined);
  queue.close();
});

test("QueueFull: a queue that refuses keeps what it has, and takes more once something was sent", () => {
  const folder = testFolder();
  const queue = openQueue({
    folder,
    lockFile,
    bytesMax: 200,
    segmentBytesMax: 50,
    whenFull: "refuse",
    durable: true,
  });
  // A record has twelve bytes before its payload: five of these are 200 bytes, and a sixth is one past it.
  for (const text of ["a", "b", "c", "d", "e"]) queue.append(piece(text.repeat(28)), 1);
  assert.ok(!queue.hasRoom(1));
  assert.throws(() => queue.append(piece("f"), 1), coded("QueueFull"));
  assert.deepEqual(
    [...queue.pending()].map((one) => Buffer.from(one).toString()[0]),
    ["a", "b", "c", "d", "e"],
  );
  assert.equal(queue.state().droppedSamples, 0);
  for (const _ of ["a", "b"]) {
    const batch = queue.next({ samplesMax: 0, bytesMax: 0 });
    if (batch !== undefined) queue.acknowledge(batch);
  }
  assert.ok(queue.hasRoom(28));
  queue.append(piece("f"), 1);
  assert.deepEqual(
    drain(queue).map((text) => text[0]),
    ["c", "d", "e", "f"],
  );
  queue.close();
});

test("what is not acknowledged is there after a restart, and what is acknowledged is not", () => {
  const folder = testFolder();
  const first = open(folder);
  for (const text of ["a", "b", "c"]) first.append(piece(text), 1);
  const batch = first.next({ samplesMax: 1, bytesMax: 1_000 });
  if (batch !== undefined) first.acknowledge(batch);
  first.close();
  const second = open(folder);
  second.append(piece("d"), 1);
  assert.equal(second.state().pendingSamples, 3);
  assert.deepEqual(drain(second), ["b", "c", "d"]);
  second.close();
});

test("segments end at their size, and are removed when all in them is acknowledged", () => {
  const folder = testFolder();
  const queue = open(folder, { segmentBytesMax: 40 });
  for (let index = 0; index < 9; index += 1) queue.append(piece(`piece ${index}`), 1);
  // 19 bytes a record: a segment that has 40 or more is not written any further.
  assert.equal(segments(folder).length, 3);
  const batch = queue.next({ samplesMax: 5, bytesMax: 1_000 });
  assert.ok(batch !== undefined);
  queue.acknowledge(batch);
  assert.equal(segments(folder).length, 2);
  assert.deepEqual(drain(queue), ["piece 5", "piece 6", "piece 7", "piece 8"]);
  assert.equal(segments(folder).length, 1);
  queue.close();
});

test("past the bound of bytes the oldest segment is dropped and its samples are counted", () => {
  const folder = testFolder();
  const queue = open(folder, { segmentBytesMax: 13, bytesMax: 39 });
  for (const text of ["a", "b", "c"]) queue.append(piece(text), 5);
  assert.equal(queue.state().droppedSamples, 0);
  const batch = queue.next({ samplesMax: 5, bytesMax: 1 });
  queue.append(piece("d"), 5);
  const { droppedSamples, pendingSamples, bytes } = queue.state();
  assert.deepEqual([droppedSamples, pendingSamples, bytes], [5, 15, 39]);
  // The dropped batch was under way: acknowledging it takes nothing else away.
  if (batch !== undefined) queue.acknowledge(batch);
  assert.deepEqual(drain(queue), ["b", "c", "d"]);
  queue.close();
});

test("a torn tail and damage in the middle lose only what they hit, and are counted", () => {
  const folder = testFolder();
  const first = open(folder, { segmentBytesMax: 39 });
  for (const text of ["a", "b", "c", "d", "e", "f", "g"]) first.append(piece(text), 1);
  first.close();
  const [one = "", two = "", three = ""] = segments(folder);
  const bytes = readFileSync(join(folder, two));
  bytes[13 + 12] = 0x5a;
  writeFileSync(join(folder, two), bytes);
  truncateSync(join(folder, three), 12);
  appendFileSync(join(folder, one), Buffer.from([0xff, 0xff, 0xff, 0x7f, 0, 0]));
  const second = open(folder);
  assert.equal(second.state().pendingSamples, 4);
  assert.equal(second.state().damagedBytes, 6 + 26 + 12);
  second.append(piece("z"), 1);
  assert.deepEqual(drain(second), ["a", "b", "c", "d", "z"]);
  second.close();
});

test("a damaged position sends from the beginning again", () => {
  const folder = testFolder();
  const first = open(folder);
  for (const text of ["a", "b"]) first.append(piece(text), 1);
  first.close();
  for (const text of ["", "{", '{"segment":"x"}', "null"]) {
    writeFileSync(join(folder, "position.json"), text);
    const queue = open(folder);
    assert.equal(queue.state().pendingSamples, 2, text);
    queue.close();
  }
});

test("QueueInUse: a folder has one agent; a lock that names a living process, and nobody holds, is taken", () => {
  const folder = testFolder();
  const queue = open(folder);
  const atOnce = (): Queue =>
    openQueue({ folder, lockFile: (path) => lockFile(path, { waitMs: 0 }) });
  assert.throws(atOnce, coded("QueueInUse"));
  queue.close();
  open(folder).close();
  writeFileSync(join(folder, "lock"), String(process.pid));
  open(folder).close();
});

test("QueueUnwritable: a piece of the limit is kept, one byte more is refused, and so is a folder that is gone", () => {
  const queue = open(testFolder());
  queue.append(Buffer.alloc(limits.agentBatchBytesMax), 1);
  assert.throws(
    () => queue.append(Buffer.alloc(limits.agentBatchBytesMax + 1), 1),
    coded("QueueUnwritable"),
  );
  assert.equal(queue.state().pendingSamples, 1);
  queue.close();
});

test("kill -9 while pieces are written and acknowledged: none that was kept is lost, none comes out of order", async () => {
  const folder = testFolder();
  const script = `
    const { openQueue } = await import(${JSON.stringify(join(import.meta.dirname, "queue.ts"))});
    const { lockFile } = await import(${JSON.stringify(join(import.meta.dirname, "../bin/file-lock.ts"))});
    const queue = openQueue({ folder: ${JSON.stringify(folder)}, lockFile, segmentBytesMax: 4000 });
    const lines = [];
    for (let index = 0; ; index += 1) {
      queue.append(Buffer.from(index + ";"), 1);
      let told = "kept " + index + "\\n";
      if (index % 3 === 0) {
        const batch = queue.next({ samplesMax: 1, bytesMax: 100 });
        queue.acknowledge(batch);
        told += "sent " + batch.message + "\\n";
      }
      const { writeSync } = await import("node:fs");
      writeSync(1, told);
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
  let told = "";
  child.stdout.on("data", (chunk: Buffer) => {
    told += chunk.toString();
    if (told.length > 20_000) child.kill("SIGKILL");
  });
  await once(child, "close");
  const numbers = (word: string): number[] =>
    [...told.matchAll(new RegExp(`${word} (\\d+);?\\n`, "g"))].map(([, digits]) => Number(digits));
  const kept = numbers("kept");
  const sent = numbers("sent");
  assert.ok(kept.length > 100, told.slice(0, 500));
  const queue = open(folder);
  const left = drain(queue).map((text) => Number.parseInt(text, 10));
  queue.close();
  const first = left[0] ?? -1;
  // What was told as sent is gone, but for the one whose position may not have been kept.
  assert.ok(first === sent.length || first === sent.length + 1, `${first} after ${sent.length}`);
  assert.deepEqual(
    left,
    left.map((_, index) => first + index),
  );
  assert.ok((left.at(-1) ?? 0) >= (kept.at(-1) ?? 0));
});

test("what was written last is kept in memory up to its limit, and what is past it comes from the disk", () => {
  const folder = testFolder();
  const queue = open(folder);
  const size = limits.agentBatchBytesMax;
  const kept = limits.agentRecentBytesMax / size;
  assert.ok(Number.isInteger(kept));
  for (let index = 0; index <= kept; index += 1) queue.append(Buffer.alloc(size, index + 1), 1);
  // Whatever still comes out was in memory.
  for (const name of segments(folder)) truncateSync(join(folder, name), 0);
  for (let index = 0; index < kept; index += 1) {
    const batch = queue.next({ samplesMax: 1, bytesMax: size });
    assert.equal(batch?.message[0], index + 1);
    if (batch !== undefined) queue.acknowledge(batch);
  }
  assert.equal(queue.next({ samplesMax: 1, bytesMax: size }), undefined);
  queue.close();
});

test("a position takes one length, however far it stands", () => {
  const folder = testFolder();
  const queue = open(folder);
  for (const text of ["one", "two"]) {
    queue.append(piece(text), 1);
    const batch = queue.next(bounds);
    if (batch !== undefined) queue.acknowledge(batch);
    assert.equal(readFileSync(join(folder, "position.json")).length, 64);
  }
  const furthest = { segment: Number.MAX_SAFE_INTEGER, offset: Number.MAX_SAFE_INTEGER };
  assert.ok(JSON.stringify(furthest).length <= 64);
  queue.close();
});
