/** Quantiles: of a list of values, and of the buckets of a classic histogram. */

/**
 * The quantile of the first `length` values, which are sorted in place; interpolated between neighbours.
 * NaN counts as smaller than any number. Outside [0, 1] the answer is an infinity; of nothing, or at NaN, NaN.
 *
 * @see prometheus/promql/quantile.go, quantile
 */
export function quantileOf(q: number, values: Float64Array, length: number): number {
  if (length === 0 || Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const sorted = values.subarray(0, length).sort();
  let numbers = length;
  while (numbers > 0 && Number.isNaN(sorted[numbers - 1])) numbers--;
  // Typed arrays sort NaN last; here it comes first.
  const nans = length - numbers;
  const valueAt = (index: number): number => (index < nans ? NaN : (sorted[index - nans] ?? NaN));
  const rank = q * (length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return valueAt(lower) * (1 - weight) + valueAt(upper) * weight;
}

/** A classic histogram's buckets at one step; the first `length` entries are in use. Reused between steps. */
export interface Buckets {
  readonly upperBounds: Float64Array;
  readonly counts: Float64Array;
  length: number;
}

/** What had to be mended before the quantile could be read, for the hint to the user. */
export interface BucketQuantile {
  readonly value: number;
  readonly forcedMonotonic: boolean;
}

const plain = (value: number): BucketQuantile => ({ value, forcedMonotonic: false });

const SMALL_DELTA = 1e-12;

/**
 * The quantile by linear interpolation inside the bucket where it falls. Buckets are sorted by upper bound.
 *
 * @see prometheus/promql/quantile.go, BucketQuantile
 */
export function bucketQuantile(q: number, buckets: Buckets): BucketQuantile {
  if (Number.isNaN(q)) return plain(NaN);
  if (q < 0) return plain(-Infinity);
  if (q > 1) return plain(Infinity);
  if (buckets.upperBounds[buckets.length - 1] !== Infinity) return plain(NaN);
  coalesce(buckets);
  const forcedMonotonic = ensureMonotonic(buckets);
  const { counts, length } = buckets;
  const observations = counts[length - 1] ?? 0;
  if (length < 2 || observations === 0) return plain(NaN);
  return { value: interpolated(q * observations, buckets), forcedMonotonic };
}

/** Where the observation of this rank lies, if those of a bucket are spread evenly. */
function interpolated(rank: number, { upperBounds, counts, length }: Buckets): number {
  let index = 0;
  while (index < length - 1 && !((counts[index] ?? 0) >= rank)) index++;
  if (index === length - 1) return upperBounds[length - 2] ?? NaN;
  const end = upperBounds[index] ?? NaN;
  if (index === 0) return end <= 0 ? end : end * (rank / (counts[0] ?? NaN));
  const start = upperBounds[index - 1] ?? NaN;
  const below = counts[index - 1] ?? NaN;
  return start + (end - start) * ((rank - below) / ((counts[index] ?? NaN) - below));
}

/** Joins buckets with the same upper bound. */
function coalesce(buckets: Buckets): void {
  const { upperBounds, counts } = buckets;
  let last = 0;
  for (let index = 1; index < buckets.length; index++) {
    if (upperBounds[index] === upperBounds[last]) {
      counts[last] = (counts[last] ?? 0) + (counts[index] ?? 0);
      continue;
    }
    last++;
    upperBounds[last] = upperBounds[index] ?? NaN;
    counts[last] = counts[index] ?? NaN;
  }
  buckets.length = last + 1;
}

/** Lifts counts that fall from one bucket to the next; says whether one fell by more than rounding explains. */
function ensureMonotonic({ counts, length }: Buckets): boolean {
  let forced = false;
  let previous = counts[0] ?? 0;
  for (let index = 1; index < length; index++) {
    const count = counts[index] ?? 0;
    if (count === previous) continue;
    const small =
      Math.abs(count - previous) <= SMALL_DELTA * (Math.abs(count) + Math.abs(previous));
    if (small || count < previous) {
      counts[index] = previous;
      if (!small) forced = true;
    } else previous = count;
  }
  return forced;
}
