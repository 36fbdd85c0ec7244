/** Batches written beside each other as one JSON array, for the engine to read. */
import { open } from "node:fs/promises";
import { writeParts } from "../write-parts.ts";

/** `{"<key>":<batch>}` before each batch's records. Empty batches may come; the file is an array in any case. */
export async function writeRecordsFile(
  path: string,
  markerKey: string,
  batches: readonly Uint8Array[],
): Promise<void> {
  const parts: Uint8Array[] = [];
  for (const [index, json] of batches.entries()) {
    const records = withoutBrackets(json);
    const comma = index === 0 ? "[" : ",";
    const after = records.length === 0 ? "" : ",";
    parts.push(Buffer.from(`${comma}{"${markerKey}":${index}}${after}`), records);
  }
  parts.push(Buffer.from(batches.length === 0 ? "[]" : "]"));
  const file = await open(path, "w", 0o600);
  try {
    // A file that was cut short would look like records that are no JSON.
    await writeParts(file, parts, 0);
  } finally {
    await file.close();
  }
}

/** The records between an array's brackets. */
function withoutBrackets(json: Uint8Array): Uint8Array {
  let start = json.indexOf(0x5b) + 1;
  let end = json.lastIndexOf(0x5d);
  while (start < end && isSpace(json[start])) start++;
  while (end > start && isSpace(json[end - 1])) end--;
  return json.subarray(start, end);
}

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/**
 * The records again, without what the engine's reader refuses and JSON allows: a member's name twice (the last one stays),
 * half of a surrogate pair (U+FFFD takes its place).
 *
 * @throws SyntaxError where the bytes are no JSON.
 */
export function plainRecords(json: Uint8Array): Buffer {
  const records: unknown = JSON.parse(Buffer.from(json).toString("utf8"));
  return Buffer.from(
    JSON.stringify(records, (_, value: unknown) => {
      if (typeof value === "string") return value.toWellFormed();
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      const entries = Object.entries(value).map(([key, of]) => [key.toWellFormed(), of] as const);
      return Object.fromEntries(entries);
    }),
  );
}
