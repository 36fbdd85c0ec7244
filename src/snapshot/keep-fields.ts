/** Allow-lists of fields: what of a resource is kept; everything else, secrets among it, never enters a snapshot. */
import { isObject } from "../arm/index.ts";
import type { Json, JsonObject } from "../arm/index.ts";
import { assert, limits } from "../core/index.ts";

/** The fields to keep by their names in lower case; null keeps a string, number, boolean or a list of these. */
export type KeptFields = ReadonlyMap<string, KeptFields | null>;

/**
 * Reads a list of fields: `networkAcls{publicNetworkAccess} subnets{id properties{addressPrefix}} profiles{*{enabled}}`.
 * Lists are seen through; `*` is every name.
 */
export function keptFields(spec: string): KeptFields {
  const tokens = spec.match(/[{}]|[^\s{}]+/g) ?? [];
  let at = 0;
  const fields = (): KeptFields => {
    const kept = new Map<string, KeptFields | null>();
    while (at < tokens.length && tokens[at] !== "}") {
      const name = tokens[at++] ?? "";
      let inner: KeptFields | null = null;
      if (tokens[at] === "{") {
        at += 1;
        inner = fields();
        assert(tokens[at++] === "}", `a brace is open in the list of fields ${spec}`);
      }
      kept.set(name.toLowerCase(), inner);
    }
    return kept;
  };
  const all = fields();
  assert(at === tokens.length, `a brace is too many in the list of fields ${spec}`);
  return all;
}

/** The part of an object that the list allows. Strings that are too long are cut; names and passwords in URLs are taken out. */
export function keep(value: JsonObject, fields: KeptFields): JsonObject {
  // What was kept before is kept as it is: a snapshot that is read again costs no second copy.
  if (fits(value, fields)) return value;
  const kept: Record<string, Json> = {};
  for (const [name, inner] of Object.entries(value)) {
    const list = listOf(fields, name);
    if (list === undefined || name === "__proto__" || inner === undefined) continue;
    const part = list === null ? plain(inner) : within(inner, list);
    if (part !== undefined) kept[name] = part;
  }
  return kept;
}

/** The list for a field: null where it is kept as it is, undefined where it is not kept. */
const listOf = (fields: KeptFields, name: string): KeptFields | null | undefined => {
  const own = fields.get(lowerCase(name));
  return own === undefined ? fields.get("*") : own;
};

/** Names of fields in lower case: there are few of them, and each comes often. */
const lowerNames = new Map<string, string>();
const lowerNamesMax = 4_096;

function lowerCase(name: string): string {
  const known = lowerNames.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (lowerNames.size < lowerNamesMax && name.length < 256) lowerNames.set(name, lower);
  return lower;
}

/** Whether nothing of a value would be left out or changed. */
function fits(value: JsonObject, fields: KeptFields): boolean {
  for (const name of Object.keys(value)) {
    const list = listOf(fields, name);
    const inner = value[name];
    if (list === undefined || name === "__proto__" || inner === undefined) return false;
    if (list === null ? !fitsPlain(inner) : !fitsWithin(inner, list)) return false;
  }
  return true;
}

const fitsWithin = (value: Json, fields: KeptFields): boolean =>
  Array.isArray(value)
    ? value.every((item: Json) => isObject(item) && fits(item, fields))
    : isObject(value) && fits(value, fields);

const fitsPlain = (value: Json): boolean =>
  Array.isArray(value)
    ? value.every((item: Json) => !Array.isArray(item) && fitsScalar(item))
    : fitsScalar(value);

const fitsScalar = (value: Json): boolean =>
  typeof value === "string"
    ? value.length <= limits.snapshotStringCharsMax && withoutCredentials(value) === value
    : !isObject(value);

function within(value: Json, fields: KeptFields): Json | undefined {
  if (isObject(value)) return keep(value, fields);
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((item: Json) => (isObject(item) ? [keep(item, fields)] : []));
}

/** A string, a number, a boolean, null, or a list of them; an object that the list does not open is dropped. */
function plain(value: Json): Json | undefined {
  if (Array.isArray(value)) {
    return value.flatMap((item: Json) =>
      isObject(item) || Array.isArray(item) ? [] : [scalar(item)],
    );
  }
  return isObject(value) ? undefined : scalar(value);
}

const scalar = (value: Json): Json =>
  typeof value === "string"
    ? withoutCredentials(value.slice(0, limits.snapshotStringCharsMax))
    : value;

/** `http://user:password@proxy:3128` as `http://proxy:3128`. */
const withoutCredentials = (text: string): string =>
  text.includes("://") ? text.replace(/:\/\/[^/@\s]*@/g, "://") : text;
