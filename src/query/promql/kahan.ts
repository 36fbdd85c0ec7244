/** Kahan summation in Neumaier's form, as Prometheus sums: the error of each addition is carried along. */

/**
 * Adds `value` to `sums[at]`, whose carried error is `errors[at]`.
 *
 * @see prometheus/promql/functions.go, kahanSumInc
 */
export function kahanAdd(
  sums: Float64Array,
  errors: Float64Array,
  at: number,
  value: number,
): void {
  const sum = sums[at] ?? 0;
  const total = sum + value;
  // An infinite sum has no error to carry: it would turn the result into NaN.
  if (total === Infinity || total === -Infinity) errors[at] = 0;
  else if (Math.abs(sum) >= Math.abs(value)) errors[at] = (errors[at] ?? 0) + (sum - total + value);
  else errors[at] = (errors[at] ?? 0) + (value - total + sum);
  sums[at] = total;
}

/** Whether adding `value` would make the sum infinite. */
export const overflows = (sum: number, value: number): boolean => {
  const total = sum + value;
  return total === Infinity || total === -Infinity;
};
