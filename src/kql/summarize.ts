/** `summarize`: aggregates by columns and bins. @see learn.microsoft.com/kusto/query/summarize-operator */
import { aggregates } from "./aggregates.ts";
import { scalarFunctions, translateCondition, translateExpression } from "./expressions.ts";
import { child, columnsOf, kindOf, listOf, maybeChild, nameOf } from "./kusto-node.ts";
import type { KustoNode } from "./kusto-library.ts";
import { mistaken, unsupported } from "./refused.ts";
import { columnValue, environmentOf } from "./scope.ts";
import type { Environment, QueryScope, ScopeColumn, Stage } from "./scope.ts";
import { call, column, isNull, not } from "./sql.ts";
import type { SqlColumn, SqlExpression, SqlSelect } from "./sql.ts";
import { typed, valueOf } from "./typed.ts";
import type { Typed } from "./typed.ts";

/** The parts of a `summarize` under way. */
interface Summary {
  readonly environment: Environment;
  readonly query: QueryScope;
  /** Of the grouping SELECT: keys first. */
  readonly grouped: SqlColumn[];
  /** What each result column is over the grouping SELECT, in the order of the results. */
  readonly results: Typed[];
}

/** @throws KqlRefused for an aggregate that is not supported */
export function summarize(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  refuseParameters(node);
  const environment = environmentOf(stage, query);
  const by = maybeChild(node, "ByClause");
  const legacyBin = by === undefined ? undefined : maybeChild(by, "BinClause");
  if (legacyBin !== undefined) unsupported(legacyBin, "The clause bin=", "write bin(column, size)");
  const keys =
    by === undefined ? [] : listOf(by, "Expressions").map((key) => keyOf(key, environment));
  // Keys are computed first and grouped by name: an expression with bound values never equals its own copy.
  const keyed: SqlSelect = {
    columns: [
      ...stage.select.columns.map(({ name }) => ({ name, of: column(name) })),
      ...keys.map(({ alias, of }) => ({ name: alias, of })),
    ],
    from: { kind: "select", select: stage.select },
  };
  const summary: Summary = {
    environment,
    query,
    grouped: keys.map(({ alias }) => ({ name: alias, of: column(alias) })),
    results: keys.map(({ alias, type }) => typed(type, column(alias))),
  };
  for (const aggregate of listOf(node, "Aggregates")) addAggregate(aggregate, summary);
  // Constants alone are one row all the same.
  if (summary.grouped.length === 0) {
    summary.grouped.push({ name: query.nextAlias(), of: call("count_star") });
  }
  const select: SqlSelect = {
    columns: summary.grouped,
    from: { kind: "select", select: keyed },
    groupBy: keys.map(({ alias }) => column(alias)),
    ...(summary.grouped.length === keys.length ? { distinct: true } : {}),
  };
  return named(node, select, summary, query);
}

interface Key {
  readonly alias: string;
  readonly type: Typed["type"];
  readonly of: SqlExpression;
}

function keyOf(node: KustoNode, environment: Environment): Key {
  const value = translateExpression(node, environment);
  if (value.type === "dynamic") {
    mistaken(node, "Summarize by a dynamic value needs a cast, as with tostring().");
  }
  return { alias: environment.query.nextAlias(), type: value.type, of: valueOf(value) };
}

/** The result columns take the names that the analysis gave them. */
function named(node: KustoNode, grouping: SqlSelect, summary: Summary, query: QueryScope): Stage {
  const names = columnsOf(node);
  if (names.length !== summary.results.length) {
    unsupported(
      node,
      `A summarize that gives ${names.length} columns of ${summary.results.length} values`,
    );
  }
  const columns = summary.results.map(({ type }, index): ScopeColumn => ({
    name: names[index]?.name ?? "",
    type,
    alias: query.nextAlias(),
  }));
  return {
    columns,
    order: [],
    select: {
      columns: summary.results.map(({ sql }, index) => ({
        name: columns[index]?.alias ?? "",
        of: sql,
      })),
      from: { kind: "select", select: grouping },
    },
  };
}

