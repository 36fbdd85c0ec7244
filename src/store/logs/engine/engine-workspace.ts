/** One workspace in the engine: what the log holds becomes hot rows, hot rows become segments, and queries see both. */
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { CodedError, messageOf } from "../../../core/index.ts";
import type { LogColumn, LogTable } from "../../../core/index.ts";
import { planSegmentWork, SegmentFolder } from "../../segments/index.ts";
import type { Segment } from "../../segments/index.ts";
import type { BilledDay } from "../log-record.ts";
import type { LoggedBatch } from "../log-record.ts";
import { readLogRecords } from "../log-segments.ts";
import type { LogPosition } from "../log-segments.ts";
import type { LogsLimits } from "../logs-limits.ts";
import type { BoundValue, LogAnswer } from "../seams.ts";
import { answerRows } from "./answer-rows.ts";
import { ConstantSets } from "./constant-sets.ts";
import type { ConstantSet } from "./constant-sets.ts";
import { openDatabase } from "./database.ts";
import type { Database } from "./database.ts";
import { isDataFailure } from "./engine-errors.ts";
import { HotRows } from "./hot-rows.ts";
import type { HotTable } from "./hot-table.ts";
import { shapesOf, withRowsOf } from "./record-shapes.ts";
import { hotTableSelect, mergeSegments, writeRows } from "./segment-files.ts";
import { quoteName } from "./sql.ts";
import { constantVariablesSql, tableViewSql } from "./table-view.ts";
import type { RowSource } from "./table-view.ts";
import { Turns } from "./turns.ts";

/** What a manifest says besides its segments. */
export interface LogsState {
  /** The last record of the log whose rows are in segments. */
  readonly mergedThrough: number;
  readonly billed: BilledDay | undefined;
  readonly constants: readonly (ConstantSet | null)[];
}

export const EMPTY_STATE: LogsState = { mergedThrough: 0, billed: undefined, constants: [] };

/** Rows older than this are past their retention. */
export interface Cutoffs {
  readonly allMs: number;
  readonly tables: readonly (readonly [table: string, cutoffMs: number])[];
}

export interface EngineQuery {
  readonly sql: string;
  readonly parameters: readonly BoundValue[];
  readonly columns: readonly LogColumn[];
  readonly tables: readonly LogTable[];
}

export interface FlushResult {
  readonly mergedThrough: number;
  readonly segments: number;
  readonly segmentBytes: number;
}

export interface EngineWorkspaceOptions {
  /** The workspace's folder: its log, its segments, and what the engine writes for itself. */
  readonly folder: string;
  readonly limits: LogsLimits;
  readonly markerKey: string;
  readonly note: (says: string) => void;
}

/** Hot tables that are on their way into segments. */
interface Frozen {
  readonly tables: readonly HotTable[];
  readonly mergedThrough: number;
  readonly billed: BilledDay | undefined;
}

/** Where a chunk of the log ends. */
interface ChunkEnd {
  readonly position: LogPosition;
  readonly billed: BilledDay | undefined;
}

export const logFolder = (workspaceFolder: string): string => join(workspaceFolder, "log");
/** What the engine's statements may reach lies in here. */
export const engineFolder = (workspaceFolder: string): string => join(workspaceFolder, "tables");
export const segmentsFolder = (workspaceFolder: string): string =>
  join(engineFolder(workspaceFolder), "segments");

export class EngineWorkspace {
  readonly #options: EngineWorkspaceOptions;
  readonly #database: Database;
  readonly #segments: SegmentFolder<LogsState>;
  readonly #sets: ConstantSets;
  readonly #hot: HotRows;
  readonly #writer: DuckDBConnection;
  readonly #reading = new Turns();
  readonly #writing = new Turns();
  #frozen: Frozen[] = [];
  #position: LogPosition;
  #billed: BilledDay | undefined;
  /** Merges that failed since the start, by their first segment's number: not tried again. */
  readonly #failedMerges = new Set<number>();

