/** Parameters of the Prometheus API: from the URL and from a form body, with Prometheus's own sentences for bad ones. */
import { limits } from "../core/index.ts";
import type { Clock, Matcher } from "../core/index.ts";
import type { HttpRequest } from "../http/index.ts";
import { queryError } from "./errors.ts";
import { formatProblem, parseDurationMs, parseExpr } from "./promql/index.ts";

/** The parameters of one request; a form's stand before the URL's, as Go's FormValue reads them. */
export type Parameters = URLSearchParams;

const FORM = "application/x-www-form-urlencoded";

/**
 * Reads URL and form.
 *
 * @throws CodedError QueryParameterInvalid (400) for a body of another type; BodyTooLarge (413).
 */
export async function readParameters(request: HttpRequest): Promise<Parameters> {
  if (request.method !== "POST") return request.query;
  const type = (request.headers["content-type"] ?? FORM).split(";")[0]?.trim().toLowerCase();
  if (type !== FORM) {
    throw queryError(
      "QueryParameterInvalid",
      `content-type ${JSON.stringify(type)} is not taken here; send ${FORM}`,
    );
  }
  const body = await request.body(limits.queryFormBytesMax);
  const merged = new URLSearchParams(body.toString("utf8"));
  for (const [name, value] of request.query) merged.append(name, value);
  return merged;
}

/** QueryParameterInvalid (400) in Prometheus's words. */
export const invalidParameter = (name: string, why: string): Error =>
  queryError("QueryParameterInvalid", `invalid parameter ${JSON.stringify(name)}: ${why}`);

/** A time in milliseconds: unix seconds with a fraction, or RFC 3339. Undefined where absent. */
export function timeParameter(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name) ?? "";
  if (text === "") return undefined;
  const timeMs = parseTimeMs(text);
  if (timeMs !== undefined) return timeMs;
  throw invalidParameter(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
}

const SECONDS = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
/** The last millisecond that a JavaScript Date can name: bounds all arithmetic on times. */
const TIME_MS_MAX = 8.64e15;

function parseTimeMs(text: string): number | undefined {
  if (SECONDS.test(text)) {
    const timeMs = Math.round(Number(text) * 1000);
    return Math.abs(timeMs) <= TIME_MS_MAX ? timeMs : undefined;
  }
  if (!RFC3339.test(text)) return undefined;
  const timeMs = Date.parse(text.toUpperCase());
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** A time that must be there. @throws CodedError QueryParameterInvalid (400) */
export function requiredTime(parameters: Parameters, name: string): number {
  const timeMs = timeParameter(parameters, name);
  if (timeMs !== undefined) return timeMs;
  throw invalidParameter(name, `cannot parse "" to a valid timestamp`);
}

/** A duration in milliseconds: seconds with a fraction, or Prometheus's spelling. Undefined where absent. */
export function durationParameter(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name) ?? "";
  if (text === "") return undefined;
  const ms = SECONDS.test(text) ? Math.round(Number(text) * 1000) : parseDurationMs(text);
  if (typeof ms === "number" && Math.abs(ms) <= TIME_MS_MAX) return ms;
  throw invalidParameter(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
}

/** How many results to give at most; undefined where absent or 0, which means all. */
export function limitParameter(parameters: Parameters): number | undefined {
  const text = parameters.get("limit") ?? "";
  if (text === "" || text === "0") return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalidParameter("limit", "limit must be non-negative");
  return Number(text);
}

/** The query's text. @throws CodedError QueryParameterInvalid (400) where it is absent */
export function queryParameter(parameters: Parameters): string {
  const text = parameters.get("query") ?? "";
  if (text !== "") return text;
  throw invalidParameter("query", "unknown position: parse error: no expression found in input");
}

/** The clock's time at which the query must have ended. */
export function deadlineOf(parameters: Parameters, clock: Clock): number {
  const timeoutMs = durationParameter(parameters, "timeout") ?? limits.queryTimeoutMs;
  if (timeoutMs <= 0) throw invalidParameter("timeout", "must be greater than 0");
  return clock.nowMs() + Math.min(timeoutMs, limits.queryTimeoutMs);
}

/** Parameters that Prometheus knows and this platform does not: refused by name, not ignored. */
export function refuseParameters(parameters: Parameters, names: readonly string[]): void {
  for (const name of names) {
    if (!parameters.has(name)) continue;
    throw queryError("PromqlNotSupported", `parameter ${name} is not supported; leave it out`);
  }
}

/** The selectors of `match[]`, each as its matchers. @throws CodedError QueryParameterInvalid (400) */
export function matchParameters(parameters: Parameters): readonly (readonly Matcher[])[] {
  return parameters.getAll("match[]").map((text) => {
    const parsed = parseExpr(text);
    if (parsed.kind === "refused") {
      const [problem] = parsed.problems;
      const why = problem === undefined ? "parse error" : formatProblem(text, problem);
      throw invalidParameter("match[]", why);
    }
    const { expr } = parsed;
    const plain =
      expr.kind === "vectorSelector" &&
      expr.offset === undefined &&
      expr.at === undefined &&
      expr.extended === undefined;
    if (plain) return expr.matchers;
    throw invalidParameter("match[]", `1:1: parse error: ${text} is not a plain series selector`);
  });
}
