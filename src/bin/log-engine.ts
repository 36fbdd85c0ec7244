/** The engine of logs as a process: DuckDB, and nothing else of the edge. Its parent asks over the channel; without it, it ends. */
import { join } from "node:path";
import { systemClock, systemRandom } from "../core/index.ts";
import { serveLogEngine } from "../store/index.ts";
import type { ToEngine } from "../store/index.ts";
import { lockFile } from "./file-lock.ts";

/** The engine of a killed edge is still ending for so long, at most. */
const PREDECESSOR_WAIT_MS = 15_000;

process.umask(0o077);
// The terminal's Ctrl-C reaches every process; the parent says when to end.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
// What was half done is done again from the log: nothing has to be ended in order.
process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));

const engine = serveLogEngine({
  clock: systemClock(),
  random: systemRandom(),
  send: (message) => void process.send?.(message),
});

process.on("message", (message: ToEngine) => {
  if (message.kind !== "begin") return engine.receive(message);
  holdAlone(message.folder);
  // The database takes some characters of a path for patterns; in this way none of the data folder's reach it.
  process.chdir(message.folder);
  engine.receive({ ...message, folder: "." });
});

/** Two engines on one folder would each replace the other's manifests. The lock goes with the process. */
function holdAlone(folder: string): void {
  if (lockFile(join(folder, "engine.lock"), { waitMs: PREDECESSOR_WAIT_MS }) !== undefined) return;
  process.stderr.write(`log-engine: another one still works on ${folder}.\n`);
  process.exit(1);
}
