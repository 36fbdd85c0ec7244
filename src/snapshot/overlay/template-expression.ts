/** ARM template expressions: the few functions that need nothing but the template and its place; all others are not evaluated, and named. */
import { isObject } from "../../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";

/** A value, or why it is not known. */
export type Evaluated =
  { readonly known: true; readonly value: Json } | { readonly known: false; readonly says: string };

/** What expressions may refer to. */
export interface TemplateScope {
  /** The group that the template is deployed to. */
  readonly groupId: ResourceId;
  readonly location: string | undefined;
  readonly parameter: (name: string) => Evaluated;
  readonly variable: (name: string) => Evaluated;
}

const known = (value: Json): Evaluated => ({ known: true, value });
const open = (says: string): Evaluated => ({ known: false, says });

/** Evaluates a value of a template: strings in brackets are expressions, lists and objects are gone through. */
export function evaluate(value: Json, scope: TemplateScope, depth = 0): Evaluated {
  if (depth > limits.armJsonDepthMax) return open("it is nested too deeply");
  if (typeof value === "string") return evaluateText(value, scope);
  if (Array.isArray(value)) {
    const items: Json[] = [];
    for (const item of value as readonly Json[]) {
      const result = evaluate(item, scope, depth + 1);
      if (!result.known) return result;
      items.push(result.value);
    }
    return known(items);
  }
  if (!isObject(value)) return known(value);
  const fields: Record<string, Json> = {};
  for (const [name, inner] of Object.entries(value)) {
    const result = evaluate(inner ?? null, scope, depth + 1);
    if (!result.known) return open(`${name}: ${result.says}`);
    if (name !== "__proto__") fields[name] = result.value;
  }
  return known(fields);
}

function evaluateText(text: string, scope: TemplateScope): Evaluated {
  if (!text.startsWith("[") || !text.endsWith("]")) return known(text);
  if (text.startsWith("[[")) return known(text.slice(1));
  const reader = { text: text.slice(1, -1), at: 0 };
  const result = expression(reader, scope, 0);
  skipBlanks(reader);
  if (result.known && reader.at < reader.text.length) {
    return open(`"${short(text)}" is no expression that is read here`);
  }
  return result.known ? result : open(`"${short(text)}": ${result.says}`);
}

interface Reader {
  readonly text: string;
  at: number;
}

const short = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

const skipBlanks = (reader: Reader): void => {
  while (/\s/.test(reader.text[reader.at] ?? "")) reader.at += 1;
};

const DEPTH_MAX = 20;

function expression(reader: Reader, scope: TemplateScope, depth: number): Evaluated {
  if (depth > DEPTH_MAX) return open("it is nested too deeply");
  skipBlanks(reader);
  const { text } = reader;
  if (text[reader.at] === "'") return literal(reader);
  const number = /^-?\d{1,15}/.exec(text.slice(reader.at, reader.at + 17))?.[0];
  if (number !== undefined) {
    reader.at += number.length;
    return known(Number(number));
  }
  const name = /^[A-Za-z][\w.]{0,60}/.exec(text.slice(reader.at, reader.at + 62))?.[0];
  if (name === undefined) return open("it is no expression that is read here");
  reader.at += name.length;
  skipBlanks(reader);
  if (text[reader.at] !== "(") return open(`${name} is no function`);
  reader.at += 1;
  const values = callArguments(reader, scope, depth);
  const result = values.known ? called(name, values.value as readonly Json[], scope) : values;
  return result.known ? members(reader, scope, result.value, depth) : result;
}

/** `'it''s'`. */
function literal(reader: Reader): Evaluated {
  let value = "";
  for (reader.at += 1; reader.at < reader.text.length; reader.at += 1) {
    const character = reader.text[reader.at] ?? "";
    if (character !== "'") value += character;
    else if (reader.text[reader.at + 1] === "'") {
      value += "'";
      reader.at += 1;
    } else {
      reader.at += 1;
      return known(value);
    }
  }
  return open("a quote is open");
}

function callArguments(reader: Reader, scope: TemplateScope, depth: number): Evaluated {
  const values: Json[] = [];
  skipBlanks(reader);
  if (reader.text[reader.at] === ")") {
    reader.at += 1;
    return known(values);
  }
  for (;;) {
    const value = expression(reader, scope, depth + 1);
    if (!value.known) return value;
    values.push(value.value);
    skipBlanks(reader);
    const next = reader.text[reader.at];
    reader.at += 1;
    if (next === ")") return known(values);
    if (next !== ",") return open("a bracket is open");
  }
}

/** `.name` and `[index]` after a call. */
function members(reader: Reader, scope: TemplateScope, value: Json, depth: number): Evaluated {
  let here: Json = value;
  for (;;) {
    const next = reader.text[reader.at];
    let step: Json;
    if (next === ".") {
      const name = /^[\w$-]{1,100}/.exec(reader.text.slice(reader.at + 1, reader.at + 102))?.[0];
      if (name === undefined) return open("a name is missing after a dot");
      reader.at += 1 + name.length;
      step = name;
    } else if (next === "[") {
      reader.at += 1;
      const index = expression(reader, scope, depth + 1);
      if (!index.known) return index;
      if (reader.text[reader.at] !== "]") return open("a bracket is open");
      reader.at += 1;
      step = index.value;
    } else return known(here);
    const found: Json | undefined = memberOf(here, step);
    if (found === undefined) return open(`there is no ${String(step)}`);
    here = found;
  }
}

