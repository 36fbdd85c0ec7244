/** `query logs`: KQL against a Log Analytics workspace, as a table, JSON, CSV, or a chart in the terminal. */
import { at, listAt, sameId, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../../arm/index.ts";
import { cloud } from "../../azure/index.ts";
import { armLogsQueryClient, logsQueryClient, LogsQueryError } from "../../client/index.ts";
import type { LogsAnswer, LogsQueryClient } from "../../client/index.ts";
import { CodedError } from "../../core/index.ts";
import type { CliContext, Command, CommandInput } from "../command.ts";
import type { Where } from "../exec/index.ts";
import { connect, findResource, listOfType } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { refuseTwoPlaces } from "../platform/networks.ts";
import { types } from "../types.ts";
import { chartLines } from "../views/chart.ts";
import type { ChartSeries } from "../views/chart.ts";
import { csvLines } from "../views/csv.ts";
import { printable, tableLines } from "../views/table.ts";

const CHART_ROWS = 12;
const COLUMNS_WITHOUT_TERMINAL = 100;
const CELL_CHARS_MAX = 120;

export const queryLogs: Command = {
  name: "query logs",
  summary: "Ask a Log Analytics workspace in KQL.",
  arguments: [{ word: "<kql>", help: "the query" }],
  options: [
    {
      flags: "--workspace <name>",
      help: "the Log Analytics workspace, by name or id",
      required: true,
    },
    {
      flags: "--timespan <iso>",
      help: "only records of this time: PT1H, P1D, FROM/TO (ISO 8601)",
    },
    {
      flags: "--vnet <name>",
      help: "stand in this network (default: one with a private endpoint to a scope of the workspace)",
    },
    { flags: "--public", help: "ask over the public internet" },
    { flags: "--arm", help: "ask through Azure Resource Manager, which is never private" },
    {
      flags: "-o, --output <format>",
      help: "how to print it",
      choices: ["table", "json", "csv", "chart"],
      default: "table",
    },
  ],
  exitCodes: { 0: "answered", 1: "refused, or could not be asked", 2: "wrong use" },
  examples: [
    "./linkscope query logs 'ContainerLogV2 | where TimeGenerated > ago(10m) | take 5' --workspace law-one",
    "./linkscope query logs 'Perf | summarize avg(CounterValue) by bin(TimeGenerated, 1m), CounterName' --workspace law-one --timespan PT1H -o chart",
  ],
  async run(input, context) {
    refuseTwoPlaces(input);
    if (input.flag("arm") && (input.flag("public") || input.text("vnet") !== undefined)) {
      throw new CodedError(
        "WrongUse",
        "Resource Manager is asked at its own address: leave out --vnet and --public.",
      );
    }
    const connection = connect(input, context);
    try {
      const id = await findResource(connection, types.law.type, input.text("workspace") ?? "");
      const answer = await ask(input, context, { connection, id });
      context.out(`${render(answer, input, context).join("\n")}\n`);
      if (answer.partial !== undefined) context.note(`linkscope: ${printable(answer.partial)}\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof LogsQueryError)) throw error;
      context.note(`linkscope: ${printable(error.message)} (${error.innerCode})\n`);
      for (const line of excerpt(input.words[0] ?? "", error)) context.note(`  ${line}\n`);
      return 1;
    } finally {
      connection.close();
    }
  },
};

/** The line at fault with a caret below, where the service says where it is. */
function excerpt(kql: string, { place }: LogsQueryError): readonly string[] {
  const line = place === undefined ? undefined : kql.split("\n")[place.line - 1];
  if (place === undefined || line === undefined) return [];
  const from = Math.max(0, place.pos - 60);
  return [printable(line.slice(from, from + 100)), `${" ".repeat(place.pos - from)}^`];
}

interface Target {
  readonly connection: Connection;
  readonly id: ResourceId;
}

async function ask(input: CommandInput, context: CliContext, target: Target): Promise<LogsAnswer> {
  const { connection, id } = target;
  const kql = input.words[0] ?? "";
  const timespan = input.text("timespan");
  const run = (client: LogsQueryClient): Promise<LogsAnswer> =>
    client.query(kql, timespan === undefined ? {} : { timespan });
  const workspace = await connection.arm.get(id, types.law.apiVersion);
  const where: Where = input.flag("arm")
    ? { kind: "public" }
    : await queryPlace(input, connection, workspace);
  const standing = await connection.stand(where);
  const { transport } = standing;
  const { token } = connection;
  try {
    if (input.flag("arm")) {
      const endpoint = `https://${cloud.armHost}`;
      return await run(armLogsQueryClient({ transport, token, endpoint, resourceId: id }));
    }
    const customerId = stringAt(workspace, "properties", "customerId") ?? "";
    return await run(logsQueryClient({ transport, token, customerId }));
  } catch (error) {
    context.note(`asked ${placeName(input, where)}\n`);
    throw error;
  } finally {
    await standing.close();
  }
}

function placeName(input: CommandInput, where: Where): string {
  if (input.flag("arm")) return "through Azure Resource Manager";
  const id = where.kind === "on-premises" ? where.network : where.kind === "vnet" ? where.vnet : "";
  return id === "" ? "from the public internet" : `from network ${id.split("/").at(-1)}`;
}

/** Where to ask from: as told, else a network with an endpoint to a scope that links the workspace, else outside. */
async function queryPlace(
  input: CommandInput,
  connection: Connection,
  workspace: JsonObject | undefined,
): Promise<Where> {
  const vnet = input.text("vnet");
  if (vnet !== undefined) {
    return { kind: "vnet", vnet: await findResource(connection, types.vnet.type, vnet) };
  }
  if (input.flag("public")) return { kind: "public" };
  const scopeIds = listAt(workspace, "properties", "privateLinkScopedResources").flatMap((link) => {
    const id = stringAt(link, "resourceId") ?? "";
    const cut = id.toLowerCase().lastIndexOf("/scopedresources/");
    return cut < 0 ? [] : [id.slice(0, cut)];
  });
  if (scopeIds.length === 0) return { kind: "public" };
  for (const item of await listOfType(connection, types.endpoint.type)) {
    const endpoint = await connection.arm.get(
      stringAt(item, "id") ?? "",
      types.endpoint.apiVersion,
    );
    if (endpoint !== undefined && reachesScope(endpoint, scopeIds)) {
      const subnet = stringAt(endpoint, "properties", "subnet", "id") ?? "";
      return { kind: "vnet", vnet: subnet.split("/").slice(0, -2).join("/") };
    }
  }
  return { kind: "public" };
}

const reachesScope = (endpoint: JsonObject, scopeIds: readonly ResourceId[]): boolean =>
  ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"].some((kind) =>
    listAt(endpoint, "properties", kind).some((connection) =>
      scopeIds.some((id) => sameId(stringAt(connection, "properties", "privateLinkServiceId"), id)),
    ),
  );

function render(answer: LogsAnswer, input: CommandInput, context: CliContext): readonly string[] {
  const { columns, rows } = answer;
  const names = columns.map(({ name }) => name);
  switch (input.text("output")) {
    case "json":
      return [JSON.stringify({ columns, rows })];
    case "csv":
      return csvLines([names, ...rows.map((row) => row.map(shown))]);
    case "chart":
      return chartLines(seriesOf(answer), {
        columns: context.columns ?? COLUMNS_WITHOUT_TERMINAL,
        rows: CHART_ROWS,
      });
    default:
      return tableOf(names, rows, context.columns);
  }
}

/** A table; where the terminal is too narrow for it, each record as lines of its own, without what is empty. */
export function tableOf(
  names: readonly string[],
  rows: LogsAnswer["rows"],
  columns: number | undefined,
): readonly string[] {
  if (rows.length === 0) return ["no records"];
  const cells = rows.map((row) => row.map((value) => cut(shown(value))));
  const lines = tableLines([names, ...cells]);
  if (columns === undefined || lines.every(({ length }) => length <= columns)) return lines;
  return cells.flatMap((row, index) => [
    `record ${index + 1}`,
    ...tableLines(
      names.flatMap((name, at) => (row[at] === "" ? [] : [[`  ${name}`, row[at] ?? ""]])),
    ),
  ]);
}

const shown = (value: Json): string =>
  value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

const cut = (text: string): string =>
  text.length <= CELL_CHARS_MAX ? text : `${text.slice(0, CELL_CHARS_MAX - 1)}…`;

const NUMBERS: ReadonlySet<string> = new Set(["int", "long", "real", "decimal"]);

/**
 * Each column of numbers over the first column of times, one series for each of the other columns' values.
 *
 * @throws CodedError WrongUse where there is no time, or no number.
 */
export function seriesOf({ columns, rows }: LogsAnswer): readonly ChartSeries[] {
  const time = columns.findIndex(({ type }) => type === "datetime");
  const numbers = columns.flatMap(({ type }, index) => (NUMBERS.has(type) ? [index] : []));
  if (time < 0 || numbers.length === 0) {
    throw new CodedError(
      "WrongUse",
      "A chart needs a column of times and one of numbers: summarize count() by bin(TimeGenerated, 1m).",
    );
  }
  const labels = columns.flatMap((_, index) =>
    index === time || numbers.includes(index) ? [] : [index],
  );
  const series = new Map<string, [number, number][]>();
  for (const row of rows) {
    const ms = Date.parse(String(at(row as Json[], time)));
    if (Number.isNaN(ms)) continue;
    for (const index of numbers) {
      const value = row[index];
      if (typeof value !== "number") continue;
      const label = labels.map((each) => shown(row[each] ?? null)).join(", ");
      const number = columns[index]?.name ?? "";
      const name = label === "" ? number : numbers.length === 1 ? label : `${label}: ${number}`;
      const points = series.get(name) ?? [];
      points.push([ms, value]);
      series.set(name, points);
    }
  }
  return [...series].map(([name, points]) => ({
    name,
    points: points.toSorted(([a], [b]) => a - b),
  }));
}
