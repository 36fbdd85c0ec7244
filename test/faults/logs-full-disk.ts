/** Writes logs to a small disk until it is full, makes room, writes on, and prints what was told and found: `logs-full-disk.ts FOLDER`. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appendRound, CUSTOMER, openSmallStore, readRounds, RECORDS } from "./logs-load.ts";

const [folder = ""] = process.argv.slice(2);
const ballast = join(folder, "ballast");
const ROUNDS_AFTER = 20;

writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024));
const store = await openSmallStore(folder);
const workspace = await store.workspace(CUSTOMER);
const codes = new Set<string>();
let told = 0;
let refused = 0;
let after = 0;
for (let round = 0; after < ROUNDS_AFTER; round++) {
  try {
    await appendRound(workspace, 1, round);
    told++;
    if (refused > 0) after++;
  } catch (error) {
    codes.add((error as { readonly code: string }).code);
    refused++;
    // Refused twice in a row, and only then room again.
    if (refused === 2) rmSync(ballast);
  }
}
await store.merge(CUSTOMER);
const rounds = await readRounds(workspace);
const whole = rounds.every(({ rows, different }) => rows === 2 * RECORDS && different === rows);
process.stdout.write(
  JSON.stringify({ told, found: whole ? rounds.length : -1, codes: [...codes] }),
);
await store.close();
