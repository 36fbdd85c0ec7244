/** What OpenMetrics says of whole families: types, suffixes, order, groups, and what the values of each type may be. */
import { labelValue } from "../core/index.ts";
import type { ExpositionSample, MetricMetadata, MetricType } from "./exposition.ts";
import { clip, LineError } from "./line-reader.ts";
import { histogramCheck } from "./openmetrics-histogram.ts";
import type { HistogramCheck } from "./openmetrics-histogram.ts";

export interface Description {
  readonly keyword: "HELP" | "TYPE" | "UNIT";
  readonly name: string;
  readonly text: string;
  /** Where the name and the text begin. */
  readonly nameAt: number;
  readonly textAt: number;
}

/** The families of one exposition, in order. Each method throws a LineError. */
export interface Families {
  describe(description: Description): void;
  /** `text` is the series as it is written, `at` where it begins. */
  sample(sample: ExpositionSample, where: { readonly at: number; readonly text: string }): void;
  end(at: number): void;
  /** After a mistake: the family at hand is no longer checked. */
  forget(): void;
}

const SUFFIXES: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ["_total", "_created"],
  gauge: [""],
  untyped: [""],
  summary: ["", "_count", "_sum", "_created"],
  histogram: ["_bucket", "_count", "_sum", "_created"],
  gaugehistogram: ["_bucket", "_gcount", "_gsum"],
  stateset: [""],
  info: ["_info"],
};

/** `unknown` is OpenMetrics's word for what the older format calls untyped. */
const typeOf = (word: string): MetricType | undefined => {
  if (word === "unknown") return "untyped";
  if (word === "untyped") return undefined;
  return Object.hasOwn(SUFFIXES, word) ? (word as MetricType) : undefined;
};

export function openFamilies(metadata: Map<string, MetricMetadata>): Families {
  return new FamilyReader(metadata);
}

class FamilyReader implements Families {
  readonly #metadata: Map<string, MetricMetadata>;
  /** Every name that a family so far may use, so that no other uses it. */
  readonly #claimed = new Set<string>();
  #family: Family | undefined;

  constructor(metadata: Map<string, MetricMetadata>) {
    this.#metadata = metadata;
  }

  describe(description: Description): void {
    const { name, nameAt } = description;
    if (this.#family?.name !== name) {
      this.end(nameAt);
      if (this.#claimed.has(name)) throw usedBefore(name, nameAt);
      this.#family = new Family(name);
    }
    const family = this.#family ?? new Family(name);
    family.describe(description);
    if (description.keyword === "TYPE" || !this.#metadata.has(name)) this.#keep(family);
    if (description.keyword === "HELP") this.#keep(family);
  }

  sample(sample: ExpositionSample, where: { readonly at: number; readonly text: string }): void {
    const name = labelValue(sample.labels, "__name__");
    let family = this.#family;
    if (family === undefined || !family.takes(name)) {
      this.end(where.at);
      family = new Family(name);
      this.#family = family;
    }
    if (!family.open) this.#open(family, where.at);
    family.sample(sample, { ...where, name });
  }

  end(at: number): void {
    const family = this.#family;
    this.#family = undefined;
    if (family === undefined) return;
    if (!family.open) this.#open(family, at);
    family.end(at);
  }

  forget(): void {
    this.#family?.forget();
  }

  #keep(family: Family): void {
    this.#metadata.set(family.name, { type: family.type, help: family.help ?? "" });
  }

  #open(family: Family, at: number): void {
    family.checkUnit(at);
    family.open = true;
    const names = new Set([family.name, ...family.names()]);
    for (const name of names) {
      if (this.#claimed.has(name)) throw usedBefore(name, at);
    }
    for (const name of names) this.#claimed.add(name);
  }
}

const usedBefore = (name: string, at: number): LineError =>
  new LineError(
    at,
    `The name '${clip(name)}' was used by a family before; the lines of a family stand together.`,
  );

/** One family while it is read. */
class Family {
  readonly name: string;
  #type: MetricType | undefined;
  #unit: string | undefined;
  help: string | undefined;
  /** Whether its first sample, or its end, has come. */
  open = false;
  #checked = true;
  #histogram: HistogramCheck | undefined;
  /** Series of this family, with the time of the last sample of each; NaN where it has none. */
  readonly #seen = new Map<string, number>();
  readonly #groups = new Set<string>();
  #group: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get type(): MetricType {
    return this.#type ?? "untyped";
  }

  names(): readonly string[] {
    return SUFFIXES[this.type].map((suffix) => this.name + suffix);
  }

  takes(sampleName: string): boolean {
    if (!sampleName.startsWith(this.name)) return false;
    return SUFFIXES[this.type].includes(sampleName.slice(this.name.length));
  }

  forget(): void {
    this.#checked = false;
  }