function addAggregate(node: KustoNode, summary: Summary): void {
  const inner =
    kindOf(node) === "SimpleNamedExpression" || kindOf(node) === "CompoundNamedExpression"
      ? child(node, "Expression")
      : node;
  const name = kindOf(inner) === "FunctionCallExpression" ? nameOf(child(inner, "Name")) : "";
  if (name === "arg_max" || name === "arg_min") {
    addExtremeRow(inner, { name, summary });
    return;
  }
  if (name === "percentiles") {
    for (const rank of listOf(child(inner, "ArgumentList"), "Expressions").slice(1)) {
      summary.results.push(grouped(inner, "percentile", summary, rank));
    }
    return;
  }
  if (aggregates.has(name)) {
    summary.results.push(grouped(inner, name, summary));
    return;
  }
  if (name !== "" && !scalarFunctions.has(name)) {
    unsupported(child(inner, "Name"), `The aggregate ${name}()`);
  }
  // An expression over aggregates: they are grouped, and it is computed behind.
  const environment: Environment = {
    columns: new Map(),
    query: summary.query,
    aggregate: (call, called) =>
      aggregates.has(called) ? grouped(call, called, summary) : undefined,
  };
  const value = translateExpression(inner, environment);
  summary.results.push(typed(value.type, valueOf(value)));
}

/** One aggregate of the grouping SELECT, by its alias; of `percentiles` that of one rank. */
function grouped(node: KustoNode, name: string, summary: Summary, rank?: KustoNode): Typed {
  const alias = summary.query.nextAlias();
  const all = listOf(child(node, "ArgumentList"), "Expressions");
  const nodes = rank === undefined ? all : [...all.slice(0, 1), rank];
  const value = aggregateOf({ node, name, nodes }, summary.environment);
  summary.grouped.push({ name: alias, of: value.sql });
  return typed(value.type, column(alias));
}

interface AggregateCall {
  readonly node: KustoNode;
  readonly name: string;
  readonly nodes: readonly KustoNode[];
}

function aggregateOf({ node, name, nodes }: AggregateCall, environment: Environment): Typed {
  const entry = aggregates.get(name);
  if (entry === undefined) return unsupported(child(node, "Name"), `The aggregate ${name}()`);
  const filterNode = entry.conditional ? nodes.at(-1) : undefined;
  const args = (entry.conditional ? nodes.slice(0, -1) : nodes).map((argument) => {
    if (kindOf(argument) === "StarExpression") unsupported(argument, `${name}(*)`);
    return translateExpression(argument, environment);
  });
  if (args.length > entry.takes) {
    unsupported(node, `${name}() with ${args.length} argument${args.length === 1 ? "" : "s"}`);
  }
  const filter = filterNode === undefined ? undefined : translateCondition(filterNode, environment);
  return entry.apply(args, { name, place: node, filter });
}

/**
 * `arg_max(by, a, b)`: the row with the greatest `by`, whole: one structure, taken apart afterwards, so that all of its
 * columns come from one row.
 */
function addExtremeRow(
  node: KustoNode,
  { name, summary }: { readonly name: "arg_max" | "arg_min"; readonly summary: Summary },
): void {
  const { environment, query } = summary;
  const [byNode, ...others] = listOf(child(node, "ArgumentList"), "Expressions");
  if (byNode === undefined) return mistaken(node, `${name}() takes an expression to maximise.`);
  if (kindOf(byNode) === "StarExpression") unsupported(byNode, `${name}(*)`);
  const by = translateExpression(byNode, environment);
  if (by.type === "dynamic")
    mistaken(byNode, `${name}() takes no dynamic value; convert it first.`);
  const values = others.some((other) => kindOf(other) === "StarExpression")
    ? starColumns(node, environment)
    : others.map((other) => translateExpression(other, environment));
  const all = [by, ...values];
  const fields = all.map((value, index) => ({ name: `f${index}`, of: valueOf(value) }));
  const alias = query.nextAlias();
  const row = call(name, { kind: "struct", fields }, valueOf(by));
  summary.grouped.push({ name: alias, of: { ...row, filter: not(isNull(valueOf(by))) } });
  for (const [index, { type }] of all.entries()) {
    const field: SqlExpression = { kind: "field", of: column(alias), name: `f${index}` };
    summary.results.push(typed(type, field));
  }
}

/** The columns that `*` stands for, as the analysis counts them: not the first, which is what is maximised. */
function starColumns(node: KustoNode, environment: Environment): readonly Typed[] {
  return columnsOf(node)
    .slice(1)
    .map(({ name }) => {
      const found = environment.columns.get(name);
      return found === undefined
        ? unsupported(node, `The column '${name}' of '*'`)
        : columnValue(found);
    });
}

/** `summarize hint.strategy=shuffle …`: no such word is passed over. */
export function refuseParameters(node: KustoNode): void {
  const [parameter] = listOf(node, "Parameters");
  if (parameter === undefined) return;
  unsupported(parameter, `The parameter ${nameOf(child(parameter, "Name"))}`);
}
