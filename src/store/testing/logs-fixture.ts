/** What the tests of logs share: a store in a folder of its own, its engine in this process, and short forms of questions. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fakeClock, seededRandom, systemClock } from "../../core/index.ts";
import type { FakeClock, LogColumn, LogTable } from "../../core/index.ts";
import { openLogsStore, serveLogEngine } from "../index.ts";
import type {
  EngineChannel,
  FromEngine,
  LogBatch,
  LogsLimits,
  LogsNote,
  OpenedLogsStore,
  WorkspaceLogs,
} from "../index.ts";

export const CUSTOMER = "22222222-3333-4444-8555-666666666666";

/**
 * The engine's code in this process: what a child would be sent and would answer, as clones. A query's time is the machine's,
 * for the database runs on it.
 */
export function engineHere(): EngineChannel & { readonly die: () => void } {
  let on: Parameters<EngineChannel["listen"]>[0] | undefined;
  let alive = true;
  const engine = serveLogEngine({
    clock: systemClock(),
    random: seededRandom(3),
    send: (message: FromEngine) => {
      if (alive) on?.message(structuredClone(message));
    },
  });
  return {
    listen: (listeners) => {
      on = listeners;
    },
    send: (message) => {
      if (alive) engine.receive(structuredClone(message));
    },
    close: async () => {
      alive = false;
      await engine.close();
    },
    die: () => {
      alive = false;
      on?.gone();
    },
  };
}

export interface LogsFixture {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly notes: LogsNote[];
  readonly store: OpenedLogsStore;
  readonly workspace: WorkspaceLogs;
  /** Opens the store again, as a new process would. */
  reopen(): Promise<LogsFixture>;
}

export async function logsFixture(
  t: TestContext,
  limits: Partial<LogsLimits> = {},
): Promise<LogsFixture> {
  // A name that means something to whoever takes it for a pattern, a partition or SQL.
  const folder = await mkdtemp(join(tmpdir(), "linkscope logs [a-b]=*'-"));
  const clock = fakeClock();
  const notes: LogsNote[] = [];
  let current: OpenedLogsStore | undefined;
  const open = async (): Promise<LogsFixture> => {
    await current?.close();
    const store = await openLogsStore({
      folder,
      clock,
      startEngine: () => engineHere(),
      onNote: (_, note) => void notes.push(note),
      limits,
    });
    current = store;
    const workspace = await store.workspace(CUSTOMER);
    return { folder, clock, notes, store, workspace, reopen: open };
  };
  t.after(async () => {
    await current?.close();
    await rm(folder, { recursive: true, force: true });
  });
  return open();
}

export const tableOf = (name: string, columns: string): LogTable => ({
  name,
  columns: columns.split(" ").map((word) => {
    const [column = "", type = "string"] = word.split(":");
    return { name: column, type: type as LogColumn["type"] };
  }),
});

export function batchOf(
  table: LogTable,
  records: readonly unknown[],
  rest: Partial<LogBatch> & { readonly receivedMs: number },
): LogBatch {
  const json = Buffer.from(JSON.stringify(records));
  return { table, json, records: records.length, constants: {}, billedBytes: json.length, ...rest };
}

/** Asks with everything of one table in sight. */
export async function ask(
  workspace: WorkspaceLogs,
  table: LogTable,
  sql: string,
  columns: readonly LogColumn[] = table.columns,
): Promise<readonly (readonly unknown[])[]> {
  const { rows } = await workspace.query({
    sql,
    parameters: [],
    columns,
    tables: [table],
    timeoutMs: 60_000,
    signal: new AbortController().signal,
  });
  return rows;
}
