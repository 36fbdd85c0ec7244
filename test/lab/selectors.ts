/** Label and field selectors of list and watch. */
import type { KubeObject } from "./kube.ts";
import { at } from "./kube.ts";
import { badRequest } from "./status.ts";

export type Matches = (object: KubeObject) => boolean;

type Requirement = (labels: Readonly<Record<string, string>>) => boolean;

/** Both selectors as one predicate. @throws StatusError 400 for one that does not parse. */
export function selectorOf(labelSelector: string, fieldSelector: string): Matches {
  const labels = parseLabelSelector(labelSelector);
  const fields = parseFieldSelector(fieldSelector);
  return (object) =>
    labels.every((requirement) => requirement(object.metadata.labels ?? {})) &&
    fields.every((matches) => matches(object));
}

/** A comma splits requirements, except inside the parentheses of a set. */
function splitRequirements(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const char of text) {
    if (char === "(") depth++;
    if (char === ")") depth--;
    if (char === "," && depth === 0) {
      parts.push(part.trim());
      part = "";
    } else part += char;
  }
  if (depth !== 0) throw unparsable(text);
  return [...parts, part.trim()].filter((piece) => piece !== "");
}

function parseLabelSelector(text: string): readonly Requirement[] {
  return splitRequirements(text).map((requirement) => {
    const set = /^([\w./-]+)\s+(in|notin)\s+\(([^()]*)\)$/.exec(requirement);
    if (set !== null) {
      const [, key = "", operator, list = ""] = set;
      const values = new Set(list.split(",").map((value) => value.trim()));
      return operator === "in"
        ? (labels) => Object.hasOwn(labels, key) && values.has(labels[key] ?? "")
        : (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] ?? "");
    }
    const equal = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/.exec(requirement);
    if (equal !== null) {
      const [, key = "", operator, value = ""] = equal;
      return operator === "!="
        ? (labels) => labels[key] !== value
        : (labels) => labels[key] === value;
    }
    const exists = /^(!?)\s*([\w./-]+)$/.exec(requirement);
    if (exists === null) throw unparsable(text);
    const [, not, key = ""] = exists;
    return (labels) => Object.hasOwn(labels, key) === (not === "");
  });
}

const unparsable = (text: string) =>
  badRequest(`unable to parse requirement: found '${text}', expected a label selector`);

/** The fields that the real server indexes for the lab's types; any other is refused, as there. */
const fieldNames = new Set([
  "metadata.name",
  "metadata.namespace",
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.schedulerName",
  "spec.serviceAccountName",
  "spec.unschedulable",
  "status.phase",
  "status.podIP",
  "type",
  "reason",
  "reportingComponent",
  "source",
  "involvedObject.kind",
  "involvedObject.namespace",
  "involvedObject.name",
  "involvedObject.uid",
  "involvedObject.apiVersion",
  "involvedObject.resourceVersion",
  "involvedObject.fieldPath",
]);

function parseFieldSelector(text: string): readonly Matches[] {
  return text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const parsed = /^\s*([\w.]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
      if (parsed === null) throw badRequest(`invalid field selector: ${part}`);
      const [, name = "", operator, value = ""] = parsed;
      if (!fieldNames.has(name)) throw badRequest(`field label not supported: ${name}`);
      const path = name.split(".");
      return (object) => {
        const found = at(object, ...path);
        return (String(found ?? "") === value) === (operator !== "!=");
      };
    });
}
