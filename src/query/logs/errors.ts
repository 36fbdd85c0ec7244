/** Error codes of the Log Analytics query API, as the service spells them. */
import type { ErrorCatalogue } from "../../core/index.ts";

export const logsQueryErrors = {
  BadArgumentError: {
    status: 400,
    fault: "caller",
    retry: false,
    means:
      "The query does not parse, its types do not fit, or a parameter of the request is wrong.",
    remedy: "Read the inner error: it names the place and what is wrong there.",
  },
  AuthenticationFailed: {
    status: 401,
    fault: "caller",
    retry: false,
    means: "The request has no bearer token.",
    remedy: "Send a token for https://api.loganalytics.io.",
  },
  InvalidAuthenticationToken: {
    status: 403,
    fault: "caller",
    retry: false,
    means: "The bearer token is malformed, expired, or of another tenant.",
    remedy: "Ask the token service for a new one.",
  },
  InvalidAuthenticationTokenAudience: {
    status: 403,
    fault: "caller",
    retry: false,
    means: "The bearer token is for another service.",
    remedy: "Ask for a token of the audience that the message names.",
  },
  InsufficientAccessError: {
    status: 403,
    fault: "caller",
    retry: false,
    means:
      "The principal has no role that lets it query, or the workspace refuses queries that come this way.",
    remedy:
      "Assign a role with read access, or connect through a private endpoint of a scope that links the workspace.",
  },
  PathNotFoundError: {
    status: 404,
    fault: "caller",
    retry: false,
    means: "The path names no workspace, or nothing that the query API has.",
    remedy: "Use /v1/workspaces/CUSTOMER-ID/query with the workspace's customerId.",
  },
  MethodNotAllowed: {
    status: 405,
    fault: "caller",
    retry: false,
    means: "The path exists, but not with this method.",
    remedy: "Use GET, or POST with a JSON body.",
  },
  QueryThrottled: {
    status: 429,
    fault: "caller",
    retry: true,
    means: "The principal asked more often, or left more queries waiting, than it may.",
    remedy: "Send the query again after the seconds that Retry-After names.",
  },
  GatewayTimeout: {
    status: 504,
    fault: "caller",
    retry: true,
    means: "The query did not end within its time.",
    remedy: "Ask for a shorter timespan, or raise `Prefer: wait=`, up to 600 seconds.",
  },
  ServiceUnavailable: {
    status: 503,
    fault: "platform",
    retry: true,
    means: "The parser or the store of logs is not there at the moment.",
    remedy: "Send the query again.",
  },
  InternalServerError: {
    status: 500,
    fault: "platform",
    retry: true,
    means: "The query failed inside the platform.",
    remedy: "Send the query again; the access log names the cause by the request's id.",
  },
} as const satisfies ErrorCatalogue;

export type LogsQueryErrorCode = keyof typeof logsQueryErrors;
