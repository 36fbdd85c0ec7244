/** The Prometheus HTTP API of one workspace. Who may ask is decided before: by token, link and role. */
import { CodedError, compareStrings, limits, messageOf } from "../core/index.ts";
import type { Clock, Labels, Matcher } from "../core/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import type { Querier } from "../store/index.ts";
import {
  deadlineOf,
  durationParameter,
  invalidParameter,
  limitParameter,
  matchParameters,
  queryParameter,
  readParameters,
  refuseParameters,
  requiredTime,
  timeParameter,
} from "./api-parameters.ts";
import type { Parameters } from "./api-parameters.ts";
import { queryError } from "./errors.ts";
import { encodeLabels, encodeValue, failure, success } from "./prometheus-json.ts";
import type { Answer, ErrorType } from "./prometheus-json.ts";
import { drawProblem, evaluateInstant, evaluateRange, parseExpr } from "./promql/index.ts";
import type { QueryEnvironment, QueryResult, QueryValue } from "./promql/index.ts";
import { queryGate } from "./query-gate.ts";
import type { QueryGate } from "./query-gate.ts";

export interface PrometheusApiContext {
  readonly querier: Querier;
  readonly clock: Clock;
  /** Ends the query when the client is gone. */
  readonly signal?: AbortSignal;
  /** One gate for all workspaces of the process, unless another is given. */
  readonly gate?: QueryGate;
}

const processGate = queryGate();

/** What a route's handler gets: its parameters and the rest of its path. */
interface Asked extends Required<Pick<PrometheusApiContext, "querier" | "clock" | "gate">> {
  readonly parameters: Parameters;
  readonly signal: AbortSignal | undefined;
}

type Route = (asked: Asked) => Promise<Answer>;

/**
 * The routes that take no part of the path as an argument. Azure documents query, query_range, series, labels and
 * label/__name__/values; the others are wider than Azure.
 */
const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["/api/v1/query", answerQuery],
  ["/api/v1/query_range", answerQueryRange],
  ["/api/v1/series", answerSeries],
  ["/api/v1/labels", answerLabels],
  ["/api/v1/metadata", answerMetadata],
  ["/api/v1/status/buildinfo", answerBuildInfo],
]);

/** Where the API and its limits are documented. */
export const PROMETHEUS_API_SOURCE =
  "learn.microsoft.com/azure/azure-monitor/metrics/prometheus-api-promql";

const LABEL_VALUES = /^\/api\/v1\/label\/([^/]+)\/values$/;

/**
 * Answers one request of the Prometheus API, GET or POST with a form. Never throws: each failure is Prometheus's
 * error body. One selector may name any number of metrics, with regular expressions too: wider than Azure, which
 * wants exactly one `__name__` in each.
 *
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/ and PROMETHEUS_API_SOURCE
 */
export async function answerPrometheusApi(
  request: HttpRequest,
  { querier, clock, signal, gate = processGate }: PrometheusApiContext,
): Promise<HttpResponse> {
  let parameters: Parameters = request.query;
  try {
    const route = routeOf(request);
    parameters = await readParameters(request);
    return success(await route({ parameters, querier, clock, signal, gate }));
  } catch (error) {
    return failureOf(error, parameters.get("query") ?? "");
  }
}

function routeOf({ method, path }: HttpRequest): Route {
  if (method !== "GET" && method !== "POST") {
    throw queryError("QueryMethodNotAllowed", `method ${method} is not allowed; use GET or POST`);
  }
  const route = routes.get(path);
  if (route !== undefined) return route;
  const label = LABEL_VALUES.exec(path)?.[1];
  if (label !== undefined) return (asked) => answerLabelValues(asked, decodeLabel(label));
  const known = [...routes.keys(), "/api/v1/label/NAME/values"].join(", ");
  throw queryError("QueryRouteUnknown", `path ${path} is not answered here; use one of ${known}`);
}

const byCode: ReadonlyMap<string, ErrorType> = new Map([
  ["QueryTimedOut", "timeout"],
  ["QueryCanceled", "canceled"],
]);

const byStatus: ReadonlyMap<number, ErrorType> = new Map([
  [400, "bad_data"],
  [404, "not_found"],
  [405, "bad_data"],
  [408, "timeout"],
  [413, "bad_data"],
  [422, "execution"],
  [429, "unavailable"],
  [503, "unavailable"],
]);

