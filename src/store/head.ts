/** The head: the last two hours' series and samples in memory. It does no I/O and takes the time as an argument. */
import { CodedError } from "../core/index.ts";
import type { Labels } from "../core/index.ts";
import { WriteRequestCursor } from "../wire/index.ts";
import type { HashKey } from "./half-sip-hash.ts";
import { Postings } from "./postings.ts";
import { RowLog } from "./row-log.ts";
import type { RowPage } from "./row-log.ts";
import type { RejectCode } from "./seams.ts";
import { SeriesKeys, wholeRange } from "./series-keys.ts";
import { canonicalLabels, labelsOfBytes } from "./series-labels.ts";
import { SeriesStates } from "./series-states.ts";
import type { StoreLimits } from "./store-limits.ts";

/** What one message did to the head. */
export interface HeadAppend {
  /** The first row that the message added; the last is the newest of the log. */
  readonly firstRow: number;
  readonly samplesAppended: number;
  /** Samples that were there already, with the same value. */
  readonly samplesRepeated: number;
  readonly refused: Map<RejectCode, number>;
  readonly firstRefusal: string | undefined;
  readonly metadataCount: number;
  readonly exemplarCount: number;
}

/** A page is sealed after this part of the head's span, so that few samples stay beyond it. */
const PAGES_PER_HEAD = 24;
/** Series without samples are dropped from the tables once they are this many, and a quarter of all. */
const DEAD_SERIES_MIN = 1000;

export class Head {
  readonly rows = new RowLog();
  readonly states = new SeriesStates();
  readonly postings = new Postings();
  readonly keys: SeriesKeys;
  readonly #limits: StoreLimits;
  /** The entry of the series before, within one message. */
  #previousEntry = 0;
  samplesDroppedByAge = 0;

  constructor(limits: StoreLimits, hashKey: HashKey) {
    this.#limits = limits;
    this.keys = new SeriesKeys(hashKey);
  }

  /** Memory in use, in bytes. */
  get bytesInUse(): number {
    return (
      this.rows.bytesInUse +
      this.keys.bytesInUse +
      this.states.bytesInUse +
      this.postings.bytesInUse
    );
  }

  /** The canonical labels of a series as bytes; valid until the next series is added. */
  labelBytesOf(series: number): Uint8Array {
    return this.keys.keyOf(this.states.entries[series] as number);
  }

  labelsOf(series: number): Labels {
    return labelsOfBytes(this.labelBytesOf(series));
  }

