/** Bodies read by their schema: defaults, refusals, every problem named. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../core/index.ts";
import { parseBody } from "./parse-body.ts";
import {
  boolean,
  id,
  integer,
  list,
  map,
  number,
  object,
  oneOf,
  readOnly,
  refused,
  required,
  stored,
  string,
} from "./schema.ts";
import type { Json } from "./json.ts";
import type { ObjectSchema, Schema } from "./schema.ts";

const messages = (schema: ObjectSchema, body: Json): readonly string[] =>
  parseBody(schema, body).problems.map(({ message }) => message);

/** What one field makes of a value: its problems, or the value. */
function field(schema: Schema, value: Json): Json | undefined | readonly string[] {
  const { value: parsed, problems } = parseBody(object({ f: schema }), { f: value });
  return problems.length > 0 ? problems.map(({ message }) => message) : parsed["f"];
}

const scope = object({
  accessModeSettings: object({
    queryAccessMode: oneOf(["Open", "PrivateOnly"], { default: "Open" }),
    ingestionAccessMode: oneOf(["Open", "PrivateOnly"], { default: "Open" }),
  }),
  provisioningState: readOnly(),
});

test("defaults are filled in, also within an object that is absent", () => {
  const settings = { queryAccessMode: "Open", ingestionAccessMode: "Open" };
  assert.deepEqual(parseBody(scope, undefined), {
    value: { accessModeSettings: settings },
    problems: [],
  });
  assert.deepEqual(parseBody(scope, { accessModeSettings: { queryAccessMode: null } }).value, {
    accessModeSettings: settings,
  });
});

test("an absent object stays absent where it has a required field", () => {
  const schema = object({
    sku: object({ name: required(string()), tier: string({ default: "Free" }) }),
  });
  assert.deepEqual(parseBody(schema, {}), { value: {}, problems: [] });
  assert.deepEqual(messages(schema, { sku: {} }), ["The property 'sku.name' is required."]);
});

test("closed values and property names are stored in the declared spelling", () => {
  const body = { ACCESSMODESETTINGS: { queryaccessmode: "privateonly" } };
  assert.deepEqual(parseBody(scope, body).value, {
    accessModeSettings: { queryAccessMode: "PrivateOnly", ingestionAccessMode: "Open" },
  });
});

test("a property that is given twice in different case is refused", () => {
  const schema = object({ name: string() });
  assert.deepEqual(messages(schema, { name: "a", NAME: "b" }), [
    "'NAME' is given twice, in different case. Give it once.",
  ]);
});

test("every unknown property is refused by its name, with those that are known", () => {
  const { problems } = parseBody(
    scope,
    { foo: 1, accessModeSettings: { bar: {} } },
    { target: "properties" },
  );
  assert.deepEqual(problems, [
    {
      kind: "invalid",
      target: "properties.foo",
      message:
        "The property 'properties.foo' is unknown; known here are 'accessModeSettings', 'provisioningState'. Remove it.",
    },
    {
      kind: "invalid",
      target: "properties.accessModeSettings.bar",
      message:
        "The property 'properties.accessModeSettings.bar' is unknown; known here are 'queryAccessMode', 'ingestionAccessMode'. Remove it.",
    },
  ]);
});

test("what Azure takes and the platform does not is refused as that, naming property and value", () => {
  const schema = object({
    publicNetworkAccess: oneOf(["Enabled", "Disabled"], {
      refused: { SecuredByPerimeter: "network security perimeters do not exist here." },
    }),
    perimeter: refused("network security perimeters do not exist here."),
  });
  const { problems } = parseBody(schema, {
    publicNetworkAccess: "securedbyperimeter",
    perimeter: { id: "x" },
  });
  assert.deepEqual(
    problems.map(({ kind, message }) => [kind, message]),
    [
      [
        "refused",
        "The value 'SecuredByPerimeter' of 'publicNetworkAccess' is not emulated: network security perimeters do not exist here.",
      ],
      [
        "refused",
        "The property 'perimeter' is not emulated: network security perimeters do not exist here.",
      ],
    ],
  );
  assert.deepEqual(parseBody(schema, { perimeter: null }).problems, []);
});

test("null is absent, and read-only properties are set aside", () => {
  const schema = object({ a: string(), provisioningState: readOnly() });
  assert.deepEqual(parseBody(schema, { a: null, provisioningState: "Failed" }), {
    value: {},
    problems: [],
  });
});

test("values of the wrong kind are named with what they should be", () => {
  assert.deepEqual(field(string(), 1), ["'f' must be a string, not 1."]);
  assert.deepEqual(field(boolean(), "true"), ["'f' must be true or false, not \"true\"."]);
  assert.deepEqual(field(integer(), 1.5), ["'f' must be an integer, not 1.5."]);
  assert.deepEqual(field(integer(), 2 ** 53), ["'f' must be an integer, not 9007199254740992."]);
  assert.deepEqual(field(number(), "1"), ["'f' must be a number, not \"1\"."]);
  assert.deepEqual(field(list(string()), {}), ["'f' must be a list, not an object."]);
  assert.deepEqual(field(map(string()), []), ["'f' must be an object, not a list."]);
  assert.deepEqual(field(object({}), true), ["'f' must be an object, not true."]);
  assert.deepEqual(field(oneOf(["A", "B"]), "C"), [
    "The value \"C\" of 'f' is invalid; it takes 'A', 'B'.",
  ]);
  assert.deepEqual(
    parseBody(object({}), []).problems[0]?.message,
    "The body must be an object, not a list.",
  );
});

