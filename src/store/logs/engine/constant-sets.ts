/** Columns that are the same in every record of a batch, kept once: rows refer to their set by its number. */

export type ConstantSet = Readonly<Record<string, string>>;

export class ConstantSets {
  readonly #sets: (ConstantSet | null)[];
  readonly #numbers = new Map<string, number>();
  readonly #countMax: number;

  constructor(sets: readonly (ConstantSet | null)[], countMax: number) {
    this.#sets = [...sets];
    this.#countMax = countMax;
    for (const [number, set] of sets.entries()) {
      if (set !== null) this.#numbers.set(keyOf(set), number);
    }
  }

  /** All sets by their number; null where one was given up. */
  get sets(): readonly (ConstantSet | null)[] {
    return this.#sets;
  }

  /** The number of a set, a new one where it is new. Undefined when there are as many as may be. */
  numberOf(set: ConstantSet): number | undefined {
    const key = keyOf(set);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const free = this.#sets.indexOf(null);
    const number = free >= 0 ? free : this.#sets.length;
    if (number >= this.#countMax) return undefined;
    this.#sets[number] = { ...set };
    this.#numbers.set(key, number);
    return number;
  }

  /** Gives up the sets that no row refers to. */
  keepOnly(used: ReadonlySet<number>): void {
    for (const [number, set] of this.#sets.entries()) {
      if (set === null || used.has(number)) continue;
      this.#numbers.delete(keyOf(set));
      this.#sets[number] = null;
    }
  }
}

const keyOf = (set: ConstantSet): string =>
  JSON.stringify(Object.entries(set).sort(([a], [b]) => (a < b ? -1 : 1)));
