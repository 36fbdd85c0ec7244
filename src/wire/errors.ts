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
} as const satisfies ErrorCatalogue;
