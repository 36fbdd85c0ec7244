/**
 * The series of one target, kept from scrape to scrape: what a body has for a series is read, relabelled and encoded
 * once, and a series that vanishes is told. What is kept is what the last scrape had.
 */
import type { Label, Labels } from "../core/index.ts";
import { encodeLabels } from "../wire/index.ts";
import type { Exemplar, KnownSeries, SeriesTexts } from "../wire/index.ts";

/** One series as it is sent. */
export interface KeptSeries {
  /** The bytes of its labels in a write request, as Latin-1; two series of the same labels have the same. */
  readonly encoded: string;
  /** The number of the scrape that had it last. */
  seenIn: number;
  /** Whether it ends with a staleness marker: one with times of its own does not. */
  tracked: boolean;
  /** The last exemplar that was sent, so that it is not sent again. */
  exemplar: Exemplar | undefined;
}

/** What the caches of an agent share: how many series it keeps in all, and one copy of each text. */
export interface SeriesBudget {
  used: number;
  readonly max: number;
  readonly texts: Map<string, string>;
}

/** Pods of one kind say the same: their names and values are kept once. */
export const seriesBudget = (max: number): SeriesBudget => ({ used: 0, max, texts: new Map() });

/** Past it the shared texts are begun anew; those in use stay with who uses them. */
const SHARED_TEXTS_MAX = 100_000;

/** A copy that keeps nothing else alive: a part of a long text would keep all of it. */
function shared({ texts }: SeriesBudget, text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size >= SHARED_TEXTS_MAX) texts.clear();
  const copy = Buffer.from(text, "utf8").toString("utf8");
  texts.set(copy, copy);
  return copy;
}

/** What becomes of a series' labels; undefined for one that is dropped. @throws where they pass a limit. */
export type MakeLabels = (scraped: Labels) => Labels | undefined;

/** What labels that were read once have become. */
type Made = KeptSeries | "unmade" | "dropped";

/** A text that was read, and the one that followed it. */
interface ReadSeries extends KnownSeries {
  next: ReadSeries | undefined;
  /** False when it is forgotten, though another may still say that it follows. */
  kept: boolean;
}

export class SeriesCache implements SeriesTexts {
  readonly #make: MakeLabels;
  readonly #budget: SeriesBudget;
  /** By what a body says: labels as they were read. */
  readonly #texts = new Map<string, ReadSeries>();
  #first: ReadSeries | undefined;
  #last: ReadSeries | undefined;
  /** By those labels. Labels that come without a text, as a new object each time, are not here. */
  readonly #made = new Map<Labels, Made>();
  readonly #series = new Map<string, KeptSeries>();
  #scrape = 0;
  #seen = 0;
  #used = 0;
  /** Series that the scrape at hand was the first to have. */
  added = 0;

  constructor(options: { readonly make: MakeLabels; readonly budget: SeriesBudget }) {
    this.#make = options.make;
    this.#budget = options.budget;
  }

  restart(): void {
    this.#last = undefined;
  }

  expected(): KnownSeries | undefined {
    const next = this.#last === undefined ? this.#first : this.#last.next;
    return next?.kept === true ? next : undefined;
  }

  pass(known: KnownSeries): void {
    this.#last = known as ReadSeries;
  }

  get(text: string): Labels | undefined {
    const known = this.#texts.get(text);
    if (known !== undefined) this.#follow(known);
    return known?.labels;
  }

  #follow(known: ReadSeries): void {
    if (this.#last === undefined) this.#first = known;
    else this.#last.next = known;
    this.#last = known;
  }

  set(text: string, labels: Labels): Labels {
    const budget = this.#budget;
    const kept = labels.map(({ name, value }): Label => ({
      name: shared(budget, name),
      value: shared(budget, value),
    }));
    const known = { text: shared(budget, text), labels: kept, next: undefined, kept: true };
    this.#texts.set(known.text, known);
    this.#follow(known);
    this.#made.set(kept, "unmade");
    this.#account(1);
    return kept;
  }

  begin(): void {
    this.#scrape += 1;
    this.#seen = 0;
    this.added = 0;
  }

  /**
   * The series of these labels.
   *
   * @returns undefined where it is dropped, or where this scrape had it before: the first of two that are alike counts.
   * @throws what `MakeLabels` does, and Error where the agent keeps too many series.
   */
  take(scraped: Labels): KeptSeries | undefined {
    const known = this.#made.get(scraped);
    if (known === "dropped") return undefined;
    const series = typeof known === "object" ? known : this.#keep(scraped, known === "unmade");
    if (series === undefined || series.seenIn === this.#scrape) return undefined;
    series.seenIn = this.#scrape;
    this.#seen += 1;
    return series;
  }

  #keep(scraped: Labels, hasText: boolean): KeptSeries | undefined {
    if (this.#budget.used > this.#budget.max) {
      throw new Error(
        `the agent keeps ${this.#budget.max} series already; scrape fewer targets, or drop series`,
      );
    }
    const labels = this.#make(scraped);
    if (labels === undefined) {
      if (hasText) this.#made.set(scraped, "dropped");
      return undefined;
    }
    const encoded = encodeLabels(labels).toString("latin1");
    let series = this.#series.get(encoded);
    if (series === undefined) {
      series = { encoded, seenIn: 0, tracked: false, exemplar: undefined };
      this.#series.set(encoded, series);
      this.added += 1;
      if (!hasText) this.#account(1);
    }
    if (hasText) this.#made.set(scraped, series);
    return series;
  }

  /** Ends the scrape: the series that it lacks are gone, and those of them that end with a marker are told. */
  end(): readonly KeptSeries[] {
    if (this.#seen === this.#series.size) {
      // Dropped series have no end of their own: when they outgrow what is kept, they are read anew.
      const dropped = this.#made.size - this.#series.size;
      if (dropped > 4 * (this.#seen + 1_000)) this.#forget((made) => typeof made === "string");
      return [];
    }
    const gone = [...this.#series.values()].filter(({ seenIn }) => seenIn !== this.#scrape);
    for (const { encoded } of gone) this.#series.delete(encoded);
    this.#forget((made) => typeof made === "object" && made.seenIn !== this.#scrape);
    return gone.filter(({ tracked }) => tracked);
  }

  /** Forgets all, and tells what ends with a marker. */
  clear(): readonly KeptSeries[] {
    const gone = [...this.#series.values()].filter(({ tracked }) => tracked);
    this.#series.clear();
    this.#forget(() => true);
    return gone;
  }

  #forget(which: (made: Made) => boolean): void {
    for (const [labels, made] of this.#made) if (which(made)) this.#made.delete(labels);
    for (const [text, known] of this.#texts) {
      if (this.#made.has(known.labels)) continue;
      known.kept = false;
      known.next = undefined;
      this.#texts.delete(text);
    }
    this.#account(Math.max(this.#made.size, this.#series.size) - this.#used);
  }

  #account(more: number): void {
    this.#used += more;
    this.#budget.used += more;
  }
}
