/** Reading maps of an estate file by their keys: each key is read once, by its kind; what nobody read is a mistake. */
import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Node, YAMLMap } from "yaml";
import { regionOf } from "../azure/index.ts";
import { limits } from "../core/index.ts";

/** Notes a mistake at an offset of the text. */
export type Report = (offset: number, says: string) => void;

export interface NameRule {
  readonly pattern: RegExp;
  readonly says: string;
}

/** A value with its place. */
export interface Placed {
  readonly value: unknown;
  readonly offset: number;
}

/** One entry of a map: its key, and what is below it. */
export interface Fields {
  readonly report: Report;
  /** The entry's own key, as a name. */
  key(rule: NameRule): string;
  /** The entry's own value, where that is a scalar. */
  own(): Placed;
  scalar(key: string): Placed;
  /** A required string; "" where it is missing or wrong, which is reported. */
  name(key: string, rule: NameRule): string;
  /** A name, or `absent` where it is not given. */
  nameOr(key: string, rule: NameRule, absent: string): string;
  flag(key: string, absent: boolean): boolean;
  oneOf<Word extends string>(key: string, words: readonly Word[], absent: Word): Word;
  /** A known region in its short spelling; required where nothing else is given. */
  region(key: string, absent: string | undefined): string;
  list(key: string): readonly Placed[];
  entries<Value>(key: string, read: (entry: Fields) => Value): readonly Value[];
  child<Value>(key: string, read: (child: Fields) => Value): Value | undefined;
  offsetOf(key: string): number;
  /** Reports every key that was not read. */
  close(): void;
}

interface Place {
  readonly report: Report;
  /** The entry's key, for messages. */
  readonly key: string;
  readonly offset: number;
}

/** A map of which it is known what was read. */
interface OpenMap {
  readonly place: Place;
  readonly valueOf: (key: string) => unknown;
  readonly offsetOf: (key: string) => number;
  readonly scalar: (key: string) => Placed;
  readonly close: () => void;
}

function openMap(node: unknown, place: Place): OpenMap {
  const map = isMap(node) ? node : undefined;
  const pairs = pairsOf(map, place.report);
  const read = new Set<string>();
  const offsetOf = (key: string): number => pairs.get(key)?.keyOffset ?? place.offset;
  const valueOf = (key: string): unknown => {
    if (map === undefined && read.size === 0 && !isEmpty(node)) {
      place.report(place.offset, `'${place.key}' should hold keys and values.`);
    }
    read.add(key);
    return pairs.get(key)?.value;
  };
  return {
    place,
    valueOf,
    offsetOf,
    scalar: (key) => placedOf(valueOf(key), offsetOf(key)),
    close: () => {
      for (const [key, { keyOffset }] of pairs) {
        if (read.has(key)) continue;
        place.report(keyOffset, `'${key}' is not a key of '${place.key}'.`);
      }
    },
  };
}

/** Reads below a node, which should be a map (or, for `own`, a scalar). A null value is an empty map. */
export function fieldsOf(node: unknown, place: Place): Fields {
  const { report } = place;
  const map = openMap(node, place);
  const { scalar, valueOf, offsetOf } = map;
  return {
    report,
    key: (rule) => {
      if (!rule.pattern.test(place.key)) report(place.offset, `'${place.key}': ${rule.says}.`);
      return place.key;
    },
    own: () => placedOf(node, place.offset),
    scalar,
    name: (key, rule) => {
      if (isEmpty(valueOf(key))) report(place.offset, `'${place.key}' needs '${key}'.`);
      return nameAt(map, { key, rule, absent: "" });
    },
    nameOr: (key, rule, absent) => nameAt(map, { key, rule, absent }),
    flag: (key, absent) => {
      const { value, offset } = scalar(key);
      if (typeof value === "boolean") return value;
      if (value !== undefined) report(offset, `'${key}' should be true or false.`);
      return absent;
    },
    oneOf: (key, words, absent) => {
      const { value, offset } = scalar(key);
      const word = words.find((known) => known === value);
      if (word === undefined && value !== undefined) {
        report(offset, `'${key}' should be one of ${words.join(", ")}.`);
      }
      return word ?? absent;
    },
    region: (key, absent) => regionAt(scalar(key), { key, absent, place }),
    list: (key) => listAt(map, key),
    entries: (key, readEntry) => childrenAt(map, key).map(readEntry),
    child: (key, readChild) => {
      const value = valueOf(key);
      if (isEmpty(value)) return undefined;
      return readChild(fieldsOf(value, { report, key, offset: offsetOf(key) }));
    },
    offsetOf,
    close: map.close,
  };
}

