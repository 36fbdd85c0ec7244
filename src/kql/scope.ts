/** What stands before an operator: a SELECT, the columns that it gives, and the order that its rows were put in. */
import type { LogColumnType } from "../core/index.ts";
import { column, tryCast } from "./sql.ts";
import type { KustoNode } from "./kusto-library.ts";
import type { SqlExpression, SqlOrder, SqlSelect } from "./sql.ts";
import type { SqlParameter } from "./seams.ts";
import type { Typed } from "./typed.ts";

export interface ScopeColumn {
  readonly name: string;
  readonly type: LogColumnType;
  /** Its name in SQL, made here: names of KQL differ by case where DuckDB's do not. */
  readonly alias: string;
  /** As it is stored: a string that may be null, a dynamic value that is JSON text. */
  readonly bare?: boolean;
}

/** What one query shares: its one `now()`, and names that were not used yet. */
export interface QueryScope {
  readonly now: SqlParameter;
  readonly use: "query" | "transformation";
  nextAlias(): string;
}

export interface Stage {
  readonly select: SqlSelect;
  readonly columns: readonly ScopeColumn[];
  /** By aliases of `select`, hidden ones too; applied where rows are cut, and at the end. */
  readonly order: readonly (Omit<SqlOrder, "of"> & { readonly alias: string })[];
}

/** What an expression may name. */
export interface Environment {
  readonly columns: ReadonlyMap<string, ScopeColumn>;
  readonly query: QueryScope;
  /** Within a summarize: what an aggregate's call stands for; undefined for any other function. */
  readonly aggregate?: (call: KustoNode, name: string) => Typed | undefined;
}

export const environmentOf = (
  { columns }: Pick<Stage, "columns">,
  query: QueryScope,
): Environment => ({ columns: new Map(columns.map((each) => [each.name, each])), query });

/** A stored dynamic value is read where it is used: what only passes is never parsed. */
export const columnValue = ({ alias, type, bare }: ScopeColumn): Typed => {
  const stored = column(alias);
  if (bare !== true) return { type, sql: stored };
  return type === "dynamic"
    ? { type, sql: tryCast(stored, "JSON"), raw: stored }
    : { type, sql: stored, bare };
};

/** A new column over the stage, read by its alias. */
export interface NewColumn {
  readonly name: string;
  readonly of: Typed;
}

/**
 * The stage with these columns and no others; aliases that its order needs go along, unseen. A column that is only
 * passed on keeps its alias.
 */
export function projected(stage: Stage, columns: readonly NewColumn[], query: QueryScope): Stage {
  const taken = new Set<string>();
  const next = columns.map(({ name, of }): [ScopeColumn, SqlExpression] => {
    const { type } = of;
    const raw = type === "dynamic" ? of.raw : undefined;
    const sql = raw ?? of.sql;
    const kept = sql.kind === "column" && !taken.has(sql.name) ? sql.name : undefined;
    const alias = kept ?? query.nextAlias();
    taken.add(alias);
    const bare = of.bare === true || raw !== undefined;
    return [{ name, type, alias, ...(bare ? { bare } : {}) }, sql];
  });
  const hidden = stage.order.map(({ alias }) => alias).filter((alias) => !taken.has(alias));
  return {
    columns: next.map(([each]) => each),
    order: stage.order,
    select: {
      columns: [
        ...next.map(([{ alias }, of]) => ({ name: alias, of })),
        ...[...new Set(hidden)].map((alias) => ({ name: alias, of: column(alias) })),
      ],
      from: { kind: "select", select: stage.select },
    },
  };
}

/** Every column of the stage, hidden ones too, as they are. */
export const allColumns = ({ select }: Stage): SqlSelect["columns"] =>
  select.columns.map(({ name }) => ({ name, of: column(name) }));
