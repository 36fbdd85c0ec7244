/** Kusto's scalar expressions → SQL expressions with their type. What is not listed here is refused by its name. */
import { assert } from "../core/index.ts";
import { arithmeticOf, calculate, negated } from "./arithmetic.ts";
import { compare, comparisonOf, isBetween, isIn } from "./comparisons.ts";
import type { Position } from "./comparisons.ts";
import { functionsOfNumbers } from "./functions-of-numbers.ts";
import { checkedPattern, functionsOfText } from "./functions-of-text.ts";
import { functionsOfTime } from "./functions-of-time.ts";
import { functionsOfTypes } from "./functions-of-types.ts";
import { child, kindOf, listOf, nameOf, symbolOf, textOf, typeName } from "./kusto-node.ts";
import type { KustoNode } from "./kusto-library.ts";
import { literalType, readLiteral } from "./literals.ts";
import { rawCondition, stringOperator } from "./operators-of-strings.ts";
import { mistaken, unsupported } from "./refused.ts";
import { applyFunction } from "./scalar-function.ts";
import type { ScalarFunction } from "./scalar-function.ts";
import { columnValue } from "./scope.ts";
import type { Environment } from "./scope.ts";
import {
  bound,
  call,
  cast,
  elementPath,
  every,
  infix,
  not,
  some,
  sqlTypeOf,
  text,
  tryCast,
  when,
} from "./sql.ts";
import type { SqlExpression } from "./sql.ts";
import { queryOnlyExpressions, transformationFunctions } from "./transformation-rules.ts";
import { convert, dynamicText, typed, valueOf } from "./typed.ts";
import type { Typed } from "./typed.ts";

/** Every scalar function by its name: name → arity, types and SQL. */
export const scalarFunctions: ReadonlyMap<string, ScalarFunction> = new Map([
  ...functionsOfTypes,
  ...functionsOfText,
  ...functionsOfTime,
  ...functionsOfNumbers,
]);

/** A condition of `where`: what is null counts as false. @throws KqlRefused */
export function translateCondition(node: KustoNode, environment: Environment): SqlExpression {
  const condition = translateIn("filter", node, environment);
  if (condition.type === "bool") return condition.sql;
  if (condition.type === "dynamic") return convert(condition, "bool");
  return mistaken(node, `A condition is of type bool, not ${condition.type}.`);
}

/** @throws KqlRefused for what is not supported, by its name */
export const translateExpression = (node: KustoNode, environment: Environment): Typed =>
  translateIn("value", node, environment);

type Translate = (node: KustoNode, environment: Environment, position: Position) => Typed;

const translators: ReadonlyMap<string, Translate> = new Map<string, Translate>([
  ["NameReference", translateName],
  ["ParenthesizedExpression", (node, env, at) => translateIn(at, child(node, "Expression"), env)],
  ["SimpleNamedExpression", (node, env) => translateExpression(child(node, "Expression"), env)],
  ["AndExpression", (node, env, at) => logical(node, env, at)],
  ["OrExpression", (node, env, at) => logical(node, env, at)],
  [
    "UnaryMinusExpression",
    (node, env) => negated(translateExpression(child(node, "Expression"), env), node),
  ],
  ["UnaryPlusExpression", (node, env) => translateExpression(child(node, "Expression"), env)],
  ["InExpression", translateIsIn],
  ["NotInExpression", translateIsIn],
  ["InCsExpression", translateIsIn],
  ["NotInCsExpression", translateIsIn],
  ["HasAnyExpression", translateHasMany],
  ["HasAllExpression", translateHasMany],
  ["BetweenExpression", translateBetween],
  ["NotBetweenExpression", translateBetween],
  ["MatchesRegexExpression", translateMatches],
  ["FunctionCallExpression", translateCall],
  ["PathExpression", translatePath],
  ["ElementExpression", translateElement],
  ["DynamicExpression", translateDynamic],
]);

function translateIn(position: Position, node: KustoNode, environment: Environment): Typed {
  const literal = literalType(node);
  if (literal !== undefined) return translateLiteral(node);
  const kind = kindOf(node);
  const queryOnly = queryOnlyExpressions.get(kind);
  if (queryOnly !== undefined && environment.query.use === "transformation") {
    unsupported(node, `${queryOnly} in a transformation`);
  }
  const translate = translators.get(kind);
  if (translate !== undefined) return translate(node, environment, position);
  const comparison = comparisonOf.get(kind);
  const arithmetic = arithmeticOf.get(kind);
  const strings = stringOperator(kind);
  if (comparison === undefined && arithmetic === undefined && strings === undefined) {
    return unsupported(node, constructOf(kind));
  }
  const left = translateExpression(child(node, "Left"), environment);
  const right = translateExpression(child(node, "Right"), environment);
  if (comparison !== undefined) {
    return typed("bool", compare(comparison, [left, right], position, node));
  }
  if (arithmetic !== undefined) return calculate(arithmetic, left, right, node);
  assert(strings !== undefined, "one of the three was found");
  const exact = strings.apply(asText(left, node), asText(right, node), right.literal);
  const { raw } = left;
  const quick =
    raw === undefined || right.literal === undefined
      ? undefined
      : rawCondition(kind, raw, right.literal);
  const found = quick === undefined ? exact : infix(quick, "AND", exact);
  return typed("bool", strings.negated ? not(found) : found);
}

