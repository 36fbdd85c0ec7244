/** Tables of a Log Analytics workspace as ARM shows them, and the columns in ARM's own words for types. */
import { at, listAt, stringAt } from "../../arm/index.ts";
import type { ArmResource, Json, JsonObject } from "../../arm/index.ts";
import { logTables, standardLogColumns } from "../../azure/index.ts";
import type { CatalogueTable } from "../../azure/index.ts";
import type { LogColumn, LogColumnType } from "../../core/index.ts";
import type { Draft } from "../draft.ts";
import { typeNames } from "../type-names.ts";

/** ARM's names of types; KQL's where they are absent. @see azure-rest-api-specs Tables.json, ColumnTypeEnum */
const armTypes: Partial<Record<LogColumnType, string>> = { bool: "boolean", datetime: "dateTime" };

/** The types that a custom column may have, in ARM's spelling. */
export const columnTypes: readonly string[] = [
  "string",
  "int",
  "long",
  "real",
  "boolean",
  "dateTime",
  "guid",
  "dynamic",
];

const standardNames: ReadonlySet<string> = new Set(standardLogColumns.map(({ name }) => name));

const shownColumn = ({ name, type }: LogColumn, more: JsonObject = {}): Json => ({
  name,
  type: armTypes[type] ?? type,
  isDefaultDisplay: true,
  isHidden: false,
  ...more,
});

/** The standard columns that a table has beside `own`. */
const standardBeside = (own: readonly string[]): readonly Json[] =>
  standardLogColumns.filter(({ name }) => !own.includes(name)).map((column) => shownColumn(column));

/** What ARM shows of the life of records: a table's own days, else the workspace's. */
export interface TableRetention {
  /** Undefined: the workspace's. */
  readonly days: number | undefined;
  readonly workspaceDays: number;
}

export function retentionProperties({ days, workspaceDays }: TableRetention): JsonObject {
  const retentionInDays = days ?? workspaceDays;
  return {
    retentionInDays,
    totalRetentionInDays: retentionInDays,
    archiveRetentionInDays: 0,
    retentionInDaysAsDefault: days === undefined,
    totalRetentionInDaysAsDefault: days === undefined,
  };
}

/** The retention of a workspace, in days. */
export const workspaceRetention = (workspace: ArmResource | undefined): number => {
  const days = at(workspace?.properties, "retentionInDays");
  return typeof days === "number" ? days : 30;
};

/** The tables that every workspace has, as children of it. */
export const builtInTables = (workspace: ArmResource): readonly ArmResource[] =>
  logTables.map((table) => ({
    id: `${workspace.id}/tables/${table.name}`,
    name: table.name,
    type: typeNames.logAnalyticsTables,
    properties: {
      ...retentionProperties({ days: undefined, workspaceDays: workspaceRetention(workspace) }),
      plan: "Analytics",
      schema: builtInSchema(table),
      provisioningState: "Succeeded",
    },
  }));

function builtInSchema(table: CatalogueTable): JsonObject {
  const own = table.columns.filter(({ name }) => !standardNames.has(name) || name === timeColumn);
  return {
    name: table.name,
    tableType: "Microsoft",
    tableSubType: "Any",
    source: "microsoft",
    solutions: [table.solution],
    columns: own.map((column) => shownColumn(column)),
    standardColumns: standardBeside(own.map(({ name }) => name)),
  };
}

/** Every table has it, and a custom table must name it among its own. */
export const timeColumn = "TimeGenerated";

/** A custom table's schema as it is stored. */
export function customSchema(name: string, given: JsonObject): JsonObject {
  const columns = listAt(given, "columns").map((column): Json => ({
    ...(column as JsonObject),
    isDefaultDisplay: true,
    isHidden: false,
  }));
  return {
    ...given,
    name,
    tableType: "CustomLog",
    tableSubType: "DataCollectionRuleBased",
    source: "customer",
    solutions: ["LogManagement"],
    columns,
    standardColumns: standardBeside(columns.map((column) => stringAt(column, "name") ?? "")),
  };
}

/** Tables whose retention is the workspace's follow it when it changes. */
export function followWorkspaceRetention(draft: Draft, workspace: ArmResource): void {
  const workspaceDays = workspaceRetention(workspace);
  for (const table of draft.graph().under(workspace.id, typeNames.logAnalyticsTables)) {
    if (at(table.properties, "retentionInDaysAsDefault") !== true) continue;
    draft.merge(table.id, retentionProperties({ days: undefined, workspaceDays }));
  }
}
