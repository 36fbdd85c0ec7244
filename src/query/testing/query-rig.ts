/** A workspace in memory for the query layer's tests: series written as text, a fake clock, requests without sockets. */
import { RE2JS } from "re2js";
import { fakeClock, labelsOf, labelValue } from "../../core/index.ts";
import type { FakeClock, Labels, Matcher, SeriesColumns } from "../../core/index.ts";
import type { HttpRequest, HttpResponse } from "../../http/index.ts";
import type { Querier } from "../../store/index.ts";
import { answerPrometheusApi } from "../prometheus-api.ts";
import type { PrometheusApiContext } from "../prometheus-api.ts";

export interface Sample {
  readonly timeMs: number;
  readonly value: number;
}

export const seriesOf = (
  record: Readonly<Record<string, string>>,
  samples: readonly Sample[],
): SeriesColumns => ({
  labels: labelsOf(record),
  timestampsMs: Float64Array.from(samples, ({ timeMs }) => timeMs),
  values: Float64Array.from(samples, ({ value }) => value),
  length: samples.length,
});

/** One value every `stepMs` from 0 on. */
export const regular = (values: readonly number[], stepMs: number): readonly Sample[] =>
  values.map((value, index) => ({ timeMs: index * stepMs, value }));

/** A querier over series in memory that counts its selects. */
export interface CountingQuerier extends Querier {
  readonly selects: { count: number };
}

export function querierOf(all: readonly SeriesColumns[]): CountingQuerier {
  const selects = { count: 0 };
  const find = (
    matchers: readonly Matcher[],
    { mintMs, maxtMs }: { readonly mintMs: number; readonly maxtMs: number },
  ): readonly SeriesColumns[] =>
    all
      .filter(({ labels }) => matchers.every((matcher) => matches(labels, matcher)))
      .map((series) => cut(series, mintMs, maxtMs))
      .filter(({ length }) => length > 0);
  return {
    selects,
    async select(matchers, range) {
      selects.count++;
      return find(matchers, range);
    },
    series: async (matchers, range) => find(matchers, range).map(({ labels }) => labels),
    labelNames: async (matchers, range) =>
      find(matchers, range).flatMap(({ labels }) => labels.map(({ name }) => name)),
    labelValues: async (name, matchers, range) =>
      find(matchers, range)
        .map(({ labels }) => labelValue(labels, name))
        .filter((value) => value !== ""),
  };
}

/** Whether a series with these labels is selected. Regular expressions are RE2's and match the whole value. */
export function matches(labels: Labels, { name, kind, value }: Matcher): boolean {
  const actual = labelValue(labels, name);
  if (kind === "=" || kind === "!=") return (actual === value) === (kind === "=");
  return RE2JS.compile(value, RE2JS.DOTALL).matcher(actual).matches() === (kind === "=~");
}

function cut(series: SeriesColumns, mintMs: number, maxtMs: number): SeriesColumns {
  const from = series.timestampsMs.findIndex((timeMs) => timeMs >= mintMs);
  const past = series.timestampsMs.findIndex((timeMs) => timeMs > maxtMs);
  const to = past < 0 ? series.length : past;
  if (from < 0 || to <= from) return { ...series, length: 0 };
  return {
    labels: series.labels,
    timestampsMs: series.timestampsMs.slice(from, to),
    values: series.values.slice(from, to),
    length: to - from,
  };
}

export interface Asking {
  readonly method?: string;
  /** A form body; makes the request a POST. */
  readonly form?: string;
  readonly contentType?: string;
}

export function requestOf(target: string, asking: Asking = {}): HttpRequest {
  const url = new URL(target, "http://workspace.test");
  const { form, contentType } = asking;
  const body = Buffer.from(form ?? "");
  return {
    method: asking.method ?? (form === undefined ? "GET" : "POST"),
    host: "workspace.test",
    path: target.split("?")[0] ?? "/",
    query: url.searchParams,
    headers:
      form === undefined
        ? {}
        : { "content-type": contentType ?? "application/x-www-form-urlencoded" },
    body: async () => body,
    origin: "http://workspace.test",
  };
}

export interface Rig {
  readonly clock: FakeClock;
  readonly ask: (target: string, asking?: Asking) => Promise<HttpResponse>;
  /** The parsed JSON body. */
  readonly read: (target: string, asking?: Asking) => Promise<ApiBody>;
}

export interface ApiBody {
  readonly status: string;
  readonly data?: unknown;
  readonly errorType?: string;
  readonly error?: string;
  readonly excerpt?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export function rigOf(
  series: readonly SeriesColumns[],
  more: Partial<PrometheusApiContext> = {},
): Rig {
  const clock = fakeClock(600_000);
  const querier = more.querier ?? querierOf(series);
  const ask = (target: string, asking?: Asking): Promise<HttpResponse> =>
    answerPrometheusApi(requestOf(target, asking), { clock, ...more, querier });
  const read = async (target: string, asking?: Asking): Promise<ApiBody> =>
    JSON.parse(String((await ask(target, asking)).body)) as ApiBody;
  return { clock, ask, read };
}
