/** All workspaces' metrics in one folder, a subfolder each. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CodedError } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import type { MetricsStore, WorkspaceMetrics } from "./seams.ts";
import { storeLimits } from "./store-limits.ts";
import type { StoreLimits } from "./store-limits.ts";
import type { StoreNote } from "./store-note.ts";
import { WorkspaceStore } from "./workspace-store.ts";

export interface MetricsStoreOptions {
  /** Where the workspaces' folders are made; only one process may have it open. */
  readonly folder: string;
  readonly clock: Clock;
  /** Seeds the series tables, so that a sender cannot make its series collide. */
  readonly random: Random;
  /** Told of every sample that is missing, and of a log that cannot be written. */
  readonly onNote: (says: string, note: StoreNote) => void;
  /** Lower limits, for tests. */
  readonly limits?: Partial<StoreLimits>;
}

/** Opens the store. Workspaces are opened, and their logs replayed, when they are first asked for. */
export function openMetricsStore(options: MetricsStoreOptions): Promise<MetricsStore> {
  return Promise.resolve(new FolderMetricsStore(options));
}

class FolderMetricsStore implements MetricsStore {
  readonly #options: MetricsStoreOptions;
  readonly #workspaces = new Map<string, Promise<WorkspaceStore>>();
  /** Removals in progress: a workspace of the same id opens after them. */
  readonly #removals = new Map<string, Promise<void>>();
  #closed = false;

  constructor(options: MetricsStoreOptions) {
    this.#options = options;
  }

  async workspace(accountId: string): Promise<WorkspaceMetrics> {
    if (this.#closed) {
      throw new CodedError("StoreUnavailable", "The store is closed.", { status: 503 });
    }
    const folder = this.#folderOf(accountId);
    const known = this.#workspaces.get(accountId);
    if (known !== undefined) return known;
    const opening = this.#open(accountId, folder);
    this.#workspaces.set(accountId, opening);
    opening.catch(() => this.#workspaces.delete(accountId));
    return opening;
  }

  async remove(accountId: string): Promise<void> {
    const folder = this.#folderOf(accountId);
    const before = this.#removals.get(accountId);
    if (before !== undefined) return before;
    const opened = this.#workspaces.get(accountId);
    this.#workspaces.delete(accountId);
    const removal = (async () => {
      await (await opened?.catch(() => undefined))?.close();
      await rm(folder, { recursive: true, force: true });
    })();
    this.#removals.set(accountId, removal);
    await removal.finally(() => this.#removals.delete(accountId));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const opened = await Promise.allSettled(this.#workspaces.values());
    for (const one of opened) if (one.status === "fulfilled") await one.value.close();
    this.#workspaces.clear();
  }

  async #open(accountId: string, folder: string): Promise<WorkspaceStore> {
    await this.#removals.get(accountId);
    const { clock, random, onNote, limits } = this.#options;
    const seed = random.bytes(8);
    return WorkspaceStore.open({
      accountId,
      folder,
      clock,
      hashKey: { k0: seed.readInt32LE(0), k1: seed.readInt32LE(4) },
      limits: { ...storeLimits, ...limits },
      onNote,
    });
  }

  #folderOf(accountId: string): string {
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(accountId)) {
      throw new CodedError(
        "InvalidAccountId",
        `'${accountId.slice(0, 64)}' is not a GUID in lower case, as a workspace's accountId is.`,
        { status: 400 },
      );
    }
    return join(this.#options.folder, accountId);
  }
}
