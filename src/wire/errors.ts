/** Error codes of bytes that cannot be read. */
import type { ErrorCatalogue } from "../core/index.ts";

export const wireErrors = {
  InvalidSnappy: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The body is not one whole block of the snappy format.",
    remedy: "Compress the message with snappy's block format, not its framing format.",
  },
  DecodedBodyTooLarge: {
    status: 413,
    fault: "caller",
    retry: false,
    means: "The body has more bytes, once decompressed, than the receiver takes.",
    remedy: "Send fewer samples in one request.",
  },
  InvalidProtobuf: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The message is not a remote write 1.0 WriteRequest.",
    remedy: "Send prometheus.WriteRequest as remote write 1.0 defines it.",
  },
  JsonMalformed: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The body is not JSON in UTF-8.",
    remedy: "Send what a JSON writer makes; the message names the first byte that is wrong.",
  },
  JsonTooDeep: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "Arrays and objects of the body lie in one another deeper than is taken.",
    remedy: "Send flatter records, or the inner value as a string.",
  },
  JsonNotRecords: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The body is JSON, and not an array of objects.",
    remedy: "Send an array with one object for each record.",
  },
  JsonTooManyRecords: {
    status: 400,
    fault: "caller",
    retry: false,
    means: "The body has more records, or one of them more fields, than are taken at once.",
    remedy: "Send fewer records in one request, or fewer fields in a record.",
  },
} as const satisfies ErrorCatalogue;
