/** The shapes of a request that are refused before it is routed: whatever two readers could read in two ways. */
import type { IncomingMessage } from "node:http";
import { limits } from "../core/index.ts";
import type { EdgeErrorCode } from "./errors.ts";

export interface ShapeProblem {
  readonly code: EdgeErrorCode;
  readonly says: string;
}

/**
 * What is wrong with the shape of a request, or undefined.
 *
 * node:http has already refused two different lengths, a length beside chunks, bare line feeds and folded headers.
 *
 * @see RFC 9112 sections 3.2 (one Host), 3.2.1 (origin form) and 6.1
 */
export function shapeProblem(incoming: IncomingMessage): ShapeProblem | undefined {
  const url = incoming.url ?? "";
  if (url.length > limits.httpUrlBytesMax) {
    const says = `The URL has ${url.length} bytes; the limit is ${limits.httpUrlBytesMax}. Shorten it.`;
    return { code: "UriTooLong", says };
  }
  const says = hostProblem(incoming) ?? lengthProblem(incoming) ?? pathProblem(url);
  return says === undefined ? undefined : { code: "InvalidRequest", says };
}

function hostProblem(incoming: IncomingMessage): string | undefined {
  const hosts = incoming.headersDistinct["host"] ?? [];
  if (hosts.length !== 1) {
    return `The request has ${hosts.length} Host headers; it must have one.`;
  }
  const host = hosts[0] ?? "";
  return /^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$/.test(host)
    ? undefined
    : "The Host header is no host name.";
}

function lengthProblem({ headers, httpVersion }: IncomingMessage): string | undefined {
  const coding = headers["transfer-encoding"];
  if (coding === undefined) return undefined;
  if (headers["content-length"] !== undefined) {
    return "The request has a Content-Length and a Transfer-Encoding; it must have one of them.";
  }
  if (httpVersion === "1.0") return "HTTP/1.0 has no Transfer-Encoding.";
  return coding.toLowerCase() === "chunked" ? undefined : "The only Transfer-Encoding is chunked.";
}

function pathProblem(url: string): string | undefined {
  if (!url.startsWith("/")) return "The request target must be a path: it is not in origin form.";
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  // Azure's query clients write a resource's id, which begins with a slash, behind a slash of their own.
  if (path.replace(/^\/v1\/\/subscriptions\//, "/").includes("//"))
    return "The path has an empty segment ('//').";
  if (/[^\x21-\x7e]|[\\#]/.test(url)) {
    return "The URL has a character that must be percent-encoded.";
  }
  // An encoded slash, backslash, dot or zero byte would be one path for us and another for a reader behind us.
  if (/%(?:2f|5c|2e|00)/i.test(path)) return "The path has an encoded '/', '\\', '.' or zero byte.";
  if (/%(?![0-9a-f]{2})/i.test(path)) return "The path has a '%' that begins no encoded byte.";
  const dotted = path.split("/").some((segment) => segment === "." || segment === "..");
  return dotted ? "The path has a '.' or '..' segment." : undefined;
}
