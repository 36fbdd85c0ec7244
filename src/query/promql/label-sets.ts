/** Label sets in evaluation: keys to compare them by, and copies with labels taken away or set. */
import { compareStrings } from "../../core/index.ts";
import type { Label, Labels } from "../../core/index.ts";
import { isPlainLabelName, quote } from "./strings.ts";

export const METRIC_NAME = "__name__";

/** A text that is equal for equal label sets only: each part carries its length. */
export function labelsKey(labels: Labels): string {
  let key = "";
  for (const label of labels) key += keyOf(label);
  return key;
}

const keyOf = ({ name, value }: Label): string => `${name.length}:${name}${value.length}:${value}`;

/** Which labels a vector matching or a grouping looks at. */
export interface LabelChoice {
  /** Keep exactly these (`on`, `by`), or keep all but these and the metric's name (`ignoring`, `without`). */
  readonly keep: boolean;
  readonly names: ReadonlySet<string>;
}

const chosen = ({ name }: Label, { keep, names }: LabelChoice): boolean =>
  keep ? names.has(name) : name !== METRIC_NAME && !names.has(name);

/** The key of the chosen labels. */
export function choiceKey(labels: Labels, choice: LabelChoice): string {
  let key = "";
  for (const label of labels) if (chosen(label, choice)) key += keyOf(label);
  return key;
}

export const chooseLabels = (labels: Labels, choice: LabelChoice): Labels =>
  labels.filter((label) => chosen(label, choice));

/** Without the metric's name; the same object where there is none. */
export const withoutName = (labels: Labels): Labels => withoutLabel(labels, METRIC_NAME);

export const withoutLabel = (labels: Labels, name: string): Labels =>
  labels.some((label) => label.name === name)
    ? labels.filter((label) => label.name !== name)
    : labels;

/** With the label set to the value; an empty value takes it away. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const others = withoutLabel(labels, name);
  if (value === "") return others;
  const at = others.findIndex((label) => compareStrings(label.name, name) > 0);
  const index = at < 0 ? others.length : at;
  return [...others.slice(0, index), { name, value }, ...others.slice(index)];
}

/** Prometheus's order: label by label, name before value, then the shorter first. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a[index] as Label;
    const right = b[index] as Label;
    const order = compareStrings(left.name, right.name) || compareStrings(left.value, right.value);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Prometheus's text of a label set in messages: all in braces, the name too. */
export const braced = (labels: Labels): string =>
  `{${labels.map(({ name, value }) => `${isPlainLabelName(name) ? name : quote(name)}=${quote(value)}`).join(", ")}}`;