  describe({ keyword, name, text, nameAt, textAt }: Description): void {
    if (this.open)
      throw new LineError(nameAt, `${keyword} of '${clip(name)}' follows its samples.`);
    const twice = (): LineError =>
      new LineError(nameAt, `${keyword} of '${clip(name)}' is given twice.`);
    if (keyword === "HELP") {
      if (this.help !== undefined) throw twice();
      this.help = text;
    } else if (keyword === "UNIT") {
      if (this.#unit !== undefined) throw twice();
      if (!/^[a-zA-Z0-9_:]*$/.test(text))
        throw new LineError(textAt, `'${clip(text)}' is no unit.`);
      this.#unit = text;
    } else {
      if (this.#type !== undefined) throw twice();
      this.#type = typeOf(text);
      if (this.#type === undefined) {
        const types = Object.keys(SUFFIXES).map((type) => (type === "untyped" ? "unknown" : type));
        throw new LineError(textAt, `'${clip(text)}' is no metric type: ${types.join(", ")}.`);
      }
    }
  }

  checkUnit(at: number): void {
    const unit = this.#unit ?? "";
    if (unit === "") return;
    if (!this.name.endsWith(`_${unit}`)) {
      throw new LineError(
        at,
        `The name '${clip(this.name)}' does not end with its unit '${clip(unit)}'.`,
      );
    }
    if (this.type === "info" || this.type === "stateset") {
      throw new LineError(at, `A family of type ${this.type} has no unit.`);
    }
  }

  sample(
    sample: ExpositionSample,
    where: { readonly at: number; readonly text: string; readonly name: string },
  ): void {
    if (!this.#checked) return;
    const suffix = where.name.slice(this.name.length);
    const { at } = where;
    this.#checkValue(sample, suffix, at);
    this.#checkExemplar(sample, suffix, at);
    this.#checkRepeated(sample, where.text, at);
    const member = memberLabel(this.type, suffix, this.name);
    if (!hasGroups(this.type)) return;
    const group = groupOf(sample, member);
    if (group !== this.#group) {
      this.#histogram?.end(at);
      if (this.#groups.has(group)) {
        throw new LineError(
          at,
          `The lines of one metric of '${clip(this.name)}' do not stand together.`,
        );
      }
      this.#groups.add(group);
      this.#group = group;
      this.#histogram = this.type.endsWith("histogram") ? histogramCheck() : undefined;
    }
    this.#histogram?.sample(sample, suffix, at);
  }

  end(at: number): void {
    if (this.#checked) this.#histogram?.end(at);
  }

  #checkValue({ labels, value }: ExpositionSample, suffix: string, at: number): void {
    const refuse = (says: string): never => {
      throw new LineError(at, `'${clip(this.name + suffix)}' ${says}, found ${value}.`);
    };
    this.#checkCounted(value, suffix, refuse);
    if (this.type === "info" && value !== 1) refuse("must be 1");
    if (this.type === "stateset") {
      if (value !== 0 && value !== 1) refuse("must be 0 or 1");
      if (!labels.some(({ name }) => name === this.name)) {
        refuse(`must have a label of the name '${clip(this.name)}'`);
      }
    }
    if (this.type === "summary" && suffix === "") {
      const quantile = numberLabel(labelValue(labels, "quantile"));
      if (!(quantile >= 0 && quantile <= 1)) refuse("must have a label quantile from 0 to 1");
      if (value < 0) refuse("must not be negative");
    }
  }

  #checkCounted(value: number, suffix: string, refuse: (says: string) => never): void {
    if (!COUNTED.has(suffix) || this.type === "untyped" || this.type === "gauge") return;
    if (Number.isNaN(value)) refuse("must not be NaN");
    if (value < 0 && !SIGNED.has(suffix)) refuse("must not be negative");
    if (WHOLE.has(suffix) && !Number.isInteger(value)) refuse("must be a whole number");
  }

  #checkExemplar({ exemplar }: ExpositionSample, suffix: string, at: number): void {
    if (exemplar === undefined) return;
    if (suffix === "_bucket" || (suffix === "_total" && this.type === "counter")) return;
    throw new LineError(
      at,
      `'${clip(this.name + suffix)}' must have no exemplar: only buckets and counters do.`,
    );
  }

  #checkRepeated({ timestampMs = Number.NaN }: ExpositionSample, text: string, at: number): void {
    const before = this.#seen.get(text);
    this.#seen.set(text, timestampMs);
    if (before === undefined || before < timestampMs) return;
    const says =
      Number.isNaN(before) === Number.isNaN(timestampMs) && !Number.isNaN(before)
        ? "does not come after the one before"
        : "is given twice";
    throw new LineError(at, `The sample of '${clip(text)}' ${says}.`);
  }
}

const COUNTED: ReadonlySet<string> = new Set([
  "_total",
  "_sum",
  "_count",
  "_bucket",
  "_gcount",
  "_gsum",
]);
const SIGNED: ReadonlySet<string> = new Set(["_sum", "_gsum"]);
const WHOLE: ReadonlySet<string> = new Set(["_count", "_bucket", "_gcount"]);

/** Types whose metrics are several lines. */
const hasGroups = (type: MetricType): boolean =>
  type === "histogram" || type === "gaugehistogram" || type === "summary" || type === "stateset";

/** The label that tells the lines of one metric apart. */
function memberLabel(type: MetricType, suffix: string, name: string): string {
  if (type === "stateset") return name;
  if (suffix === "_bucket") return "le";
  return type === "summary" && suffix === "" ? "quantile" : "";
}

function groupOf({ labels }: ExpositionSample, member: string): string {
  let group = "";
  for (const { name, value } of labels) {
    if (name !== member && name !== "__name__") group += `${name}\u0000${value}\u0000`;
  }
  return group;
}

/** A label's number; NaN where it is none. */
export function numberLabel(text: string): number {
  if (text === "+Inf") return Infinity;
  return /^[+-]?[\d.]+(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}
