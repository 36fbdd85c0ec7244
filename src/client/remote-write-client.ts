/** A sender of remote write 1.0. @see prometheus.io/docs/specs/prw/remote_write_spec */
import type { Clock } from "../core/index.ts";
import { encodeWriteRequest, snappyEncode } from "../wire/index.ts";
import type { WriteSeries } from "../wire/index.ts";
import { retryAfterMs } from "./json-answer.ts";
import type { Transport, TransportResponse } from "./transport.ts";

/** What became of one write, as the protocol reads statuses. */
export type WriteOutcome =
  | { readonly kind: "taken"; readonly response: TransportResponse }
  /** The receiver is busy or away (429, 5xx): the same bytes are to be sent again. */
  | {
      readonly kind: "retry";
      readonly response: TransportResponse;
      readonly retryAfterMs: number | undefined;
    }
  /** 401: a new token may help. The protocol calls it final; the sender's own token is what has to be renewed. */
  | { readonly kind: "unauthorized"; readonly response: TransportResponse }
  /** Any other status: sending it again cannot help. */
  | { readonly kind: "refused"; readonly response: TransportResponse };

export interface WriteTo {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly url: string;
  readonly token: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Sends one write request to `url` with a bearer token; no series is a probe that leaves nothing behind.
 *
 * @throws CodedError of the transport when no answer came: the request may have been taken or not, and is to be sent again.
 */
export const sendWriteRequest = (
  series: Iterable<WriteSeries>,
  to: WriteTo,
): Promise<WriteOutcome> => sendWriteMessage(encodeWriteRequest(series), to);

/** `sendWriteRequest` of an encoded message, which is compressed here. */
export async function sendWriteMessage(message: Uint8Array, to: WriteTo): Promise<WriteOutcome> {
  const { transport, clock, url, token, timeoutMs, signal } = to;
  const response = await transport.send({
    method: "POST",
    url,
    headers: {
      authorization: `Bearer ${token}`,
      "content-encoding": "snappy",
      "content-type": "application/x-protobuf",
      "user-agent": "linkscope",
      "x-prometheus-remote-write-version": "0.1.0",
    },
    body: snappyEncode(message),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
  });
  const { status, headers } = response;
  if (status >= 200 && status <= 299) return { kind: "taken", response };
  if (status === 429 || status >= 500) {
    return { kind: "retry", response, retryAfterMs: retryAfterMs(headers, clock.nowMs()) };
  }
  return { kind: status === 401 ? "unauthorized" : "refused", response };
}
