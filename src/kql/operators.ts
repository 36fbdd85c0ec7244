/** KQL's tabular operators, each a step from one stage to the next. What is not listed here is refused by its name. */
import { assert } from "../core/index.ts";
import { constructOf, translateCondition, translateExpression } from "./expressions.ts";
import { child, columnsOf, kindOf, listOf, maybeChild, nameOf, textOf } from "./kusto-node.ts";
import type { KustoNode } from "./kusto-library.ts";
import { literalType, readLiteral } from "./literals.ts";
import { mistaken, unsupported } from "./refused.ts";
import { allColumns, columnValue, environmentOf, projected } from "./scope.ts";
import type { NewColumn, QueryScope, Stage } from "./scope.ts";
import { bound, call, column } from "./sql.ts";
import type { SqlExpression } from "./sql.ts";
import { refuseParameters, summarize } from "./summarize.ts";
import { transformationOperators } from "./transformation-rules.ts";
import { valueOf } from "./typed.ts";

type Operator = (node: KustoNode, stage: Stage, query: QueryScope) => Stage;

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["FilterOperator", where],
  ["ProjectOperator", project],
  ["ProjectAwayOperator", projectByResult],
  ["ProjectKeepOperator", projectByResult],
  ["ProjectReorderOperator", projectByResult],
  ["ProjectRenameOperator", projectRename],
  ["ExtendOperator", extend],
  ["SummarizeOperator", summarize],
  ["SortOperator", sort],
  ["TopOperator", top],
  ["TakeOperator", take],
  ["DistinctOperator", distinct],
  ["CountOperator", count],
]);

