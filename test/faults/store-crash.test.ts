/** Kill -9 of a writing store: every acknowledged sample is there after a restart, and none twice. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fakeClock, labelValue, seededRandom } from "../../src/core/index.ts";
import type { SeriesColumns } from "../../src/core/index.ts";
import { openMetricsStore } from "../../src/store/index.ts";

const WRITER = join(import.meta.dirname, "store-writer.ts");
const NOW_MS = fakeClock().nowMs();
const SERIES = 40;

/** Runs the writer until it has told `count` acknowledgements, kills it, and answers all that it told. */
async function writeAndKill(folder: string, count: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, folder, String(NOW_MS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(line);
    if (told.length === count) child.kill("SIGKILL");
  }
  if (child.signalCode === null && child.exitCode === null) await once(child, "exit");
  assert.equal(child.signalCode, "SIGKILL");
  return told;
}

async function readBack(t: TestContext, folder: string): Promise<readonly SeriesColumns[]> {
  const notes: string[] = [];
  const store = await openMetricsStore({
    folder,
    clock: fakeClock(NOW_MS),
    random: seededRandom(2),
    onNote: (says, { kind }) => void notes.push(`${kind}: ${says}`),
  });
  t.after(() => store.close());
  const workspace = await store.workspace("11111111-2222-4333-8444-555555555555");
  // A kill may tear the last record; it may not damage one.
  assert.deepEqual(
    notes.filter((note) => !note.startsWith("torn-tail-cut")),
    [],
  );
  return workspace.select([], { mintMs: -Infinity, maxtMs: Infinity });
}

for (const count of [1, 57, 1500]) {
  test(`killed after ${count} acknowledgements, a store has every one of their samples once`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "linkscope-crash-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const told = await writeAndKill(folder, count);
    assert.ok(told.length >= count);
    const acknowledged = new Map<number, number>();
    for (const line of told) {
      const [writer = 0, round = 0] = line.split(" ").map(Number);
      acknowledged.set(writer, Math.max(acknowledged.get(writer) ?? -1, round));
    }
    const found = await readBack(t, folder);
    for (const [writer, last] of acknowledged) {
      const series = found.filter(({ labels }) => labelValue(labels, "writer") === String(writer));
      assert.equal(series.length, SERIES);
      for (const { timestampsMs, values, length } of series) {
        // One request may have been durable and not yet acknowledged.
        assert.ok(
          length === last + 1 || length === last + 2,
          `${length} samples, ${last + 1} told`,
        );
        for (let round = 0; round < length; round++) {
          assert.equal(timestampsMs[round], NOW_MS + round);
          assert.equal(values[round], writer * 1_000_000 + round);
        }
      }
    }
  });
}
