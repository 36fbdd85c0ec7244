/** Error codes of the remote-write receiver. */
import type { ErrorCatalogue } from "../core/index.ts";

export const remoteWriteErrors = {
  UnsupportedMediaType: {
    status: 415,
    fault: "caller",
    retry: false,
    means: "The body is not a remote write 1.0 message by its Content-Type.",
    remedy: "Send Content-Type: application/x-protobuf and the message prometheus.WriteRequest.",
  },
  UnsupportedContentEncoding: {
    status: 415,
    fault: "caller",
    retry: false,
    means: "The body is not compressed as remote write demands.",
    remedy: "Send Content-Encoding: snappy and snappy's block format.",
  },
  UnsupportedRemoteWriteVersion: {
    status: 415,
    fault: "caller",
    retry: false,
    means: "The sender speaks a version of remote write other than 0.1 or 1.x.",
    remedy: "Send X-Prometheus-Remote-Write-Version: 0.1.0.",
  },
  SamplesRefused: {
    status: 400,
    fault: "caller",
    retry: false,
    means:
      "Some series or samples were refused; the message counts them by code. The rest is stored.",
    remedy: "See each code. Do not send the request again.",
  },
} as const satisfies ErrorCatalogue;
