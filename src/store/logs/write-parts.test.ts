/** Gathered writes on a system that takes less than it is given. */
import assert from "node:assert/strict";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeParts } from "./write-parts.ts";

const parts = ["[1,", "", "22", ",333", "]"].map((part) => Buffer.from(part));

/** Takes so many bytes in each call. */
const takingOnly = (file: FileHandle, bytesMax: number): Parameters<typeof writeParts>[0] => ({
  async writev(group, position) {
    const bytes = Buffer.concat(group).subarray(0, bytesMax);
    return file.write(bytes, 0, bytes.length, position);
  },
  write: (bytes, at, length, position) =>
    file.write(bytes, at, Math.min(length, bytesMax), position),
});

test("what the system did not take at once is written after it, and nothing that it does not take is called written", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "linkscope-parts-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const bytesMax of [1, 3, 100]) {
    const path = join(folder, String(bytesMax));
    const file = await open(path, "w");
    await writeParts(takingOnly(file, bytesMax), parts, 0);
    await file.close();
    assert.equal(await readFile(path, "utf8"), "[1,22,333]");
  }
  const file = await open(join(folder, "none"), "w");
  await assert.rejects(writeParts(takingOnly(file, 0), parts, 0), /took no bytes/);
  await file.close();
});
