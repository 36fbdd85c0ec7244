/** A client of the Prometheus query API of an Azure Monitor workspace. @see prometheus.io/docs/prometheus/latest/querying/api */
import { at, stringAt } from "../arm/index.ts";
import type { Json, JsonObject } from "../arm/index.ts";
import { audiences } from "../azure/index.ts";
import { CodedError } from "../core/index.ts";
import { clientError } from "./errors.ts";
import { objectOf, serviceError } from "./json-answer.ts";
import type { TokenSource } from "./token-client.ts";
import type { PeerEvidence, Transport } from "./transport.ts";

export interface QueryAnswer {
  readonly resultType: "vector" | "matrix" | "scalar" | "string";
  readonly result: Json;
  readonly warnings: readonly string[];
  /** Where the answer came from. */
  readonly peer: PeerEvidence;
}

export interface PrometheusClient {
  /** An instant query; `timeMs` is the service's now where absent. */
  query(promql: string, options?: { readonly timeMs?: number }): Promise<QueryAnswer>;
  queryRange(
    promql: string,
    range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  ): Promise<QueryAnswer>;
}

/** QueryFailed: Prometheus's error type and text, and where the service draws it, the lines of the query at fault. */
export class QueryError extends CodedError {
  /** Lines with carets; wider than Prometheus's API, so that it is not always there. */
  readonly excerpt: string | undefined;

  constructor(message: string, options: { readonly status: number; readonly excerpt?: string }) {
    super("QueryFailed", message, { status: options.status });
    this.name = "QueryError";
    this.excerpt = options.excerpt;
  }
}

/**
 * Opens a client of one query endpoint (`https://…prometheus…`).
 *
 * @throws (its methods) QueryError; for a refusal of the service's front door CodedError with its code.
 */
export function prometheusClient(options: {
  readonly transport: Transport;
  readonly token: TokenSource;
  readonly endpoint: string;
}): PrometheusClient {
  const { transport, token } = options;
  const base = options.endpoint.replace(/\/$/, "");
  const ask = async (path: string, form: Record<string, string>): Promise<QueryAnswer> => {
    const response = await transport.send({
      method: "POST",
      url: `${base}/api/v1/${path}`,
      headers: {
        authorization: `Bearer ${await token(audiences.prometheus)}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams(form).toString(),
    });
    if (!isPrometheusAnswer(response.body)) throw serviceError(response, `POST /api/v1/${path}`);
    return { ...readAnswer(objectOf(response), response.status), peer: response.peer };
  };
  return {
    query: (promql, { timeMs } = {}) =>
      ask("query", {
        query: promql,
        ...(timeMs === undefined ? {} : { time: String(timeMs / 1000) }),
      }),
    queryRange: (promql, { startMs, endMs, stepMs }) =>
      ask("query_range", {
        query: promql,
        start: String(startMs / 1000),
        end: String(endMs / 1000),
        step: String(stepMs / 1000),
      }),
  };
}

/** Both outcomes of Prometheus have `status`; a refusal of the service's front door has Azure's envelope. */
const isPrometheusAnswer = (body: Buffer): boolean => body.subarray(0, 256).includes('"status"');

function readAnswer(body: JsonObject, status: number): Omit<QueryAnswer, "peer"> {
  if (body["status"] !== "success") {
    const type = stringAt(body, "errorType") ?? "unknown";
    const says = `${type}: ${stringAt(body, "error") ?? `status ${status}`}`;
    const excerpt = stringAt(body, "excerpt");
    throw new QueryError(says, { status, ...(excerpt === undefined ? {} : { excerpt }) });
  }
  const resultType = stringAt(body, "data", "resultType");
  const result = at(body, "data", "result");
  if (!isResultType(resultType) || result === undefined) {
    throw clientError("AnswerUnreadable", "The answer has no data.resultType and data.result.");
  }
  const warnings = at(body, "warnings");
  return { resultType, result, warnings: Array.isArray(warnings) ? warnings.map(String) : [] };
}

const isResultType = (type: string | undefined): type is QueryAnswer["resultType"] =>
  type === "vector" || type === "matrix" || type === "scalar" || type === "string";
