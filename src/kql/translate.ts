/** KQL's text → one SELECT, in the thread that calls it: parse, check, translate, print. */
import { limits, sqlColumnNames } from "../core/index.ts";
import type { LogColumn, LogTable } from "../core/index.ts";
import { constructOf } from "./expressions.ts";
import { child, kindOf, listOf, nameOf, symbolOf, textOf } from "./kusto-node.ts";
import { loadKusto } from "./kusto-library.ts";
import type { KustoCode, KustoNode, KustoSchema } from "./kusto-library.ts";
import { applyOperator } from "./operators.ts";
import { printSql } from "./print-sql.ts";
import { KqlRefused, mistaken, unsupported } from "./refused.ts";
import { allColumns, columnValue } from "./scope.ts";
import type { QueryScope, ScopeColumn, Stage } from "./scope.ts";
import type { KqlProblem, TranslateRequest, Translation } from "./seams.ts";
import { bound, call, column, every, infix, sqlFalse, text } from "./sql.ts";
import type { SqlExpression, SqlSelect } from "./sql.ts";
import { valueOf } from "./typed.ts";

/** Translates one text. Answers every problem that the parser has, else the first of the translation. */
export function translateKql(request: TranslateRequest): Translation {
  const long = lengthProblem(request.text);
  if (long !== undefined) return { ok: false, problems: [long] };
  const code = analyzed(request);
  if (code === undefined) return { ok: false, problems: [unreadableProblem] };
  try {
    refuseDirectives(code.Syntax);
    const problems = problemsOf(code);
    return problems.length > 0 ? { ok: false, problems } : translateCode(code, request);
  } catch (error) {
    if (!(error instanceof KqlRefused)) throw error;
    return { ok: false, problems: [error.problem] };
  }
}

/** Undefined where the parser itself fails on a text: its JavaScript has holes that the original has not. */
function analyzed({ text, tables }: TranslateRequest): KustoCode | undefined {
  const library = loadKusto();
  const schema = schemaOf(tables);
  try {
    return library.analyze(text, schema);
  } catch {
    return undefined;
  }
}

const unreadableProblem: KqlProblem = {
  kind: "semantic",
  code: "KqlInvalid",
  says: "The parser fails on this query; look for a literal of a wrong type among a function's arguments.",
  start: 0,
  length: 0,
};

function lengthProblem({ length }: string): KqlProblem | undefined {
  if (length <= limits.kqlCharsMax) return undefined;
  return {
    kind: "syntax",
    code: "KqlTooLong",
    says: `The query has ${length} characters; the limit is ${limits.kqlCharsMax}. Shorten it.`,
    start: limits.kqlCharsMax,
    length: length - limits.kqlCharsMax,
  };
}

/** Schemas cost milliseconds to make, and queries of one workspace have the same tables: the last few are kept. */
const schemas = new Map<string, KustoSchema>();
const SCHEMAS_KEPT = 16;

function schemaOf(tables: readonly LogTable[]): KustoSchema {
  const key = JSON.stringify(tables);
  const known = schemas.get(key);
  if (known !== undefined) return known;
  const made = loadKusto().schemaOf(tables);
  const [oldest] = schemas.keys();
  if (schemas.size >= SCHEMAS_KEPT && oldest !== undefined) schemas.delete(oldest);
  schemas.set(key, made);
  return made;
}

/** Functions that the service has and the parser's own schema does not. @see learn.microsoft.com/azure/azure-monitor/logs/cross-workspace-query */
const ELSEWHERE =
  /^The name '(workspace|app|resource|adx|arg)' does not refer to any known function\.$/;

/** What the analysis takes for an error, and the service answers: a dynamic value becomes what it is compared with. */
const TOLERATED =
  /^The operator '(?:[<>]=?|[!=]=)' is not defined for the operand types (?:dynamic and \w+|\w+ and dynamic)\.$/;

