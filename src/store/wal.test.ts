/** Durability: restarts, segments, age, torn tails, damage set aside, and a disk that refuses. */
import assert from "node:assert/strict";
import { appendFile, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { CodedError, limits, seededRandom } from "../core/index.ts";
import type { WorkspaceMetrics } from "./index.ts";
import { StoreBusyError } from "./index.ts";
import { ACCOUNT, ALL_TIME, message, readable, storeFixture } from "./testing/fixture.ts";
import type { StoreFixture } from "./testing/fixture.ts";

const folderOf = ({ folder }: StoreFixture): string => join(folder, ACCOUNT);
const segment = (fixture: StoreFixture, number: number): string =>
  join(folderOf(fixture), `${String(number).padStart(8, "0")}.wal`);
const files = async (fixture: StoreFixture): Promise<string[]> =>
  (await readdir(folderOf(fixture))).sort();

/** Appends `count` samples of one series, a second apart from `fromMs` on, a request each. */
async function appendEach(
  workspace: WorkspaceMetrics,
  fromMs: number,
  count: number,
): Promise<void> {
  for (let index = 0; index < count; index++) {
    await workspace.appendWriteRequest(
      message(fromMs, [{ __name__: "m" }, [[index * 1000, index]]]),
    );
  }
}

async function timesOf(workspace: WorkspaceMetrics, fromMs: number): Promise<number[]> {
  const [only] = readable(await workspace.select([], ALL_TIME), fromMs);
  return (only?.[1] ?? []).map(([afterMs]) => afterMs / 1000);
}

const seconds = (...ranges: readonly (readonly [number, number])[]): number[] =>
  ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, index) => from + index));

test("random writes over many small segments and restarts come back exactly", async (t) => {
  const fixture = await storeFixture(t, { walSegmentBytesMax: 300 });
  let { workspace } = fixture;
  const start = fixture.clock.nowMs();
  const random = seededRandom(42);
  const expected = new Map<string, [number, number | string][]>();
  for (let round = 0; round < 120; round++) {
    const series = Array.from(random.bytes(5), (byte) => `s${byte % 23}`);
    const unique = [...new Set(series)].sort();
    const rows = unique.map((id, index) => {
      const bytes = random.bytes(8);
      if (index === 0) bytes.writeDoubleLE(round - 60);
      const value = index === 1 ? ("stale" as const) : bytes.readDoubleLE();
      return [id, Number.isNaN(value) ? 0.25 : value] as const;
    });
    const result = await workspace.appendWriteRequest(
      message(
        start,
        ...rows.map(([id, value]) => [{ __name__: "m", id }, [[round * 7, value]]] as const),
      ),
    );
    assert.equal(result.samplesAppended, rows.length);
    for (const [id, value] of rows) {
      const samples = expected.get(id) ?? [];
      samples.push([round * 7, value === "stale" ? "7ff0000000000002" : value]);
      expected.set(id, samples);
    }
    if (round % 30 === 29) workspace = await fixture.reopen();
  }
  const wanted = [...expected].map(([id, samples]) => [`m{id="${id}"}`, samples] as const);
  wanted.sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(readable(await workspace.select([], ALL_TIME), start), wanted);
  assert.ok((await files(fixture)).length > 10);
  assert.deepEqual(fixture.notes, []);
});

test("requests that wait together are acknowledged together, and all are there after a restart", async (t) => {
  const fixture = await storeFixture(t);
  const start = fixture.clock.nowMs();
  const appends = seconds([0, 50]).map((index) =>
    fixture.workspace.appendWriteRequest(
      message(start, [{ __name__: "m" }, [[index * 1000, index]]]),
    ),
  );
  const results = await Promise.all(appends);
  assert.ok(results.every(({ samplesAppended }) => samplesAppended === 1));
  assert.deepEqual(await timesOf(await fixture.reopen(), start), seconds([0, 50]));
});

test("samples leave the head and the log when they are older than its span, and are counted", async (t) => {
  const fixture = await storeFixture(t);
  const { workspace, clock } = fixture;
  const start = clock.nowMs();
  await appendEach(workspace, start, 3);
  // Within the span they are there, to the last millisecond.
  clock.advance(limits.headMs);
  assert.deepEqual(await timesOf(workspace, start), [0, 1, 2]);
  clock.advance(1);
  assert.deepEqual(await timesOf(workspace, start), [1, 2]);
  clock.advance(120_000);
  assert.deepEqual(await workspace.select([], ALL_TIME), []);
  const { samples, samplesDroppedByAge, series } = workspace.stats();
  assert.deepEqual([samples, samplesDroppedByAge, series], [0, 3, 0]);
  await fixture.store().close();
  assert.deepEqual(await files(fixture), []);
});

