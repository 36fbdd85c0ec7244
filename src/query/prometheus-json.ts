/** Answers of the Prometheus API as JSON text. Written by hand: a result may hold millions of samples. */
import { limits } from "../core/index.ts";
import type { Labels, SeriesColumns } from "../core/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { queryError } from "./errors.ts";
import { formatNumber } from "./promql/index.ts";
import type { QueryValue } from "./promql/index.ts";

export interface Answer {
  /** JSON text. */
  readonly data: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

const headers = { "content-type": "application/json" };

/** `{"status":"success","data":…}` */
export function success({ data, warnings = [], infos = [] }: Answer): HttpResponse {
  const extra =
    (warnings.length === 0 ? "" : `,"warnings":${JSON.stringify(warnings)}`) +
    (infos.length === 0 ? "" : `,"infos":${JSON.stringify(infos)}`);
  return { status: 200, headers, body: `{"status":"success","data":${data}${extra}}` };
}

/** Prometheus's error types. @see prometheus/web/api/v1/api.go */
export type ErrorType =
  "bad_data" | "canceled" | "execution" | "internal" | "not_found" | "timeout" | "unavailable";

export interface Failure {
  readonly status: number;
  readonly errorType: ErrorType;
  readonly error: string;
  /** Wider than Prometheus: the lines of the query at fault, with carets. */
  readonly excerpt?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `{"status":"error","errorType":…,"error":…}` */
export const failure = ({
  status,
  errorType,
  error,
  excerpt,
  headers: more,
}: Failure): HttpResponse => ({
  status,
  headers: { ...headers, ...more },
  body: JSON.stringify({ status: "error", errorType, error, excerpt }),
});

/**
 * `{"resultType":…,"result":…}`
 *
 * @throws CodedError QueryTooManySamples (422) past `limits.queryResultSamplesMax`.
 */
export function encodeValue(value: QueryValue): string {
  refuseTooLarge(value);
  switch (value.kind) {
    case "scalar":
      return result("scalar", encodeSample(value.timeMs, value.value));
    case "string":
      return result("string", `[${encodeTime(value.timeMs)},${JSON.stringify(value.value)}]`);
    case "vector": {
      const items = value.labels.map((labels, row) => {
        const sample = encodeSample(value.timeMs, value.values[row] ?? NaN);
        return `{"metric":${encodeLabels(labels)},"value":${sample}}`;
      });
      return result("vector", `[${items.join(",")}]`);
    }
    case "matrix":
      return result("matrix", `[${value.series.map(encodeSeries).join(",")}]`);
  }
}

/** @throws CodedError QueryTooManySamples (422) where the answer would be too long to be written as one text. */
export function refuseTooLarge(value: QueryValue): void {
  const series = value.kind === "matrix" ? value.series : [];
  const samples = series.reduce((sum, { length }) => sum + length, 0);
  if (samples <= limits.queryResultSamplesMax) return;
  throw queryError(
    "QueryTooManySamples",
    `the result has ${samples} samples; the limit is ${limits.queryResultSamplesMax}; select fewer series, a shorter range or larger steps`,
  );
}

const result = (type: QueryValue["kind"], text: string): string =>
  `{"resultType":"${type}","result":${text}}`;

function encodeSeries({ labels, timestampsMs, values, length }: SeriesColumns): string {
  let samples = "";
  for (let at = 0; at < length; at++) {
    if (at > 0) samples += ",";
    samples += encodeSample(timestampsMs[at] ?? 0, values[at] ?? NaN);
  }
  return `{"metric":${encodeLabels(labels)},"values":[${samples}]}`;
}

const encodeSample = (timeMs: number, value: number): string =>
  `[${encodeTime(timeMs)},"${formatNumber(value)}"]`;

/** Seconds, with three digits after the point where there is a fraction. */
function encodeTime(timeMs: number): string {
  return timeMs % 1000 === 0 ? formatNumber(timeMs / 1000) : (timeMs / 1000).toFixed(3);
}

/** An object of labels; built as text, so that a label named `__proto__` stays one. */
export const encodeLabels = (labels: Labels): string =>
  `{${labels.map(({ name, value }) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
