/** The quick way over records answers what the whole reader does, for records of every kind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readJsonRecords } from "./index.ts";
import type { JsonRecordsOptions } from "./index.ts";
import { seededRandom } from "../core/index.ts";

const limits = { depthMax: 4, recordsMax: 5, fieldsMax: 6, fieldBytesMax: 12 };
/** A name that nobody sends: with it the whole reader is taken. */
const whole = { ...limits, renames: new Map([["\u0001never", "x"]]) };

function outcome(text: string, options: JsonRecordsOptions): unknown {
  try {
    const { json, records, fieldsCut } = readJsonRecords(Buffer.from(text), options);
    return [Buffer.from(json).toString(), records, fieldsCut];
  } catch (error) {
    return [(error as { readonly code?: string }).code, (error as Error).message];
  }
}

const names = [`"a"`, `"b"`, `"a b"`, `"\\u0061"`, `"é"`, `"AaAa"`, `"AaBB"`, `""`, `"\\n"`];
const values = [
  `"x"`,
  `""`,
  `"\\"q\\\\"`,
  `"\\u00e9"`,
  `"\\ud800"`,
  `"twelve bytes"`,
  `"thirteen byte"`,
  `"éééééé"`,
  `1`,
  `-1.5e3`,
  `true`,
  `null`,
  `{"d":[1,{"e":2}]}`,
  `{"d":{"d":{"d":{"d":1}}}}`,
  `["\\udc00"]`,
  `01`,
  `"\\x"`,
  `"\u0001"`,
  `"open`,
];
const spaces = ["", "", "", "", "", "", "", "", " ", "\n\t"];

test("a thousand arrays of records, whole and broken, are read alike on both ways", () => {
  const random = seededRandom(5);
  const below = (end: number): number => random.bytes(4).readUInt32LE() % end;
  const of = (some: readonly string[]): string => some[below(some.length)] ?? "";
  const usual = values.slice(0, 13);
  const member = (): string => {
    const value = below(12) === 0 ? of(values) : of(usual);
    return `${of(names)}${of(spaces)}:${of(spaces)}${value}`;
  };
  const record = (): string =>
    `{${Array.from({ length: below(8) }, member).join(`${of(spaces)},`)}${of(spaces)}}`;
  let read = 0;
  for (let round = 0; round < 1000; round++) {
    const records = Array.from({ length: below(7) }, record);
    const cut = below(20) === 0 ? -1 : undefined;
    const text = `[${records.join(",")}]`.slice(0, cut);
    const answer = outcome(text, limits);
    assert.deepEqual(answer, outcome(text, whole), text);
    if (Array.isArray(answer) && answer.length === 3) read++;
  }
  assert.ok(read > 200, `${read} were read`);
});