test("a segment is ended by age, and leaves the log while later ones stay", async (t) => {
  const fixture = await storeFixture(t);
  const { workspace, clock } = fixture;
  await appendEach(workspace, clock.nowMs(), 1);
  clock.advance(limits.headMs / 8 - 1);
  await appendEach(workspace, clock.nowMs(), 1);
  clock.advance(1);
  await appendEach(workspace, clock.nowMs(), 1);
  assert.deepEqual(await files(fixture), ["00000001.wal", "00000002.wal"]);
  clock.advance(limits.headMs);
  await fixture.store().close();
  assert.deepEqual(await files(fixture), ["00000002.wal"]);
});

test("a replay counts what has aged meanwhile, and keeps the rest", async (t) => {
  const fixture = await storeFixture(t);
  const start = fixture.clock.nowMs();
  await appendEach(fixture.workspace, start, 5);
  fixture.clock.advance(limits.headMs + 2000);
  const again = await fixture.reopen();
  assert.deepEqual(await timesOf(again, start), [2, 3, 4]);
  assert.equal(again.stats().samplesDroppedByAge, 2);
});

test("a tail that was cut off anywhere is dropped and noted, and what was acknowledged before it is there", async (t) => {
  const fixture = await storeFixture(t);
  const start = fixture.clock.nowMs();
  await appendEach(fixture.workspace, start, 3);
  await fixture.store().close();
  const whole = await readFile(segment(fixture, 1));
  const first = 8 + 12 + whole.readUInt32LE(8);
  const second = first + 12 + whole.readUInt32LE(first);
  for (let length = 1; length < whole.length; length++) {
    await rm(folderOf(fixture), { recursive: true });
    const opened = await fixture.reopen();
    await fixture.store().close();
    await writeFile(segment(fixture, 1), whole.subarray(0, length));
    const workspace = await fixture.reopen();
    const expected = length < first ? 0 : length < second ? 1 : 2;
    assert.deepEqual(await timesOf(workspace, start), seconds([0, expected]), `cut at ${length}`);
    assert.equal(opened.stats().samples, 0);
  }
  assert.ok(fixture.notes.length > whole.length - 10);
  assert.ok(fixture.notes.every(({ kind }) => kind === "torn-tail-cut"));
});

test("zeros after the last record are a torn tail, and writing goes on after it", async (t) => {
  const fixture = await storeFixture(t);
  const start = fixture.clock.nowMs();
  await appendEach(fixture.workspace, start, 2);
  await fixture.store().close();
  await appendFile(segment(fixture, 1), Buffer.alloc(3_000_000));
  const workspace = await fixture.reopen();
  assert.deepEqual(
    fixture.notes.map(({ kind }) => kind),
    ["torn-tail-cut"],
  );
  await appendEach(workspace, start + 2000, 1);
  assert.deepEqual(await timesOf(await fixture.reopen(), start), [0, 1, 2]);
  assert.equal(fixture.notes.length, 1);
});

test("any damaged byte of a segment sets it aside, keeps what is before it, replays later ones, and is told", async (t) => {
  const fixture = await storeFixture(t);
  const start = fixture.clock.nowMs();
  await appendEach(fixture.workspace, start, 4);
  await appendEach(await fixture.reopen(), start + 4000, 2);
  await fixture.store().close();
  const whole = await readFile(segment(fixture, 1));
  const later = await readFile(segment(fixture, 2));
  const ends = [8];
  for (let at = 8; at < whole.length;) ends.push((at += 12 + whole.readUInt32LE(at)));
  for (let at = 0; at < whole.length; at++) {
    await rm(folderOf(fixture), { recursive: true });
    await fixture.reopen();
    await fixture.store().close();
    fixture.notes.length = 0;
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    await writeFile(segment(fixture, 1), damaged);
    await writeFile(segment(fixture, 2), later);
    const workspace = await fixture.reopen();
    const kept = at < 8 ? 0 : ends.filter((end) => end > 8 && end <= at).length;
    assert.deepEqual(await timesOf(workspace, start), seconds([0, kept], [4, 6]), `byte ${at}`);
    assert.deepEqual(
      fixture.notes.map(({ kind }) => kind),
      ["segment-set-aside"],
    );
    assert.equal(workspace.stats().walSegmentsSetAside, 1);
    assert.deepEqual(await readFile(`${segment(fixture, 1)}.damaged`), damaged);
  }
  // What was kept is a whole segment: the next opening has nothing to tell.
  await fixture.reopen();
  assert.equal(fixture.notes.length, 1);
});

