/** Answers for what is no readable HTTP request: node:http has no request value for it, only a socket. */
import type { Socket } from "node:net";
import { edgeErrors } from "./errors.ts";
import type { EdgeErrorCode } from "./errors.ts";

const codes: ReadonlyMap<string, EdgeErrorCode> = new Map([
  ["HPE_HEADER_OVERFLOW", "HeadersTooLarge"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "RequestTimeout"],
]);

const phrases = {
  InvalidRequest: "Bad Request",
  RequestTimeout: "Request Timeout",
  HeadersTooLarge: "Request Header Fields Too Large",
} as const;

/** Writes one whole answer and closes: after bytes that cannot be read, nothing on the connection can be trusted. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const code = codes.get(error.code ?? "") ?? "InvalidRequest";
  const phrase = phrases[code as keyof typeof phrases];
  const { status, means } = edgeErrors[code];
  const body = JSON.stringify({ error: { code, message: means } });
  socket.end(
    [
      `HTTP/1.1 ${status} ${phrase}`,
      "content-type: application/json; charset=utf-8",
      `content-length: ${Buffer.byteLength(body)}`,
      `x-ms-error-code: ${code}`,
      "connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}
