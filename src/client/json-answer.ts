/** Answers read as JSON, and errors of Azure's services as coded errors. */
import { at, isObject, stringAt } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { CodedError } from "../core/index.ts";
import { clientError } from "./errors.ts";
import type { TransportResponse } from "./transport.ts";

/**
 * The answer's JSON object.
 *
 * @throws CodedError AnswerUnreadable when it is none.
 */
export function objectOf({ status, body, headers }: TransportResponse): JsonObject {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (isObject(value)) return value;
  } catch {
    // Falls through: a body that is no JSON and one that is no object are refused alike.
  }
  const type = headers["content-type"] ?? "no type";
  const says = `The answer (${status}, ${type}, ${body.length} bytes) is no JSON object.`;
  throw clientError("AnswerUnreadable", says, { status });
}

/**
 * A refusal as an error: the code and message of `{ "error": { code, message, target } }`, with the answer's status.
 *
 * @see github.com/microsoft/api-guidelines azure/Guidelines.md
 */
export function serviceError(response: TransportResponse, asked: string): CodedError {
  const { status, body } = response;
  let value: JsonObject = {};
  try {
    value = objectOf(response);
  } catch {
    const text = body.toString("utf8").slice(0, 200).trim();
    const says = `${asked}: ${status}${text === "" ? " without a body" : `: ${text}`}.`;
    return clientError("AnswerUnreadable", says, { status });
  }
  const code = stringAt(value, "error", "code") ?? stringAt(value, "code");
  const message = stringAt(value, "error", "message") ?? stringAt(value, "message");
  const target = stringAt(value, "error", "target");
  if (code === undefined) {
    const says = `${asked}: ${status}: ${JSON.stringify(at(value, "error") ?? value).slice(0, 200)}.`;
    return clientError("AnswerUnreadable", says, { status });
  }
  return new CodedError(code, message ?? code, {
    status,
    ...(target === undefined ? {} : { target }),
  });
}

/** Milliseconds of a Retry-After header, in seconds or as a date; undefined when there is none. */
export function retryAfterMs(
  headers: Readonly<Record<string, string>>,
  nowMs: number,
): number | undefined {
  const text = headers["retry-after"];
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (text.trim() !== "" && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
