/** Segments' folders: a manifest is replaced whole, strays go, readers keep what they began with, and small becomes large. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { planSegmentWork, readManifest, SegmentFolder } from "./index.ts";
import type { Segment } from "./index.ts";
import { sizeClass } from "./merge-plan.ts";

interface State {
  readonly mergedThrough: number;
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "linkscope-segments-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const segmentOf = (number: number, rest: Partial<Segment> = {}): Segment => ({
  number,
  table: "T",
  rows: 1,
  bytes: 1,
  minMs: number,
  maxMs: number,
  columns: [],
  constants: [],
  ...rest,
});

async function added(folder: SegmentFolder<State>, count: number): Promise<readonly Segment[]> {
  const segments = Array.from({ length: count }, () => segmentOf(folder.newNumber()));
  for (const segment of segments) await writeFile(folder.pathOf(segment), "x");
  return segments;
}

test("a folder has what its manifest says and nothing else after it is opened again", async (t) => {
  const path = await folderOf(t);
  const folder = await SegmentFolder.open<State>(path, { mergedThrough: 0 });
  const [first, second] = await added(folder, 2);
  assert.ok(first && second);
  await folder.commit({ add: [first, second], remove: [], state: { mergedThrough: 5 } });
  await folder.commit({ add: [], remove: [first], state: { mergedThrough: 6 } });
  // What a crash leaves: a file that was not committed, a manifest that was not moved to its place.
  await writeFile(join(path, "0000000099.parquet"), "stray");
  await writeFile(join(path, "manifest.json.new"), "{");
  const again = await SegmentFolder.open<State>(path, { mergedThrough: 0 });
  assert.deepEqual(again.segments, [second]);
  assert.deepEqual(again.state, { mergedThrough: 6 });
  assert.equal(again.bytes, 1);
  assert.ok(!existsSync(join(path, "0000000099.parquet")));
  assert.ok(!existsSync(join(path, "manifest.json.new")));
  assert.ok(again.newNumber() > second.number);
  assert.deepEqual((await readManifest<State>(path))?.state, { mergedThrough: 6 });
});

test("a change that cannot be made durable is not made", async (t) => {
  const folder = await SegmentFolder.open<State>(await folderOf(t), { mergedThrough: 0 });
  const missing = segmentOf(folder.newNumber());
  const change = { add: [missing], remove: [], state: { mergedThrough: 1 } };
  await assert.rejects(folder.commit(change), { code: "ENOENT" });
  assert.deepEqual(folder.state, { mergedThrough: 0 });
  assert.deepEqual(folder.segments, []);
});

test("a manifest of another version is not read as this one", async (t) => {
  const path = await folderOf(t);
  await writeFile(join(path, "manifest.json"), '{"version":2,"segments":[]}');
  await assert.rejects(SegmentFolder.open<State>(path, { mergedThrough: 0 }), /has version 2/);
});

test("a removed segment's file stays for those who read it, and goes with the last of them", async (t) => {
  const folder = await SegmentFolder.open<State>(await folderOf(t), { mergedThrough: 0 });
  const [segment] = await added(folder, 1);
  assert.ok(segment);
  const { state } = folder;
  await folder.commit({ add: [segment], remove: [], state });
  const gone: string[] = [];
  const before = folder.lease();
  const alsoBefore = folder.lease();
  await folder.commit({ add: [], remove: [segment], state });
  folder.discard(async () => void gone.push("hot"));
  const after = folder.lease();
  before();
  before();
  assert.ok(existsSync(folder.pathOf(segment)));
  assert.deepEqual(gone, []);
  alsoBefore();
  assert.deepEqual(gone, ["hot"]);
  after();
});

test("eight segments of a size class and a table become one, and none larger than may be", () => {
  const kept = { cutoffMs: () => 0, segmentBytesMax: 1000 };
  const eight = Array.from({ length: 8 }, (_, index) => segmentOf(index + 1, { bytes: 100 }));
  const others = [segmentOf(20, { table: "U" }), segmentOf(21, { bytes: 70_000 })];
  const { merges, expired } = planSegmentWork([...eight, ...others], kept);
  assert.deepEqual(merges, [eight]);
  assert.deepEqual(expired, []);
  assert.deepEqual(planSegmentWork(eight.slice(1), kept).merges, []);
  const at = (segmentBytesMax: number) => planSegmentWork(eight, { ...kept, segmentBytesMax });
  assert.equal(at(800).merges.length, 1);
  assert.equal(at(799).merges.length, 0);
  assert.deepEqual([0, 65_535, 65_536, 524_287, 524_288].map(sizeClass), [0, 0, 1, 1, 2]);
});

test("a segment goes when its last row is past the table's retention, and is cut when its first is so for a day", () => {
  const DAY = 86_400_000;
  const cutoffMs = (table: string): number => (table === "T" ? 10 * DAY : 0);
  const whole = segmentOf(1, { minMs: 0, maxMs: 10 * DAY - 1 });
  const kept = segmentOf(2, { minMs: 9 * DAY, maxMs: 10 * DAY });
  const cut = segmentOf(3, { minMs: 9 * DAY - 1, maxMs: 11 * DAY });
  const other = segmentOf(4, { table: "U", minMs: 0, maxMs: 1 });
  const segments = [whole, kept, cut, other];
  const work = planSegmentWork(segments, { cutoffMs, segmentBytesMax: 1000 });
  assert.deepEqual(work, { expired: [whole], merges: [[cut]] });
});