function problemsOf(code: KustoCode): readonly KqlProblem[] {
  const diagnostics = code.GetDiagnostics();
  const syntax = code.GetSyntaxDiagnostics().Count > 0;
  const problems: KqlProblem[] = [];
  for (let index = 0; index < diagnostics.Count; index++) {
    const { Code, Severity, Message, Start, Length } = diagnostics.getItem(index);
    if (Severity !== "Error" || TOLERATED.test(Message)) continue;
    const elsewhere = ELSEWHERE.exec(Message)?.[1];
    if (elsewhere !== undefined) {
      const says = `The function ${elsewhere}(), which names data elsewhere, is not supported here.`;
      const kind = "unsupported";
      problems.push({ kind, code: "KqlNotSupported", says, start: Start, length: Length });
      continue;
    }
    problems.push({
      kind: syntax ? "syntax" : "semantic",
      code: Code,
      says: Message,
      start: Start,
      length: Length,
    });
  }
  return problems.slice(0, limits.kqlProblemsMax);
}

/** `#connect` and its kin tell a client where to ask: passed over, another question would be answered. */
function refuseDirectives(root: KustoNode): void {
  const [directive] = listOf(root, "Directives");
  if (directive === undefined) return;
  unsupported(directive, `The directive ${textOf(directive).split(/\s/)[0]}`);
}

function translateCode(code: KustoCode, request: TranslateRequest): Translation {
  const [statement, ...more] = listOf(code.Syntax, "Statements");
  if (statement === undefined) return { ok: false, problems: [emptyProblem] };
  if (kindOf(statement) !== "ExpressionStatement") {
    return unsupported(statement, constructOf(kindOf(statement)));
  }
  const [second] = more;
  if (second !== undefined) {
    return unsupported(second, "A second statement", "send each by itself");
  }
  let aliases = 0;
  const now = { type: "datetime", microseconds: BigInt(request.nowMs) * 1000n } as const;
  const query = { now, use: request.use, nextAlias: () => `c${aliases++}` };
  const { source, steps } = pipeOf(child(statement, "Expression"));
  const table = tableOf(source, request.tables);
  let stage = scan(table, request, query.nextAlias);
  for (const step of steps) stage = applyOperator(step, stage, query);
  checkNames(stage, statement);
  const { sql, parameters } = printSql(finished(stage, query));
  const columns = stage.columns.map(({ name, type }): LogColumn => ({ name, type }));
  if (request.use === "transformation") checkTransformed(columns, child(statement, "Expression"));
  return { ok: true, sql, parameters, columns, tables: [table.name] };
}

/** A result has columns, and SQL's names have no NUL. */
function checkNames({ columns }: Stage, place: KustoNode): void {
  if (columns.length === 0) mistaken(place, "The query gives no column; name what it is to give.");
  const bad = columns.find(({ name }) => name === "" || name.includes("\0"));
  if (bad !== undefined) mistaken(place, `A column cannot be named ${JSON.stringify(bad.name)}.`);
}

const emptyProblem: KqlProblem = {
  kind: "syntax",
  code: "KqlEmpty",
  says: "The query is empty; name a table.",
  start: 0,
  length: 0,
};

/** The first expression of a pipe and its operators, first to last: a loop, for a pipe may be long. */
function pipeOf(node: KustoNode): {
  readonly source: KustoNode;
  readonly steps: readonly KustoNode[];
} {
  const steps: KustoNode[] = [];
  let source = node;
  for (;;) {
    const kind = kindOf(source);
    if (kind === "PipeExpression") steps.push(child(source, "Operator"));
    else if (kind !== "ParenthesizedExpression") break;
    source = child(source, "Expression");
  }
  if (steps.length > limits.kqlOperatorsMax) {
    unsupported(
      node,
      `A query of ${steps.length} operators (the limit is ${limits.kqlOperatorsMax})`,
    );
  }
  return { source, steps: steps.toReversed() };
}

function tableOf(node: KustoNode, tables: readonly LogTable[]): LogTable {
  const kind = kindOf(node);
  const symbol = symbolOf(node);
  if (kind === "FunctionCallExpression") {
    return unsupported(node, `The function ${nameOf(child(node, "Name"))}()`);
  }
  if (kind === "PathExpression") {
    return unsupported(node, "A table of another workspace, cluster or database");
  }
  if (kind !== "NameReference" || symbol?.kind !== "TableSymbol") {
    return unsupported(node, constructOf(kind));
  }
  const found = tables.find(({ name }) => name === symbol.name);
  return found ?? unsupported(node, `The table ${symbol.name}`);
}

