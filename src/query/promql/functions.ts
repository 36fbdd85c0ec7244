/** The signatures of all 90 PromQL functions. @see prometheus/promql/parser/functions.go */
import type { ValueType } from "./ast.ts";

export interface FunctionSignature {
  readonly name: string;
  readonly args: readonly ValueType[];
  /** How many of the last argument may be left out or repeated: 0 none, -1 any number. */
  readonly variadic: number;
  readonly returns: ValueType;
  /** Behind a feature flag in Prometheus. */
  readonly experimental: boolean;
}

/** Name, then arguments, then the variadic count: the table is easier to check in this form. */
const vectorFunctions = `
  abs v; absent v; absent_over_time m; acos v; acosh v; asin v; asinh v; atan v; atanh v; avg_over_time m; ceil v;
  changes m; clamp v s s; clamp_max v s; clamp_min v s; cos v; cosh v; count_over_time m; day_of_month v 1;
  day_of_week v 1; day_of_year v 1; days_in_month v 1; deg v; delta m; deriv m; exp v; first_over_time m; floor v;
  histogram_avg v; histogram_count v; histogram_fraction s s v; histogram_quantile s v; histogram_stddev v;
  histogram_stdvar v; histogram_sum v; hour v 1; idelta m; increase m; irate m; label_join v t t t -1;
  label_replace v t t t t; last_over_time m; ln v; log10 v; log2 v; max_over_time m; min_over_time m; minute v 1;
  month v 1; predict_linear m s; present_over_time m; quantile_over_time s m; rad v; rate m; resets m; round v s 1;
  sgn v; sin v; sinh v; sort v; sort_desc v; sqrt v; stddev_over_time m; stdvar_over_time m; sum_over_time m; tan v;
  tanh v; timestamp v; vector s; year v 1`;
const scalarFunctions = `pi; scalar v; time`;
const experimentalVectorFunctions = `
  double_exponential_smoothing m s s; histogram_quantiles v t s s 9; info v v 1; mad_over_time m; sort_by_label v t -1;
  sort_by_label_desc v t -1; start_timestamp v; ts_of_first_over_time m; ts_of_last_over_time m; ts_of_max_over_time m;
  ts_of_min_over_time m`;
const experimentalScalarFunctions = `end; max_of s s; min_of s s; range; start; step`;

const types: Readonly<Record<string, ValueType>> = {
  v: "vector",
  m: "matrix",
  s: "scalar",
  t: "string",
};

function signaturesOf(
  table: string,
  common: Pick<FunctionSignature, "returns" | "experimental">,
): FunctionSignature[] {
  return table.split(";").map((entry) => {
    const [name = "", ...rest] = entry.trim().split(/\s+/);
    const args = rest.flatMap((word) => types[word] ?? []);
    return { name, args, variadic: Number(rest[args.length] ?? 0), ...common };
  });
}

/** Every function, by name. */
export const functions: ReadonlyMap<string, FunctionSignature> = new Map(
  [
    ...signaturesOf(vectorFunctions, { returns: "vector", experimental: false }),
    ...signaturesOf(scalarFunctions, { returns: "scalar", experimental: false }),
    ...signaturesOf(experimentalVectorFunctions, { returns: "vector", experimental: true }),
    ...signaturesOf(experimentalScalarFunctions, { returns: "scalar", experimental: true }),
  ].map((signature) => [signature.name, signature]),
);
