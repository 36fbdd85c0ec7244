/**
 * The graph feed's lines: one JSON object each. A publication is `begin`, any number of `changes`, `end`; a whole one
 * starts from nothing, any other from the version that it names. The receiver answers `ack`, or `resync` after a gap.
 */
import { emptyGraph, graphChanges, withChanges } from "../arm/index.ts";
import type { Change, JsonObject, Publication } from "../arm/index.ts";
import { limits, messageOf } from "../core/index.ts";

export type FeedLine =
  | {
      readonly kind: "begin";
      /** Rises by one with each publication of a feed. */
      readonly sequence: number;
      /** The version that the changes start from; null for a whole graph. */
      readonly from: number | null;
      readonly version: number;
      readonly tenantId: string;
      readonly jwks: Publication["jwks"];
    }
  | { readonly kind: "changes"; readonly changes: readonly Change[] }
  | { readonly kind: "end"; readonly sequence: number };

export type FeedReply =
  { readonly kind: "ack"; readonly sequence: number } | { readonly kind: "resync" };

/** The lines that make `after` of `before` (undefined: of nothing), each with its line feed. */
export function* feedLines(
  before: Publication | undefined,
  after: Publication,
  sequence: number,
): Generator<string> {
  const { tenantId, jwks, graph } = after;
  const from = before === undefined ? null : before.graph.version;
  yield line({ kind: "begin", sequence, from, version: graph.version, tenantId, jwks });
  let chunk: string[] = [];
  let size = 0;
  for (const change of graphChanges(before?.graph ?? emptyGraph(), graph)) {
    const text = JSON.stringify(change);
    if (size > 0 && size + text.length > limits.graphFeedChunkBytes) {
      yield changesLine(chunk);
      chunk = [];
      size = 0;
    }
    chunk.push(text);
    size += text.length;
  }
  if (chunk.length > 0) yield changesLine(chunk);
  yield line({ kind: "end", sequence });
}

const line = (value: FeedLine): string => `${JSON.stringify(value)}\n`;
const changesLine = (changes: readonly string[]): string =>
  `{"kind":"changes","changes":[${changes.join(",")}]}\n`;

export type FeedEvent =
  | { readonly kind: "publication"; readonly publication: Publication; readonly sequence: number }
  /** The changes start from a version that the reader does not have. */
  | { readonly kind: "gap" }
  | { readonly kind: "invalid"; readonly says: string };

export interface FeedReader {
  /** Takes one line without its line feed; answers when it completes something, or breaks something. */
  readonly take: (text: string) => FeedEvent | undefined;
}

/** @param current - what the reader's owner has; changes are applied to it. */
export function feedReader(current: () => Publication | undefined): FeedReader {
  let begun: Extract<FeedLine, { kind: "begin" }> | undefined;
  let changes: Change[] = [];
  const take = (text: string): FeedEvent | undefined => {
    const read = JSON.parse(text) as FeedLine;
    if (read.kind === "begin") {
      begun = read;
      changes = [];
      return undefined;
    }
    if (begun === undefined)
      return { kind: "invalid", says: `a line '${read.kind}' before 'begin'` };
    if (read.kind === "changes") {
      changes.push(...read.changes);
      return undefined;
    }
    const { from, version, sequence, tenantId, jwks } = begun;
    begun = undefined;
    const base = from === null ? emptyGraph() : current()?.graph;
    if (base === undefined || (from !== null && base.version !== from)) return { kind: "gap" };
    const graph =
      changes.length === 0 && from === version ? base : withChanges(base, changes, version);
    return { kind: "publication", publication: { graph, jwks, tenantId }, sequence };
  };
  return {
    take: (text) => {
      try {
        return take(text);
      } catch (error) {
        return { kind: "invalid", says: messageOf(error) };
      }
    },
  };
}

/** Cuts a stream of bytes into lines of at most `bytesMax`. */
export function lineSplitter(
  bytesMax: number,
): (bytes: Buffer) => { readonly lines: readonly string[]; readonly tooLong: boolean } {
  let parts: Buffer[] = [];
  let size = 0;
  return (bytes) => {
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      parts.push(bytes.subarray(start, end));
      if (size + end - start > bytesMax) return { lines, tooLong: true };
      lines.push(Buffer.concat(parts).toString("utf8"));
      parts = [];
      size = 0;
      start = end + 1;
    }
    if (start < bytes.length) {
      parts.push(bytes.subarray(start));
      size += bytes.length - start;
    }
    return { lines, tooLong: size > bytesMax };
  };
}

/** Reads a subscriber's answer; undefined where it is none. */
export function readReply(text: string): FeedReply | undefined {
  try {
    const value = JSON.parse(text) as JsonObject;
    if (value["kind"] === "resync") return { kind: "resync" };
    const sequence = value["sequence"];
    return value["kind"] === "ack" && typeof sequence === "number"
      ? { kind: "ack", sequence }
      : undefined;
  } catch {
    return undefined;
  }
}
