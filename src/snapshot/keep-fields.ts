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
  const kept: Record<string, Json> = {};
  const every = fields.get("*");
  for (const [name, inner] of Object.entries(value)) {
    const list = fields.get(name.toLowerCase()) ?? every;
    if (list === undefined && !fields.has(name.toLowerCase())) continue;
    if (name === "__proto__" || inner === undefined) continue;
    const part = list === undefined || list === null ? plain(inner) : within(inner, list);
    if (part !== undefined) kept[name] = part;
  }
  return kept;
}

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
