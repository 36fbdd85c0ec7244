/** Passes queries of logs to the edge over its Unix socket, and its answers back. */
import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { CodedError, limits } from "../core/index.ts";
import type { HttpResponse } from "../http/index.ts";
import type { ArmLogsQuery, PassLogsQuery } from "./arm-logs.ts";
import { controlErrors } from "./errors.ts";

/** The headers of the caller that the query API reads. */
const PASSED = ["content-type", "prefer"] as const;
/** What of the answer goes back. */
const RETURNED = [
  "content-type",
  "retry-after",
  "x-ms-error-code",
  "preference-applied",
  "allow",
] as const;

/** A query that takes longer is not answered: its own time limit is below. */
const ANSWER_MS = limits.logsQueryTimeoutMsMax + limits.logsQueryQueueMs;

/** Queries over the socket at `socketPath`. */
export const passLogsQueries =
  (socketPath: string): PassLogsQuery =>
  async (asked) => {
    const body =
      asked.request.method === "POST"
        ? await asked.request.body(limits.logsQueryBodyBytesMax)
        : Buffer.alloc(0);
    return exchange(socketPath, asked, body);
  };

function exchange(socketPath: string, asked: ArmLogsQuery, body: Buffer): Promise<HttpResponse> {
  const { request, resourceId, principalId, requestId } = asked;
  const parameters = new URLSearchParams(request.query);
  parameters.delete("api-version");
  const headers: Record<string, string> = {
    "content-length": String(body.length),
    "x-linkscope-principal": principalId,
    "x-linkscope-resource": encodeURIComponent(resourceId),
    "x-linkscope-request-id": requestId,
    "x-linkscope-host": request.host,
  };
  for (const name of PASSED) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(unreachable(error));
    const sent = httpRequest(
      {
        socketPath,
        method: request.method,
        path: `/query?${parameters.toString()}`,
        headers,
        timeout: ANSWER_MS,
      },
      (incoming) => {
        readAnswer(incoming).then(resolve, fail);
      },
    );
    sent.on("timeout", () => sent.destroy(new Error(`no answer in ${ANSWER_MS} ms`)));
    sent.on("error", fail);
    sent.end(body);
  });
}

async function readAnswer(incoming: IncomingMessage): Promise<HttpResponse> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const headers: Record<string, string> = {};
  for (const name of RETURNED) {
    const value = incoming.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  return { status: incoming.statusCode ?? 502, headers, body: Buffer.concat(chunks) };
}

const unreachable = (cause: unknown): CodedError =>
  new CodedError(
    "LogsQueryUnreachable",
    "The edge, which has the logs, does not answer. Send the query again, or ask at the query host.",
    { status: controlErrors.LogsQueryUnreachable.status, cause },
  );
