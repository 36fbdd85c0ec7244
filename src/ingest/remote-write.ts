/** Prometheus remote write 1.0, received: bounds, one append, and the protocol's statuses. */
import { CodedError, limits } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { StoreBusyError } from "../store/index.ts";
import type { Appendable, AppendResult } from "../store/index.ts";
import { SNAPPY_SLACK_BYTES, snappyDecode } from "../wire/index.ts";
import { remoteWriteErrors } from "./remote-write-errors.ts";

const MESSAGE_1_0 = "prometheus.WriteRequest";
const MESSAGE_2_0 = "io.prometheus.write.v2.Request";

/**
 * Takes one remote-write request. Who may write, and into which workspace, is decided before.
 *
 * @returns 204: all stored. 400: the body cannot be read and nothing is stored, or some series were refused and the rest
 *   is stored; the sender must not retry either. 413, 415: nothing is stored; retrying is useless too.
 *   429 with Retry-After, 503: nothing is acknowledged; the sender retries.
 *   Each refusal has Azure's error envelope and its code in `x-ms-error-code`.
 * @throws what is no CodedError: a bug, for the front door's catch.
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
export async function receiveRemoteWrite(
  request: HttpRequest,
  store: Appendable,
): Promise<HttpResponse> {
  try {
    refuseForeignHeaders(request.headers);
    const compressed = await request.body(limits.remoteWriteCompressedBytesMax);
    return respond(await appendCompressed(compressed, store));
  } catch (error) {
    if (error instanceof CodedError) return refusal(error);
    throw error;
  }
}

/** Memory that decoded messages lay in, for the next ones: fresh pages for each request cost more than decoding. */
const spareOutputs: Uint8Array[] = [];
const SPARE_OUTPUTS_MAX = 4;
const SPARE_OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

async function appendCompressed(compressed: Uint8Array, store: Appendable): Promise<AppendResult> {
  const message = snappyDecode(compressed, {
    bytesMax: limits.remoteWriteBytesMax,
    output: spareOutputs.pop(),
  });
  try {
    return await store.appendWriteRequest(message);
  } finally {
    // The store is done with the message: its contract says so when the append has resolved.
    const { buffer } = message;
    if (
      buffer.byteLength <= SPARE_OUTPUT_BYTES_MAX + SNAPPY_SLACK_BYTES &&
      spareOutputs.length < SPARE_OUTPUTS_MAX
    ) {
      spareOutputs.push(new Uint8Array(buffer));
    }
  }
}

function respond({ refused, firstRefusal, samplesAppended, notTaken }: AppendResult): HttpResponse {
  const counts = Object.entries(notTaken).filter(([, count]) => count > 0);
  const headers: Record<string, string> =
    counts.length === 0
      ? {}
      : { "x-linkscope-not-taken": counts.map(([what, count]) => `${what}=${count}`).join(", ") };
  if (refused.size === 0) return { status: 204, headers };
  const says = [...refused].map(([code, count]) => `${code}: ${count}`).join(", ");
  const error = new CodedError(
    "SamplesRefused",
    `Series or samples were refused (${says}); ${samplesAppended} samples are stored. First: ${firstRefusal ?? ""}`,
    { status: remoteWriteErrors.SamplesRefused.status },
  );
  return refusal(error, headers);
}

/** Azure's error envelope. @see azure-rest-api-specs monitor/data-plane/Ingestion/stable/2023-01-01 */
function refusal(error: CodedError, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return json(
    error.status,
    { error: { code: error.code, message: error.message } },
    {
      ...headers,
      "x-ms-error-code": error.code,
      ...(error instanceof StoreBusyError
        ? { "retry-after": String(error.retryAfterSeconds) }
        : {}),
    },
  );
}

function refuseForeignHeaders(headers: Readonly<Record<string, string>>): void {
  const [type = "", ...parameters] = (headers["content-type"] ?? "").split(";", 16);
  if (type.trim().toLowerCase() !== "application/x-protobuf") {
    throw unsupported(
      "UnsupportedMediaType",
      `Content-Type is '${type.slice(0, 100)}'; remote write 1.0 has application/x-protobuf.`,
    );
  }
  const message = protoParameter(parameters);
  if (message !== undefined && message !== MESSAGE_1_0) {
    throw unsupported(
      "UnsupportedMediaType",
      message === MESSAGE_2_0
        ? `Remote write 2.0 (${MESSAGE_2_0}) is not taken; send ${MESSAGE_1_0}.`
        : `The message '${message.slice(0, 100)}' is not known; send ${MESSAGE_1_0}.`,
    );
  }
  const encoding = (headers["content-encoding"] ?? "").trim().toLowerCase();
  if (encoding !== "snappy") {
    throw unsupported(
      "UnsupportedContentEncoding",
      `Content-Encoding is '${encoding.slice(0, 100)}'; remote write has snappy.`,
    );
  }
  const version = headers["x-prometheus-remote-write-version"];
  if (version !== undefined && version !== "0.1.0" && !/^1\.\d{1,4}(?:\.\d{1,4})?$/.test(version)) {
    throw unsupported(
      "UnsupportedRemoteWriteVersion",
      `Remote write version '${version.slice(0, 100)}' is not taken; send 0.1.0 or 1.x.`,
    );
  }
}

function protoParameter(parameters: readonly string[]): string | undefined {
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=", 2);
    if (name.trim().toLowerCase() === "proto") return value.trim().replaceAll('"', "");
  }
  return undefined;
}

const unsupported = (code: keyof typeof remoteWriteErrors, says: string): CodedError =>
  new CodedError(code, says, { status: remoteWriteErrors[code].status });