/** Applies one operator. @throws KqlRefused for one that is not supported, by its name */
export function applyOperator(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  const kind = kindOf(node);
  const apply = operators.get(kind);
  const word = textOf(node).split(/[\s(]/)[0] ?? kind;
  if (apply === undefined) return unsupported(node, `The operator ${word}`);
  if (query.use === "transformation" && !transformationOperators.has(kind)) {
    return unsupported(node, `The operator ${word} in a transformation`);
  }
  return apply(node, stage, query);
}

function where(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  refuseParameters(node);
  const condition = translateCondition(child(node, "Condition"), environmentOf(stage, query));
  return {
    ...stage,
    select: {
      columns: allColumns(stage),
      from: { kind: "select", select: stage.select },
      where: condition,
    },
  };
}

function project(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  const environment = environmentOf(stage, query);
  const expressions = listOf(node, "Expressions");
  const results = columnsOf(node);
  if (results.length !== expressions.length) {
    return unsupported(node, "A project whose expression gives several columns");
  }
  const columns = expressions.map((each, index): NewColumn => ({
    name: results[index]?.name ?? "",
    of: translateExpression(each, environment),
  }));
  return projected(stage, columns, query);
}

/** `project-away`, `project-keep`, `project-reorder`: the analysis says which columns are left, and in which order. */
function projectByResult(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  const environment = environmentOf(stage, query);
  const columns = columnsOf(node).map(({ name }): NewColumn => {
    const found = environment.columns.get(name);
    return found === undefined
      ? unsupported(node, `The column '${name}'`)
      : { name, of: columnValue(found) };
  });
  return projected(stage, columns, query);
}

/** Columns keep their places; the analysis gives their new names. */
function projectRename(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  const results = columnsOf(node);
  assert(results.length === stage.columns.length, "a rename keeps the number of columns");
  const columns = stage.columns.map((each, index): NewColumn => ({
    name: results[index]?.name ?? "",
    of: columnValue(each),
  }));
  return projected(stage, columns, query);
}

/** Columns that are there are replaced in their place, others come last; the analysis names those without a name. */
function extend(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  const environment = environmentOf(stage, query);
  const results = columnsOf(node);
  const before = new Set(stage.columns.map(({ name }) => name));
  const expressions = listOf(node, "Expressions");
  const written = new Set(expressions.map(writtenName));
  const unnamed = results
    .map(({ name }) => name)
    .filter((name) => !before.has(name) && !written.has(name));
  const values = new Map(stage.columns.map((each) => [each.name, columnValue(each)]));
  for (const each of expressions) {
    const kind = kindOf(each);
    if (kind === "CompoundNamedExpression") unsupported(each, "An extend of several names at once");
    const name = writtenName(each) ?? (kind === "NameReference" ? nameOf(each) : unnamed.shift());
    if (name === undefined) return unsupported(each, "An extend without a name");
    values.set(name, translateExpression(each, environment));
  }
  const columns = results.map(({ name }): NewColumn => {
    const of = values.get(name);
    return of === undefined
      ? unsupported(node, `The column '${name}' of this extend`)
      : { name, of };
  });
  return projected(stage, columns, query);
}

const writtenName = (node: KustoNode): string | undefined =>
  kindOf(node) === "SimpleNamedExpression" ? nameOf(child(node, "Name")) : undefined;

function sort(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  refuseParameters(node);
  return ordered(listOf(node, "Expressions"), stage, query);
}

/** Without a word, down; nulls come last when sorted down and first when sorted up. */
function ordered(terms: readonly KustoNode[], stage: Stage, query: QueryScope): Stage {
  const environment = environmentOf(stage, query);
  const order = terms.map((term) => {
    const isOrdered = kindOf(term) === "OrderedExpression";
    const ordering = isOrdered ? maybeChild(term, "Ordering") : undefined;
    const value = translateExpression(isOrdered ? child(term, "Expression") : term, environment);
    if (value.type === "dynamic")
      mistaken(term, "Rows cannot be sorted by a dynamic value; convert it, as with tostring().");
    const words = ordering === undefined ? [] : textOf(ordering).toLowerCase().split(/\s+/);
    const [first = "desc"] = words;
    if (!["asc", "desc", "nulls"].includes(first)) unsupported(term, `The order ${first}`);
    const descending = first !== "asc";
    const nullsFirst = words.includes("nulls") ? words.includes("first") : !descending;
    const of = valueOf(value);
    // A column is its own key: DuckDB then reads no more of a table than it must.
    const alias = of.kind === "column" ? of.name : query.nextAlias();
    return { alias, of, descending, nullsFirst };
  });
  return {
    columns: stage.columns,
    order: order.map(({ alias, descending, nullsFirst }) => ({ alias, descending, nullsFirst })),
    select: {
      columns: [
        ...allColumns(stage),
        ...order
          .filter(({ of }) => of.kind !== "column")
          .map(({ alias, of }) => ({ name: alias, of })),
      ],
      from: { kind: "select", select: stage.select },
    },
  };
}

function take(node: KustoNode, stage: Stage): Stage {
  refuseParameters(node);
  return limited(stage, rowCount(child(node, "Expression")));
}

function top(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  refuseParameters(node);
  const rows = rowCount(child(node, "Expression"));
  return limited(ordered([child(node, "ByExpression")], stage, query), rows);
}

/** A number of rows that is written, not computed. */
function rowCount(node: KustoNode): SqlExpression {
  const type = literalType(node);
  if (type !== "long" && type !== "int") {
    return unsupported(node, "A computed number of rows", "write it as a number");
  }
  const literal = readLiteral(node, type);
  if (literal.kind === "value" && literal.value.type === "long" && literal.value.value >= 0n) {
    return bound(literal.value);
  }
  return mistaken(node, "The number of rows must be 0 or more.");
}

const limited = (stage: Stage, limit: SqlExpression): Stage => ({
  ...stage,
  select: {
    columns: allColumns(stage),
    from: { kind: "select", select: stage.select },
    orderBy: stage.order.map(({ alias, ...how }) => ({ of: column(alias), ...how })),
    limit,
  },
});

function distinct(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  refuseParameters(node);
  const environment = environmentOf(stage, query);
  const expressions = listOf(node, "Expressions");
  const results = columnsOf(node);
  const isStar = expressions.some((each) => kindOf(each) === "StarExpression");
  const values = isStar
    ? stage.columns.map(columnValue)
    : expressions.map((each) => translateExpression(each, environment));
  if (results.length !== values.length) return unsupported(node, constructOf("DistinctOperator"));
  const columns = values.map((of, index) => {
    if (of.type === "dynamic")
      mistaken(node, "distinct takes no dynamic value; convert it, as with tostring().");
    return { name: results[index]?.name ?? "", of: { type: of.type, sql: valueOf(of) } };
  });
  const next = projected({ ...stage, order: [] }, columns, query);
  return { ...next, select: { ...next.select, distinct: true } };
}

function count(node: KustoNode, stage: Stage, query: QueryScope): Stage {
  const name = columnsOf(node)[0]?.name ?? "Count";
  const alias = query.nextAlias();
  return {
    columns: [{ name, type: "long", alias }],
    order: [],
    select: {
      columns: [{ name: alias, of: call("count_star") }],
      from: { kind: "select", select: stage.select },
    },
  };
}
