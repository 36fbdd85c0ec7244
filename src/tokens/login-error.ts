/** The login host's error body, made in this one place. @see RFC 6749 5.2; learn.microsoft.com/entra/identity-platform/reference-error-codes */
import { guid } from "../core/index.ts";
import type { Random } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { tokenErrors } from "./errors.ts";

export interface LoginProblem {
  readonly code: keyof typeof tokenErrors;
  /** OAuth's error: `invalid_client`, `invalid_resource` … */
  readonly error: string;
  /** The fact, the value and the remedy, without the code in front. */
  readonly says: string;
  readonly retryAfterSeconds?: number;
}

/** The answer to a refused token request. Clients show `error_description`, which begins with the code. */
export function loginError(
  request: HttpRequest,
  problem: LoginProblem,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): HttpResponse {
  const traceId = guid(random);
  const asked = request.headers["client-request-id"] ?? "";
  const correlationId = /^[0-9a-f-]{36}$/i.test(asked) ? asked : guid(random);
  const timestamp = `${new Date(nowMs).toISOString().slice(0, 19).replace("T", " ")}Z`;
  const number = /^AADSTS(\d+)$/.exec(problem.code)?.[1];
  const description = `${problem.code}: ${problem.says} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  return json(
    tokenErrors[problem.code].status,
    {
      error: problem.error,
      error_description: description,
      error_codes: number === undefined ? [] : [Number(number)],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
    },
    {
      "cache-control": "no-store",
      "x-ms-request-id": traceId,
      ...(problem.error === "invalid_client" ? { "www-authenticate": "Basic" } : {}),
      ...(problem.retryAfterSeconds === undefined
        ? {}
        : { "retry-after": String(problem.retryAfterSeconds) }),
    },
  );
}
