/** The platform's own access log, as an extra beside a proof: what the edge decided for a host, privately and publicly. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { isObject, listAt, stringAt } from "../../arm/index.ts";
import type { JsonObject } from "../../arm/index.ts";

const TAIL_BYTES = 1024 * 1024;
const HOST_CHARS_MAX = 40;

/** The newest line of the log for each host and way in, each as one sentence; none where there is no log. */
export function accessLines(
  data: string,
  hosts: readonly (string | undefined)[],
): readonly string[] {
  const newest = new Map<string, JsonObject>();
  for (const line of tailOf(join(data, "access.ndjson"))) {
    const entry = readEntry(line);
    const host = stringAt(entry, "host");
    if (entry === undefined || host === undefined || !hosts.includes(host)) continue;
    newest.set(`${host} ${stringAt(entry, "origin")}`, entry);
  }
  return [...newest.values()].map(sentenceOf);
}

function sentenceOf(entry: JsonObject): string {
  const endpoint = stringAt(entry, "endpointId")?.split("/").at(-1);
  const way = endpoint === undefined ? "publicly" : `by ${endpoint}`;
  const rule = stringAt(listAt(entry, "reasons").at(-1), "rule");
  const decided = rule === undefined ? "" : `, ${rule}`;
  const host = stringAt(entry, "host") ?? "";
  const shown = host.length > HOST_CHARS_MAX ? `${host.slice(0, HOST_CHARS_MAX)}…` : host;
  return `the edge's log: ${shown} ${way}: ${String(entry["status"])}${decided}`;
}

function readEntry(line: string): JsonObject | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isObject(entry) ? entry : undefined;
  } catch {
    // The first line of a tail is cut.
    return undefined;
  }
}

function tailOf(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const length = Math.min(size, TAIL_BYTES);
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, size - length);
    return bytes.toString("utf8").split("\n");
  } finally {
    closeSync(file);
  }
}
