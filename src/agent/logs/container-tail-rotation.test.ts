/** One container's log over rotation: by renaming, by copying, by compressing; read on, and read by another process. */
import assert from "node:assert/strict";
import { closeSync, copyFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { limits } from "../../core/index.ts";
import { criLine } from "../testing/log-receiver.ts";
import { EVERYTHING, root, tailScene } from "../testing/tail-scene.ts";
import { openRotated, rotatedFiles } from "./rotated-files.ts";

test("a piece that waits for its rest is kept over a restart and over a rotation", () => {
  const { open, read, reopen, write, rotate } = tailScene();
  write(criLine("begun", { tag: "P" }), criLine("meanwhile", { stream: "stderr" }));
  const first = open();
  assert.deepEqual(read(first), ["! meanwhile"]);
  rotate("01");
  write(criLine(" and ended"));
  assert.deepEqual(read(reopen(first)), ["begun and ended"]);
});

test("a renamed file is read to its end before the new one, and nothing twice", () => {
  const { open, read, write, rotate } = tailScene();
  const tail = open();
  write(criLine("one"));
  assert.deepEqual(read(tail), ["one"]);
  write(criLine("two"));
  rotate("01");
  write(criLine("three"));
  assert.deepEqual(read(tail), ["two", "three"]);
  rotate("02");
  rotate("03");
  write(criLine("four"));
  assert.deepEqual(read(tail), ["four"]);
});

test("files that were rotated twice between two looks are both read", () => {
  const { open, read, write, rotate } = tailScene();
  const tail = open();
  write(criLine("one"));
  assert.deepEqual(read(tail), ["one"]);
  rotate("01");
  write(criLine("two"));
  rotate("02");
  write(criLine("three"));
  assert.deepEqual(read(tail), ["two", "three"]);
});

test("a restart after rotations goes on in the renamed file, then in those after it", () => {
  const { open, read, reopen, write, rotate } = tailScene();
  write(criLine("one"), criLine("two"));
  const first = open();
  first.read(
    EVERYTHING,
    ((): (() => boolean) => {
      let lines = 0;
      return () => (lines += 1) <= 1;
    })(),
    0,
  );
  rotate("01");
  write(criLine("three"));
  rotate("02");
  write(criLine("four"));
  assert.deepEqual(read(reopen(first)), ["two", "three", "four"]);
});

test("a file that was copied and cut goes on in its copy, while the agent runs and after a restart", () => {
  const { path, open, read, reopen, write } = tailScene();
  const tail = open();
  write(criLine("one"));
  assert.deepEqual(read(tail), ["one"]);
  write(criLine("two"));
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
  assert.deepEqual(read(tail), ["two"]);
  write(
    criLine(
      "three, which is longer than what was there before it was cut, so that size says nothing",
    ),
  );
  assert.deepEqual(read(tail), [
    "three, which is longer than what was there before it was cut, so that size says nothing",
  ]);
  write(criLine("four"));
  copyFileSync(path, `${path}.2`);
  truncateSync(path, 0);
  write(criLine("five"));
  assert.deepEqual(read(reopen(tail)), ["four", "five"]);
});

test("cut and grown past where it was read to, the file is known by its beginning", () => {
  const { path, open, read, write } = tailScene();
  const tail = open();
  write(criLine("one", { second: 1 }));
  assert.deepEqual(read(tail), ["one"]);
  truncateSync(path, 0);
  write(criLine("two", { second: 2 }), criLine("three", { second: 3 }));
  assert.deepEqual(read(tail), ["two", "three"]);
  assert.equal(tail.counts.lostFiles, 1);
});

test("a file that is gone when the agent comes back is told as lost, and the live one is read whole", () => {
  const { path, open, read, reopen, write, rotate } = tailScene();
  write(criLine("one"));
  const first = open();
  assert.deepEqual(read(first), ["one"]);
  write(criLine("never read"));
  rotate("01");
  rmSync(`${path}.20260101-000001`);
  write(criLine("two", { second: 2 }));
  const second = reopen(first);
  assert.deepEqual(read(second), ["two"]);
  assert.equal(second.counts.lostFiles, 1);
});

test("of a log that is new to it an agent that ran before reads what was rotated since then, and no more", () => {
  const { open, read, write, rotate } = tailScene();
  write(criLine("old"));
  rotate("01");
  write(criLine("while it was away"));
  rotate("50");
  write(criLine("now"));
  assert.deepEqual(read(open()), ["now"]);
  assert.deepEqual(read(open({ sinceMs: 1_020_000 })), ["while it was away", "now"]);
});

test("between two files the position stands at the end of the one that was left", () => {
  const { path, open, read, reopen, write } = tailScene();
  const tail = open();
  write(criLine("one"));
  assert.deepEqual(read(tail), ["one"]);
  write(criLine("two"));
  renameSync(path, `${path}.20260101-000001`);
  const other = `${path}.hidden`;
  // The live file is there when it is looked at, and gone when it is opened.
  writeFileSync(path, "");
  tail.read(
    EVERYTHING,
    () => {
      renameSync(path, other);
      return true;
    },
    0,
  );
  const again = reopen(tail);
  renameSync(other, path);
  write(criLine("three", { second: 3 }));
  assert.deepEqual(read(again), ["three"]);
});

test("a file that is rotated again before it was opened is read all the same", () => {
  const { open, read, write, rotate, told } = tailScene();
  const tail = open();
  write(criLine("one"));
  assert.deepEqual(read(tail), ["one"]);
  write(criLine("two"));
  rotate("01");
  write(criLine("three", { second: 3 }));
  told.length = 0;
  let rotated = false;
  tail.read(
    EVERYTHING,
    () => {
      // While the first rotated file is read to its end, the second is rotated too.
      if (!rotated) rotate("02");
      if (!rotated) write(criLine("four", { second: 4 }));
      rotated = true;
      return true;
    },
    0,
  );
  assert.deepEqual(told, ["two", "three", "four"]);
});

test("files that the kubelet compressed meanwhile are read as the others, in their order, and not twice", () => {
  const { open, read, reopen, write, rotate, compress } = tailScene();
  write(criLine("one", { second: 1 }), criLine("two"));
  const first = open();
  let lines = 0;
  first.read(EVERYTHING, () => (lines += 1) <= 1, 0);
  rotate("01");
  write(criLine("three", { second: 3 }));
  rotate("02");
  write(criLine("four", { second: 4 }));
  rotate("03");
  write(criLine("five", { second: 5 }));
  // The times of the compressed ones are later than that of the newest rotated file.
  compress("02");
  compress("01");
  const second = reopen(first);
  assert.deepEqual(read(second), ["two", "three", "four", "five"]);
  write(criLine("six"));
  rotate("04");
  compress("03");
  assert.deepEqual(read(second), ["six"]);
  rotate("05");
  compress("04");
  write(criLine("seven", { second: 7 }));
  assert.deepEqual(read(second), ["seven"]);
  assert.equal(second.counts.lostFiles, 0);
});

test("a damaged archive, and one that unpacks to more than its limit, are told as lost", () => {
  const { path, open, read, reopen, write, rotate } = tailScene();
  write(criLine("one"));
  const first = open();
  assert.deepEqual(read(first), ["one"]);
  rotate("01");
  rmSync(`${path}.20260101-000001`);
  writeFileSync(`${path}.20260101-000001.gz`, "no archive");
  write(criLine("two", { second: 2 }));
  const second = reopen(first);
  assert.deepEqual(read(second), ["two"]);
  assert.equal(second.counts.lostFiles, 1);
  const line = Buffer.from(criLine("x", { second: 2 }));
  for (const bytes of [limits.logArchiveBytesMax, limits.logArchiveBytesMax + 1]) {
    const archive = `${path}.20260101-000002.gz`;
    writeFileSync(
      archive,
      gzipSync(Buffer.concat([line, Buffer.alloc(bytes - line.length)]), { level: 1 }),
    );
    const file = { path: archive, fileId: "", size: 0, mtimeMs: 0, compressed: true };
    const opened = openRotated(file, root);
    assert.equal(opened !== undefined, bytes === limits.logArchiveBytesMax);
    if (opened !== undefined) closeSync(opened);
  }
});

test("of rotated files 64 are looked at; one more is not", () => {
  const { path } = tailScene();
  for (let at = 0; at < limits.logSiblingsMax; at += 1) {
    writeFileSync(`${path}.${String(at).padStart(3, "0")}`, "");
  }
  assert.equal(rotatedFiles(path).length, limits.logSiblingsMax);
  writeFileSync(`${path}.zzz`, "");
  assert.equal(rotatedFiles(path).length, limits.logSiblingsMax);
});
