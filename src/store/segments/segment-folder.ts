/**
 * A folder of segments and its manifest, which alone says what belongs to it. The manifest is replaced whole, with the
 * owner's state in the same stroke: how far the log is merged and which segments hold it can never differ.
 *
 * @see docs/formats/segments.md
 */
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncFile, syncFolder } from "../wal-segment.ts";
import { segmentFile } from "./segment.ts";
import type { Segment } from "./segment.ts";

const MANIFEST = "manifest.json";
const VERSION = 1;

export interface Manifest<State> {
  readonly version: typeof VERSION;
  readonly nextNumber: number;
  /** The owner's own: what must change together with the segments. */
  readonly state: State;
  readonly segments: readonly Segment[];
}

export interface SegmentChange<State> {
  readonly add: readonly Segment[];
  readonly remove: readonly Segment[];
  readonly state: State;
  /** Called in the very moment from which on readers see the change. */
  readonly committed?: () => void;
}

/** Reads the manifest of a folder, without opening it. Undefined where there is none. @throws Error where it is not one. */
export async function readManifest<State>(folder: string): Promise<Manifest<State> | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const manifest = JSON.parse(text) as Manifest<State>;
  if (manifest.version !== VERSION) {
    throw new Error(`${join(folder, MANIFEST)} has version ${String(manifest.version)}.`);
  }
  return manifest;
}

/** One process at a time may hold a folder; its owner sees to that. */
export class SegmentFolder<State> {
  readonly folder: string;
  #manifest: Manifest<State>;
  #readers = 0;
  #generation = 0;
  /** Readers by the generation that they began in. */
  readonly #readersOf = new Map<number, number>();
  /** What is to be given up when nobody reads what began before. */
  #discarded: { readonly generation: number; readonly discard: () => Promise<void> }[] = [];

  private constructor(folder: string, manifest: Manifest<State>) {
    this.folder = folder;
    this.#manifest = manifest;
  }

  /** Opens the folder, which is made where it is missing, and deletes files that a crash left outside the manifest. */
  static async open<State>(folder: string, empty: State): Promise<SegmentFolder<State>> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const read = await readManifest<State>(folder);
    const manifest = read ?? { version: VERSION, nextNumber: 1, state: empty, segments: [] };
    const known = new Set([
      MANIFEST,
      ...manifest.segments.map(({ number }) => segmentFile(number)),
    ]);
    for (const name of await readdir(folder)) {
      if (!known.has(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
    return new SegmentFolder(folder, manifest);
  }

  get segments(): readonly Segment[] {
    return this.#manifest.segments;
  }

  get state(): State {
    return this.#manifest.state;
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.#manifest.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  pathOf({ number }: Pick<Segment, "number">): string {
    return join(this.folder, segmentFile(number));
  }

  /** A number for a new segment's file. What is written there counts from `commit` on. */
  newNumber(): number {
    const number = this.#manifest.nextNumber;
    this.#manifest = { ...this.#manifest, nextNumber: number + 1 };
    return number;
  }

  /**
   * Makes the change durable: the added files first, then the manifest. Removed files go when their readers have.
   *
   * @throws Error of the system; the folder is then as before.
   */
  async commit(change: SegmentChange<State>): Promise<void> {
    const { add, remove, state } = change;
    for (const segment of add) await syncFile(this.pathOf(segment));
    const gone = new Set(remove.map(({ number }) => number));
    const segments = [
      ...this.#manifest.segments.filter(({ number }) => !gone.has(number)),
      ...add,
    ].sort((a, b) => a.minMs - b.minMs || a.number - b.number);
    const manifest = { ...this.#manifest, state, segments };
    await replaceFile(this.folder, MANIFEST, JSON.stringify(manifest));
    this.#manifest = { ...manifest, nextNumber: this.#manifest.nextNumber };
    change.committed?.();
    for (const segment of remove) this.discard(() => rm(this.pathOf(segment), { force: true }));
  }

  /** Runs `discard` when everyone has ended who reads now. */
  discard(discard: () => Promise<void>): void {
    this.#discarded.push({ generation: this.#generation, discard });
    this.#generation++;
    this.#sweep();
  }

  /** Keeps what is there now for a reader; the answer ends that. */
  lease(): () => void {
    const generation = this.#generation;
    this.#readersOf.set(generation, (this.#readersOf.get(generation) ?? 0) + 1);
    this.#readers++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#readers--;
      const left = (this.#readersOf.get(generation) ?? 1) - 1;
      if (left === 0) this.#readersOf.delete(generation);
      else this.#readersOf.set(generation, left);
      this.#sweep();
    };
  }

  #sweep(): void {
    if (this.#discarded.length === 0) return;
    const oldest = this.#readers === 0 ? Infinity : Math.min(...this.#readersOf.keys());
    const ready = this.#discarded.filter(({ generation }) => generation < oldest);
    this.#discarded = this.#discarded.filter(({ generation }) => generation >= oldest);
    // What cannot be deleted now is outside the manifest, and goes when the folder is opened again.
    for (const { discard } of ready) void discard().catch(() => {});
  }
}

/** Writes the file beside its place, makes it durable, and moves it there. */
async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const beside = join(folder, `${name}.new`);
  const file = await open(beside, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(beside, join(folder, name));
  await syncFolder(folder);
}