function memberOf(value: Json, step: Json): Json | undefined {
  if (typeof step === "number" && Array.isArray(value)) return (value as readonly Json[])[step];
  if (typeof step !== "string" || !isObject(value)) return undefined;
  const name = Object.keys(value).find((one) => one.toLowerCase() === step.toLowerCase());
  return name === undefined ? undefined : value[name];
}

type TemplateFunction = (values: readonly Json[], scope: TemplateScope) => Evaluated;

const texts = (values: readonly Json[]): readonly string[] => values.map((one) => String(one));
const parts = (groupId: ResourceId): readonly string[] => groupId.split("/");

const functions: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ["parameters", ([name], scope) => scope.parameter(String(name))],
  ["variables", ([name], scope) => scope.variable(String(name))],
  ["concat", concat],
  ["format", ([template, ...values]) => known(formatted(String(template), values))],
  ["tolower", ([text]) => known(String(text).toLowerCase())],
  ["toupper", ([text]) => known(String(text).toUpperCase())],
  ["string", ([value]) => known(typeof value === "string" ? value : JSON.stringify(value))],
  ["replace", ([text, from, to]) => known(String(text).replaceAll(String(from), String(to)))],
  ["true", () => known(true)],
  ["false", () => known(false)],
  ["null", () => known(null)],
  ["not", ([value]) => known(value !== true)],
  ["and", (values) => known(values.every((one) => one === true))],
  ["or", (values) => known(values.some((one) => one === true))],
  ["equals", ([a, b]) => known(JSON.stringify(a) === JSON.stringify(b))],
  ["empty", ([value]) => known(isEmpty(value ?? null))],
  ["if", ([condition, yes, no]) => known((condition === true ? yes : no) ?? null)],
  ["createarray", (values) => known([...values])],
  [
    "last",
    ([value]) =>
      known((Array.isArray(value) ? (value as readonly Json[]).at(-1) : undefined) ?? null),
  ],
  ["split", ([text, by]) => known(String(text).split(String(by)))],
  ["resourceid", resourceId],
  [
    "extensionresourceid",
    ([id, type, ...names]) => known(typedId(`${String(id)}`, String(type), texts(names))),
  ],
  [
    "subscriptionresourceid",
    ([type, ...names], { groupId }) =>
      known(typedId(parts(groupId).slice(0, 3).join("/"), String(type), texts(names))),
  ],
  ["resourcegroup", (_, scope) => known(groupOf(scope))],
  [
    "subscription",
    (_, { groupId }) =>
      known({ id: parts(groupId).slice(0, 3).join("/"), subscriptionId: parts(groupId)[2] ?? "" }),
  ],
]);

function called(name: string, values: readonly Json[], scope: TemplateScope): Evaluated {
  const run = functions.get(name.toLowerCase());
  return run === undefined ? open(`${name}() is not evaluated`) : run(values, scope);
}

function concat(values: readonly Json[]): Evaluated {
  if (values.some((one) => Array.isArray(one))) {
    return known(values.flatMap((one) => (Array.isArray(one) ? (one as readonly Json[]) : [one])));
  }
  return known(texts(values).join(""));
}

/** `format('{0}-{1}', …)`, without .NET's formats of numbers. */
const formatted = (template: string, values: readonly Json[]): string =>
  template.replace(/\{(\d{1,2})\}/g, (_, index: string) => String(values[Number(index)] ?? ""));

const isEmpty = (value: Json): boolean =>
  value === null ||
  value === "" ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);

/** `resourceId([subscription], [group], type, name…)`: as many names as the type has kinds. */
function resourceId(values: readonly Json[], { groupId }: TemplateScope): Evaluated {
  const all = texts(values);
  const at = all.findIndex((one) => one.includes("/") && !one.startsWith("/"));
  const type = all[at];
  if (type === undefined || at > 2) return open("resourceId() without a type");
  const [, , ownSubscription = "", , ownGroup = ""] = parts(groupId);
  const before = all.slice(0, at);
  const subscription = before.length === 2 ? (before[0] ?? "") : ownSubscription;
  const group = before.at(-1) ?? ownGroup;
  const base = `/subscriptions/${subscription}/resourceGroups/${group}`;
  return known(typedId(base, type, all.slice(at + 1)));
}

/** `{base}/providers/Microsoft.X/kinds/name/kinds/name`. */
export function typedId(base: string, type: string, names: readonly string[]): ResourceId {
  const [namespace = "", ...kinds] = type.split("/");
  const pairs = kinds.flatMap((kind, index) => [kind, names[index] ?? ""]);
  return [base.replace(/\/$/, ""), "providers", namespace, ...pairs].join("/");
}

function groupOf({ groupId, location }: TemplateScope): JsonObject {
  return {
    id: groupId,
    name: parts(groupId)[4] ?? "",
    ...(location === undefined ? {} : { location }),
  };
}
