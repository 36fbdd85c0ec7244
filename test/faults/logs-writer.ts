/** A process that writes logs until it is killed, and prints each acknowledgement: `logs-writer.ts FOLDER FIRST_ROUND ask|quiet`. */
import { writeSync } from "node:fs";
import { appendRound, CUSTOMER, openSmallStore, readRounds } from "./logs-load.ts";

const [folder = "", firstRound = "0", manner = "ask"] = process.argv.slice(2);
const WRITERS = 4;

const store = await openSmallStore(folder);
const workspace = await store.workspace(CUSTOMER);

async function write(writer: number): Promise<void> {
  for (let round = Number(firstRound); ; round++) {
    await appendRound(workspace, writer, round);
    writeSync(1, `${writer} ${round}\n`);
  }
}

/** Questions between the writes: rows are then hot, and segments are read while others are written. Without: they never are. */
async function ask(): Promise<void> {
  if (manner !== "ask") return;
  for (;;) {
    // An engine that was killed is away for a while.
    await readRounds(workspace).catch(() => new Promise((resolve) => setImmediate(resolve)));
  }
}

await Promise.all([ask(), ...Array.from({ length: WRITERS }, (_, writer) => write(writer))]);