/** Every column of the table, under a name of its own. Rows outside the API's timespan, or of another resource, are not seen. */
function scan(
  table: LogTable,
  { timespan, resourceId }: TranslateRequest,
  nextAlias: () => string,
): Stage {
  const columns = table.columns.map(({ name, type }): ScopeColumn => ({
    name,
    type,
    alias: nextAlias(),
    ...(type === "string" || type === "dynamic" ? { bare: true } : {}),
  }));
  const stored = sqlColumnNames(table);
  const conditions = [
    ...(timespan === undefined ? [] : [within(timespan)]),
    ...(resourceId === undefined ? [] : [ofResource(table, resourceId)]),
  ];
  const select: SqlSelect = {
    columns: columns.map(({ alias }, index) => ({ name: alias, of: column(stored[index] ?? "") })),
    from: { kind: "table", name: table.name },
    ...(conditions.length === 0 ? {} : { where: every(conditions) }),
  };
  return { columns, order: [], select };
}

/** A table without `_ResourceId` has no record of any resource. */
const ofResource = ({ columns }: LogTable, resourceId: string): SqlExpression =>
  columns.some(({ name }) => name === "_ResourceId")
    ? infix(call("lower", column("_ResourceId")), "=", text(resourceId.toLowerCase()))
    : sqlFalse;

const within = ({
  fromMs,
  toMs,
}: {
  readonly fromMs: number;
  readonly toMs: number;
}): SqlExpression => {
  const at = (ms: number): SqlExpression =>
    bound({ type: "datetime", microseconds: BigInt(Math.trunc(ms)) * 1000n });
  const time = column("TimeGenerated");
  return every([infix(time, ">=", at(fromMs)), infix(time, "<=", at(toMs))]);
};

/**
 * The last SELECT: columns by their own names, in the order that the query asked for. What it is sorted by has a name that
 * none of them has, since ORDER BY reads those first.
 */
function finished(stage: Stage, query: QueryScope): SqlSelect {
  const names = new Set(stage.columns.map(({ name }) => name.toLowerCase()));
  const free = (): string => {
    const alias = query.nextAlias();
    return names.has(alias) ? free() : alias;
  };
  const keys = stage.order.map(({ alias, ...how }) => ({
    alias: names.has(alias) ? free() : alias,
    from: alias,
    how,
  }));
  const renamed = keys.filter(({ alias, from }) => alias !== from);
  const inner: SqlSelect = {
    columns: [
      ...allColumns(stage),
      ...renamed.map(({ alias, from }) => ({ name: alias, of: column(from) })),
    ],
    from: { kind: "select", select: stage.select },
  };
  return {
    columns: stage.columns.map((each) => ({ name: each.name, of: shown(each, query.use) })),
    from: { kind: "select", select: renamed.length === 0 ? stage.select : inner },
    orderBy: keys.map(({ alias, how }) => ({ of: column(alias), ...how })),
  };
}

/**
 * A query's dynamic values are text: a string without quotes, anything else as JSON, a null none; inferred from clients
 * that parse them as JSON and keep what is none. A transformation's stay JSON.
 */
function shown(of: ScopeColumn, use: TranslateRequest["use"]): SqlExpression {
  const value = valueOf(columnValue(of));
  if (of.type !== "dynamic" || use === "transformation") return value;
  return call("json_extract_string", value, text("$"));
}

/** @see learn.microsoft.com/azure/azure-monitor/data-collection/data-collection-transformations, "the output must contain TimeGenerated" */
function checkTransformed(columns: readonly LogColumn[], node: KustoNode): void {
  const time = columns.find(({ name }) => name === "TimeGenerated");
  if (time?.type !== "datetime") {
    mistaken(
      node,
      "The output of a transformation must have a column TimeGenerated of type datetime.",
    );
  }
  const names = new Map<string, string>();
  for (const { name } of columns) {
    const other = names.get(name.toLowerCase());
    if (other !== undefined)
      unsupported(node, `Two columns that differ by case alone, ${other} and ${name},`);
    names.set(name.toLowerCase(), name);
  }
}
