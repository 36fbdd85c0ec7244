/** Records out of JSON's bytes: the grammar, the limits, what is cut and renamed, and JSON.parse as the judge. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, seededRandom } from "../core/index.ts";
import { readJsonEnvelope, readJsonRecords } from "./json-records.ts";
import type { JsonRecordsOptions } from "./json-records.ts";

const options: JsonRecordsOptions = {
  depthMax: 8,
  recordsMax: 5,
  fieldsMax: 6,
  fieldBytesMax: 16,
};

const read = (text: string | Uint8Array, more: Partial<JsonRecordsOptions> = {}) => {
  const { json, ...rest } = readJsonRecords(Buffer.from(text), { ...options, ...more });
  return { text: Buffer.from(json).toString(), ...rest };
};

const codeOf = (text: string | Uint8Array): string => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return "none";
};

test("an array of objects is passed as it came, and counted", () => {
  const text = '[ {"a":1,"b":"x\\n","c":{"d":[true,false,null]}} ,\n{"e":-1.5e+3} ]';
  const bytes = Buffer.from(text);
  const { json, records, fieldsCut } = readJsonRecords(bytes, { ...options, fieldBytesMax: 32 });
  assert.equal(json.buffer, bytes.buffer);
  assert.deepEqual([Buffer.from(json).toString(), records, fieldsCut], [text, 2, 0]);
  assert.equal(read("[]").records, 0);
  assert.equal(read("\ufeff [{}]").text, "[{}]");
});

test("what no JSON reader takes is refused with its place", () => {
  const wrong = [
    "",
    "[",
    "[{]",
    "[{}",
    "[{},]",
    "[{}]x",
    "[{}{}]",
    '[{"a"}]',
    '[{"a":}]',
    '[{"a":1,}]',
    "[{a:1}]",
    "[{'a':1}]",
    '[{"a":01}]',
    '[{"a":1.}]',
    '[{"a":.5}]',
    '[{"a":+1}]',
    '[{"a":1e}]',
    '[{"a":-}]',
    '[{"a":NaN}]',
    '[{"a":tru}]',
    '[{"a":"\\x"}]',
    '[{"a":"\\u12g4"}]',
    '[{"a":"\t"}]',
    '[{"a":"open}]',
  ];
  for (const text of wrong) assert.equal(codeOf(text), "JsonMalformed", text);
  assert.equal(codeOf(Uint8Array.of(0x5b, 0xff, 0x5d)), "JsonMalformed");
  assert.throws(() => read("[{},]"), /At byte 4 there must be a member after the comma/);
});

test("JSON that is no array of objects is named as that", () => {
  for (const text of ["{}", '"text"', "1", "[1]", "[{},[]]", "[null]"]) {
    assert.equal(codeOf(text), "JsonNotRecords", text);
  }
});

test("depth, records and fields are taken at their limits and refused one past", () => {
  const nested = (depth: number): string =>
    `[{"a":${"[".repeat(depth - 2)}${"]".repeat(depth - 2)}}]`;
  assert.equal(codeOf(nested(8)), "none");
  assert.equal(codeOf(nested(9)), "JsonTooDeep");
  assert.equal(codeOf(`[${"{},".repeat(4)}{}]`), "none");
  assert.equal(codeOf(`[${"{},".repeat(5)}{}]`), "JsonTooManyRecords");
  const fields = (count: number): string =>
    `[{${Array.from({ length: count }, (_, index) => `"f${index}":0`).join()}}]`;
  assert.equal(codeOf(fields(6)), "none");
  assert.equal(codeOf(fields(7)), "JsonTooManyRecords");
});

test("a value past its limit is cut at a character's end; one at the limit is not", () => {
  assert.equal(read(`[{"a":"${"x".repeat(16)}"}]`).fieldsCut, 0);
  const cut = read(`[{"a":"${"x".repeat(17)}","b":1}]`);
  assert.deepEqual(cut, { text: `[{"a":"${"x".repeat(16)}","b":1}]`, records: 1, fieldsCut: 1 });
  assert.equal(read(`[{"a":"${"x".repeat(15)}é"}]`).text, `[{"a":"${"x".repeat(15)}"}]`);
  assert.equal(read(`[{"a":"${"\\n".repeat(16)}"}]`).fieldsCut, 0);
  const inner = read('[{"a":{"b":"0123456789abcdef"}}]').text;
  assert.deepEqual(JSON.parse(inner), [{ a: '{"b":"0123456789' }]);
});

test("of two fields with one name the last one stays, however the names are spelled", () => {
  const same = (text: string, wanted: string) => assert.equal(read(text).text, wanted);
  same('[{"a":1,"a":2}]', '[{"a":2}]');
  same('[{"b":0,"a":1, "a":2,"a":3}]', '[{"b":0,"a":3}]');
  same('[{"a":1,"\\u0061":2}]', '[{"a":2}]');
  same('[{"\\u0061":1,"b":"\\ud800","a":2}]', '[{"b":"\\ufffd","a":2}]');
  same('[{"a":"\\ud800","a":2},{"a":1}]', '[{"a":2},{"a":1}]');
  const proto = read('[{"__proto__":{"x":1},"constructor":2}]').text;
  assert.equal(proto, '[{"__proto__":{"x":1},"constructor":2}]');
  assert.equal(Object.hasOwn(Object.prototype, "x"), false);
});

test("names on the wire become those of columns, and win over an earlier field of that name", () => {
  const renames = new Map([["CollectionTime", "TimeGenerated"]]);
  const renamed = (text: string): string => read(text, { renames, fieldBytesMax: 64 }).text;
  assert.equal(renamed('[{"CollectionTime":1},{"x":2}]'), '[{"TimeGenerated":1},{"x":2}]');
  assert.equal(renamed('[{"TimeGenerated":1,"CollectionTime":2}]'), '[{"TimeGenerated":2}]');
  assert.equal(renamed('[{"Collection\\u0054ime":1}]'), '[{"TimeGenerated":1}]');
  assert.equal(renamed('[{"x":{"CollectionTime":1}}]'), '[{"x":{"CollectionTime":1}}]');
});

test("half a surrogate pair becomes the replacement character, a whole one stays", () => {
  const text = '[{"a":"\\ud800x","b":"\\udc00","c":"\\ud83d\\ude00","d":"\\ud83d\\ud83d\\ude00"}]';
  const wanted =
    '[{"a":"\\ufffdx","b":"\\ufffd","c":"\\ud83d\\ude00","d":"\\ufffd\\ud83d\\ude00"}]';
  assert.equal(read(text).text, wanted);
});

test("an envelope's texts say what its records are, wherever they stand", () => {
  const envelope = (text: string) =>
    readJsonEnvelope(Buffer.from(text), {
      depthMax: 8,
      recordsName: "DataItems",
      decidedBy: "DataType",
      recordsOptions: (texts) => ({
        ...options,
        renames: new Map([["Time", `Time${texts.get("DataType")}`]]),
      }),
    });
  const found = envelope('{"DataItems":[{"Time":1,"a":"\\ud800"}],"DataType":"X","n":1}');
  assert.equal(Buffer.from(found?.json ?? []).toString(), '[{"TimeX":1,"a":"\\ufffd"}]');
  assert.deepEqual([...(found?.texts ?? [])], [["DataType", "X"]]);
  const first = envelope(
    '{"DataType":"Y\\ud800","DataItems":[{"Time":1},{"Time":"\\ud800"}],"n":"\\ud800"}',
  );
  const renamed = '[{"TimeY\ufffd":1},{"TimeY\ufffd":"\\ufffd"}]';
  assert.equal(Buffer.from(first?.json ?? []).toString(), renamed);
  assert.equal(first?.records, 2);
  const twice = envelope('{"DataType":"Z","DataItems":[{}],"DataItems":[{},{}]}');
  assert.equal(twice?.records, 2);
  assert.equal(envelope('{"DataType":"X"}'), undefined);
  assert.throws(() => envelope('{"DataItems":{}}'), { code: "JsonNotRecords" });
  assert.throws(() => envelope("[]"), { code: "JsonMalformed" });
});

test("what is passed is what JSON.parse reads, and what is refused it refuses too", () => {
  const random = seededRandom(11);
  const seed = '[{"a":"x\\u0041","b":[1,-2.5e3,{"c":null}],"d":true},{"é":"\\\\"}]';
  const wide = { ...options, fieldBytesMax: 1000, recordsMax: 100, fieldsMax: 100, depthMax: 100 };
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(seed);
    const [where = 0, what = 0, twice = 0] = random.bytes(3);
    bytes[where % bytes.length] = seed.charCodeAt(what % seed.length) & 0x7f;
    if (twice % 2 === 0) bytes[(where * 7) % bytes.length] = what & 0x7f;
    judge(bytes, wide);
  }
});

function judge(bytes: Buffer, wide: JsonRecordsOptions): void {
  let mine: string | undefined;
  try {
    mine = Buffer.from(readJsonRecords(bytes, wide).json).toString();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    if (error.code === "JsonNotRecords") return;
  }
  let theirs: unknown;
  try {
    theirs = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    assert.equal(mine, undefined, bytes.toString());
    return;
  }
  assert.notEqual(mine, undefined, bytes.toString());
  const wellFormed = JSON.stringify(theirs).replaceAll(/\\ud[89a-f][0-9a-f]{2}/g, "\ufffd");
  assert.deepEqual(JSON.parse(mine ?? ""), JSON.parse(wellFormed));
}
