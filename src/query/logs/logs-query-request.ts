/** Reads a request of the query API: the query, its timespan, and the preferences of RFC 7240. */
import { CodedError, limits } from "../../core/index.ts";
import type { HttpRequest } from "../../http/index.ts";
import { intersection, parseTimespan } from "./iso-timespan.ts";
import type { Timespan } from "./iso-timespan.ts";
import type { OneApiError } from "./logs-query-answers.ts";

export interface LogsQueryRequest {
  readonly text: string;
  readonly timespan: Timespan | undefined;
  readonly timeoutMs: number;
  readonly statistics: boolean;
  readonly render: boolean;
}

export type ReadLogsQuery =
  | { readonly kind: "query"; readonly query: LogsQueryRequest }
  | { readonly kind: "wrong"; readonly error: OneApiError }
  /** A POST without a JSON content type: the service answers 200 with no body. */
  | { readonly kind: "not-json" };

const wrong = (
  message: string,
  code = "InvalidArgument",
): Extract<ReadLogsQuery, { kind: "wrong" }> => ({
  kind: "wrong",
  error: { code, message },
});

/**
 * Reads GET's parameters or POST's JSON body. A timespan in both is their intersection.
 *
 * @throws CodedError BodyTooLarge (413), BodyTimeout (408).
 * @see learn.microsoft.com/azure/azure-monitor/logs/api/request-format
 */
export async function readLogsQuery(request: HttpRequest, nowMs: number): Promise<ReadLogsQuery> {
  const fromUrl = request.query.get("timespan") ?? undefined;
  if (request.method === "GET") {
    const fields = { query: request.query.get("query") ?? undefined, timespan: fromUrl };
    return checked(
      request,
      { ...fields, workspaces: request.query.get("workspaces") ?? undefined },
      nowMs,
    );
  }
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return { kind: "not-json" };
  const body = parsedBody(await request.body(limits.logsQueryBodyBytesMax));
  if (body === undefined) return wrong("The body is no JSON object.");
  for (const name of Object.keys(body)) {
    if (!known.has(name))
      return wrong(
        `The body's property '${name}' is not supported here; leave it out.`,
        "FeatureNotEmulated",
      );
  }
  return checked(request, { ...body, fromUrl }, nowMs);
}

/**
 * What is read. The scope in time is what Grafana's data source sends beside the timespan: the same, by the name of a column.
 *
 * @see grafana/grafana pkg/tsdb/azuremonitor/loganalytics
 */
const known: ReadonlySet<string> = new Set([
  "query",
  "timespan",
  "workspaces",
  "query_datetimescope_column",
  "query_datetimescope_from",
  "query_datetimescope_to",
]);

function parsedBody(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

interface Fields {
  readonly query?: unknown;
  readonly timespan?: unknown;
  readonly workspaces?: unknown;
  readonly fromUrl?: string | undefined;
  readonly query_datetimescope_column?: unknown;
  readonly query_datetimescope_from?: unknown;
  readonly query_datetimescope_to?: unknown;
}

/** Grafana's scope as a timespan; undefined where there is none. */
function scopeOf(fields: Fields): unknown {
  const { query_datetimescope_from: from, query_datetimescope_to: to } = fields;
  if (from === undefined && to === undefined) return undefined;
  return typeof from === "string" && typeof to === "string" ? `${from}/${to}` : (from ?? to);
}

function checked(request: HttpRequest, fields: Fields, nowMs: number): ReadLogsQuery {
  const { query, workspaces } = fields;
  if (typeof query !== "string" || query.trim() === "") {
    return wrong("The request has no query; send it as `query`, a text that is not empty.");
  }
  const isMany = Array.isArray(workspaces) ? workspaces.length > 0 : (workspaces ?? null) !== null;
  if (isMany) {
    return wrong(
      "`workspaces`: queries over several workspaces are not supported here; ask each by itself.",
      "FeatureNotEmulated",
    );
  }
  const { query_datetimescope_column: scoped = "TimeGenerated" } = fields;
  if (scoped !== "TimeGenerated") {
    return wrong(
      `query_datetimescope_column ${JSON.stringify(scoped)?.slice(0, 100)} is not supported here; TimeGenerated is.`,
      "FeatureNotEmulated",
    );
  }
  const timespan = timespanOf([fields.timespan, fields.fromUrl, scopeOf(fields)], nowMs);
  if (timespan.kind === "wrong") return timespan;
  const prefer = preferences(request.headers["prefer"] ?? "");
  const wait = prefer.get("wait");
  if (wait !== undefined && !/^\d{1,6}$/.test(wait))
    return wrong(`Prefer: wait=${wait.slice(0, 40)} is no number of seconds.`);
  return {
    kind: "query",
    query: {
      text: query,
      timespan: timespan.found,
      timeoutMs: Math.min(
        wait === undefined ? limits.logsQueryTimeoutMs : Number(wait) * 1000,
        limits.logsQueryTimeoutMsMax,
      ),
      statistics: prefer.get("include-statistics") === "true",
      render: prefer.get("include-render") === "true",
    },
  };
}

type Found =
  | { readonly kind: "found"; readonly found: Timespan | undefined }
  | Extract<ReadLogsQuery, { kind: "wrong" }>;

/** Where both the URL and the body have one, what both see. */
function timespanOf(texts: readonly unknown[], nowMs: number): Found {
  let found: Timespan | undefined;
  for (const text of texts) {
    if (text === undefined || text === null) continue;
    const parsed = typeof text === "string" ? parseTimespan(text, nowMs) : undefined;
    if (parsed === undefined) {
      return wrong(
        `The timespan ${JSON.stringify(text)?.slice(0, 100)} is no ISO 8601 duration or interval; write PT1H, or FROM/TO.`,
      );
    }
    if (parsed.toMs < parsed.fromMs) {
      // Inferred: no document says what becomes of it, and an empty answer would be taken for one.
      return wrong(`The timespan ${JSON.stringify(text).slice(0, 100)} ends before it begins.`);
    }
    found = intersection(found, parsed);
  }
  return { kind: "found", found };
}

/** Preferences by name; those that are not known are passed over, as RFC 7240 wants. Older clients prefix theirs with `ai.`. */
function preferences(header: string): ReadonlyMap<string, string> {
  return new Map(
    header
      .slice(0, 1024)
      .split(/[,;]/)
      .map((each) => {
        const [name = "", value = "true"] = each.split("=").map((part) => part.trim());
        return [name.toLowerCase().replace(/^ai\./, ""), value.replace(/^"(.*)"$/, "$1")] as const;
      }),
  );
}

/** A body that did not arrive or is too large is the caller's fault, as elsewhere. */
export const isBodyFault = (error: unknown): error is CodedError =>
  error instanceof CodedError && (error.status === 413 || error.status === 408);