  /**
   * Appends one remote-write message.
   *
   * @throws CodedError InvalidProtobuf (400) or TooManySeriesInRequest (400); the head is then as it was.
   */
  append(message: Uint8Array, nowMs: number): HeadAppend {
    this.rows.seal(nowMs - this.#limits.headMs / PAGES_PER_HEAD);
    const appended = new AppendState(message, this.rows.nextRow, nowMs);
    this.#previousEntry = 0;
    try {
      let seriesCount = 0;
      while (appended.cursor.nextSeries()) {
        if (++seriesCount > this.#limits.seriesPerRequestMax) throw this.#tooManySeries();
        this.#appendSeries(appended);
      }
    } catch (error) {
      this.#takeBack(appended.firstRow);
      throw error;
    }
    appended.metadataCount = appended.cursor.metadataCount;
    appended.exemplarCount = appended.cursor.exemplarCount;
    return appended;
  }

  /** Appends a sample that the log holds, or counts it as aged; one that is there already is passed over. */
  restore(
    series: number,
    sample: { readonly timestampMs: number; readonly low: number; readonly high: number },
    nowMs: number,
  ): void {
    if (sample.timestampMs < nowMs - this.#limits.headMs) this.samplesDroppedByAge++;
    else if (sample.timestampMs > (this.states.lastTimestampsMs[series] as number)) {
      const page = this.rows.pageForNext(nowMs);
      page.valueBits[2 * page.length] = sample.low;
      page.valueBits[2 * page.length + 1] = sample.high;
      this.#pushRow(page, series, sample.timestampMs);
    }
  }

  /** The series of canonical label bytes that the log holds; made when it is new. */
  restoreSeries(bytes: Uint8Array): number {
    const range = wholeRange(bytes);
    const entry = this.keys.find(range);
    if (entry !== 0) return this.keys.seriesOf(entry);
    const series = this.states.take();
    this.states.entries[series] = this.keys.add(range, series);
    this.postings.add(labelsOfBytes(bytes), series);
    return series;
  }

  /** Drops the pages whose samples are all older than the head's span, and the series that are left without any. */
  dropAged(nowMs: number): void {
    const cutoffMs = nowMs - this.#limits.headMs;
    const { rows, states } = this;
    for (let page = rows.agedPage(cutoffMs); page !== undefined; page = rows.agedPage(cutoffMs)) {
      for (let at = 0; at < page.length; at++) {
        const series = page.series[at] as number;
        if (states.lastRows[series] === page.firstRow + at) states.liveCount--;
      }
      this.samplesDroppedByAge += page.length;
      rows.dropFirst();
    }
    const dead = states.count - states.liveCount;
    if (dead > DEAD_SERIES_MIN && dead * 4 > states.count) this.#dropDeadSeries();
  }

  #appendSeries(appended: AppendState): void {
    const { cursor } = appended;
    const histogramsBefore = cursor.histogramCount;
    let entry = this.keys.locate(cursor, this.#previousEntry);
    if (entry === 0) {
      entry = this.#addSeries(appended);
      this.keys.follow(this.#previousEntry, entry);
    }
    this.#previousEntry = entry;
    if (entry === 0) while (cursor.nextSample());
    else {
      const series = this.keys.seriesOf(entry);
      while (cursor.nextSample()) this.#appendSample(series, appended);
    }
    const histograms = cursor.histogramCount - histogramsBefore;
    if (histograms > 0) {
      appended.refuse("HistogramNotSupported", "Native histograms are not taken.", histograms);
    }
  }

  /** The entry of a series whose bytes are new; 0 when it is refused. */
  #addSeries(appended: AppendState): number {
    const { bytes, view, labelsStart: start, labelsEnd: end } = appended.cursor;
    const raw = bytes.subarray(start, end);
    const canonical = canonicalLabels(raw);
    if (canonical.kind === "refused") {
      appended.refuse(canonical.code, canonical.says);
      return 0;
    }
    const range = wholeRange(canonical.bytes);
    let entry = this.keys.find(range);
    if (entry === 0) {
      if (!this.#hasRoom()) {
        const { headSeriesMax } = this.#limits;
        appended.refuse("TooManySeries", `The head holds ${headSeriesMax} series, its limit.`);
        return 0;
      }
      const series = this.states.take();
      entry = this.keys.add(range, series);
      this.states.entries[series] = entry;
      this.postings.add(canonical.labels, series);
    }
    const isCanonical = canonical.bytes === raw || Buffer.compare(raw, canonical.bytes) === 0;
    const series = this.keys.seriesOf(entry);
    if (isCanonical || this.states.hasAlias[series] === 1) return entry;
    this.states.hasAlias[series] = 1;
    return this.keys.add({ bytes, view, start, end }, series);
  }

  #hasRoom(): boolean {
    const { states } = this;
    if (states.count < this.#limits.headSeriesMax) return true;
    if ((states.count - states.liveCount) * 16 < states.count) return false;
    this.#dropDeadSeries();
    return true;
  }

  #appendSample(series: number, appended: AppendState): void {
    const { cursor } = appended;
    const { timestampMs } = cursor;
    const lastMs = this.states.lastTimestampsMs[series] as number;
    if (timestampMs > lastMs) {
      if (timestampMs >= appended.nowMs - this.#limits.headMs) {
        if (timestampMs <= appended.nowMs + this.#limits.futureSampleMs) {
          const page = this.rows.pageForNext(appended.nowMs);
          const at = page.length;
          page.valueBits[2 * at] = cursor.valueLow;
          page.valueBits[2 * at + 1] = cursor.valueHigh;
          this.#pushRow(page, series, timestampMs);
          appended.samplesAppended++;
          return;
        }
      }
    } else if (timestampMs === lastMs && this.#repeatsLast(series, cursor)) {
      appended.samplesRepeated++;
      return;
    }
    this.#refuseSample(series, appended);
  }

  #pushRow(page: RowPage, series: number, timestampMs: number): void {
    const { states, rows } = this;
    const at = page.length;
    const row = page.firstRow + at;
    const last = states.lastRows[series] as number;
    const linked = last >= rows.firstRow;
    if (!linked) states.liveCount++;
    page.series[at] = series;
    page.distances[at] = linked ? row - last : 0;
    page.timestampsMs[at] = timestampMs;
    if (timestampMs > page.maxTimestampMs) page.maxTimestampMs = timestampMs;
    states.lastRows[series] = row;
    states.lastTimestampsMs[series] = timestampMs;
    rows.pushed(page);
  }

  #repeatsLast(series: number, cursor: WriteRequestCursor): boolean {
    const row = this.states.lastRows[series] as number;
    if (row < this.rows.firstRow) return false;
    const page = this.rows.pageOf(row);
    const at = 2 * (row - page.firstRow);
    return page.valueBits[at] === cursor.valueLow && page.valueBits[at + 1] === cursor.valueHigh;
  }

