/** Perf on the wire: one record with a list of counters, of which each becomes a row. */
import { isObject } from "../arm/index.ts";
import type { Json, JsonObject } from "../arm/index.ts";
import type { JsonRecords } from "../wire/index.ts";

/**
 * Replaces each record that has `json_Collections` (a JSON text: `[{ "CounterName": …, "Value": … }]`) by one record a
 * counter. Records without it stay; of one whose list cannot be read nothing stays but itself.
 *
 * @see microsoft/Docker-Provider source/plugins/ruby/KubernetesApiClient.rb
 */
export function unfoldPerf(given: JsonRecords): JsonRecords {
  if (Buffer.from(given.json).indexOf('"json_Collections"') < 0) return given;
  const records = (JSON.parse(Buffer.from(given.json).toString()) as readonly JsonObject[]).flatMap(
    rowsOf,
  );
  return { ...given, json: Buffer.from(JSON.stringify(records)), records: records.length };
}

function rowsOf(record: JsonObject): readonly JsonObject[] {
  const { json_Collections: text, ...rest } = record;
  const counters = typeof text === "string" ? listIn(text) : undefined;
  if (counters === undefined) return [rest];
  return counters.map((counter) => ({
    ...rest,
    CounterName: counter["CounterName"] ?? null,
    CounterValue: counter["Value"] ?? null,
  }));
}

function listIn(text: string): readonly JsonObject[] | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return Array.isArray(value) ? value.filter(isObject) : undefined;
  } catch {
    return undefined;
  }
}
