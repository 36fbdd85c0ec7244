/** `label_replace` and `label_join`: functions that change labels, not values. */
import { RE2JS } from "re2js";
import type { Matcher as RegexMatch } from "re2js";
import { labelValue, messageOf } from "../../core/index.ts";
import type { Labels } from "../../core/index.ts";
import { queryError } from "../errors.ts";
import { stringArg, vectorArg } from "./call-args.ts";
import type { CallInput } from "./call-args.ts";
import { METRIC_NAME, withLabel } from "./label-sets.ts";
import { isValidName, quote } from "./strings.ts";
import { mergeRows } from "./values.ts";
import type { VectorBlock } from "./values.ts";

/** `label_replace(v, dst, replacement, src, regex)`. @throws CodedError QueryFailed (422) */
export async function callLabelReplace(input: CallInput): Promise<VectorBlock> {
  const destination = stringArg(input, 1);
  const replacement = stringArg(input, 2);
  const source = stringArg(input, 3);
  const regex = compile(stringArg(input, 4));
  if (!isValidName(destination)) {
    throw failed(`invalid destination label name in label_replace(): ${destination}`);
  }
  return relabelled(await vectorArg(input, 0), destination, (labels) => {
    const match = regex.matcher(labelValue(labels, source));
    return match.matches() ? expand(replacement, match, regex) : undefined;
  });
}

/** `label_join(v, dst, separator, src…)`. @throws CodedError QueryFailed (422) */
export async function callLabelJoin(input: CallInput): Promise<VectorBlock> {
  const destination = stringArg(input, 1);
  const separator = stringArg(input, 2);
  const sources = input.call.args.slice(3).map((_arg, index) => stringArg(input, index + 3));
  for (const source of sources) {
    if (!isValidName(source))
      throw failed(`invalid source label name in label_join(): ${quote(source)}`);
  }
  if (!isValidName(destination)) {
    throw failed(`invalid destination label name in label_join(): ${quote(destination)}`);
  }
  return relabelled(await vectorArg(input, 0), destination, (labels) =>
    sources.map((source) => labelValue(labels, source)).join(separator),
  );
}

const failed = (message: string): Error => queryError("QueryFailed", message);

function relabelled(
  block: VectorBlock,
  destination: string,
  valueOf: (labels: Labels) => string | undefined,
): VectorBlock {
  const dropName = [...block.dropName];
  const labels = block.labels.map((set, row) => {
    const value = valueOf(set);
    if (value === undefined) return set;
    // A name that is set anew is no longer the one that was to go.
    if (destination === METRIC_NAME) dropName[row] = false;
    return withLabel(set, destination, value);
  });
  return mergeRows({ ...block, labels, dropName });
}

/** RE2, matching the whole value, a dot matching line ends too. */
function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(`^(?s:${pattern})$`);
  } catch (error) {
    throw failed(`invalid regular expression in label_replace(): ${pattern}: ${messageOf(error)}`);
  }
}

const REFERENCE = /\$(?:\$|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/g;

/**
 * Go's template: `$1`, `${1}`, `$name`; a name is as long as it can be, so that `$1x` is the group `1x`. A group that
 * does not exist is empty; `$$` is a dollar sign.
 */
function expand(template: string, match: RegexMatch, regex: RE2JS): string {
  return template.replace(REFERENCE, (whole, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    return name === undefined ? whole.slice(1) : groupText(match, regex, name);
  });
}

function groupText(match: RegexMatch, regex: RE2JS, name: string): string {
  if (/^[0-9]+$/.test(name)) {
    const index = Number(name);
    return index <= match.groupCount() ? (match.group(index) ?? "") : "";
  }
  const known = Object.hasOwn(regex.namedGroups(), name);
  return known ? (match.group(name) ?? "") : "";
}