  #refuseSample(series: number, appended: AppendState): void {
    const { timestampMs } = appended.cursor;
    const { headMs, futureSampleMs } = this.#limits;
    const lastMs = this.states.lastTimestampsMs[series] as number;
    const [code, says] = ((): readonly [RejectCode, string] => {
      if (timestampMs < appended.nowMs - headMs) {
        return ["TooOldSample", `is more than ${headMs} ms old, the head's span`];
      }
      if (timestampMs > appended.nowMs + futureSampleMs) {
        return ["TooFarInFuture", `lies more than ${futureSampleMs} ms in the future, the limit`];
      }
      return timestampMs === lastMs
        ? ["DuplicateSample", "has the time of the newest one and another value"]
        : ["OutOfOrderSample", `is older than the newest one, at ${lastMs}`];
    })();
    const sentence = appended.wantsSentence
      ? `A sample of ${describe(this.labelsOf(series))} at ${timestampMs} ${says}.`
      : "";
    appended.refuse(code, sentence);
  }

  /** Takes a refused message's rows back. Series that it added stay, without samples, until they are dropped. */
  #takeBack(firstRow: number): void {
    const { rows, states } = this;
    for (const { page, start, end } of rows.since(firstRow).toReversed()) {
      for (let at = end - 1; at >= start; at--) {
        const series = page.series[at] as number;
        const distance = page.distances[at] as number;
        const row = distance === 0 ? -1 : page.firstRow + at - distance;
        const before = row < 0 ? undefined : rows.pageOf(row);
        states.lastRows[series] = row;
        states.lastTimestampsMs[series] =
          before === undefined ? -Infinity : (before.timestampsMs[row - before.firstRow] as number);
        if (before === undefined) states.liveCount--;
      }
    }
    rows.truncate(firstRow);
  }

  #dropDeadSeries(): void {
    const { states, rows } = this;
    const isLive = (series: number): boolean =>
      (states.lastRows[series] as number) >= rows.firstRow;
    this.postings.retain(isLive);
    states.release((series) => !isLive(series), this.keys.retain(isLive));
    this.#previousEntry = 0;
  }

  #tooManySeries(): CodedError {
    const { seriesPerRequestMax } = this.#limits;
    return new CodedError(
      "TooManySeriesInRequest",
      `The request carries more than ${seriesPerRequestMax} series, the limit. Send fewer in one request.`,
      { status: 400 },
    );
  }
}

/** One message on its way into the head. */
class AppendState implements HeadAppend {
  readonly cursor: WriteRequestCursor;
  readonly firstRow: number;
  readonly nowMs: number;
  readonly refused = new Map<RejectCode, number>();
  firstRefusal: string | undefined = undefined;
  samplesAppended = 0;
  samplesRepeated = 0;
  metadataCount = 0;
  exemplarCount = 0;

  constructor(message: Uint8Array, firstRow: number, nowMs: number) {
    this.cursor = new WriteRequestCursor(message);
    this.firstRow = firstRow;
    this.nowMs = nowMs;
  }

  /** Whether the next refusal's sentence will be told; the others need not be made. */
  get wantsSentence(): boolean {
    return this.firstRefusal === undefined;
  }

  refuse(code: RejectCode, says: string, count = 1): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + count);
    this.firstRefusal ??= says;
  }
}

/** A series for a message: its metric's name and its first labels. */
function describe(labels: Labels): string {
  const shown = labels.slice(0, 8).map(({ name, value }) => `${name}=${JSON.stringify(value)}`);
  return `{${shown.join(", ").slice(0, 400)}${labels.length > 8 ? ", …" : ""}}`;
}
