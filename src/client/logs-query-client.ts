/** The query API of a Log Analytics workspace, at its query host or through Resource Manager. @see learn.microsoft.com/azure/azure-monitor/logs/api/overview */
import { at, listAt, stringAt } from "../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../arm/index.ts";
import { audiences, cloud } from "../azure/index.ts";
import { CodedError, limits } from "../core/index.ts";
import { clientError } from "./errors.ts";
import { objectOf, serviceError } from "./json-answer.ts";
import type { TokenSource } from "./token-client.ts";
import type { PeerEvidence, Transport, TransportResponse } from "./transport.ts";

export interface LogsAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly Json[])[];
  /** What the service says of a result that it cut. */
  readonly partial: string | undefined;
  /** Where the answer came from. */
  readonly peer: PeerEvidence;
}

export interface LogsQueryClient {
  /** @param timespan - ISO 8601: `PT1H`, or `FROM/TO`. */
  query(kql: string, options?: { readonly timespan?: string }): Promise<LogsAnswer>;
}

/** A query that was refused: the innermost code and sentence, and where in the query it is, when the service says so. */
export class LogsQueryError extends CodedError {
  /** The innermost code, where the cause is said: `KS142`. The outermost is `code`. */
  readonly innerCode: string;
  /** Lines from 1, positions from 0. */
  readonly place: { readonly line: number; readonly pos: number } | undefined;

  constructor(
    code: string,
    message: string,
    options: {
      readonly status: number;
      readonly innerCode: string;
      readonly place?: { line: number; pos: number };
    },
  ) {
    super(code, message, { status: options.status });
    this.name = "LogsQueryError";
    this.innerCode = options.innerCode;
    this.place = options.place;
  }
}

/** A client of one workspace by its `customerId`, at the query host. @throws (its method) LogsQueryError; CodedError of the front door. */
export function logsQueryClient(options: {
  readonly transport: Transport;
  readonly token: TokenSource;
  readonly customerId: string;
}): LogsQueryClient {
  const path = `/v1/workspaces/${options.customerId}/query`;
  return clientOf({
    ...options,
    url: `https://${cloud.logAnalyticsHost}${path}`,
    audience: audiences.logAnalytics,
    shown: `POST ${path}`,
  });
}

const ARM_VERSION = "2018-03-01-preview";

/**
 * A client of the logs of one resource, a workspace or a cluster, through Resource Manager at `endpoint`.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries
 */
export function armLogsQueryClient(options: {
  readonly transport: Transport;
  readonly token: TokenSource;
  /** `https://management.azure.com`, or the platform's own. */
  readonly endpoint: string;
  readonly resourceId: ResourceId;
}): LogsQueryClient {
  const path = `${options.resourceId}/providers/microsoft.insights/logs`;
  return clientOf({
    ...options,
    url: `${options.endpoint.replace(/\/$/, "")}${path}?api-version=${ARM_VERSION}`,
    audience: audiences.arm,
    shown: `POST ${path}`,
  });
}

interface ClientOptions {
  readonly transport: Transport;
  readonly token: TokenSource;
  readonly url: string;
  readonly audience: string;
  readonly shown: string;
}

function clientOf({ transport, token, url, audience, shown }: ClientOptions): LogsQueryClient {
  return {
    async query(kql, { timespan } = {}) {
      const response = await transport.send({
        method: "POST",
        url,
        headers: {
          authorization: `Bearer ${await token(audience)}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ query: kql, ...(timespan === undefined ? {} : { timespan }) }),
        timeoutMs: limits.logsQueryTimeoutMs,
      });
      if (response.status !== 200) throw queryError(response, shown);
      return { ...readAnswer(objectOf(response)), peer: response.peer };
    },
  };
}

function readAnswer(body: JsonObject): Omit<LogsAnswer, "peer"> {
  const table = listAt(body, "tables")[0];
  if (table === undefined) throw clientError("AnswerUnreadable", "The answer has no table.");
  const columns = listAt(table, "columns").map((column) => ({
    name: stringAt(column, "name") ?? "",
    type: stringAt(column, "type") ?? "",
  }));
  const rows = listAt(table, "rows").map((row) => (Array.isArray(row) ? (row as Json[]) : []));
  const cut = at(body, "error");
  const partial = cut === undefined ? undefined : innermost(cut).message;
  return { columns, rows, partial };
}

interface Inner {
  readonly code: string;
  readonly message: string;
  readonly place: { line: number; pos: number } | undefined;
}

/** Follows `innererror`, and the first of `details`, to where the cause is said. */
function innermost(error: Json): Inner {
  let here = error;
  for (let depth = 0; depth < 8; depth++) {
    const next = at(here, "innererror") ?? listAt(here, "details")[0];
    if (next === undefined || next === null) break;
    here = next;
  }
  const [line, pos] = [at(here, "line"), at(here, "pos")];
  return {
    code: stringAt(here, "code") ?? "",
    message: stringAt(here, "message") ?? "",
    place: typeof line === "number" && typeof pos === "number" ? { line, pos } : undefined,
  };
}

function queryError(response: TransportResponse, shown: string): CodedError {
  const error = serviceError(response, shown);
  if (error.code === "AnswerUnreadable") return error;
  const { code, message, place } = innermost(at(objectOf(response), "error") ?? {});
  return new LogsQueryError(error.code, message, {
    status: response.status,
    innerCode: code,
    ...(place === undefined ? {} : { place }),
  });
}
