/** The series table: from a series' raw label bytes to its number, without a string or an object per lookup. */
import type { WriteRequestCursor } from "../wire/index.ts";
import { halfSipHash } from "./half-sip-hash.ts";
import type { HashKey } from "./half-sip-hash.ts";

/** A range of bytes, with the view that reads it. */
export interface ByteRange {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/** All of `bytes`, not copied. */
export const wholeRange = (bytes: Uint8Array): ByteRange => ({
  bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
  start: 0,
  end: bytes.length,
});

/**
 * Keys and the series they mean. An entry is one key; 0 is none. A series has the entry of its canonical bytes, and at
 * most one more for the order in which its sender writes its labels.
 *
 * Open addressing with linear probing; keys lie one after another in one arena. Each entry also remembers which entry
 * came after it the last time: senders keep their order, so that most lookups are one comparison of bytes.
 */
export class SeriesKeys {
  readonly #key: HashKey;
  #arena = new Uint8Array(64 * 1024);
  #arenaLength = 0;
  #count = 1;
  #offsets = new Uint32Array(1024);
  #lengths = new Uint32Array(1024);
  #hashes = new Uint32Array(1024);
  #series = new Uint32Array(1024);
  #next = new Uint32Array(1024);
  #slots = new Uint32Array(2048);

  constructor(key: HashKey) {
    this.#key = key;
  }

  /** Memory in use, in bytes. */
  get bytesInUse(): number {
    return this.#arena.length + this.#offsets.length * 20 + this.#slots.length * 4;
  }

  seriesOf(entry: number): number {
    return this.#series[entry] as number;
  }

  /** The entry's key: a view that is valid until the next `add` or `retain`. */
  keyOf(entry: number): Uint8Array {
    const offset = this.#offsets[entry] as number;
    return this.#arena.subarray(offset, offset + (this.#lengths[entry] as number));
  }

  /**
   * Reads the labels of the cursor's series and finds their entry, or 0. Tries the entry that followed `previous` last
   * time first; a hit there reads the labels without walking them.
   */
  locate(cursor: WriteRequestCursor, previous: number): number {
    const guess = this.#next[previous] as number;
    if (guess !== 0 && this.#startsWith(cursor, guess)) return guess;
    cursor.readLabels();
    const { bytes, view, labelsStart, labelsEnd } = cursor;
    const entry = this.find({ bytes, view, start: labelsStart, end: labelsEnd });
    this.#next[previous] = entry;
    return entry;
  }

  /** Says that `next` came after `previous`, for the next `locate`. */
  follow(previous: number, next: number): void {
    this.#next[previous] = next;
  }

  /** The entry of these bytes, or 0. */
  find({ bytes, view, start, end }: ByteRange): number {
    const hash = halfSipHash(view, { start, end }, this.#key);
    const mask = this.#slots.length - 1;
    const length = end - start;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] as number;
      if (entry === 0) return 0;
      if (this.#hashes[entry] !== hash || this.#lengths[entry] !== length) continue;
      const offset = this.#offsets[entry] as number;
      if (bytes.compare(this.#arena, offset, offset + length, start, end) === 0) return entry;
    }
  }

  /** Adds a key that `find` does not find; answers its entry. */
  add({ bytes, view, start, end }: ByteRange, series: number): number {
    if (this.#count === this.#offsets.length) this.#growEntries();
    const length = end - start;
    this.#reserveArena(length);
    const entry = this.#count++;
    this.#arena.set(bytes.subarray(start, end), this.#arenaLength);
    this.#offsets[entry] = this.#arenaLength;
    this.#lengths[entry] = length;
    this.#hashes[entry] = halfSipHash(view, { start, end }, this.#key);
    this.#series[entry] = series;
    this.#next[entry] = 0;
    this.#arenaLength += length;
    if (this.#count * 2 > this.#slots.length) this.#rebuildSlots(this.#slots.length * 2);
    else this.#place(entry);
    return entry;
  }

  /**
   * Drops the keys of all series that `keep` does not name. Entries are numbered anew.
   *
   * @returns the new entry by old entry; 0 where it was dropped.
   */
  retain(keep: (series: number) => boolean): Uint32Array {
    const moved = new Uint32Array(this.#count);
    let count = 1;
    let length = 0;
    for (let entry = 1; entry < this.#count; entry++) {
      if (!keep(this.#series[entry] as number)) continue;
      const offset = this.#offsets[entry] as number;
      const keyLength = this.#lengths[entry] as number;
      this.#arena.copyWithin(length, offset, offset + keyLength);
      this.#offsets[count] = length;
      this.#lengths[count] = keyLength;
      this.#hashes[count] = this.#hashes[entry] as number;
      this.#series[count] = this.#series[entry] as number;
      this.#next[count] = this.#next[entry] as number;
      moved[entry] = count++;
      length += keyLength;
    }
    for (let entry = 0; entry < count; entry++) {
      this.#next[entry] = moved[this.#next[entry] as number] as number;
    }
    this.#count = count;
    this.#arenaLength = length;
    this.#rebuildSlots(this.#slots.length);
    return moved;
  }

  #startsWith(cursor: WriteRequestCursor, entry: number): boolean {
    const length = this.#lengths[entry] as number;
    const { labelsStart, seriesEnd } = cursor;
    if (length > seriesEnd - labelsStart) return false;
    const start = this.#offsets[entry] as number;
    const labelsEnd = labelsStart + length;
    return (
      cursor.bytes.compare(this.#arena, start, start + length, labelsStart, labelsEnd) === 0 &&
      cursor.takeLabels(length)
    );
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = (this.#hashes[entry] as number) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry;
  }

  #rebuildSlots(size: number): void {
    this.#slots = new Uint32Array(size);
    for (let entry = 1; entry < this.#count; entry++) this.#place(entry);
  }

  #growEntries(): void {
    this.#offsets = doubled(this.#offsets);
    this.#lengths = doubled(this.#lengths);
    this.#hashes = doubled(this.#hashes);
    this.#series = doubled(this.#series);
    this.#next = doubled(this.#next);
  }

  #reserveArena(length: number): void {
    const needed = this.#arenaLength + length;
    if (needed <= this.#arena.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#arena.length * 2));
    grown.set(this.#arena.subarray(0, this.#arenaLength));
    this.#arena = grown;
  }
}

function doubled(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(column.length * 2);
  grown.set(column);
  return grown;
}
