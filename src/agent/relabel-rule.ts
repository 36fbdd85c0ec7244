/** Relabelling rules as written, checked and made ready: every rule that Prometheus refuses is refused here. */
import { RE2JS } from "re2js";
import { limits, messageOf } from "../core/index.ts";
import { hasReference, isLabelName, relabelActions, relabelRegex } from "./relabel.ts";
import type { RelabelAction, RelabelRule } from "./relabel.ts";

/** A rule's fields as a file has them; absent ones have Prometheus's defaults. */
export interface RelabelRuleText {
  readonly action?: string;
  readonly sourceLabels?: readonly string[];
  readonly separator?: string;
  readonly regex?: string;
  readonly targetLabel?: string;
  readonly replacement?: string;
  readonly modulus?: number;
}

/** A field of the rule, and what is wrong with it. */
export interface RelabelProblem {
  readonly field: keyof RelabelRuleText;
  readonly says: string;
}

const DEFAULT_REGEX = "(.*)";
const DEFAULT_SEPARATOR = ";";
const DEFAULT_REPLACEMENT = "$1";

/**
 * Makes a rule of its text.
 *
 * @returns the rule, or every problem that it has. Label names are those of the data model before UTF-8 names, since
 *   remote write to Azure takes no others.
 * @see prometheus model/relabel/relabel.go, Config.Validate
 */
export function relabelRule(
  text: RelabelRuleText,
): { readonly rule: RelabelRule } | { readonly problems: readonly RelabelProblem[] } {
  const problems: RelabelProblem[] = [];
  const refuse = (field: keyof RelabelRuleText, says: string): void =>
    void problems.push({ field, says });
  const action = (text.action ?? "replace").toLowerCase();
  if (!isAction(action)) {
    refuse("action", `Unknown relabel action "${clip(action)}": ${relabelActions.join(", ")}.`);
    return { problems };
  }
  checkNames(action, text, refuse);
  checkOwnFields(action, text, refuse);
  const regex = compile(text.regex ?? DEFAULT_REGEX, refuse);
  if (problems.length > 0 || regex === undefined) return { problems };
  return {
    rule: {
      action,
      sourceLabels: text.sourceLabels ?? [],
      separator: text.separator ?? DEFAULT_SEPARATOR,
      regex: relabelRegex(text.regex ?? DEFAULT_REGEX, regex),
      targetLabel: text.targetLabel ?? "",
      replacement: text.replacement ?? DEFAULT_REPLACEMENT,
      modulus: text.modulus ?? 0,
    },
  };
}

type Refuse = (field: keyof RelabelRuleText, says: string) => void;

const isAction = (word: string): word is RelabelAction =>
  (relabelActions as readonly string[]).includes(word);

const NEEDS_TARGET: ReadonlySet<RelabelAction> = new Set([
  "replace",
  "hashmod",
  "lowercase",
  "uppercase",
  "keepequal",
  "dropequal",
]);

/** `a_${1}_b`: what is left when the references are taken out must be able to be a name. */
const TEMPLATED_NAME = /^(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))(?:\w|\$(?:\{\w+\}|\w+))*$/;

function checkNames(action: RelabelAction, text: RelabelRuleText, refuse: Refuse): void {
  for (const name of text.sourceLabels ?? []) {
    if (!isLabelName(name)) refuse("sourceLabels", `"${clip(name)}" is no label name.`);
  }
  const target = text.targetLabel ?? "";
  if (NEEDS_TARGET.has(action)) {
    if (target === "") {
      refuse("targetLabel", `The action ${action} requires target_label.`);
    } else if (!isTarget(action, target)) {
      refuse("targetLabel", `"${clip(target)}" is no target_label for the action ${action}.`);
    }
  }
  if (action === "labelmap" && !TEMPLATED_NAME.test(text.replacement ?? DEFAULT_REPLACEMENT)) {
    refuse("replacement", `"${clip(text.replacement ?? "")}" is no replacement for labelmap.`);
  }
}

const isTarget = (action: RelabelAction, target: string): boolean =>
  action === "replace" && hasReference(target) ? TEMPLATED_NAME.test(target) : isLabelName(target);

/** Fields that an action does not read are refused, as a rule that says more than it does misleads. */
function checkOwnFields(action: RelabelAction, text: RelabelRuleText, refuse: Refuse): void {
  if (action === "hashmod") {
    const { modulus = 0 } = text;
    if (!Number.isSafeInteger(modulus) || modulus <= 0) {
      refuse("modulus", "The action hashmod requires a modulus above 0.");
    }
  }
  const own = { separator: DEFAULT_SEPARATOR, regex: DEFAULT_REGEX, modulus: 0 };
  const given = (field: keyof RelabelRuleText, byDefault?: unknown): boolean =>
    text[field] !== undefined && text[field] !== byDefault;
  const only = (fields: readonly (keyof RelabelRuleText)[], says: string): void => {
    for (const field of fields) {
      const byDefault = field === "replacement" ? DEFAULT_REPLACEMENT : undefined;
      if (given(field, byDefault ?? own[field as keyof typeof own])) refuse(field, says);
    }
  };
  if (action === "keepequal" || action === "dropequal") {
    const says = `The action ${action} takes only source_labels and target_label.`;
    only(["regex", "modulus", "separator", "replacement"], says);
  }
  if (action === "labeldrop" || action === "labelkeep") {
    const says = `The action ${action} takes only regex.`;
    only(["sourceLabels", "targetLabel", "modulus", "separator", "replacement"], says);
  }
  if (action === "lowercase" || action === "uppercase") {
    only(["replacement"], `The action ${action} takes no replacement.`);
  }
}

function compile(source: string, refuse: Refuse): RE2JS | undefined {
  if (source.length > limits.relabelRegexCharsMax) {
    const says = `The regex has ${source.length} characters; the limit is ${limits.relabelRegexCharsMax}.`;
    refuse("regex", says);
    return undefined;
  }
  try {
    return RE2JS.compile(source, RE2JS.DOTALL);
  } catch (error) {
    refuse("regex", `The regex is not RE2's: ${regexMistake(error)}.`);
    return undefined;
  }
}

/** What RE2 says, without the flag that was added to what was written. */
export const regexMistake = (error: unknown): string => messageOf(error).replace("`(?s)", "`");

const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text);