test("numbers are held to their bounds, at them and one past them", () => {
  const schema = integer({ min: 1, max: 3 });
  assert.equal(field(schema, 1), 1);
  assert.equal(field(schema, 3), 3);
  assert.deepEqual(field(schema, 4), ["'f' is 4; it must be between 1 and 3."]);
  assert.deepEqual(field(integer({ min: 1 }), 0), ["'f' is 0; it must be at least 1."]);
  assert.deepEqual(field(number({ max: 1 }), 1.5), ["'f' is 1.5; it must be at most 1."]);
});

test("strings are held to a pattern and to their length, at it and one past it", () => {
  const named = string({ pattern: /^a+$/, says: "it consists of the letter a.", charsMax: 3 });
  assert.equal(field(named, "aaa"), "aaa");
  assert.deepEqual(field(named, "aaaa"), ["'f' has 4 characters; the limit is 3. Shorten it."]);
  assert.deepEqual(field(named, "b"), [
    "The value \"b\" of 'f' is invalid: it consists of the letter a.",
  ]);
  const long = "x".repeat(limits.armStringCharsMax);
  assert.equal(field(string(), long), long);
  assert.equal((field(string(), `${long}x`) as readonly string[]).length, 1);
});

test("lists are held to their counts, and null items are named", () => {
  const schema = list(string(), { countMin: 1, countMax: 2 });
  assert.deepEqual(field(schema, ["a", "b"]), ["a", "b"]);
  assert.deepEqual(field(schema, ["a", "b", "c"]), ["'f' has 3 items; it takes at most 2."]);
  assert.deepEqual(field(schema, []), ["'f' has 0 items; it takes at least 1."]);
  assert.deepEqual(field(schema, [null]), ["'f[0]' is null; an item of a list must have a value."]);
});

test("maps take any key, up to their limit and not one more", () => {
  const entries = (count: number): Json =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, "v"]));
  assert.equal(
    Object.keys(field(map(string()), entries(limits.armMapEntriesMax)) as object).length,
    limits.armMapEntriesMax,
  );
  assert.deepEqual(field(map(string()), entries(limits.armMapEntriesMax + 1)), [
    `'f' has ${limits.armMapEntriesMax + 1} entries; the limit is ${limits.armMapEntriesMax}.`,
  ]);
});

test("the names __proto__ and constructor are names like any other", () => {
  const body = JSON.parse('{"f":{"__proto__":"p","constructor":"c"},"__proto__":{"x":1}}') as Json;
  const { value, problems } = parseBody(object({ f: map(string()) }), body);
  assert.deepEqual(Object.entries(value["f"] as object), [
    ["__proto__", "p"],
    ["constructor", "c"],
  ]);
  assert.equal(Object.getPrototypeOf(value["f"]), Object.prototype);
  assert.deepEqual(
    problems.map(({ target }) => target),
    ["__proto__"],
  );
  assert.deepEqual(messages(object({}), JSON.parse('{"constructor":1}') as Json).length, 1);
});

test("ids are checked, blanks named, duplicate slashes collapsed and types compared without case", () => {
  const vnet = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
  const schema = id("Microsoft.Network/virtualNetworks");
  assert.equal(field(schema, vnet.replace("/providers", "//providers")), vnet);
  assert.equal(field(schema, vnet.toLowerCase()), vnet.toLowerCase());
  assert.deepEqual(field(schema, vnet.replace("/v", "/ v")), [
    `'f': the resource id '${vnet.replace("/v", "/ v")}' has a blank at character ${vnet.indexOf("/v") + 2}; resource ids have none. Remove it.`,
  ]);
  assert.match(String(field(schema, `${vnet}/subnets/x`)), /names a resource of type/);
  assert.match(String(field(schema, "/a/../b")), /is not a resource id/);
  assert.match(String(field(id(), 3)), /must be a string/);
});

test("what is stored without being read is held to its bytes, at the limit and one past it", () => {
  assert.equal(field(stored(5), "abc"), "abc");
  assert.deepEqual(field(stored(5), "abcd"), [
    "'f' has 6 bytes of JSON; the limit is 5. Shorten it.",
  ]);
});

test("no more problems are reported than the limit", () => {
  const body = (count: number): Json =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
  assert.equal(messages(object({}), body(limits.armProblemsMax)).length, limits.armProblemsMax);
  assert.equal(messages(object({}), body(limits.armProblemsMax + 1)).length, limits.armProblemsMax);
});

test("a partial body is read without defaults and requirements; its lists are whole", () => {
  const schema = object({
    a: required(string()),
    b: string({ default: "x" }),
    items: list(object({ c: string({ default: "y" }) })),
  });
  assert.deepEqual(parseBody(schema, { items: [{}] }, { partial: true }), {
    value: { items: [{ c: "y" }] },
    problems: [],
  });
});

test("a stored resource that is read back loses what the schema does not name", () => {
  const { value, problems } = parseBody(
    object({ a: string() }),
    { a: "1", old: 2 },
    { unknown: "drop" },
  );
  assert.deepEqual([value, problems], [{ a: "1" }, []]);
});
