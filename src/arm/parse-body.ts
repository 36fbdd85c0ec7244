/** Reads a request's body by a type's schema: every problem is reported, nothing unknown is stored. */
import { assertNever, limits } from "../core/index.ts";
import type { Json, JsonObject } from "./json.ts";
import { isObject } from "./json.ts";
import { idProblem, parseId } from "./resource-id.ts";
import type { ObjectSchema, Schema, SchemaProblem } from "./schema.ts";

export interface ParseOptions {
  /** `refuse` names what the schema does not have; `drop` leaves it out, for stored resources that are read back. */
  readonly unknown?: "refuse" | "drop";
  /** Reads what is there and nothing more: no defaults, nothing required. For PATCH and for a PUT that merges. */
  readonly partial?: boolean;
  /** Where the object stands in the body: `properties`. */
  readonly target?: string;
}

export interface ParsedBody {
  /** Own properties only, in the declared spelling; fields that had a problem are left out. */
  readonly value: JsonObject;
  /** At most `limits.armProblemsMax`. */
  readonly problems: readonly SchemaProblem[];
}

/**
 * Reads `body` by `schema`: fills in defaults, puts closed values and property names into the declared spelling,
 * takes null as absent, and sets read-only properties aside.
 *
 * Property names are compared without case (inferred: resource providers read bodies with Newtonsoft.Json, which does so).
 */
export function parseBody(
  schema: ObjectSchema,
  body: Json | undefined,
  { unknown = "refuse", partial = false, target = "" }: ParseOptions = {},
): ParsedBody {
  const problems: SchemaProblem[] = [];
  const note = (problem: SchemaProblem): void => {
    if (problems.length < limits.armProblemsMax) problems.push(problem);
  };
  const value = parseObject(schema, body === undefined ? {} : body, {
    at: target,
    unknown,
    partial,
    note,
  });
  return { value: isObject(value) ? value : {}, problems };
}

interface Here {
  readonly at: string;
  readonly unknown: "refuse" | "drop";
  readonly partial: boolean;
  readonly note: (problem: SchemaProblem) => void;
}

const inside = (here: Here, name: string): Here => ({
  ...here,
  at: here.at === "" ? name : `${here.at}.${name}`,
});

/** Notes what is wrong here; the value is left out. */
function wrong(here: Here, message: string): undefined {
  here.note({ kind: "invalid", target: here.at, message });
}

function parseValue(schema: Schema, value: Json, here: Here): Json | undefined {
  switch (schema.kind) {
    case "string":
      return parseString(schema, value, here);
    case "boolean":
      if (typeof value === "boolean") return value;
      return wrong(here, `'${here.at}' must be true or false, not ${shown(value)}.`);
    case "number":
      return parseNumber(schema, value, here);
    case "oneOf":
      return parseOneOf(schema, value, here);
    case "id":
      return parseIdValue(schema, value, here);
    case "list":
      return parseList(schema, value, here);
    case "map":
      return parseMap(schema, value, here);
    case "object":
      return parseObject(schema, value, here);
    case "readOnly":
      return undefined;
    case "stored":
      return parseStored(schema, value, here);
    case "refused":
      here.note({
        kind: "refused",
        target: here.at,
        message: `The property '${here.at}' is not emulated: ${schema.says}`,
      });
      return undefined;
    default:
      return assertNever(schema);
  }
}

function parseString(
  schema: Extract<Schema, { kind: "string" }>,
  value: Json,
  here: Here,
): Json | undefined {
  if (typeof value !== "string") {
    return wrong(here, `'${here.at}' must be a string, not ${shown(value)}.`);
  }
  const charsMax = schema.charsMax ?? limits.armStringCharsMax;
  if (value.length > charsMax) {
    return wrong(
      here,
      `'${here.at}' has ${value.length} characters; the limit is ${charsMax}. Shorten it.`,
    );
  }
  if (schema.pattern !== undefined && !schema.pattern.test(value)) {
    const says = schema.says ?? `it must match ${schema.pattern.source}`;
    return wrong(here, `The value ${shown(value)} of '${here.at}' is invalid: ${says}`);
  }
  return value;
}