function failureOf(error: unknown, query: string): HttpResponse {
  if (!(error instanceof CodedError)) {
    return failure({ status: 500, errorType: "internal", error: messageOf(error) });
  }
  const { code, status, message } = error;
  const errorType = byCode.get(code) ?? byStatus.get(status) ?? "internal";
  if (code === "PromqlInvalid") {
    const says = `invalid parameter "query": ${message}`;
    return failure({ status, errorType, error: says, ...excerptOf(query) });
  }
  if (code === "QueryMethodNotAllowed") {
    return failure({ status, errorType, error: message, headers: { allow: "GET, POST" } });
  }
  const headers = code === "TooManyQueries" ? { "retry-after": "1" } : {};
  return failure({ status, errorType, error: message, headers });
}

const DRAWN_PROBLEMS_MAX = 10;

/** The lines at fault, each with carets and what is wrong: every problem, not the first alone. */
function excerptOf(query: string): { readonly excerpt?: string } {
  const parsed = parseExpr(query);
  if (parsed.kind === "parsed") return {};
  const drawn = parsed.problems
    .slice(0, DRAWN_PROBLEMS_MAX)
    .map((problem) => `${drawProblem(query, problem)} ${problem.message}`);
  return { excerpt: drawn.join("\n") };
}

function environmentOf({ parameters, querier, clock, signal }: Asked): QueryEnvironment {
  refuseParameters(parameters, ["stats"]);
  const lookbackMs = durationParameter(parameters, "lookback_delta");
  if (lookbackMs !== undefined && lookbackMs <= 0) {
    throw invalidParameter("lookback_delta", "must be greater than 0");
  }
  return {
    querier,
    clock,
    deadlineMs: deadlineOf(parameters, clock),
    ...(signal === undefined ? {} : { signal }),
    ...(lookbackMs === undefined ? {} : { lookbackMs }),
  };
}

async function answerQuery(asked: Asked): Promise<Answer> {
  const { parameters, clock, gate } = asked;
  const limit = limitParameter(parameters);
  const timeMs = timeParameter(parameters, "time") ?? clock.nowMs();
  const environment = environmentOf(asked);
  const text = queryParameter(parameters);
  return limited(await gate.run(() => evaluateInstant(text, { ...environment, timeMs })), limit);
}

async function answerQueryRange(asked: Asked): Promise<Answer> {
  const { parameters, gate } = asked;
  const limit = limitParameter(parameters);
  const times = rangeTimes(parameters);
  const environment = environmentOf(asked);
  const text = queryParameter(parameters);
  return limited(await gate.run(() => evaluateRange(text, { ...environment, ...times })), limit);
}

interface RangeTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

function rangeTimes(parameters: Parameters): RangeTimes {
  const startMs = requiredTime(parameters, "start");
  const endMs = requiredTime(parameters, "end");
  if (endMs < startMs) {
    throw invalidParameter("end", "end timestamp must not be before start time");
  }
  const stepMs = durationParameter(parameters, "step");
  if (stepMs === undefined) {
    throw invalidParameter("step", `cannot parse "" to a valid duration`);
  }
  if (stepMs <= 0) {
    throw invalidParameter(
      "step",
      "zero or negative query resolution step widths are not accepted. Try a positive integer",
    );
  }
  refusePastAzuresLimits({ startMs, endMs, stepMs });
  return { startMs, endMs, stepMs };
}

const hours = (ms: number): number => ms / 3_600_000;

/** Azure's own bounds on a range query; their sentences are a local choice (inferred). @see PROMETHEUS_API_SOURCE */
function refusePastAzuresLimits({ startMs, endMs, stepMs }: RangeTimes): void {
  const rangeMs = endMs - startMs;
  if (rangeMs > limits.queryRangeMs) {
    const days = hours(limits.queryRangeMs) / 24;
    throw invalidParameter(
      "start",
      `the time range is ${hours(rangeMs).toFixed(1)} hours; the limit is ${days} days between start and end`,
    );
  }
  if (rangeMs >= limits.queryLongRangeMs && stepMs < limits.queryLongRangeStepMs) {
    throw invalidParameter(
      "step",
      `the step is ${stepMs / 1000} s; ranges of ${hours(limits.queryLongRangeMs)} hours and more take at least ${limits.queryLongRangeStepMs / 1000} s`,
    );
  }
}

const TRUNCATED = "results truncated due to limit";

function limited({ value, warnings, infos }: QueryResult, limit: number | undefined): Answer {
  const shown = limit === undefined ? value : firstOf(value, limit);
  const notes = shown === value ? warnings : [...warnings, TRUNCATED];
  return { data: encodeValue(shown), warnings: notes, infos };
}

