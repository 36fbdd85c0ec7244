/** The tables of a Log Analytics workspace as rules and queries see them: columns, and how long records are kept. */
import { at, listAt, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, ResourceId } from "../arm/index.ts";
import { logTables, withStandardColumns } from "../azure/index.ts";
import type { LogColumn, LogColumnType, LogTable } from "../core/index.ts";
import { lawOf } from "./law-view.ts";
import { oncePerGraph } from "./memo.ts";
import { types } from "./view.ts";

export interface LawTable extends LogTable {
  readonly kind: "built-in" | "custom";
  readonly retentionDays: number;
}

/** ARM's names of types, in lower case, beside KQL's own. @see azure-rest-api-specs Tables.json, ColumnTypeEnum */
const armTypes: ReadonlyMap<string, LogColumnType> = new Map<string, LogColumnType>([
  ["boolean", "bool"],
  ...["bool", "datetime", "dynamic", "guid", "int", "long", "real", "string", "timespan"].map(
    (type): [string, LogColumnType] => [type, type as LogColumnType],
  ),
]);

/** A column as ARM declares it, of tables and of a rule's streams; undefined where its type is none of KQL's. */
export function logColumnOf(column: Json): LogColumn | undefined {
  const name = stringAt(column, "name");
  const type = armTypes.get((stringAt(column, "type") ?? "").toLowerCase());
  return name === undefined || type === undefined ? undefined : { name, type };
}

const tablesByLaw = oncePerGraph((_graph) => new Map<string, ReadonlyMap<string, LawTable>>());

/**
 * The tables of a workspace by name: those of Azure, and the custom ones. Empty when there is no such workspace.
 * A table's own retention wins over the workspace's.
 */
export function lawTablesOf(graph: Graph, lawId: ResourceId): ReadonlyMap<string, LawTable> {
  const law = lawOf(graph, lawId);
  if (law === undefined) return new Map();
  const known = tablesByLaw(graph).get(law.id);
  if (known !== undefined) return known;
  const { retentionDays } = law;
  const tables = new Map<string, LawTable>(
    logTables.map(({ name, columns }) => [
      name,
      { name, columns, retentionDays, kind: "built-in" },
    ]),
  );
  for (const resource of graph.under(law.id, types.lawTable)) {
    tables.set(resource.name, tableOf(resource, tables.get(resource.name), retentionDays));
  }
  tablesByLaw(graph).set(law.id, tables);
  return tables;
}

function tableOf(
  { name, properties }: ArmResource,
  builtIn: LawTable | undefined,
  workspaceDays: number,
): LawTable {
  const days = at(properties, "retentionInDays");
  const retentionDays = typeof days === "number" && days > 0 ? days : workspaceDays;
  if (builtIn !== undefined) return { ...builtIn, retentionDays };
  const own = listAt(properties, "schema", "columns").flatMap(
    (column) => logColumnOf(column) ?? [],
  );
  return { name, columns: withStandardColumns(own), retentionDays, kind: "custom" };
}
