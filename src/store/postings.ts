/** The label index: for each label name and value, the series that carry it. */
import type { Labels } from "../core/index.ts";

/** What a name, a value and one series' place cost in the maps, about, in bytes. */
const NAME_BYTES = 128;
const VALUE_BYTES = 160;
const PLACE_BYTES = 8;

export class Postings {
  readonly #names = new Map<string, Map<string, number[]>>();
  #bytes = 0;

  /** Memory in use, in bytes, estimated. */
  get bytesInUse(): number {
    return this.#bytes;
  }

  add(labels: Labels, series: number): void {
    for (const { name, value } of labels) {
      let values = this.#names.get(name);
      if (values === undefined) {
        values = new Map();
        this.#names.set(name, values);
        this.#bytes += NAME_BYTES + name.length;
      }
      const places = values.get(value);
      if (places === undefined) {
        values.set(value, [series]);
        this.#bytes += VALUE_BYTES + value.length;
      } else places.push(series);
      this.#bytes += PLACE_BYTES;
    }
  }

  names(): Iterable<string> {
    return this.#names.keys();
  }

  /** The values of one name, each with its series in no order. The caller must not keep or change them. */
  valuesOf(name: string): ReadonlyMap<string, readonly number[]> {
    return this.#names.get(name) ?? NO_VALUES;
  }

  /** Drops all series that `keep` does not name. */
  retain(keep: (series: number) => boolean): void {
    this.#bytes = 0;
    for (const [name, values] of this.#names) {
      for (const [value, all] of values) {
        const kept = all.filter(keep);
        if (kept.length === 0) values.delete(value);
        else {
          if (kept.length < all.length) values.set(value, kept);
          this.#bytes += VALUE_BYTES + value.length + PLACE_BYTES * kept.length;
        }
      }
      if (values.size === 0) this.#names.delete(name);
      else this.#bytes += NAME_BYTES + name.length;
    }
  }
}

const NO_VALUES: ReadonlyMap<string, readonly number[]> = new Map();
