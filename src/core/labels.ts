/** Labels and columns of samples: the words that wire, store, query and agent share. */

export interface Label {
  readonly name: string;
  readonly value: string;
}

/** Sorted by name, each name once, no empty value. The metric's name is the label `__name__`. */
export type Labels = readonly Label[];

/** Makes `Labels` of a record: sorts, drops empty values. */
export function labelsOf(record: Readonly<Record<string, string>>): Labels {
  return Object.entries(record)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => compareStrings(a.name, b.name));
}

/** Order by code unit, which for the names that are allowed is Prometheus's order by byte. */
export const compareStrings = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function labelValue(labels: Labels, name: string): string {
  for (const label of labels) if (label.name === name) return label.value;
  return "";
}

/** Prometheus's text form: `name{a="b"}`. */
export function formatLabels(labels: Labels): string {
  const name = labelValue(labels, "__name__");
  const rest = labels.filter((label) => label.name !== "__name__");
  const inner = rest.map((label) => `${label.name}=${JSON.stringify(label.value)}`).join(", ");
  return rest.length === 0 && name !== "" ? name : `${name}{${inner}}`;
}

/** How a selector tests one label. Regular expressions are RE2's and match the whole value. */
export type MatchKind = "=" | "!=" | "=~" | "!~";

export interface Matcher {
  readonly name: string;
  readonly kind: MatchKind;
  readonly value: string;
}

/** One series' samples as columns, oldest first. NaN bits are kept, so that a staleness marker stays one. */
export interface SeriesColumns {
  readonly labels: Labels;
  /** Milliseconds since the Unix epoch, strictly rising; `length` entries are in use. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  readonly length: number;
}

/** Prometheus's staleness marker: this NaN ends a series. @see prometheus/model/value/value.go */
export const STALE_NAN_BITS = 0x7ff0000000000002n;

/** Whether the value at `index` is the staleness marker. Reads bits: comparing NaN with NaN says nothing. */
export function isStaleAt(values: Float64Array, index: number): boolean {
  const view = new DataView(values.buffer, values.byteOffset + index * 8, 8);
  return view.getUint32(4, true) === 0x7ff00000 && view.getUint32(0, true) === 2;
}
