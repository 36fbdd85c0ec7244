/**
 * The bodies of the Log Analytics query API: OneAPI errors with their inner errors, and results.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/api/errors and response-format
 */
import type { LogColumn } from "../../core/index.ts";
import { json } from "../../http/index.ts";
import type { HttpResponse } from "../../http/index.ts";
import type { KqlProblem } from "../../kql/index.ts";
import type { LogAnswer } from "../../store/index.ts";
import { limits } from "../../core/index.ts";
import type { LogsQueryErrorCode } from "./errors.ts";
import { logsQueryErrors } from "./errors.ts";

export interface OneApiError {
  readonly code: string;
  readonly message: string;
  readonly line?: number;
  readonly pos?: number;
  readonly details?: readonly OneApiError[];
  readonly innererror?: OneApiError;
}

/** A refusal, with its catalogue's status and its code as a header, as the other data planes have it. */
export function logsQueryRefusal(
  code: LogsQueryErrorCode,
  error: Omit<OneApiError, "code">,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const body: OneApiError = { ...error, code };
  return json(
    logsQueryErrors[code].status,
    { error: body },
    { "x-ms-error-code": code, ...headers },
  );
}

const INVALID = "The request had some invalid properties";

/** 400 for a request that names the wrong thing; the inner error says which. */
export const badArgument = (inner: OneApiError): HttpResponse =>
  logsQueryRefusal("BadArgumentError", { message: INVALID, innererror: inner });

/** The words around a problem of each kind, as the service has them; for constructs that are not emulated our own. */
const around: Readonly<Record<KqlProblem["kind"], Pick<OneApiError, "code" | "message">>> = {
  syntax: { code: "SyntaxError", message: "A recognition error occurred in the query." },
  semantic: { code: "SemanticError", message: "A semantic error occurred." },
  unsupported: {
    code: "FeatureNotEmulated",
    message: "The query names what this platform does not emulate.",
  },
};

/**
 * 400 for a query's problems: the first as the service nests it, all of them as details where there are more. The inner
 * codes are those of Microsoft's parser (`KS142`); the service's own (`SEM0100`) are in no document.
 */
export function queryProblems(text: string, problems: readonly KqlProblem[]): HttpResponse {
  const [first, ...more] = problems.map((problem) => ({
    ...around[problem.kind],
    innererror: { code: problem.code, message: problem.says, ...placeOf(text, problem.start) },
  }));
  return logsQueryRefusal("BadArgumentError", {
    message: INVALID,
    ...(first === undefined ? {} : { innererror: first }),
    ...(more.length === 0 ? {} : { details: more }),
  });
}

/** Lines from 1, positions from 0, as the service counts them. */
function placeOf(text: string, start: number): { readonly line: number; readonly pos: number } {
  const before = text.slice(0, start).split("\n");
  return { line: before.length, pos: before.at(-1)?.length ?? 0 };
}

export interface LogsResult {
  readonly columns: readonly LogColumn[];
  readonly answer: LogAnswer;
  readonly elapsedMs: number;
  readonly statistics: boolean;
  readonly render: boolean;
}

/** The 200 of a query; a result that was cut carries a PartialError. */
export function queryResult(result: LogsResult): HttpResponse {
  const { columns, answer, elapsedMs, statistics, render } = result;
  const body = JSON.stringify({
    tables: [{ name: "PrimaryResult", columns, rows: answer.rows }],
    ...(statistics ? { statistics: statisticsOf(answer, elapsedMs) } : {}),
    // No query that is answered here has a visualisation: `render` is refused by its name.
    ...(render ? { render: {} } : {}),
    ...(answer.cut ? { error: partialError } : {}),
  });
  const applied = [
    ...(statistics ? ["include-statistics=true"] : []),
    ...(render ? ["include-render=true"] : []),
  ];
  return {
    status: 200,
    headers: {
      "content-type": "application/json; charset=utf-8",
      ...(applied.length === 0 ? {} : { "preference-applied": applied.join(", ") }),
    },
    body,
  };
}

/** The fields that are measured here; the service has more. */
const statisticsOf = (answer: LogAnswer, elapsedMs: number): object => ({
  query: {
    executionTime: elapsedMs / 1000,
    datasetStatistics: [{ tableRowCount: answer.rows.length }],
  },
});

/** Code and nesting are documented; the words are inferred from Kusto's `E_QUERY_RESULT_SET_TOO_LARGE`. */
const partialError: OneApiError = {
  code: "PartialError",
  message: "There were some errors when processing your query.",
  details: [
    {
      code: "EngineError",
      message: "Something went wrong processing your query on the server.",
      innererror: {
        code: "-2133196797",
        message: `The results of this query exceed the set limit of ${limits.logQueryRowsMax} records or ${limits.logQueryResultBytesMax} bytes, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003). Add a filter, summarize, or take fewer rows.`,
      },
    },
  ],
};