test("an earlier segment that ends inside a record is damage, not a torn tail", async (t) => {
  const fixture = await storeFixture(t);
  const start = fixture.clock.nowMs();
  await appendEach(fixture.workspace, start, 2);
  await appendEach(await fixture.reopen(), start + 2000, 1);
  await fixture.store().close();
  await truncate(segment(fixture, 1), (await readFile(segment(fixture, 1))).length - 1);
  const workspace = await fixture.reopen();
  assert.deepEqual(await timesOf(workspace, start), [0, 2]);
  assert.deepEqual(
    fixture.notes.map(({ kind }) => kind),
    ["segment-set-aside"],
  );
  assert.equal(fixture.notes[0]?.accountId, ACCOUNT);
});

test("a crash between the steps of setting aside is completed at the next opening", async (t) => {
  const fixture = await storeFixture(t);
  const start = fixture.clock.nowMs();
  await appendEach(fixture.workspace, start, 2);
  await fixture.store().close();
  const whole = await readFile(segment(fixture, 1));
  // After the first step: the kept part is there, and the damaged segment still has its name.
  await writeFile(`${segment(fixture, 1)}.kept`, whole.subarray(0, 20));
  assert.deepEqual(await timesOf(await fixture.reopen(), start), [0, 1]);
  await fixture.store().close();
  assert.deepEqual(await files(fixture), ["00000001.wal"]);
  // After the second: the damaged one was renamed.
  await rename(segment(fixture, 1), `${segment(fixture, 1)}.damaged`);
  await writeFile(`${segment(fixture, 1)}.kept`, whole);
  assert.deepEqual(await timesOf(await fixture.reopen(), start), [0, 1]);
  assert.deepEqual(await files(fixture), ["00000001.wal", "00000001.wal.damaged"]);
});

test("when the log cannot be written, the request and all later ones are refused until it is opened again", async (t) => {
  const fixture = await storeFixture(t, { walSegmentBytesMax: 1 });
  const start = fixture.clock.nowMs();
  const { workspace } = fixture;
  await appendEach(workspace, start, 1);
  await rename(folderOf(fixture), `${folderOf(fixture)}-away`);
  const unavailable = (error: unknown): boolean =>
    error instanceof CodedError && error.code === "StoreUnavailable" && error.status === 503;
  await assert.rejects(appendEach(workspace, start + 1000, 1), unavailable);
  await rename(`${folderOf(fixture)}-away`, folderOf(fixture));
  await assert.rejects(appendEach(workspace, start + 2000, 1), unavailable);
  // Not even a repeated sample is acknowledged: the log does not hold it.
  await assert.rejects(appendEach(workspace, start + 1000, 1), unavailable);
  assert.deepEqual(
    fixture.notes.map(({ kind }) => kind),
    ["log-failed"],
  );
  const again = await fixture.reopen();
  assert.deepEqual(await timesOf(again, start), [0]);
  await appendEach(again, start + 1000, 1);
  assert.deepEqual(await timesOf(again, start), [0, 1]);
});

test("requests wait for the disk up to the limit of bytes; one byte more is refused with the time to wait", async (t) => {
  const start = 1_767_225_600_000;
  const bytes = (index: number): Buffer =>
    message(start, [{ __name__: `m${index}` }, [[index, 1]]]);
  const fixture = await storeFixture(t, { walPendingBytesMax: 2 * bytes(0).length });
  const first = fixture.workspace.appendWriteRequest(bytes(0));
  const second = fixture.workspace.appendWriteRequest(bytes(1));
  const third = fixture.workspace.appendWriteRequest(bytes(2));
  await assert.rejects(third, (error: unknown) => {
    assert.ok(error instanceof StoreBusyError);
    assert.deepEqual([error.code, error.status, error.retryAfterSeconds], ["StoreBusy", 429, 1]);
    return true;
  });
  await Promise.all([first, second]);
  await fixture.workspace.appendWriteRequest(bytes(2));
  assert.equal(fixture.workspace.stats().series, 3);
});

test("the head takes more while it holds as many bytes as its limit, and refuses past it", async (t) => {
  const probe = await storeFixture(t);
  const start = probe.clock.nowMs();
  await appendEach(probe.workspace, start, 1);
  const { headBytes } = probe.workspace.stats();
  const at = await storeFixture(t, { headBytesMax: headBytes });
  await appendEach(at.workspace, start, 2);
  const past = await storeFixture(t, { headBytesMax: headBytes - 1 });
  await appendEach(past.workspace, start, 1);
  await assert.rejects(appendEach(past.workspace, start + 5000, 1), (error: unknown) => {
    assert.ok(error instanceof StoreBusyError);
    assert.deepEqual([error.code, error.retryAfterSeconds], ["StoreBusy", 60]);
    return true;
  });
});