function nameAt(
  { scalar, place }: OpenMap,
  { key, rule, absent }: { readonly key: string; readonly rule: NameRule; readonly absent: string },
): string {
  const { value, offset } = scalar(key);
  if (value === undefined) return absent;
  if (typeof value !== "string") {
    place.report(offset, `'${key}' should be text.`);
    return absent;
  }
  if (!rule.pattern.test(value)) place.report(offset, `'${value}': ${rule.says}.`);
  return value;
}

function listAt({ valueOf, offsetOf, place }: OpenMap, key: string): readonly Placed[] {
  const value = valueOf(key);
  if (isSeq(value)) return value.items.map((item) => placedOf(item, offsetOf(key)));
  place.report(offsetOf(key), `'${place.key}' needs '${key}', a list.`);
  return [];
}

function childrenAt({ valueOf, offsetOf, place }: OpenMap, key: string): readonly Fields[] {
  const { report } = place;
  const value = valueOf(key);
  if (!isEmpty(value) && !isMap(value)) {
    report(offsetOf(key), `'${key}' should hold keys and values.`);
  }
  const pairs = pairsOf(isMap(value) ? value : undefined, report);
  return [...pairs].map(([name, pair]) =>
    fieldsOf(pair.value, { report, key: name, offset: pair.keyOffset }),
  );
}

function regionAt(
  { value, offset }: Placed,
  {
    key,
    absent,
    place,
  }: { readonly key: string; readonly absent: string | undefined; readonly place: Place },
): string {
  if (value === undefined) {
    if (absent === undefined) place.report(place.offset, `'${place.key}' needs '${key}'.`);
    return absent ?? "";
  }
  const region = typeof value === "string" ? regionOf(value) : undefined;
  if (region === undefined) place.report(offset, `'${String(value)}' is not a known region.`);
  return region?.name ?? absent ?? "";
}

const isEmpty = (node: unknown): boolean =>
  node === undefined || node === null || (isScalar(node) && node.value === null);

const offsetIn = (node: unknown, otherwise: number): number =>
  (node as Node | null | undefined)?.range?.[0] ?? otherwise;

function placedOf(node: unknown, otherwise: number): Placed {
  const offset = offsetIn(node, otherwise);
  if (isEmpty(node)) return { value: undefined, offset };
  return { value: isScalar(node) ? node.value : node, offset };
}

interface Pair {
  readonly keyOffset: number;
  readonly value: unknown;
}

function pairsOf(map: YAMLMap | undefined, report: Report): ReadonlyMap<string, Pair> {
  const pairs = new Map<string, Pair>();
  for (const { key, value } of map?.items ?? []) {
    const keyOffset = offsetIn(key, 0);
    const name = isScalar(key) ? String(key.value) : "";
    if (pairs.size >= limits.estateEntriesMax) {
      report(
        keyOffset,
        `A map has more than ${limits.estateEntriesMax} entries; that is the limit.`,
      );
      break;
    }
    if (name === "") report(keyOffset, "A key should be text.");
    if (isAlias(value))
      report(offsetIn(value, keyOffset), "Aliases are not supported; write the value out.");
    else pairs.set(name, { keyOffset, value });
  }
  return pairs;
}