  private constructor(
    options: EngineWorkspaceOptions,
    parts: {
      readonly database: Database;
      readonly segments: SegmentFolder<LogsState>;
      readonly connections: readonly [DuckDBConnection, DuckDBConnection];
    },
  ) {
    const { limits, markerKey, note } = options;
    const { state } = parts.segments;
    const [connection, writer] = parts.connections;
    this.#options = options;
    this.#database = parts.database;
    this.#segments = parts.segments;
    this.#writer = writer;
    this.#sets = new ConstantSets(state.constants, limits.logConstantSetsMax);
    // Nothing is hot yet: only segments refer to constants.
    this.#sets.keepOnly(new Set(parts.segments.segments.flatMap(({ constants }) => constants)));
    this.#position = { through: state.mergedThrough };
    this.#billed = state.billed;
    const folder = chunkFolder(options.folder);
    this.#hot = new HotRows({ connection, folder, limits, markerKey, note });
  }

  static async open(options: EngineWorkspaceOptions): Promise<EngineWorkspace> {
    const { folder, limits } = options;
    const own = engineFolder(folder);
    const segments = await SegmentFolder.open<LogsState>(segmentsFolder(folder), EMPTY_STATE);
    await rm(join(own, "spill"), { recursive: true, force: true });
    await mkdir(chunkFolder(folder), { recursive: true, mode: 0o700 });
    const database = await openDatabase({
      folder: own,
      memoryBytesMax: limits.logEngineMemoryBytesMax,
      temporaryBytesMax: limits.logEngineTemporaryBytesMax,
    });
    const connections = [await database.connect(), await database.connect()] as const;
    return new EngineWorkspace(options, { database, segments, connections });
  }

  /** The bytes of its hot rows, as JSON. */
  get hotBytes(): number {
    return this.#hot.bytes;
  }

  /**
   * Answers a query over everything that was durable at `through`.
   *
   * @param started - told the connection that may be interrupted, once it runs.
   * @throws CodedError LogsUnavailable, when the log cannot be read; what the engine throws otherwise.
   */
  async query(
    asked: EngineQuery,
    at: {
      readonly through: number;
      readonly cutoffs: Cutoffs;
      readonly started: (connection: DuckDBConnection) => void;
    },
  ): Promise<LogAnswer> {
    await this.#read(at.through);
    const release = this.#segments.lease();
    try {
      const views = asked.tables.map((table) => this.#viewSql(table, at.cutoffs));
      const variables = constantVariablesSql(this.#sets.sets);
      const connection = await this.#database.connect();
      try {
        at.started(connection);
        for (const sql of [...variables, ...views]) await connection.run(sql);
        const { logQueryRowsMax: rowsMax, logQueryResultBytesMax: bytesMax } = this.#options.limits;
        return await answerRows(connection, asked, { rowsMax, bytesMax });
      } finally {
        connection.closeSync();
      }
    } finally {
      release();
    }
  }

  /** Makes segments of everything that was durable at `through`; merges small segments, and deletes what is past its retention. */
  async flush(through: number, cutoffs: Cutoffs): Promise<FlushResult> {
    await this.#readChunks(through, "segments");
    await this.#reading.take(async () => this.#freeze());
    await this.#writeFrozen();
    await this.#writing.take(() => this.#keepSegments(cutoffs));
    return this.result();
  }

  result(): FlushResult {
    const { segments, bytes, state } = this.#segments;
    return {
      mergedThrough: state.mergedThrough,
      segments: segments.length,
      segmentBytes: bytes,
    };
  }

  /** Ends at once: what is hot is in the log. */
  async close(): Promise<void> {
    await this.#reading.take(() => Promise.resolve());
    await this.#writing.take(() => Promise.resolve());
    this.#database.close();
  }

  async #read(through: number): Promise<void> {
    try {
      await this.#readChunks(through, "hot rows");
    } catch (error) {
      const says = "The workspace's log cannot be read now. Ask again later.";
      throw new CodedError("LogsUnavailable", says, { status: 503, cause: error });
    }
  }

  /** Reads the log, a chunk a turn: whoever asks meanwhile waits for one chunk of a long log, not for all. */
  async #readChunks(through: number, into: "hot rows" | "segments"): Promise<void> {
    while (this.#position.through < through) {
      await this.#reading.take(() => this.#readChunk(through, into));
    }
  }

