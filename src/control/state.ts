/** The control plane's state: every resource and operation in SQLite, durable before a request is answered. */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { emptyGraph, idKey, withChanges } from "../arm/index.ts";
import type { ArmResource, Change, Graph, ResourceId } from "../arm/index.ts";
import { CodedError, limits, messageOf } from "../core/index.ts";

/** The layout of the tables. A file with another one is refused by name, never guessed at. */
const schemaVersion = "1";

export type OperationStatus = "InProgress" | "Succeeded" | "Failed";

/** A long-running operation. */
export interface Operation {
  readonly id: string;
  readonly kind: "write" | "delete";
  readonly resourceId: ResourceId;
  /** Path under which its status is read, without api-version. */
  readonly statusPath: string;
  /** What it serialises, while it runs. */
  readonly lockId: ResourceId | undefined;
  readonly status: OperationStatus;
  readonly startTime: string;
  readonly endTime: string | undefined;
  /** Known from its beginning, told when it ends: why it is `Failed`. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** What one transaction changes. */
export interface Transaction {
  readonly changes?: readonly Change[];
  readonly operations?: readonly Operation[];
}

export interface State {
  /** Everything that is committed. Its version rises with each transaction that changes resources, across restarts. */
  readonly graph: () => Graph;
  readonly operation: (id: string) => Operation | undefined;
  /** Operations that had not ended when the state was opened. */
  readonly unfinished: () => readonly Operation[];
  /**
   * Writes everything or nothing, and returns when it is on disk.
   *
   * @throws CodedError StateNotWritten (503) when it could not be written; nothing has changed then.
   */
  readonly commit: (transaction: Transaction) => Graph;
  readonly close: () => void;
}

/** Whose state it is. A state never changes hands. */
export interface Owner {
  readonly tenantId: string;
  readonly subscriptionId: string;
}

/**
 * Opens the state in `database`, creating its tables in an empty one.
 *
 * @param initial - resources of a state that is created now, in the same transaction as its tables.
 * @throws CodedError StateVersionUnknown when the file has another layout, StateOfAnotherTenant when it belongs to
 * another tenant or subscription, StateCorrupt when a row cannot be read.
 */
export function openState(
  database: DatabaseSync,
  owner: Owner,
  initial: readonly ArmResource[] = [],
): State {
  database.exec("PRAGMA synchronous = FULL");
  prepare(database, owner, initial);
  let graph = loadGraph(database);
  const statements = {
    put: database.prepare(
      "INSERT INTO resources (key, json) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET json = excluded.json",
    ),
    delete: database.prepare("DELETE FROM resources WHERE key = ?"),
    version: database.prepare("UPDATE control_meta SET value = ? WHERE name = 'graphVersion'"),
    operation: database.prepare("SELECT json FROM operations WHERE id = ?"),
    putOperation: database.prepare(
      "INSERT INTO operations (id, status, json) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status, json = excluded.json",
    ),
    trimOperations: database.prepare(
      "DELETE FROM operations WHERE seq <= (SELECT max(seq) FROM operations) - ?",
    ),
  };
  const write = ({ changes = [], operations = [] }: Transaction): Graph => {
    const next = changes.length === 0 ? graph : withChanges(graph, changes);
    for (const change of changes) {
      if (change.kind === "delete") statements.delete.run(idKey(change.id));
      else statements.put.run(idKey(change.resource.id), JSON.stringify(change.resource));
    }
    if (next !== graph) statements.version.run(String(next.version));
    for (const operation of operations) {
      statements.putOperation.run(operation.id, operation.status, JSON.stringify(operation));
    }
    if (operations.length > 0) statements.trimOperations.run(limits.armOperationsKept);
    return next;
  };
  return {
    graph: () => graph,
    operation: (id) => {
      const row = statements.operation.get(id);
      return row === undefined ? undefined : (JSON.parse(String(row["json"])) as Operation);
    },
    unfinished: () =>
      database
        .prepare("SELECT json FROM operations WHERE status = 'InProgress' ORDER BY seq")
        .all()
        .map((row) => JSON.parse(String(row["json"])) as Operation),
    commit: (transaction) => {
      refuseTooMany(graph, transaction);
      graph = inTransaction(database, () => write(transaction));
      return graph;
    },
    close: () => database.close(),
  };
}

/** @throws CodedError ResourceQuotaExceeded (409) when more resources would be kept than the limit. */
export function refuseTooMany(graph: Graph, { changes = [] }: Transaction): void {
  const created = changes.filter(
    (change) => change.kind === "put" && graph.get(change.resource.id) === undefined,
  ).length;
  if (created === 0 || graph.size + created <= limits.armResourcesMax) return;
  throw new CodedError(
    "ResourceQuotaExceeded",
    `The platform has ${graph.size} resources; the limit is ${limits.armResourcesMax}. Delete some.`,
    { status: 409 },
  );
}

/**
 * Opens a file of its own for the state: readable by this user alone, and on disk when a commit returns.
 *
 * @throws CodedError StateCorrupt when it is no database.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    if (path !== ":memory:") chmodSync(path, 0o600);
    database.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000",
    );
  } catch (error) {
    database.close();
    throw new CodedError(
      "StateCorrupt",
      `The state '${path}' cannot be opened: ${messageOf(error)}. Restore the data folder from a copy.`,
      { cause: error },
    );
  }
  return database;
}

function inTransaction<T>(database: DatabaseSync, run: () => T): T {
  try {
    database.exec("BEGIN IMMEDIATE");
    const result = run();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw new CodedError(
      "StateNotWritten",
      `The control plane's state could not be written: ${messageOf(error)}. Nothing has changed; free the disk and send the request again.`,
      { status: 503, cause: error },
    );
  }
}

function prepare(database: DatabaseSync, owner: Owner, initial: readonly ArmResource[]): void {
  const found = database
    .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'control_meta'")
    .get();
  if (found === undefined) createTables(database, owner, initial);
  const meta = new Map(
    database
      .prepare("SELECT name, value FROM control_meta")
      .all()
      .map((row) => [String(row["name"]), String(row["value"])]),
  );
  const version = meta.get("schemaVersion");
  if (version !== schemaVersion) {
    throw new CodedError(
      "StateVersionUnknown",
      `The state has layout ${version ?? "(none)"}; this program reads layout ${schemaVersion}. Use the program that wrote it, or another data folder.`,
    );
  }
  for (const name of ["tenantId", "subscriptionId"] as const) {
    if (meta.get(name) === owner[name]) continue;
    throw new CodedError(
      "StateOfAnotherTenant",
      `The state belongs to ${name} ${meta.get(name) ?? "(none)"}, not to ${owner[name]}. Give that one, or another data folder.`,
    );
  }
}

function createTables(database: DatabaseSync, owner: Owner, initial: readonly ArmResource[]): void {
  inTransaction(database, () => {
    database.exec(`
      CREATE TABLE control_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
      CREATE TABLE resources (seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, json TEXT NOT NULL) STRICT;
      CREATE TABLE operations (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, json TEXT NOT NULL) STRICT;
    `);
    const insert = database.prepare("INSERT INTO control_meta (name, value) VALUES (?, ?)");
    insert.run("schemaVersion", schemaVersion);
    insert.run("tenantId", owner.tenantId);
    insert.run("subscriptionId", owner.subscriptionId);
    insert.run("graphVersion", initial.length === 0 ? "0" : "1");
    const put = database.prepare("INSERT INTO resources (key, json) VALUES (?, ?)");
    for (const resource of initial) put.run(idKey(resource.id), JSON.stringify(resource));
  });
}

function loadGraph(database: DatabaseSync): Graph {
  const changes: Change[] = [];
  for (const row of database.prepare("SELECT key, json FROM resources ORDER BY seq").all()) {
    changes.push({ kind: "put", resource: readResource(String(row["key"]), String(row["json"])) });
  }
  const row = database.prepare("SELECT value FROM control_meta WHERE name = 'graphVersion'").get();
  return withChanges(emptyGraph(), changes, Number(row?.["value"] ?? 0));
}

function readResource(key: string, text: string): ArmResource {
  try {
    const resource = JSON.parse(text) as ArmResource;
    if (idKey(resource.id) === key) return resource;
  } catch {
    // Falls through to the one error for a row that is not what was written.
  }
  throw new CodedError(
    "StateCorrupt",
    `The state's row '${key}' is not the resource that was written. Restore the data folder from a copy.`,
  );
}
