/** A workspace's rows that no segment holds: read from the log in chunks, each whole or not at all. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { messageOf } from "../../../core/index.ts";
import type { LoggedBatch } from "../log-record.ts";
import type { ConstantSets } from "./constant-sets.ts";
import { isDataFailure } from "./engine-errors.ts";
import { createHotTableSql } from "./hot-table.ts";
import type { HotTable } from "./hot-table.ts";
import { constantsIn, shapesOf, withRowsOf } from "./record-shapes.ts";
import type { ChunkFiles, FiledJson, Shape } from "./record-shapes.ts";
import { plainRecords } from "./records-file.ts";
import { quoteName } from "./sql.ts";

export interface HotRowsOptions extends ChunkFiles {
  readonly connection: DuckDBConnection;
  readonly note: (says: string) => void;
}

export class HotRows {
  readonly #options: HotRowsOptions;
  #tables = new Map<string, HotTable>();
  #nextNumber = 1;

  constructor(options: HotRowsOptions) {
    this.#options = options;
  }

  get tables(): readonly HotTable[] {
    return [...this.#tables.values()];
  }

  get bytes(): number {
    return this.tables.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Hands its tables over, and begins anew. */
  take(): readonly HotTable[] {
    const { tables } = this;
    this.#tables = new Map();
    return tables;
  }

  /** Adds the batches' rows, all or none. @throws Error of the engine. What is no JSON is set aside, and told. */
  async add(batches: readonly LoggedBatch[], sets: ConstantSets): Promise<void> {
    const shapes = shapesOf(batches, sets);
    const staged: { readonly key: string; readonly shape: Shape; readonly table: HotTable }[] = [];
    try {
      for (const [key, shape] of shapes) {
        const table = this.#newTable(shape);
        staged.push({ key, shape, table });
        await this.#stage(table, shape);
      }
      await this.#unite(staged);
    } catch (error) {
      for (const { table } of staged) await this.#drop(table).catch(() => {});
      throw error;
    }
    for (const { key, shape, table } of staged) {
      const into = this.#tables.get(key);
      if (into === undefined) {
        this.#tables.set(key, table);
        continue;
      }
      into.rows += table.rows;
      into.bytes += shape.bytes;
      for (const number of table.constants) into.constants.add(number);
      await this.#drop(table);
    }
  }

  /** Moves staged rows to the tables that are there already, in one transaction. */
  async #unite(
    staged: readonly { readonly key: string; readonly table: HotTable }[],
  ): Promise<void> {
    const { connection } = this.#options;
    const moves = staged.filter(({ key }) => this.#tables.has(key));
    if (moves.length === 0) return;
    await connection.run("BEGIN TRANSACTION");
    try {
      for (const { key, table } of moves) {
        const into = quoteName(this.#tables.get(key)?.name ?? "");
        await connection.run(`INSERT INTO ${into} SELECT * FROM ${quoteName(table.name)}`);
      }
      await connection.run("COMMIT");
    } catch (error) {
      await connection.run("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  #newTable(shape: Shape): HotTable {
    const { table, columns, bytes } = shape;
    const name = `hot ${this.#nextNumber++}`;
    const constants = constantsIn(shape);
    return { name, table: table.name, columns, constants, rows: 0, bytes };
  }

  async #drop({ name }: HotTable): Promise<void> {
    await this.#options.connection.run(`DROP TABLE IF EXISTS ${quoteName(name)}`);
  }

  async #stage(into: HotTable, shape: Shape): Promise<void> {
    const { connection } = this.#options;
    await connection.run(createHotTableSql(into.name, shape.columns));
    try {
      into.rows = await this.#insert(into, shape, shape.batches);
      return;
    } catch (error) {
      if (!isDataFailure(error)) throw error;
    }
    for (const batch of shape.batches) into.rows += await this.#insertPlain(into, shape, batch);
  }

  /** One batch after a failure: read in full, and given to the engine in the plainest form. */
  async #insertPlain(into: HotTable, shape: Shape, batch: FiledJson): Promise<number> {
    try {
      const plain = plainRecords(batch.json);
      return await this.#insert(into, shape, [{ ...batch, json: plain }]);
    } catch (error) {
      if (!isDataFailure(error) && !(error instanceof SyntaxError)) throw error;
      const path = join(this.#options.folder, `unreadable-${batch.receivedMs}-${into.name}.json`);
      await writeFile(path, batch.json, { mode: 0o600 });
      this.#options.note(
        `Records of ${shape.table.name} cannot be read (${messageOf(error).slice(0, 200)}). They are kept in ${path} and no query sees them.`,
      );
      return 0;
    }
  }

  #insert(into: HotTable, shape: Shape, batches: readonly FiledJson[]): Promise<number> {
    const { connection } = this.#options;
    return withRowsOf(this.#options, shape, batches, async (select) => {
      const sql = `INSERT INTO ${quoteName(into.name)} ${select}`;
      return (await connection.run(sql)).rowsChanged;
    });
  }
}
