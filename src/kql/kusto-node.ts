/** Reads Kusto's tree: fields by name, checked to be there, and positions. */
import { assert } from "../core/index.ts";
import type { LogColumn, LogColumnType } from "../core/index.ts";
import { loadKusto } from "./kusto-library.ts";
import type { KustoList, KustoNode } from "./kusto-library.ts";

export const kindOf = (node: KustoNode): string => loadKusto().kindOf(node);

/** A child that must be there. A missing one in a tree without syntax problems is a bug. */
export function child(node: KustoNode, field: string): KustoNode {
  const found = maybeChild(node, field);
  assert(found !== undefined, `${kindOf(node)} has ${field}`);
  return found;
}

export const maybeChild = (node: KustoNode, field: string): KustoNode | undefined =>
  (node[field] as KustoNode | null | undefined) ?? undefined;

/** The elements of a list, without their separators. */
export function listOf(node: KustoNode, field: string): readonly KustoNode[] {
  const list = node[field] as KustoList<KustoNode> | null | undefined;
  if (list === null || list === undefined) return [];
  return Array.from({ length: list.Count }, (_, index) => {
    const element = list.getItem(index);
    return (element["Element$1"] ?? element["Element"] ?? element) as KustoNode;
  });
}

/** The name of a NameReference, a NameDeclaration or a function's name. */
export const nameOf = (node: KustoNode): string => String(node["SimpleName"] ?? "");

/** The text of a node or token, without what stands around it. */
export const textOf = (node: KustoNode): string => node.ToString(INTERIOR).trim();

/** Kusto.Language.Syntax.IncludeTrivia.Interior. */
const INTERIOR = 1;

interface TypeSymbol {
  readonly Name: string;
  readonly Columns?: KustoList<{ readonly Name: string; readonly Type: TypeSymbol }> | null;
}

/** The name of the type that the analysis found: a scalar type, `tuple`, `error`, or "" for a table. */
export const typeName = (node: KustoNode): string =>
  (node["ResultType"] as TypeSymbol | null | undefined)?.Name ?? "";

/** The columns of a table's or tuple's type. */
export function columnsOf(node: KustoNode): readonly { name: string; type: string }[] {
  const columns = (node["ResultType"] as TypeSymbol | null | undefined)?.Columns;
  if (columns === null || columns === undefined) return [];
  return Array.from({ length: columns.Count }, (_, index) => {
    const { Name, Type } = columns.getItem(index);
    return { name: Name, type: Type.Name };
  });
}

/** What a name stands for: `ColumnSymbol`, `TableSymbol`, `FunctionSymbol` …; undefined where the analysis knows none. */
export function symbolOf(node: KustoNode): { kind: string; name: string } | undefined {
  const symbol = node["ReferencedSymbol"] as ({ readonly Name: string } & object) | null;
  if (symbol === null || symbol === undefined) return undefined;
  return { kind: loadKusto().classOf(symbol), name: symbol.Name };
}

const scalarTypes: ReadonlySet<string> = new Set<LogColumnType>([
  "bool",
  "datetime",
  "decimal",
  "dynamic",
  "guid",
  "int",
  "long",
  "real",
  "string",
  "timespan",
]);

export const isScalarType = (name: string): name is LogColumnType => scalarTypes.has(name);

export const asColumn = ({ name, type }: { name: string; type: string }): LogColumn | undefined =>
  isScalarType(type) ? { name, type } : undefined;
