/** Records whose place in the load is written in them: what was acknowledged is found again, once, or told missing. */
import { startLogEngine } from "../../src/bin/start-log-engine.ts";
import { systemClock } from "../../src/core/index.ts";
import type { LogColumn, LogTable } from "../../src/core/index.ts";
import { openLogsStore } from "../../src/store/index.ts";
import type { OpenedLogsStore, WorkspaceLogs } from "../../src/store/index.ts";

export const CUSTOMER = "22222222-3333-4444-8555-666666666666";
export const RECORDS = 25;

const columns: readonly LogColumn[] = [
  { name: "TimeGenerated", type: "datetime" },
  { name: "writer", type: "int" },
  { name: "round", type: "int" },
  { name: "index", type: "int" },
  { name: "text", type: "string" },
];
const tables: readonly LogTable[] = ["First_CL", "Second_CL"].map((name) => ({ name, columns }));

/** Limits so low that segments are written and merged all the time. */
export const openSmallStore = (folder: string): Promise<OpenedLogsStore> =>
  openLogsStore({
    folder,
    clock: systemClock(),
    startEngine: () => startLogEngine(folder),
    onNote: (says) => void process.stderr.write(`${says}\n`),
    limits: { logHotBytesMax: 60_000, logWalSegmentBytesMax: 40_000 },
  });

/** One append: the same records to two tables, all or none. */
export async function appendRound(
  workspace: WorkspaceLogs,
  writer: number,
  round: number,
): Promise<void> {
  const records = Array.from({ length: RECORDS }, (_, index) => ({
    writer,
    round,
    index,
    text: `line ${index} of ${round} `.repeat(4),
  }));
  const json = Buffer.from(JSON.stringify(records));
  const rest = { json, records: RECORDS, receivedMs: Date.now(), constants: {}, billedBytes: 1 };
  await workspace.append(tables.map((table) => ({ table, ...rest })));
}

export interface RoundFound {
  readonly writer: number;
  readonly round: number;
  /** Rows of both tables, and how many of them differ. */
  readonly rows: number;
  readonly different: number;
}

/** Every round that the store answers with. */
export async function readRounds(workspace: WorkspaceLogs): Promise<readonly RoundFound[]> {
  const [first, second] = tables.map(
    ({ name }) => `SELECT '${name}' AS t, "writer", "round", "index" FROM "${name}"`,
  );
  const long = (name: string): LogColumn => ({ name, type: "long" });
  const { rows } = await workspace.query({
    sql: `SELECT "writer", "round", count(*), count(DISTINCT (t, "index")) FROM (${first} UNION ALL ${second}) GROUP BY ALL`,
    parameters: [],
    columns: ["writer", "round", "rows", "different"].map(long),
    tables,
    timeoutMs: 60_000,
    signal: new AbortController().signal,
  });
  return rows.map((row) => {
    const [writer = 0, round = 0, count = 0, different = 0] = row.map(Number);
    return { writer, round, rows: count, different };
  });
}