function parseNumber(
  schema: Extract<Schema, { kind: "number" }>,
  value: Json,
  here: Here,
): Json | undefined {
  const kind = schema.integer ? "an integer" : "a number";
  if (typeof value !== "number" || !Number.isFinite(value)) {
    return wrong(here, `'${here.at}' must be ${kind}, not ${shown(value)}.`);
  }
  if (schema.integer && !Number.isSafeInteger(value)) {
    return wrong(here, `'${here.at}' must be an integer, not ${value}.`);
  }
  const { min = -Infinity, max = Infinity } = schema;
  if (value < min || value > max) {
    return wrong(here, `'${here.at}' is ${value}; it must be ${bounds(schema.min, schema.max)}.`);
  }
  return value;
}

const bounds = (min: number | undefined, max: number | undefined): string => {
  if (max === undefined) return `at least ${min}`;
  return min === undefined ? `at most ${max}` : `between ${min} and ${max}`;
};

function parseOneOf(
  schema: Extract<Schema, { kind: "oneOf" }>,
  value: Json,
  here: Here,
): Json | undefined {
  const lower = typeof value === "string" ? value.toLowerCase() : undefined;
  const found = schema.values.find((one) => one.toLowerCase() === lower);
  if (found !== undefined) return found;
  for (const [name, says] of Object.entries(schema.refused)) {
    if (name.toLowerCase() !== lower) continue;
    const message = `The value '${name}' of '${here.at}' is not emulated: ${says}`;
    here.note({ kind: "refused", target: here.at, message });
    return undefined;
  }
  const known = schema.values.map((one) => `'${one}'`).join(", ");
  return wrong(here, `The value ${shown(value)} of '${here.at}' is invalid; it takes ${known}.`);
}

function parseIdValue(
  schema: Extract<Schema, { kind: "id" }>,
  value: Json,
  here: Here,
): Json | undefined {
  const problem = idProblem(value);
  if (problem !== undefined) return wrong(here, `'${here.at}': ${problem}.`);
  const id = `/${String(value)
    .split("/")
    .filter((segment) => segment !== "")
    .join("/")}`;
  const type = parseId(id)?.type ?? "";
  const types = schema.types ?? [type];
  if (types.some((one) => one.toLowerCase() === type.toLowerCase())) return id;
  return wrong(
    here,
    `'${here.at}' names a resource of type '${type}'; it takes ${types.map((one) => `'${one}'`).join(", ")}.`,
  );
}

function parseList(
  schema: Extract<Schema, { kind: "list" }>,
  value: Json,
  here: Here,
): Json | undefined {
  if (!Array.isArray(value)) {
    return wrong(here, `'${here.at}' must be a list, not ${shown(value)}.`);
  }
  const items = value as readonly Json[];
  if (items.length > schema.countMax || items.length < schema.countMin) {
    const limit =
      items.length > schema.countMax ? `at most ${schema.countMax}` : `at least ${schema.countMin}`;
    return wrong(here, `'${here.at}' has ${items.length} items; it takes ${limit}.`);
  }
  // A list is replaced as a whole, so that its items are complete even where the rest is partial.
  return items.flatMap((item, index) => {
    const there: Here = { ...here, at: `${here.at}[${index}]`, partial: false };
    if (item === null) {
      wrong(there, `'${there.at}' is null; an item of a list must have a value.`);
      return [];
    }
    const parsed = parseValue(schema.of, item, there);
    return parsed === undefined ? [] : [parsed];
  });
}

