/** A process that writes into a store until it is killed, and prints each acknowledgement: `store-writer.ts FOLDER NOW_MS`. */
import { writeSync } from "node:fs";
import { fakeClock, labelsOf, seededRandom } from "../../src/core/index.ts";
import { openMetricsStore } from "../../src/store/index.ts";
import { encodeWriteRequest } from "../../src/wire/index.ts";

const [folder = "", nowMs = ""] = process.argv.slice(2);
const SERIES = 40;
const WRITERS = 4;

const store = await openMetricsStore({
  folder,
  clock: fakeClock(Number(nowMs)),
  random: seededRandom(1),
  onNote: (says) => writeSync(2, `${says}\n`),
  // Segments of a few records, so that the kill falls between them too.
  limits: { walSegmentBytesMax: 40_000 },
});
const workspace = await store.workspace("11111111-2222-4333-8444-555555555555");

/** Writes round after round of one writer's series; a value tells its writer and round. */
async function write(writer: number): Promise<void> {
  for (let round = 0; ; round++) {
    const message = encodeWriteRequest(
      Array.from({ length: SERIES }, (_, index) => ({
        labels: labelsOf({ __name__: "load", writer: String(writer), index: String(index) }),
        samples: [{ timestampMs: Number(nowMs) + round, value: writer * 1_000_000 + round }],
      })),
    );
    const { samplesAppended } = await workspace.appendWriteRequest(message);
    if (samplesAppended !== SERIES) throw new Error(`${samplesAppended} samples were appended.`);
    writeSync(1, `${writer} ${round}\n`);
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