/** `StarExpression` → "The star expression". */
export const constructOf = (kind: string): string =>
  `The ${kind
    .replace(/(Expression|Operator|Statement)$/, " $1")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replaceAll(/\s+/g, " ")}`;

/** A string, or a dynamic value as its text. */
function asText(of: Typed, node: KustoNode): SqlExpression {
  if (of.type === "string" || of.type === "guid") return valueOf(of);
  if (of.type === "dynamic") return dynamicText(of.sql);
  return mistaken(node, `The operator takes strings, not a value of type ${of.type}.`);
}

function translateLiteral(node: KustoNode): Typed {
  const type = literalType(node);
  assert(type !== undefined, "the node is a literal");
  const read = readLiteral(node, type);
  if (read.kind === "text") {
    return { type, sql: cast(text(read.text), sqlTypeOf[type]), isLiteral: true };
  }
  const { value } = read;
  const sql =
    type === "int" && value.type === "long" ? cast(bound(value), "INTEGER") : bound(value);
  return {
    type,
    sql,
    ...(value.type === "string" ? { literal: value.value } : {}),
    ...(value.type === "null" ? {} : { isLiteral: true }),
  };
}

function translateName(node: KustoNode, environment: Environment): Typed {
  const name = nameOf(node);
  const found = environment.columns.get(name);
  if (found !== undefined) return columnValue(found);
  return unsupported(
    node,
    `'${name}', a ${(symbolOf(node)?.kind ?? "name").replace(/Symbol$/, "").toLowerCase()} where a column stands,`,
  );
}

/** `and`, `or`: their operands stand where they stand. */
function logical(node: KustoNode, environment: Environment, position: Position): Typed {
  const sides = [child(node, "Left"), child(node, "Right")].map((side) => {
    const of = translateIn(position, side, environment);
    if (of.type === "bool") return of.sql;
    if (of.type === "dynamic") return convert(of, "bool");
    return mistaken(side, `The operator takes values of type bool, not ${of.type}.`);
  });
  return typed("bool", kindOf(node) === "AndExpression" ? every(sides) : some(sides));
}

function operands(
  node: KustoNode,
  environment: Environment,
): { of: Typed; values: readonly Typed[] } {
  const list = child(node, "Right");
  const elements = listOf(list, "Expressions");
  const values = elements.map((element) => {
    if (typeName(element) === "") unsupported(element, "A query within an expression");
    const value = translateExpression(element, environment);
    if (value.type !== "dynamic") return value;
    return unsupported(element, "A dynamic value as a list", "write the values one by one");
  });
  return { of: translateExpression(child(node, "Left"), environment), values };
}

function translateIsIn(node: KustoNode, environment: Environment, position: Position): Typed {
  const kind = kindOf(node);
  const negate = kind.startsWith("Not");
  const { of, values } = operands(node, environment);
  const where = negate ? "value" : position;
  // The parser calls `in~` InCs.
  const folded = kind.endsWith("InCsExpression");
  const found = folded
    ? foldedIn(
        asText(of, node),
        values.map((each) => asText(each, node)),
      )
    : isIn(of, values, where, node);
  return typed("bool", negate ? not(found) : found);
}

const foldedIn = (of: SqlExpression, values: readonly SqlExpression[]): SqlExpression => ({
  kind: "in",
  of: call("lower", of),
  values: values.map((each) => call("lower", each)),
});

function translateHasMany(node: KustoNode, environment: Environment): Typed {
  const { of, values } = operands(node, environment);
  const has = stringOperator("HasExpression");
  assert(has !== undefined, "has is a string operator");
  const left = asText(of, node);
  const terms = values.map((each) => has.apply(left, asText(each, node), each.literal));
  return typed("bool", kindOf(node) === "HasAnyExpression" ? some(terms) : every(terms));
}

function translateBetween(node: KustoNode, environment: Environment): Typed {
  const of = translateExpression(child(node, "Left"), environment);
  const couple = child(node, "Right");
  const from = translateExpression(child(couple, "First"), environment);
  const last = translateExpression(child(couple, "Second"), environment);
  const isLength = from.type === "datetime" && last.type === "timespan";
  const to = isLength ? calculate("+", from, last, node) : last;
  const negate = kindOf(node) === "NotBetweenExpression";
  return typed("bool", isBetween(of, [from, to], negate, node));
}

