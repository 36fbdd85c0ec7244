/** The Log Analytics query API of one workspace. Who may ask is decided before: by token, link and role. */
import { CodedError } from "../../core/index.ts";
import type { Clock, LogTable } from "../../core/index.ts";
import type { HttpRequest, HttpResponse } from "../../http/index.ts";
import type { KqlTranslator, Translation } from "../../kql/index.ts";
import type { LogQuerier } from "../../store/index.ts";
import { badArgument, logsQueryRefusal, queryProblems, queryResult } from "./logs-query-answers.ts";
import { isBodyFault, readLogsQuery } from "./logs-query-request.ts";
import type { LogsQueryRequest } from "./logs-query-request.ts";
import type { UserQueries } from "./user-queries.ts";
import type { LogsQueryErrorCode } from "./errors.ts";

export interface LogsQueryContext {
  /** The workspace's tables as they are now. */
  readonly tables: readonly LogTable[];
  readonly translator: Pick<KqlTranslator, "translate">;
  /** Opens the workspace's logs; called after the query is read. */
  readonly querier: () => Promise<LogQuerier>;
  readonly users: UserQueries;
  readonly principalId: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Only the records of this resource are seen: a query through that resource's own id. */
  readonly resourceId?: string;
  /** Hears what failed inside, for the access log. */
  readonly onFailure: (error: CodedError) => void;
}

/** Where the API is documented. */
export const LOGS_QUERY_API_SOURCE = "learn.microsoft.com/azure/azure-monitor/logs/api/overview";

/** Answers one query, GET or POST. Never throws: each failure is the service's error body. */
export async function answerLogsQuery(
  request: HttpRequest,
  context: LogsQueryContext,
): Promise<HttpResponse> {
  try {
    if (request.method !== "GET" && request.method !== "POST") {
      const message = `The method ${request.method} is not allowed; use GET or POST.`;
      return logsQueryRefusal("MethodNotAllowed", { message }, { allow: "GET, POST" });
    }
    const read = await readLogsQuery(request, context.clock.nowMs());
    if (read.kind === "not-json") return { status: 200, headers: {}, body: "" };
    if (read.kind === "wrong") return badArgument(read.error);
    return await admitted(read.query, context);
  } catch (error) {
    return failure(error, context);
  }
}

async function admitted(query: LogsQueryRequest, context: LogsQueryContext): Promise<HttpResponse> {
  const turn = await context.users.admit(context.principalId, context.signal);
  if (turn.kind === "throttled") {
    const retry = { "retry-after": String(turn.retryAfterSeconds) };
    return logsQueryRefusal("QueryThrottled", { message: turn.says }, retry);
  }
  try {
    return await run(query, context);
  } finally {
    turn.done();
  }
}

async function run(query: LogsQueryRequest, context: LogsQueryContext): Promise<HttpResponse> {
  const { clock, tables, translator, resourceId } = context;
  const startMs = clock.nowMs();
  const { text, timespan } = query;
  const translation = await translator.translate({
    text,
    tables,
    nowMs: startMs,
    use: "query",
    ...(timespan === undefined ? {} : { timespan }),
    ...(resourceId === undefined ? {} : { resourceId }),
  });
  if (!translation.ok) return queryProblems(text, translation.problems);
  const querier = await context.querier();
  const answer = await querier.query({
    sql: translation.sql,
    parameters: translation.parameters,
    columns: translation.columns,
    tables: tablesOf(translation, tables),
    timeoutMs: Math.max(1, query.timeoutMs - (clock.nowMs() - startMs)),
    signal: context.signal,
  });
  const { statistics, render } = query;
  const elapsedMs = clock.nowMs() - startMs;
  return queryResult({ columns: translation.columns, answer, elapsedMs, statistics, render });
}

const tablesOf = (
  translation: Extract<Translation, { ok: true }>,
  tables: readonly LogTable[],
): readonly LogTable[] => tables.filter(({ name }) => translation.tables.includes(name));

const byStatus: ReadonlyMap<number, LogsQueryErrorCode> = new Map([
  [429, "QueryThrottled"],
  [503, "ServiceUnavailable"],
  [504, "GatewayTimeout"],
]);

function failure(error: unknown, { onFailure }: LogsQueryContext): HttpResponse {
  const coded =
    error instanceof CodedError
      ? error
      : new CodedError("InternalServerError", "The query failed inside the platform.", {
          cause: error,
        });
  onFailure(coded);
  const { code, message, status } = coded;
  if (isBodyFault(coded)) return badArgument({ code, message });
  const named = byStatus.get(status);
  const retry = status === 429 || status === 503 ? { "retry-after": "1" } : {};
  if (named !== undefined) {
    return logsQueryRefusal(named, { message, innererror: { code, message } }, retry);
  }
  // Memory (422) and a failing operation (400) are the query's own doing.
  if (status >= 400 && status < 500) return badArgument({ code, message });
  return logsQueryRefusal("InternalServerError", {
    message: "The query failed inside the platform.",
  });
}