  async #readChunk(through: number, into: "hot rows" | "segments"): Promise<void> {
    const chunk: LoggedBatch[] = [];
    let bytes = 0;
    let end: ChunkEnd = { position: this.#position, billed: this.#billed };
    const folder = logFolder(this.#options.folder);
    for await (const { record, position } of readLogRecords(folder, this.#position, through)) {
      for (const batch of record.batches) {
        chunk.push(batch);
        bytes += batch.json.length;
      }
      end = { position, billed: record.billed };
      if (bytes >= this.#options.limits.logHotBytesMax) break;
    }
    await (into === "segments" ? this.#addSegments(chunk, end) : this.#addHot(chunk, end));
  }

  async #addHot(chunk: readonly LoggedBatch[], end: ChunkEnd): Promise<void> {
    await this.#hot.add(chunk, this.#sets);
    this.#position = end.position;
    this.#billed = end.billed;
    if (this.#hot.bytes < this.#options.limits.logHotBytesMax) return;
    this.#freeze();
    await this.#writeFrozen();
  }

  /** Writes a chunk's rows to segments without keeping them in memory before. What is hot comes first: it is older. */
  async #addSegments(chunk: readonly LoggedBatch[], end: ChunkEnd): Promise<void> {
    this.#freeze();
    await this.#writeFrozen();
    const { position, billed } = end;
    try {
      await this.#writing.take(async () => {
        const add = await this.#writeChunk(chunk);
        const state = this.#state({ mergedThrough: position.through, billed });
        await this.#segments.commit({ add, remove: [], state });
      });
    } catch (error) {
      // What only looked like records is found batch by batch, on the way through hot rows.
      if (!isDataFailure(error)) throw error;
      return this.#addHot(chunk, end);
    }
    this.#position = position;
    this.#billed = billed;
  }

  async #writeChunk(chunk: readonly LoggedBatch[]): Promise<readonly Segment[]> {
    const files = { ...this.#options, folder: chunkFolder(this.#options.folder) };
    const segments: Segment[] = [];
    for (const shape of shapesOf(chunk, this.#sets).values()) {
      const number = this.#segments.newNumber();
      const path = this.#segments.pathOf({ number });
      const { columns, table } = shape;
      const written = await withRowsOf(files, shape, shape.batches, (select) =>
        writeRows(this.#writer, { select, columns }, path),
      );
      const { size: bytes } = await stat(path);
      segments.push({ ...written, number, table: table.name, bytes });
    }
    return segments.filter(({ rows }) => rows > 0);
  }

  /** Only where nothing is read meanwhile: the hot rows are then exactly those up to the position. */
  #freeze(): void {
    const mergedThrough = this.#position.through;
    if (
      mergedThrough === (this.#frozen.at(-1)?.mergedThrough ?? this.#segments.state.mergedThrough)
    )
      return;
    this.#frozen.push({ tables: this.#hot.take(), mergedThrough, billed: this.#billed });
  }

  #writeFrozen(): Promise<void> {
    return this.#writing.take(async () => {
      // In their order: what a manifest calls merged is merged whole.
      for (let frozen = this.#frozen[0]; frozen !== undefined; frozen = this.#frozen[0]) {
        await this.#writeSegments(frozen);
      }
    });
  }

