/** Reads the bytes of a body as JSON, within bounds. */
import { limits, messageOf } from "../core/index.ts";
import type { Json } from "./json.ts";

export type ReadJson =
  | { readonly kind: "json"; readonly value: Json }
  | { readonly kind: "empty" }
  | { readonly kind: "invalid"; readonly says: string };

/**
 * Reads a body: UTF-8, a byte order mark is skipped, at most `limits.armJsonDepthMax` levels.
 * A name `__proto__` becomes a plain property of its own, as `JSON.parse` makes it.
 */
export function readJson(bytes: Uint8Array): ReadJson {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { kind: "invalid", says: "The request content is not valid UTF-8." };
  }
  if (text.trim() === "") return { kind: "empty" };
  const depth = jsonDepth(text);
  if (depth > limits.armJsonDepthMax) {
    return {
      kind: "invalid",
      says: `The request content is nested ${depth} levels deep; the limit is ${limits.armJsonDepthMax}.`,
    };
  }
  try {
    return { kind: "json", value: JSON.parse(text) as Json };
  } catch (error) {
    return {
      kind: "invalid",
      says: `The request content was invalid and could not be deserialized: '${messageOf(error)}'.`,
    };
  }
}

/** The deepest nesting of brackets outside strings; exact for valid JSON. */
function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}
