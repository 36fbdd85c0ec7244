/** Error codes of KQL: the problems of a text, and a parser that is slow or gone. */
import { CodedError } from "../core/index.ts";
import type { ErrorCatalogue } from "../core/index.ts";

export const kqlErrors = {
  KqlNotSupported: {
    status: 400,
    fault: "platform",
    retry: false,
    means: "The text is right KQL, but names a construct that this platform does not translate.",
    remedy: "Write the query without the construct that the message names.",
  },
  KqlInvalid: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The text parses, but its types do not fit.",
    remedy: "Correct the query at the place that the message names.",
  },
  KqlEmpty: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The text holds no query.",
    remedy: "Name a table.",
  },
  KqlTooLong: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The text has more characters than a query may have.",
    remedy: "Shorten the query.",
  },
  KqlTimeout: {
    status: 504,
    fault: "caller",
    retry: true,
    means: "Parsing the text took longer than it may.",
    remedy: "Simplify the query.",
  },
  KqlUnavailable: {
    status: 503,
    fault: "platform",
    retry: true,
    means: "The parser is not there: it ended, did not start, or as many texts wait as may.",
    remedy: "Send the query again.",
  },
} as const satisfies ErrorCatalogue;

export type KqlErrorCode = keyof typeof kqlErrors;

/** An error of this layer with its catalogue's status. */
export const kqlError = (code: KqlErrorCode, message: string, cause?: unknown): CodedError =>
  new CodedError(code, message, {
    status: kqlErrors[code].status,
    ...(cause === undefined ? {} : { cause }),
  });
