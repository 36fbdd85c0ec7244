/** HTTP as values: what a handler gets and gives, so that every front door is tested without a socket. */

export interface HttpRequest {
  readonly method: string;
  /** The Host header in lower case, without its port. */
  readonly host: string;
  /** The request target's path, as sent: not decoded, not normalised. Begins with "/". */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case; a repeated header is joined with ", " as RFC 9110 says. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The whole body, at most `bytesMax`.
   *
   * @throws CodedError BodyTooLarge (413) past the limit, BodyTimeout (408) when it does not arrive.
   */
  readonly body: (bytesMax: number) => Promise<Buffer>;
  /** `https` or `http`, with the port the client used where it is not the scheme's: for absolute URLs in answers. */
  readonly origin: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>;

/** A JSON answer. */
export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(value),
  };
}
