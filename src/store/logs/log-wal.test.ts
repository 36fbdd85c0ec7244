/** The logs' log on disk: whole appends, torn tails cut, damage set aside, numbers that never come twice. */
import assert from "node:assert/strict";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { batchOf, tableOf } from "../testing/logs-fixture.ts";
import { readLogRecords } from "./log-segments.ts";
import type { LogPosition } from "./log-segments.ts";
import { LogWal, openLog } from "./log-wal.ts";

const table = tableOf("T", "TimeGenerated:datetime A");
const billed = { dayStartMs: 5, bytes: 7, capNoted: false };

interface Opened {
  readonly folder: string;
  readonly notes: string[];
  readonly open: (mergedThrough?: number, segmentBytesMax?: number) => Promise<LogWal>;
}

async function logIn(t: TestContext): Promise<Opened> {
  const parent = await mkdtemp(join(tmpdir(), "linkscope-log-"));
  t.after(() => rm(parent, { recursive: true, force: true }));
  const folder = join(parent, "log");
  const notes: string[] = [];
  const note = (kind: string): void => void notes.push(kind);
  return {
    folder,
    notes,
    open: async (mergedThrough = 0, segmentBytesMax = 1_000_000) => {
      const options = { folder, note, segmentBytesMax, billed: () => billed };
      const opened = await openLog(options, mergedThrough);
      const wal = new LogWal(options, opened, mergedThrough);
      t.after(() => wal.close());
      return wal;
    },
  };
}

const append = (wal: LogWal, ...values: readonly string[]): Promise<void> =>
  wal.append(values.map((value) => batchOf(table, [{ A: value }], { receivedMs: 1 })));

async function valuesIn(
  folder: string,
  from: number | LogPosition,
  through: number,
): Promise<string[]> {
  const values: string[] = [];
  const position = typeof from === "number" ? { through: from } : from;
  for await (const { record } of readLogRecords(folder, position, through)) {
    const texts = record.batches.map(({ json }) => json.toString());
    values.push(`${record.sequence} ${texts.join()}`);
  }
  return values;
}

const filesIn = async (folder: string): Promise<string[]> => (await readdir(folder)).sort();

test("records are read back in order with what they were written with, from any place", async (t) => {
  const { folder, open } = await logIn(t);
  const wal = await open();
  await Promise.all([append(wal, "a", "b"), append(wal, "c")]);
  await append(wal, "d");
  assert.equal(wal.lastSequence, 3);
  const wanted = [`1 [{"A":"a"}],[{"A":"b"}]`, `2 [{"A":"c"}]`, `3 [{"A":"d"}]`];
  assert.deepEqual(await valuesIn(folder, 0, 3), wanted);
  assert.deepEqual(await valuesIn(folder, 1, 2), wanted.slice(1, 2));
  for await (const { record, position } of readLogRecords(folder, { through: 0 }, 1)) {
    assert.deepEqual(record.billed, billed);
    assert.deepEqual(record.batches[0]?.table, table);
    assert.deepEqual(await valuesIn(folder, position, 1), []);
    assert.deepEqual(await valuesIn(folder, position, 3), wanted.slice(1));
  }
  await assert.rejects(valuesIn(folder, 0, 4), /ends at record 3, but 4 was durable/);
});

test("segments end at their size, and are deleted when all their records are merged", async (t) => {
  const { folder, open } = await logIn(t);
  const wal = await open(0, 1);
  for (const value of ["a", "b", "c"]) await append(wal, value);
  assert.equal((await filesIn(folder)).length, 3);
  const before = wal.unmergedBytes;
  await wal.free(2);
  assert.deepEqual(await filesIn(folder), ["0000000000000003.log"]);
  assert.ok(wal.unmergedBytes < before && wal.unmergedBytes > 0);
  await wal.free(3);
  assert.deepEqual(await filesIn(folder), []);
  assert.equal(wal.unmergedBytes, 0);
  assert.equal(wal.bytes, 0);
  await append(wal, "d");
  assert.deepEqual(await valuesIn(folder, 3, 4), ['4 [{"A":"d"}]']);
});

test("a segment that has its size is ended, and one that lacks a byte is not", async (t) => {
  const probe = await logIn(t);
  const first = await probe.open();
  await append(first, "a");
  for (const [more, files] of [
    [0, 2],
    [1, 1],
  ] as const) {
    const { folder, open } = await logIn(t);
    const wal = await open(0, first.bytes + more);
    await append(wal, "a");
    await append(wal, "b");
    assert.equal((await filesIn(folder)).length, files);
  }
});

