/** What OpenMetrics demands of one histogram: its buckets in order, adding up, and what must stand beside them. */
import { labelValue } from "../core/index.ts";
import type { ExpositionSample } from "./exposition.ts";
import { LineError } from "./line-reader.ts";

/** Takes the lines of one metric, in order. Both methods throw a LineError. */
export interface HistogramCheck {
  sample(sample: ExpositionSample, suffix: string, at: number): void;
  end(at: number): void;
}

export function histogramCheck(): HistogramCheck {
  let le = -Infinity;
  let below = 0;
  let buckets = 0;
  let negative = false;
  let count: number | undefined;
  let sum: number | undefined;
  let plainSum = false;
  const bucket = ({ labels, value }: ExpositionSample, at: number): void => {
    const text = labelValue(labels, "le");
    const bound = text === "+Inf" ? Infinity : boundOf(text);
    if (Number.isNaN(bound))
      throw new LineError(at, "A bucket must have a label le with a number.");
    if (buckets > 0 && bound <= le) {
      // A time of its own starts the buckets of another moment.
      if (le !== Infinity) throw new LineError(at, `The bucket ${text} does not come after ${le}.`);
      buckets = 0;
      below = 0;
    }
    if (value < below)
      throw new LineError(at, `The bucket ${text} counts less than the one below it.`);
    if (bound < 0) negative = true;
    le = bound;
    below = value;
    buckets += 1;
  };
  return {
    sample(sample, suffix, at) {
      if (suffix === "_bucket") bucket(sample, at);
      else if (suffix === "_count" || suffix === "_gcount") count = sample.value;
      else if (suffix === "_sum" || suffix === "_gsum") sum = sample.value;
      plainSum ||= suffix === "_sum";
    },
    end(at) {
      const refuse = (says: string): never => {
        throw new LineError(at, `The histogram before this ${says}.`);
      };
      if (buckets === 0) refuse("has no bucket");
      if (le !== Infinity) refuse("has no bucket +Inf");
      if (count !== undefined && count !== below)
        refuse("counts another number than its bucket +Inf");
      if (sum !== undefined && count === undefined) refuse("has a sum and no count");
      if (sum === undefined && count !== undefined) refuse("has a count and no sum");
      if (plainSum && negative) refuse("has a sum and a negative bucket");
      if (sum !== undefined && sum < 0 && !negative)
        refuse("has a negative sum and no negative bucket");
    },
  };
}

const boundOf = (text: string): number =>
  /^[+-]?(?:[\d.]+(?:[eE][+-]?\d+)?|Inf)$/.test(text)
    ? Number(text.replace("Inf", "Infinity"))
    : Number.NaN;
