/** What the head knows of each series besides its key, in columns by series number; 0 is none. */

export class SeriesStates {
  /** The entry of the series' canonical key; 0 for a number that is free. */
  entries = new Uint32Array(1024);
  /** 1 when a second key, in its sender's order of labels, means the series too. */
  hasAlias = new Uint8Array(1024);
  /** The series' last row; -1 when it never had one. */
  lastRows = new Float64Array(1024).fill(-1);
  lastTimestampsMs = new Float64Array(1024).fill(-Infinity);
  /** The log segment that last defined the series, and its number there; segment 0 is none. */
  walSegments = new Uint32Array(1024);
  walReferences = new Uint32Array(1024);

  /** Series with a sample in the head. */
  liveCount = 0;
  /** Series with a key, whether or not a sample of theirs is left. */
  count = 0;
  /** One past the highest number in use. */
  end = 1;
  readonly #free: number[] = [];

  /** Memory in use, in bytes. */
  get bytesInUse(): number {
    return this.entries.length * 29 + this.#free.length * 8;
  }

  /** A number for a new series. */
  take(): number {
    this.count++;
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.end === this.entries.length) this.#grow();
    return this.end++;
  }

  /**
   * Frees the numbers that `isDead` names.
   *
   * @param moved - the new entry by old entry, as `SeriesKeys.retain` answered.
   */
  release(isDead: (series: number) => boolean, moved: Uint32Array): void {
    for (let series = 1; series < this.end; series++) {
      const entry = this.entries[series] as number;
      if (entry === 0) continue;
      if (!isDead(series)) {
        this.entries[series] = moved[entry] as number;
        continue;
      }
      this.entries[series] = 0;
      this.hasAlias[series] = 0;
      this.lastRows[series] = -1;
      this.lastTimestampsMs[series] = -Infinity;
      this.walSegments[series] = 0;
      this.#free.push(series);
      this.count--;
    }
  }

  #grow(): void {
    const size = this.entries.length * 2;
    const { entries, hasAlias, lastRows, lastTimestampsMs, walSegments, walReferences } = this;
    this.entries = new Uint32Array(size);
    this.entries.set(entries);
    this.hasAlias = new Uint8Array(size);
    this.hasAlias.set(hasAlias);
    this.lastRows = new Float64Array(size).fill(-1);
    this.lastRows.set(lastRows);
    this.lastTimestampsMs = new Float64Array(size).fill(-Infinity);
    this.lastTimestampsMs.set(lastTimestampsMs);
    this.walSegments = new Uint32Array(size);
    this.walSegments.set(walSegments);
    this.walReferences = new Uint32Array(size);
    this.walReferences.set(walReferences);
  }
}
