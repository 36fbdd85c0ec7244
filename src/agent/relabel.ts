/** Relabelling: the rules by which Prometheus keeps, drops and rewrites targets and series. No I/O. */
import { createHash } from "node:crypto";
import type { RE2JS } from "re2js";

export const relabelActions = [
  "replace",
  "keep",
  "drop",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
  "keepequal",
  "dropequal",
] as const;

export type RelabelAction = (typeof relabelActions)[number];

/** One rule, checked by `checkRelabelRule`. */
export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly regex: RelabelRegex;
  readonly targetLabel: string;
  readonly replacement: string;
  readonly modulus: number;
}

/** An expression of RE2 that matches the whole of a value, line ends too. */
export interface RelabelRegex {
  readonly source: string;
  readonly matches: (value: string) => boolean;
  /** `template` with the groups of the match filled in; undefined where the value does not match. */
  readonly expand: (value: string, templates: readonly string[]) => readonly string[] | undefined;
  /** `replacement` with the groups of the match filled in; `value` itself where it does not match. */
  readonly replaceWhole: (value: string, replacement: string) => string;
}

/** Labels while they are rewritten. A label whose value is empty is none. */
export type LabelMap = Map<string, string>;

/**
 * Applies rules in order to `labels`, which it changes.
 *
 * @returns false where a rule drops what has these labels; the rules after it do not run.
 * @see prometheus model/relabel/relabel.go
 */
export function relabel(labels: LabelMap, rules: readonly RelabelRule[]): boolean {
  for (const rule of rules) if (!applyRule(labels, rule)) return false;
  return true;
}

function applyRule(labels: LabelMap, rule: RelabelRule): boolean {
  switch (rule.action) {
    case "keep":
      return rule.regex.matches(sourceOf(labels, rule));
    case "drop":
      return !rule.regex.matches(sourceOf(labels, rule));
    case "keepequal":
      return (labels.get(rule.targetLabel) ?? "") === sourceOf(labels, rule);
    case "dropequal":
      return (labels.get(rule.targetLabel) ?? "") !== sourceOf(labels, rule);
    default:
      rewrite(labels, rule);
      return true;
  }
}

function rewrite(labels: LabelMap, rule: RelabelRule): void {
  switch (rule.action) {
    case "replace":
      return replace(labels, rule);
    case "lowercase":
      return put(labels, rule.targetLabel, sourceOf(labels, rule).toLowerCase());
    case "uppercase":
      return put(labels, rule.targetLabel, sourceOf(labels, rule).toUpperCase());
    case "hashmod":
      return put(
        labels,
        rule.targetLabel,
        String(hashOf(sourceOf(labels, rule)) % BigInt(rule.modulus)),
      );
    case "labelmap":
      return mapNames(labels, rule);
    case "labeldrop":
      for (const name of labels.keys()) if (rule.regex.matches(name)) labels.delete(name);
      return;
    case "labelkeep":
      for (const name of labels.keys()) if (!rule.regex.matches(name)) labels.delete(name);
  }
}

/** What is mapped is read before any of it is written. */
function mapNames(labels: LabelMap, { regex, replacement }: RelabelRule): void {
  const before = [...labels];
  for (const [name, value] of before) {
    if (regex.matches(name)) put(labels, regex.replaceWhole(name, replacement), value);
  }
}

function replace(labels: LabelMap, rule: RelabelRule): void {
  const expanded = rule.regex.expand(sourceOf(labels, rule), [rule.targetLabel, rule.replacement]);
  const [target = "", value = ""] = expanded ?? [];
  if (expanded !== undefined && isLabelName(target)) put(labels, target, value);
}

function put(labels: LabelMap, name: string, value: string): void {
  if (value === "") labels.delete(name);
  else labels.set(name, value);
}

function sourceOf(labels: LabelMap, { sourceLabels, separator }: RelabelRule): string {
  if (sourceLabels.length === 1) return labels.get(sourceLabels[0] ?? "") ?? "";
  return sourceLabels.map((name) => labels.get(name) ?? "").join(separator);
}

/** The last eight bytes of the MD5, as Prometheus takes them, so that shards agree with its own. */
const hashOf = (value: string): bigint =>
  createHash("md5").update(value, "utf8").digest().readBigUInt64BE(8);

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export const isLabelName = (name: string): boolean => LABEL_NAME.test(name);

const REFERENCE = /\$(?:\$|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/g;

/** Whether a template names a group. */
export const hasReference = (template: string): boolean =>
  template.includes("$") && template.search(REFERENCE) >= 0;

/** An expression as a `RelabelRegex`; `whole` is compiled of `source` and matches exactly. */
export function relabelRegex(source: string, compiled: RE2JS): RelabelRegex {
  // What most rules say is answered without the engine.
  if (source === "(.*)") return wholeValue;
  const literals = literalAlternatives(source);
  return {
    source,
    matches: literals === undefined ? (value) => compiled.testExact(value) : (v) => literals.has(v),
    expand(value, templates) {
      const match = compiled.matcher(value);
      if (!match.matches()) return undefined;
      return templates.map((template) => expandTemplate(template, groupsOf(match, compiled)));
    },
    replaceWhole(value, replacement) {
      const match = compiled.matcher(value);
      if (!match.matches()) return value;
      return expandTemplate(replacement, groupsOf(match, compiled));
    },
  };
}

type Groups = (name: string) => string;

const wholeValue: RelabelRegex = {
  source: "(.*)",
  matches: () => true,
  expand: (value, templates) =>
    templates.map((template) => expandTemplate(template, wholeGroups(value))),
  replaceWhole: (value, replacement) => expandTemplate(replacement, wholeGroups(value)),
};

const wholeGroups =
  (value: string): Groups =>
  (name) =>
    name === "0" || name === "1" ? value : "";

const groupsOf =
  (match: ReturnType<RE2JS["matcher"]>, compiled: RE2JS): Groups =>
  (name) => {
    if (/^[0-9]+$/.test(name)) {
      const index = Number(name);
      return index <= match.groupCount() ? (match.group(index) ?? "") : "";
    }
    return Object.hasOwn(compiled.namedGroups(), name) ? (match.group(name) ?? "") : "";
  };

/**
 * Go's template: `$1`, `${1}`, `$name`; a name is as long as it can be, so that `$1x` is the group `1x`. A group that
 * does not exist is empty; `$$` is a dollar sign.
 */
function expandTemplate(template: string, groups: Groups): string {
  if (!template.includes("$")) return template;
  return template.replace(REFERENCE, (whole, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    return name === undefined ? whole.slice(1) : groups(name);
  });
}

/** The alternatives of an expression like `a|b|c`, in which every character means itself: a set is faster. */
function literalAlternatives(source: string): ReadonlySet<string> | undefined {
  for (const character of source) if ("\\.+*?()[]{}^$".includes(character)) return undefined;
  return new Set(source.split("|"));
}