function translateMatches(node: KustoNode, environment: Environment): Typed {
  const left = translateExpression(child(node, "Left"), environment);
  const pattern = translateExpression(child(node, "Right"), environment);
  if (pattern.literal === undefined) {
    unsupported(node, "matches regex with a computed pattern", "write it as a string");
  }
  const site = {
    name: "matches regex",
    place: node,
    places: [],
    now: environment.query.now,
    gives: "bool",
  };
  const checked = text(checkedPattern(pattern.literal, site, 0));
  return typed("bool", call("regexp_matches", asText(left, node), checked));
}

function translateCall(node: KustoNode, environment: Environment): Typed {
  const nameNode = child(node, "Name");
  const name = nameOf(nameNode);
  const aggregated = environment.aggregate?.(node, name);
  if (aggregated !== undefined) return aggregated;
  if (environment.query.use === "transformation" && !transformationFunctions.has(name)) {
    return unsupported(nameNode, `The function ${name}() in a transformation`);
  }
  const places = listOf(child(node, "ArgumentList"), "Expressions");
  if (name === "columnifexists" || name === "column_ifexists") {
    return columnIfExists(node, places, environment);
  }
  const entry = scalarFunctions.get(name);
  if (entry === undefined) return unsupported(nameNode, `The function ${name}()`);
  const args = places.map((argument) => translateExpression(argument, environment));
  const { now } = environment.query;
  return applyFunction(entry, args, { name, place: node, places, now, gives: typeName(node) });
}

/** The column where the table has it, else the other value. */
function columnIfExists(
  node: KustoNode,
  [named, otherwise]: readonly KustoNode[],
  environment: Environment,
): Typed {
  if (named === undefined || otherwise === undefined) {
    return mistaken(node, "columnifexists() takes a name and a value.");
  }
  const { literal } = translateExpression(named, environment);
  if (literal === undefined) return unsupported(named, "columnifexists() of a computed name");
  const found = environment.columns.get(literal);
  return found === undefined ? translateExpression(otherwise, environment) : columnValue(found);
}

/** A JSON pointer's token. @see RFC 6901 section 3 */
const pointer = (name: string): string => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** `of.name`: a member of a dynamic value. */
function translatePath(node: KustoNode, environment: Environment): Typed {
  const selector = child(node, "Selector");
  const of = dynamicOperand(node, environment);
  if (kindOf(selector) !== "NameReference")
    return unsupported(selector, constructOf(kindOf(selector)));
  return namedMember(of, nameOf(selector));
}

/** `of["name"]`, `of[0]`, `of[expression]`. */
function translateElement(node: KustoNode, environment: Environment): Typed {
  const selector = child(node, "Selector");
  const of = dynamicOperand(node, environment);
  const key = translateExpression(
    kindOf(selector) === "BracketedExpression" ? child(selector, "Expression") : selector,
    environment,
  );
  if (key.literal !== undefined) return namedMember(of, key.literal);
  if (key.type === "string") {
    const escaped = call(
      "replace",
      call("replace", valueOf(key), text("~"), text("~0")),
      text("/"),
      text("~1"),
    );
    return objectMember(of, call("concat", text("/"), escaped));
  }
  if (key.type === "long" || key.type === "int") {
    return typed("dynamic", call("json_extract", of, elementPath(key.sql)));
  }
  return mistaken(selector, `A member is named by a string or a long, not by a ${key.type}.`);
}

function dynamicOperand(node: KustoNode, environment: Environment): SqlExpression {
  const inner = child(node, "Expression");
  if (
    kindOf(inner) === "FunctionCallExpression" &&
    scalarFunctions.get(nameOf(child(inner, "Name"))) === undefined
  ) {
    unsupported(inner, `The function ${nameOf(child(inner, "Name"))}()`);
  }
  const of = translateExpression(inner, environment);
  if (of.type === "dynamic") return of.sql;
  return mistaken(node, `A value of type ${of.type} has no members; parse it with parse_json().`);
}

/** A name that cannot be an index finds nothing in an array by itself. */
function namedMember(of: SqlExpression, name: string): Typed {
  const path = text(pointer(name));
  return /^(?:\d+|-)$/.test(name)
    ? objectMember(of, path)
    : typed("dynamic", call("json_extract", of, path));
}

/** A member of an object, and of nothing else. */
const objectMember = (of: SqlExpression, path: SqlExpression): Typed =>
  typed(
    "dynamic",
    when(infix(call("json_type", of), "=", text("OBJECT")), call("json_extract", of, path)),
  );

function translateDynamic(node: KustoNode): Typed {
  const value = String(node["LiteralValue"] ?? "null");
  try {
    JSON.parse(value);
  } catch {
    return unsupported(node, `The literal ${textOf(node).slice(0, 60)}`, "write it as JSON");
  }
  return typed("dynamic", tryCast(text(value), "JSON"));
}