test("numbers go on after a log that was merged whole, and merged segments that a crash left are deleted", async (t) => {
  const { folder, open } = await logIn(t);
  const wal = await open(0, 1);
  for (const value of ["a", "b"]) await append(wal, value);
  await wal.close();
  const again = await open(1);
  assert.deepEqual(await filesIn(folder), ["0000000000000002.log"]);
  assert.equal(again.lastSequence, 2);
  await again.free(2);
  await again.close();
  const later = await open(9);
  await append(later, "c");
  assert.equal(later.lastSequence, 10);
});

test("a torn tail is cut and told, and the log goes on behind it", async (t) => {
  const { folder, notes, open } = await logIn(t);
  const wal = await open();
  await append(wal, "a");
  await append(wal, "b");
  await wal.close();
  const path = join(folder, "0000000000000001.log");
  const whole = await readFile(path);
  for (const cut of [whole.length - 1, whole.length - 40]) {
    await writeFile(path, whole.subarray(0, cut));
    const again = await open();
    assert.equal(again.lastSequence, 1, `cut at ${cut}`);
    await again.close();
  }
  assert.deepEqual(notes, ["torn-tail-cut", "torn-tail-cut"]);
  const again = await open();
  await append(again, "c");
  assert.deepEqual(await valuesIn(folder, 0, 2), ['1 [{"A":"a"}]', '2 [{"A":"c"}]']);
});

test("a segment whose head is torn, and a tail of zeros, are nothing that was acknowledged", async (t) => {
  const { folder, notes, open } = await logIn(t);
  const wal = await open();
  await append(wal, "a");
  await wal.close();
  await appendFile(join(folder, "0000000000000001.log"), Buffer.alloc(5000));
  await writeFile(join(folder, "0000000000000002.log"), "LNK");
  const again = await open();
  assert.equal(again.lastSequence, 1);
  assert.deepEqual(notes, ["segment-set-aside", "torn-tail-cut"]);
  await append(again, "b");
  assert.deepEqual(await valuesIn(folder, 0, 2), ['1 [{"A":"a"}]', '2 [{"A":"b"}]']);
});

test("a damaged segment is kept aside whole and told of; what is before and behind the damage is read", async (t) => {
  const { folder, notes, open } = await logIn(t);
  const wal = await open(0, 400);
  for (const value of ["a", "b", "c", "d"]) await append(wal, value);
  await wal.close();
  const [first = "", ...rest] = await filesIn(folder);
  assert.ok(rest.length > 0);
  const path = join(folder, first);
  const bytes = await readFile(path);
  // The last byte of the first segment's last record.
  bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
  await writeFile(path, bytes);
  const again = await open(0, 400);
  assert.deepEqual(notes, ["segment-set-aside"]);
  assert.deepEqual(await readFile(`${path}.damaged`), bytes);
  const values = await valuesIn(folder, 0, again.lastSequence);
  assert.equal(values.length, 3);
  assert.equal(values.at(-1), '4 [{"A":"d"}]');
});

test("what cannot be written is refused and told once; the next append that can be is kept", async (t) => {
  const { folder, notes, open } = await logIn(t);
  const wal = await open(0, 1);
  await append(wal, "a");
  // A folder stands where the next segment's file belongs.
  const path = join(folder, "0000000000000002.log");
  await mkdir(path);
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(append(wal, "b"), { code: "LogsUnavailable", status: 503 });
  }
  assert.deepEqual(notes, ["log-failed"]);
  await rm(path, { recursive: true });
  await append(wal, "c");
  assert.equal(wal.pendingBytes, 0);
  const last = await valuesIn(folder, 1, wal.lastSequence);
  assert.deepEqual(
    last.map((text) => text.slice(2)),
    ['[{"A":"c"}]'],
  );
});

test("a segment that has nothing but its head is deleted", async (t) => {
  const { folder, notes, open } = await logIn(t);
  const wal = await open();
  await append(wal, "a");
  await wal.close();
  const path = join(folder, "0000000000000001.log");
  await truncate(path, 8);
  await open();
  assert.deepEqual(await filesIn(folder), []);
  assert.deepEqual(notes, []);
});
