/** The head's samples: rows in order of arrival, in pages that are dropped from the front as they age. */

/** Rows of a full page. */
export const PAGE_ROWS = 65_536;
const PAGE_ROWS_FIRST = 1024;
const ROW_BYTES = 24;

/** Columns of up to `PAGE_ROWS` rows. The first `length` entries are in use; they never change. */
export interface RowPage {
  /** The number of the page's first row: a multiple of `PAGE_ROWS`. */
  readonly firstRow: number;
  readonly openedAtMs: number;
  length: number;
  /** The newest timestamp in the page; -Infinity while it is empty. */
  maxTimestampMs: number;
  series: Uint32Array;
  /** How many rows before this one its series' previous row is; 0 when there is none. */
  distances: Uint32Array;
  timestampsMs: Float64Array;
  /** Two words a row, low then high: a number would lose the staleness marker's bits. */
  valueBits: Int32Array;
}

/** A part of a page: rows `start` to `end`, exclusive. */
export interface RowSlice {
  readonly page: RowPage;
  readonly start: number;
  readonly end: number;
}

/**
 * Rows are numbered as they come; a page that is sealed before it is full leaves a gap in the numbers.
 * Each row knows how far back its series' previous row lies, so that a series is read by walking back from its last.
 */
export class RowLog {
  #pages: RowPage[] = [];
  #sampleCount = 0;

  /** Rows in the log. */
  get sampleCount(): number {
    return this.#sampleCount;
  }

  /** Memory in use, in bytes. */
  get bytesInUse(): number {
    let rows = 0;
    for (const page of this.#pages) rows += page.series.length;
    return rows * ROW_BYTES;
  }

  /** The oldest row that is still there, or the next one's number when there is none. */
  firstRow = 0;
  /** The number of the next row. */
  nextRow = 0;

  /** Makes the next row begin a page, if the last page was opened before `openedBeforeMs`. */
  seal(openedBeforeMs: number): void {
    const last = this.#pages.at(-1);
    if (last === undefined || last.length === 0 || last.openedAtMs >= openedBeforeMs) return;
    this.nextRow = last.firstRow + PAGE_ROWS;
  }

  /** The page and place where the next row goes; the caller fills the row and then calls `pushed`. */
  pageForNext(nowMs: number): RowPage {
    const last = this.#pages.at(-1);
    if (last === undefined || this.nextRow === last.firstRow + PAGE_ROWS) return this.#open(nowMs);
    if (last.length === last.series.length) growPage(last);
    return last;
  }

  pushed(page: RowPage): void {
    page.length++;
    this.nextRow = page.firstRow + page.length;
    this.#sampleCount++;
  }

  /** The page of a row in [firstRow, nextRow). */
  pageOf(row: number): RowPage {
    const first = this.#pages[0] as RowPage;
    return this.#pages[Math.floor((row - first.firstRow) / PAGE_ROWS)] as RowPage;
  }

  /** The rows from `from` on, as parts of pages. */
  since(from: number): RowSlice[] {
    const slices: RowSlice[] = [];
    for (let index = this.#pages.length - 1; index >= 0; index--) {
      const page = this.#pages[index] as RowPage;
      const start = Math.max(0, from - page.firstRow);
      if (start < page.length) slices.push({ page, start, end: page.length });
      if (page.firstRow <= from) break;
    }
    return slices.toReversed();
  }

  /** Takes the rows from `from` on back. The caller has already taken back what it keeps of them elsewhere. */
  truncate(from: number): void {
    for (const { page, start, end } of this.since(from)) {
      page.length = start;
      this.#sampleCount -= end - start;
    }
    while ((this.#pages.at(-1)?.firstRow ?? -1) >= from && this.#pages.at(-1)?.length === 0) {
      this.#pages.pop();
    }
    this.nextRow = from;
    if (this.#pages.length === 0) this.firstRow = from;
  }

  /** The first page, when all its rows are older than `cutoffMs`; the caller reads it and then calls `dropFirst`. */
  agedPage(cutoffMs: number): RowPage | undefined {
    const first = this.#pages[0];
    return first !== undefined && first.maxTimestampMs < cutoffMs ? first : undefined;
  }

  dropFirst(): void {
    const dropped = this.#pages.shift();
    if (dropped === undefined) return;
    this.#sampleCount -= dropped.length;
    const first = this.#pages[0];
    if (first === undefined) this.nextRow = dropped.firstRow + PAGE_ROWS;
    this.firstRow = first?.firstRow ?? this.nextRow;
  }

  #open(nowMs: number): RowPage {
    const page: RowPage = {
      firstRow: this.nextRow,
      openedAtMs: nowMs,
      length: 0,
      maxTimestampMs: -Infinity,
      series: new Uint32Array(PAGE_ROWS_FIRST),
      distances: new Uint32Array(PAGE_ROWS_FIRST),
      timestampsMs: new Float64Array(PAGE_ROWS_FIRST),
      valueBits: new Int32Array(2 * PAGE_ROWS_FIRST),
    };
    this.#pages.push(page);
    return page;
  }
}

function growPage(page: RowPage): void {
  const capacity = Math.min(PAGE_ROWS, page.series.length * 4);
  const { series, distances, timestampsMs, valueBits } = page;
  page.series = new Uint32Array(capacity);
  page.series.set(series);
  page.distances = new Uint32Array(capacity);
  page.distances.set(distances);
  page.timestampsMs = new Float64Array(capacity);
  page.timestampsMs.set(timestampsMs);
  page.valueBits = new Int32Array(2 * capacity);
  page.valueBits.set(valueBits);
}
