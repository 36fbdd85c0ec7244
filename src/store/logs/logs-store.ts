/** All workspaces' logs at the edge, each in a folder of its own, and the engine that they share. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "../../core/index.ts";
import type { Clock } from "../../core/index.ts";
import { EngineClient } from "./engine-client.ts";
import type { EngineChannel } from "./engine-messages.ts";
import { logsLimits } from "./logs-limits.ts";
import type { LogsLimits } from "./logs-limits.ts";
import type { LogsNote } from "./logs-note.ts";
import type { LogsStore, LogTransformer } from "./seams.ts";
import { FolderWorkspaceLogs } from "./workspace-logs.ts";

export interface LogsStoreOptions {
  /** Made at the first write. */
  readonly folder: string;
  readonly clock: Clock;
  /** Starts the engine's process; called when it is first needed, and again after it died. */
  readonly startEngine: () => EngineChannel;
  readonly onNote: (says: string, note: LogsNote) => void;
  /** Lower limits, for tests. */
  readonly limits?: Partial<LogsLimits>;
}

export interface OpenedLogsStore extends LogsStore {
  /**
   * Makes segments of all that is durable in a workspace. The store does it by itself; for the end of a load, and for tests.
   *
   * @throws CodedError LogsUnavailable (503) when the engine is away or cannot write.
   */
  merge(customerId: string): Promise<void>;
}

/** Opens the store. Workspaces are opened, and their logs checked, when they are first asked for. */
export function openLogsStore(options: LogsStoreOptions): Promise<OpenedLogsStore> {
  return Promise.resolve(new FolderLogsStore(options));
}

class FolderLogsStore implements OpenedLogsStore {
  readonly #options: LogsStoreOptions;
  readonly #limits: LogsLimits;
  readonly #engine: EngineClient;
  readonly #workspaces = new Map<string, Promise<FolderWorkspaceLogs>>();
  /** Removals in progress: a workspace of the same id opens after them. */
  readonly #removals = new Map<string, Promise<void>>();
  #closed = false;

  constructor(options: LogsStoreOptions) {
    const { folder, clock, startEngine, onNote } = options;
    this.#options = options;
    this.#limits = { ...logsLimits, ...options.limits };
    this.#engine = new EngineClient({
      start: startEngine,
      folder,
      limits: this.#limits,
      clock,
      note: (customerId, says) => onNote(says, { kind: "engine", customerId, says }),
    });
  }

  async merge(customerId: string): Promise<void> {
    await (await this.workspace(customerId)).merge();
  }

  async workspace(customerId: string): Promise<FolderWorkspaceLogs> {
    if (this.#closed) {
      throw new CodedError("LogsUnavailable", "The store is closed.", { status: 503 });
    }
    const folder = this.#folderOf(customerId);
    const known = this.#workspaces.get(customerId);
    if (known !== undefined) return known;
    const opening = this.#open(customerId, folder);
    this.#workspaces.set(customerId, opening);
    opening.catch(() => this.#workspaces.delete(customerId));
    return opening;
  }

  transform(
    asked: Parameters<LogTransformer["transform"]>[0],
  ): ReturnType<LogTransformer["transform"]> {
    const { sql, parameters, columns, source, json, records, receivedMs } = asked;
    return this.#engine.call("transform", {
      sql,
      parameters,
      columns,
      source,
      json,
      records,
      receivedMs,
    });
  }

  async remove(customerId: string): Promise<void> {
    const folder = this.#folderOf(customerId);
    const before = this.#removals.get(customerId);
    if (before !== undefined) return before;
    const opened = this.#workspaces.get(customerId);
    this.#workspaces.delete(customerId);
    const removal = (async () => {
      const workspace = await opened?.catch(() => undefined);
      await workspace?.close();
      // An engine that is away holds no files; one that comes later finds no folder.
      if (workspace !== undefined) {
        await this.#engine.call("forget", { workspace: customerId }).catch(() => {});
      }
      await rm(folder, { recursive: true, force: true });
    })();
    this.#removals.set(customerId, removal);
    await removal.finally(() => this.#removals.delete(customerId));
  }

  async close(): Promise<void> {
    this.#closed = true;
    // First, so that nothing waits for what it is at: that is done again from the log.
    await this.#engine.close();
    const opened = await Promise.allSettled(this.#workspaces.values());
    for (const one of opened) if (one.status === "fulfilled") await one.value.close();
    this.#workspaces.clear();
  }

  async #open(customerId: string, folder: string): Promise<FolderWorkspaceLogs> {
    await this.#removals.get(customerId);
    const { clock, onNote } = this.#options;
    const engine = this.#engine;
    try {
      const limits = this.#limits;
      return await FolderWorkspaceLogs.open({ customerId, folder, clock, limits, engine, onNote });
    } catch (error) {
      throw new CodedError("LogsUnavailable", "The workspace's log cannot be opened.", {
        status: 503,
        cause: error,
      });
    }
  }

  #folderOf(customerId: string): string {
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(customerId)) {
      throw new CodedError(
        "InvalidCustomerId",
        `'${customerId.slice(0, 64)}' is not a GUID in lower case, as a workspace's customerId is.`,
        { status: 400 },
      );
    }
    return join(this.#options.folder, customerId);
  }
}
