/** A DuckDB instance of one workspace: one thread, its own folder and nothing else, its own memory, locked. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { quoteText } from "./sql.ts";

export interface DatabaseOptions {
  /** The only folder that its statements can read and write. */
  readonly folder: string;
  readonly memoryBytesMax: number;
  readonly temporaryBytesMax: number;
}

export interface Database {
  connect(): Promise<DuckDBConnection>;
  close(): void;
}

/**
 * Opens an instance in memory. After this no statement can load an extension, reach another folder or the network, or
 * change a setting that every connection shares.
 *
 * @see duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const spill = join(options.folder, "spill");
  await mkdir(spill, { recursive: true, mode: 0o700 });
  // The engine's library takes a tenth of a second to load: only the process that uses it does.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance: DuckDBInstance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: `${options.memoryBytesMax}B`,
    temp_directory: spill,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    default_null_order: "nulls_first",
  });
  const connection = await instance.connect();
  try {
    await connection.run("SET GLOBAL TimeZone = 'UTC'");
    // Among the options above it would be shown and not be held.
    await connection.run(`SET max_temp_directory_size = '${options.temporaryBytesMax}B'`);
    await connection.run(`SET allowed_directories = [${quoteText(`${options.folder}/`)}]`);
    await connection.run("SET enable_external_access = false");
    await connection.run("SET lock_configuration = true");
  } finally {
    connection.closeSync();
  }
  return { connect: () => instance.connect(), close: () => instance.closeSync() };
}