/** The same value where it is within the limit; scalars and strings always are. */
function firstOf(value: QueryValue, limit: number): QueryValue {
  if (value.kind === "vector" && value.labels.length > limit) {
    const labels = value.labels.slice(0, limit);
    return { ...value, labels, values: value.values.subarray(0, limit) };
  }
  if (value.kind === "matrix" && value.series.length > limit) {
    return { ...value, series: value.series.slice(0, limit) };
  }
  return value;
}

interface TimeRange {
  readonly mintMs: number;
  readonly maxtMs: number;
}

/** `start` and `end`; where absent, the last twelve hours: how far back Azure's /series looks. */
function timeRange({ parameters, clock }: Asked): TimeRange {
  const maxtMs = timeParameter(parameters, "end") ?? clock.nowMs();
  const mintMs = timeParameter(parameters, "start") ?? maxtMs - limits.seriesLookbackMs;
  if (maxtMs < mintMs) throw invalidParameter("end", "end timestamp must not be before start time");
  return { mintMs, maxtMs };
}

/** Regular expressions in `match[]` are taken: wider than Azure, whose /series takes none. */
async function answerSeries(asked: Asked): Promise<Answer> {
  const { parameters, querier, gate } = asked;
  const limit = limitParameter(parameters);
  const selectors = matchParameters(parameters);
  if (selectors.length === 0) {
    throw queryError("QueryParameterInvalid", "no match[] parameter provided");
  }
  const range = timeRange(asked);
  if (range.maxtMs - range.mintMs > limits.seriesLookbackMs) {
    throw invalidParameter(
      "start",
      `the time range is ${hours(range.maxtMs - range.mintMs).toFixed(1)} hours; /series looks back ${hours(limits.seriesLookbackMs)} hours at most`,
    );
  }
  const found = new Map<string, Labels>();
  await gate.run(async () => {
    for (const matchers of selectors) {
      for (const labels of await querier.series(matchers, range)) {
        found.set(encodeLabels(labels), labels);
      }
    }
  });
  return listOf([...found.keys()], limit);
}

/** A list of JSON texts, cut at the limit. */
function listOf(items: readonly string[], limit: number | undefined): Answer {
  const cut = limit !== undefined && items.length > limit;
  const shown = cut ? items.slice(0, limit) : items;
  return { data: `[${shown.join(",")}]`, warnings: cut ? [TRUNCATED] : [] };
}

async function answerLabels(asked: Asked): Promise<Answer> {
  const range = timeRange(asked);
  return distinct(asked, (matchers) => asked.querier.labelNames(matchers, range));
}

/** Any label's values: wider than Azure, which answers `__name__` alone. */
async function answerLabelValues(asked: Asked, name: string): Promise<Answer> {
  const range = timeRange(asked);
  return distinct(asked, (matchers) => asked.querier.labelValues(name, matchers, range));
}

async function distinct(
  { parameters, gate }: Asked,
  read: (matchers: readonly Matcher[]) => Promise<readonly string[]>,
): Promise<Answer> {
  const limit = limitParameter(parameters);
  const selectors = matchParameters(parameters);
  const found = new Set<string>();
  await gate.run(async () => {
    for (const matchers of selectors.length === 0 ? [[]] : selectors) {
      for (const text of await read(matchers)) found.add(text);
    }
  });
  const sorted = [...found].sort(compareStrings);
  return listOf(
    sorted.map((text) => JSON.stringify(text)),
    limit,
  );
}

function decodeLabel(encoded: string): string {
  let name = encoded;
  try {
    name = decodeURIComponent(encoded);
  } catch {
    name = "";
  }
  if (name !== "" && name.isWellFormed()) return name;
  throw queryError("QueryParameterInvalid", `invalid label name: ${JSON.stringify(encoded)}`);
}

/** No metric has metadata: remote write 1.0 sends it apart from samples, and the store keeps samples. */
async function answerMetadata({ parameters }: Asked): Promise<Answer> {
  refuseParameters(parameters, ["limit_per_metric"]);
  return { data: "{}" };
}

/** Grafana reads the version to know which routes and parameters it may use: those of Prometheus 3. */
async function answerBuildInfo(): Promise<Answer> {
  const info = { application: "Linkscope", version: "3.0.0", revision: "", features: {} };
  return { data: JSON.stringify(info) };
}