function parseMap(
  schema: Extract<Schema, { kind: "map" }>,
  value: Json,
  here: Here,
): Json | undefined {
  if (!isObject(value)) return wrong(here, `'${here.at}' must be an object, not ${shown(value)}.`);
  const entries = Object.entries(value);
  if (entries.length > limits.armMapEntriesMax) {
    return wrong(
      here,
      `'${here.at}' has ${entries.length} entries; the limit is ${limits.armMapEntriesMax}.`,
    );
  }
  const parsed: [string, Json][] = [];
  for (const [name, item] of entries) {
    if (item === null || item === undefined) continue;
    const one = parseValue(schema.of, item, inside(here, name));
    if (one !== undefined) parsed.push([name, one]);
  }
  return Object.fromEntries(parsed);
}

function parseStored(
  schema: Extract<Schema, { kind: "stored" }>,
  value: Json,
  here: Here,
): Json | undefined {
  const size = Buffer.byteLength(JSON.stringify(value));
  if (size <= schema.bytesMax) return value;
  return wrong(
    here,
    `'${here.at}' has ${size} bytes of JSON; the limit is ${schema.bytesMax}. Shorten it.`,
  );
}

function parseObject(schema: ObjectSchema, value: Json, here: Here): Json | undefined {
  if (!isObject(value)) {
    const name = here.at === "" ? "The body" : `'${here.at}'`;
    return wrong(here, `${name} must be an object, not ${shown(value)}.`);
  }
  const given = givenFields(schema, value, here);
  // `fromEntries` defines properties, so that a field named __proto__ stays a plain field.
  const entries: [string, Json][] = [];
  for (const [name, field] of Object.entries(schema.fields)) {
    const there = inside(here, name);
    const item = given.get(name);
    const parsed = item === undefined ? absentValue(field, there) : parseValue(field, item, there);
    if (parsed !== undefined) entries.push([name, parsed]);
  }
  return Object.fromEntries(entries);
}

/** The fields that a body carries, by their declared names. Names what is unknown, or given twice. */
function givenFields(schema: ObjectSchema, value: JsonObject, here: Here): Map<string, Json> {
  const declared = new Map(Object.keys(schema.fields).map((name) => [name.toLowerCase(), name]));
  const given = new Map<string, Json>();
  for (const [key, item] of Object.entries(value)) {
    if (item === null || item === undefined) continue;
    const name = declared.get(key.toLowerCase());
    const there = inside(here, key);
    if (name === undefined) {
      if (here.unknown === "refuse") wrong(there, unknownField(schema, there.at));
    } else if (given.has(name)) {
      wrong(there, `'${there.at}' is given twice, in different case. Give it once.`);
    } else {
      given.set(name, item);
    }
  }
  return given;
}

function unknownField(schema: ObjectSchema, at: string): string {
  const known = Object.keys(schema.fields).map((name) => `'${name}'`);
  const list = known.length === 0 ? "nothing is known here" : `known here are ${known.join(", ")}`;
  return `The property '${at}' is unknown; ${list}. Remove it.`;
}

/** What stands for a field that the body does not carry. */
function absentValue(schema: Schema, here: Here): Json | undefined {
  if (here.partial) return undefined;
  if (schema.required === true && schema.kind !== "readOnly") {
    return wrong(here, `The property '${here.at}' is required.`);
  }
  if (schema.kind === "object") return defaultObject(schema, here);
  return "default" in schema ? schema.default : undefined;
}

/** An absent object's defaults: none where it would need something that only the caller knows. */
function defaultObject(schema: ObjectSchema, here: Here): Json | undefined {
  const fields = Object.entries(schema.fields);
  if (fields.some(([, field]) => field.required === true && field.kind !== "readOnly")) {
    return undefined;
  }
  const entries: [string, Json][] = [];
  for (const [name, field] of fields) {
    const value = absentValue(field, inside(here, name));
    if (value !== undefined) entries.push([name, value]);
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** A value for a message: short, and on one line. */
function shown(value: Json): string {
  if (isObject(value)) return "an object";
  if (Array.isArray(value)) return "a list";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
