/** Error codes of the query layer. Over HTTP each travels as Prometheus's `errorType` and sentence. */
import { CodedError } from "../core/index.ts";
import type { ErrorCatalogue } from "../core/index.ts";

export const queryErrors = {
  PromqlInvalid: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The PromQL text does not parse, or its types do not fit.",
    remedy: "Correct the query at the line and column that the message names.",
  },
  QueryParameterInvalid: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "A parameter of the Prometheus API is missing, malformed or past a limit.",
    remedy: "Correct the parameter that the message names.",
  },
  PromqlNotSupported: {
    status: 422,
    fault: "platform",
    retry: false,
    means: "The query is valid PromQL that this platform does not evaluate yet.",
    remedy: "Write the query without the construct that the message names.",
  },
  QueryFailed: {
    status: 422,
    fault: "caller",
    retry: false,
    means: "The data does not allow the operation: series collide, or a value is out of its range.",
    remedy: "Select fewer series, or match them by other labels.",
  },
  QueryTooManySamples: {
    status: 422,
    fault: "caller",
    retry: false,
    means: "Evaluating the query would load more samples than one query may.",
    remedy: "Select fewer series or a shorter range, or take larger steps.",
  },
  QueryTimedOut: {
    status: 503,
    fault: "caller",
    retry: true,
    means: "The query did not end before its deadline.",
    remedy: "Select less, or raise the parameter `timeout` up to its limit.",
  },
  QueryCanceled: {
    status: 499,
    fault: "caller",
    retry: true,
    means: "The client went away, or the server stopped, before the query ended.",
    remedy: "Send the query again.",
  },
  TooManyQueries: {
    status: 503,
    fault: "caller",
    retry: true,
    means: "As many queries as may run at once are running.",
    remedy: "Send the query again when others have ended.",
  },
  QueryRouteUnknown: {
    status: 404,
    fault: "caller",
    retry: false,
    means: "The path is no part of the Prometheus API that the platform answers.",
    remedy: "Use one of the paths that the message names.",
  },
  QueryMethodNotAllowed: {
    status: 405,
    fault: "caller",
    retry: false,
    means: "The path exists, but not with this method.",
    remedy: "Use GET, or POST with a form body.",
  },
} as const satisfies ErrorCatalogue;

export type QueryErrorCode = keyof typeof queryErrors;

/** An error of this layer with its catalogue's status. */
export const queryError = (code: QueryErrorCode, message: string): CodedError =>
  new CodedError(code, message, { status: queryErrors[code].status });