  async #writeSegments(frozen: Frozen): Promise<void> {
    const add: Segment[] = [];
    for (const table of frozen.tables) {
      if (table.rows === 0) continue;
      const number = this.#segments.newNumber();
      const path = this.#segments.pathOf({ number });
      const rows = { select: hotTableSelect(table), columns: table.columns };
      const written = await writeRows(this.#writer, rows, path);
      const { size: bytes } = await stat(path);
      add.push({ ...written, number, table: table.table, bytes });
    }
    await this.#segments.commit({
      add,
      remove: [],
      state: this.#state(frozen),
      committed: () => void this.#frozen.shift(),
    });
    this.#segments.discard(async () => {
      for (const { name } of frozen.tables) {
        await this.#writer.run(`DROP TABLE IF EXISTS ${quoteName(name)}`);
      }
    });
  }

  #state({ mergedThrough, billed }: Pick<Frozen, "mergedThrough" | "billed">): LogsState {
    return { mergedThrough, billed, constants: this.#sets.sets };
  }

  async #keepSegments(cutoffs: Cutoffs): Promise<void> {
    const { logSegmentBytesMax: segmentBytesMax, logSortRowsMax } = this.#options.limits;
    const cutoffMs = cutoffOf(cutoffs);
    const work = planSegmentWork(this.#segments.segments, { cutoffMs, segmentBytesMax });
    const { state } = this.#segments;
    if (work.expired.length > 0) {
      await this.#segments.commit({ add: [], remove: work.expired, state });
    }
    for (const group of work.merges) {
      const first = group[0]?.number ?? 0;
      if (this.#failedMerges.has(first)) continue;
      try {
        await this.#merge(group, cutoffMs(group[0]?.table ?? ""), logSortRowsMax);
      } catch (error) {
        this.#failedMerges.add(first);
        this.#options.note(`${group.length} segments are not merged: ${messageOf(error)}`);
      }
    }
  }

  async #merge(group: readonly Segment[], cutoffMs: number, sortRowsMax: number): Promise<void> {
    const number = this.#segments.newNumber();
    const path = this.#segments.pathOf({ number });
    const paths = group.map((segment) => this.#segments.pathOf(segment));
    const merged = await mergeSegments(this.#writer, { group, paths, path, cutoffMs, sortRowsMax });
    const { size: bytes } = await stat(path);
    const segment = { ...merged, number, table: group[0]?.table ?? "", bytes };
    const add = merged.rows === 0 ? [] : [segment];
    if (add.length === 0) await rm(path, { force: true });
    await this.#segments.commit({ add, remove: group, state: this.#segments.state });
  }

  #viewSql(table: LogTable, cutoffs: Cutoffs): string {
    const sql = tableViewSql(table, {
      sources: this.#sources(table.name),
      sets: this.#sets.sets,
      cutoffMs: cutoffOf(cutoffs)(table.name),
    });
    return `CREATE TEMP VIEW ${quoteName(table.name)} AS ${sql}`;
  }

  #sources(table: string): readonly RowSource[] {
    const hot = [...this.#frozen.flatMap(({ tables }) => tables), ...this.#hot.tables]
      .filter((one) => one.table === table)
      .map(({ name, columns }): RowSource => ({ columns, from: { kind: "table", name } }));
    const segments = this.#segments.segments.filter((one) => one.table === table);
    const shapes = Map.groupBy(segments, ({ columns }) => JSON.stringify(columns));
    const files = [...shapes.values()].map((group): RowSource => {
      const columns = (group[0]?.columns ?? []).map(([name, type]) => ({ name, type }));
      const paths = group.map((segment) => this.#segments.pathOf(segment));
      return { columns: columns as RowSource["columns"], from: { kind: "files", paths } };
    });
    return [...files, ...hot];
  }
}

const chunkFolder = (folder: string): string => join(engineFolder(folder), "chunks");

const cutoffOf = ({ allMs, tables }: Cutoffs): ((table: string) => number) => {
  const own = new Map(tables);
  return (table) => own.get(table) ?? allMs;
};
