/**
 * Microsoft.OperationalInsights/workspaces/tables: built-in tables, which every workspace has and whose retention can be
 * set, and custom ones (`_CL`), which data collection rules write to.
 */
import { limits } from "../../core/index.ts";
import {
  at,
  integer,
  isObject,
  list,
  listAt,
  object,
  oneOf,
  parseId,
  readOnly,
  refused,
  required,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Derived,
  JsonObject,
  Problem,
  RequestBody,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { logTableOf, standardLogColumns } from "../../azure/index.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { lawTableVersions } from "./api-versions.ts";
import {
  columnTypes,
  customSchema,
  retentionProperties,
  timeColumn,
  workspaceRetention,
} from "./table-resources.ts";

const noPlan =
  "its queries know fewer operators, which is not emulated. Leave the plan out, or use Analytics.";

export const logAnalyticsTables: ResourceType = {
  type: typeNames.logAnalyticsTables,
  apiVersions: lawTableVersions,
  scope: "parent",
  source:
    "azure-rest-api-specs operationalinsights/resource-manager/Microsoft.OperationalInsights/stable/2025-07-01/Tables.json; learn.microsoft.com/azure/azure-monitor/logs/create-custom-table",
  location: "none",
  name: {
    pattern: /^[A-Za-z]\w{0,59}_CL$/,
    says: "a custom table's name has letters, digits and '_', begins with a letter, ends with '_CL' and has 63 characters at most.",
  },
  properties: object({
    plan: oneOf(["Analytics"], { refused: { Basic: noPlan, Auxiliary: noPlan } }),
    retentionInDays: integer({ min: -1, max: limits.logRetentionDaysMax }),
    totalRetentionInDays: integer({ min: -1, max: limits.logTotalRetentionDaysMax }),
    schema: object({
      name: string({ charsMax: 63 }),
      displayName: string({ charsMax: 256 }),
      description: string({ charsMax: 1024 }),
      columns: list(
        object({
          name: required(
            string({
              pattern: /^[A-Za-z]\w{0,44}$/,
              says: "it has 1 to 45 letters, digits and '_', and begins with a letter.",
            }),
          ),
          type: required(oneOf(columnTypes)),
          displayName: string({ charsMax: 256 }),
          description: string({ charsMax: 1024 }),
          dataTypeHint: oneOf(["uri", "guid", "armPath", "ip"]),
          isDefaultDisplay: readOnly(),
          isHidden: readOnly(),
        }),
        { countMax: limits.columnsPerTableMax },
      ),
      standardColumns: readOnly(),
      tableType: readOnly(),
      tableSubType: readOnly(),
      source: readOnly(),
      categories: readOnly(),
      labels: readOnly(),
      solutions: readOnly(),
    }),
    searchResults: refused("search jobs are not emulated. Query the table itself."),
    restoredLogs: refused("nothing is archived, so that nothing is restored."),
    archiveRetentionInDays: readOnly(),
    retentionInDaysAsDefault: readOnly(),
    totalRetentionInDaysAsDefault: readOnly(),
    lastPlanModifiedDate: readOnly(),
    resultStatistics: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "merge",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "properties",
  validate,
  derive,
  validateDelete: (table) =>
    isCustom(table.name)
      ? []
      : [
          problem(
            "InvalidOperation",
            `The table '${table.name}' is Azure's; only custom tables (_CL) can be deleted.`,
            { status: 400, target: table.id },
          ),
        ],
};

const isCustom = (name: string): boolean => name.toLowerCase().endsWith("_cl");

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { properties } = body;
  const { previous, parsed } = context;
  const name = previous?.name ?? parsed.name;
  const before = at(previous?.properties, "schema", "columns");
  const columns = listAt(properties, "schema", "columns");
  const changed = JSON.stringify(before ?? []) !== JSON.stringify(shownAgain(columns));
  const schema = isCustom(name)
    ? [...columnProblems(columns), ...lostColumns(previous, columns), ...tooMany(context)]
    : changed
      ? [
          problem(
            "FeatureNotEmulated",
            `Custom columns on Azure's own tables are not emulated: '${name}' keeps its columns. Make a custom table.`,
            { target: "properties.schema.columns" },
          ),
        ]
      : [];
  return [...schema, ...nameOfSchema(properties, name), ...retentionProblems(body, context)];
}

/** Columns as a stored table shows them, so that a GET's body may be put back. */
const shownAgain = (columns: readonly unknown[]): readonly unknown[] =>
  columns.map((column) => ({
    ...(column as JsonObject),
    isDefaultDisplay: true,
    isHidden: false,
  }));

function nameOfSchema(properties: JsonObject, name: string): readonly Problem[] {
  const said = stringAt(properties, "schema", "name");
  if (said === undefined || said === name) return [];
  const message = `The schema's name is '${said}' and the table's is '${name}'. Give one name.`;
  return [problem("InvalidParameter", message, { target: "properties.schema.name" })];
}

const reserved: ReadonlySet<string> = new Set(
  [...standardLogColumns.map(({ name }) => name), "id", "UniqueId", "Title"]
    .filter((name) => name !== timeColumn)
    .map((name) => name.toLowerCase()),
);

/** @see learn.microsoft.com/azure/azure-monitor/logs/create-custom-table: names, reserved names, TimeGenerated */
function columnProblems(columns: readonly unknown[]): readonly Problem[] {
  const target = "properties.schema.columns";
  const names = columns.map((column) => stringAt(column as JsonObject, "name") ?? "");
  const found = names
    .filter((name) => reserved.has(name.toLowerCase()))
    .map((name) =>
      problem("InvalidParameter", `The column name '${name}' is reserved.`, { target }),
    );
  const twice = names.filter(
    (name, index) =>
      names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== index,
  );
  for (const name of twice) {
    found.push(problem("InvalidParameter", `The column '${name}' is given twice.`, { target }));
  }
  const time = columns.find((column) => stringAt(column as JsonObject, "name") === timeColumn);
  if (!isObject(time) || time["type"] !== "dateTime") {
    const message = `A custom table needs the column '${timeColumn}' of type 'dateTime'.`;
    found.push(problem("InvalidParameter", message, { target }));
  }
  return found;
}

/** A column's type stays, and columns are not taken away: the records that have them stay too. That a column cannot be removed is this platform's. */
function lostColumns(
  previous: ArmResource | undefined,
  columns: readonly unknown[],
): readonly Problem[] {
  const target = "properties.schema.columns";
  const typeOf = new Map(
    columns.map((column) => [
      stringAt(column as JsonObject, "name"),
      stringAt(column as JsonObject, "type"),
    ]),
  );
  return listAt(previous?.properties, "schema", "columns").flatMap((column) => {
    const name = stringAt(column, "name") ?? "";
    const type = stringAt(column, "type");
    if (!typeOf.has(name)) {
      const message = `The column '${name}' cannot be removed. Leave it, and add new ones.`;
      return [problem("FeatureNotEmulated", message, { target })];
    }
    if (typeOf.get(name) === type) return [];
    const message = `The column '${name}' has the type '${type}', which cannot be changed to '${typeOf.get(name)}'.`;
    return [problem("InvalidParameter", message, { target })];
  });
}

function tooMany({ graph, previous, parsed }: TypeContext): readonly Problem[] {
  if (previous !== undefined) return [];
  const count = graph
    .under(parsed.parentId ?? "", typeNames.logAnalyticsTables)
    .filter(({ name }) => isCustom(name)).length;
  if (count < limits.customTablesPerWorkspaceMax) return [];
  const message = `The workspace has ${count} custom tables; the limit is ${limits.customTablesPerWorkspaceMax}. Delete one.`;
  return [problem("TableLimitExceeded", message, { status: 400, target: "name" })];
}

/** -1 is the workspace's retention. Total retention beyond it would be an archive, which is not emulated. */
function retentionProblems(
  { properties }: RequestBody,
  { previous }: TypeContext,
): readonly Problem[] {
  const days = at(properties, "retentionInDays");
  const total = at(properties, "totalRetentionInDays");
  const found: Problem[] = [];
  if (typeof days === "number" && days !== -1 && days < limits.tableRetentionDaysMin) {
    const message = `'retentionInDays' is ${days}; it is ${limits.tableRetentionDaysMin} to ${limits.logRetentionDaysMax} days, or -1 for the workspace's.`;
    found.push(problem("InvalidParameter", message, { target: "properties.retentionInDays" }));
  }
  const isSaid = total !== at(previous?.properties, "totalRetentionInDays");
  if (typeof total === "number" && total !== -1 && total !== days && isSaid) {
    const message = `'totalRetentionInDays' is ${total}: an archive beyond the retention of ${String(days ?? "the workspace")} days is not emulated. Leave it out.`;
    found.push(
      problem("FeatureNotEmulated", message, { target: "properties.totalRetentionInDays" }),
    );
  }
  return found;
}

function derive({ properties }: RequestBody, context: TypeContext): Derived {
  const { graph, id, previous, parsed } = context;
  const name = previous?.name ?? parsed.name;
  const workspaceDays = workspaceRetention(graph.get(parseId(id)?.parentId ?? ""));
  const said = at(properties, "retentionInDays");
  const wasDefault = at(previous?.properties, "retentionInDaysAsDefault") !== false;
  const isDefault =
    typeof said !== "number" ||
    said === -1 ||
    (wasDefault && said === at(previous?.properties, "retentionInDays"));
  const days = isDefault ? undefined : said;
  const schema = at(properties, "schema");
  const stored =
    logTableOf(name) === undefined
      ? customSchema(name, isObject(schema) ? schema : {})
      : at(previous?.properties, "schema");
  return {
    properties: {
      ...retentionProperties({ days, workspaceDays }),
      plan: "Analytics",
      ...(stored === undefined ? {} : { schema: stored }),
      provisioningState: "Succeeded",
    },
  };
}
