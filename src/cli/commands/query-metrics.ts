/** `query metrics`: PromQL against a workspace, as a table, JSON, or a chart in the terminal. */
import { at, listAt, sameId, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../../arm/index.ts";
import { groupIds } from "../../azure/index.ts";
import { prometheusClient, QueryError } from "../../client/index.ts";
import type { QueryAnswer } from "../../client/index.ts";
import { CodedError, formatLabels, labelsOf } from "../../core/index.ts";
import type { CliContext, Command, CommandInput } from "../command.ts";
import type { Where } from "../exec/index.ts";
import { connect, findResource, listOfType } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { refuseTwoPlaces } from "../platform/networks.ts";
import { types } from "../types.ts";
import { chartLines } from "../views/chart.ts";
import { printable, tableLines } from "../views/table.ts";

const CHART_ROWS = 12;
const COLUMNS_WITHOUT_TERMINAL = 100;

export const queryMetrics: Command = {
  name: "query metrics",
  summary: "Ask a workspace in PromQL.",
  arguments: [{ word: "<promql>", help: "the query" }],
  options: [
    {
      flags: "--workspace <name>",
      help: "the Azure Monitor workspace, by name or id",
      required: true,
    },
    { flags: "--range <duration>", help: "ask for a range that ends now: 15m, 1h, 2h" },
    { flags: "--step <duration>", help: "the range's step", default: "15s" },
    {
      flags: "--vnet <name>",
      help: "stand in this network (default: one that has a private endpoint to the workspace)",
    },
    { flags: "--public", help: "ask over the public internet" },
    {
      flags: "-o, --output <format>",
      help: "how to print it",
      choices: ["table", "json", "chart"],
    },
  ],
  exitCodes: { 0: "answered", 1: "refused, or could not be asked", 2: "wrong use" },
  examples: [
    "./linkscope query metrics 'up' --workspace amw-one",
    "./linkscope query metrics 'rate(node_cpu_seconds_total{mode=\"idle\"}[1m])' --workspace amw-one --range 10m -o chart",
  ],
  async run(input, context) {
    const range = rangeOf(input);
    const connection = connect(input, context);
    try {
      const id = await findResource(
        connection,
        types.workspace.type,
        input.text("workspace") ?? "",
      );
      const where = await queryPlace(input, connection, id);
      const answer = await ask(input, context, { connection, id, where, range });
      context.out(`${render(answer, input, context).join("\n")}\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      const drawn = error.excerpt?.split("\n").map((line) => `  ${printable(line)}\n`) ?? [];
      context.note(`linkscope: ${printable(error.message)} (${error.code})\n${drawn.join("")}`);
      return 1;
    } finally {
      connection.close();
    }
  },
};

interface Range {
  readonly lengthMs: number;
  readonly stepMs: number;
}

/** The range that the options ask for, or undefined for this instant. What makes no sense is refused before anything is asked. */
function rangeOf(input: CommandInput): Range | undefined {
  refuseTwoPlaces(input);
  const length = input.text("range");
  if (length === undefined) {
    if (input.text("output") !== "chart") return undefined;
    throw new CodedError("WrongUse", "A chart needs a range: --range 15m.");
  }
  const range = { lengthMs: durationMs(length), stepMs: durationMs(input.text("step") ?? "15s") };
  if (range.stepMs > 0) return range;
  throw new CodedError("WrongUse", "A range with a --step of nothing has no end: --step 15s.");
}

/** Where to ask from: as told, else a network with an endpoint to the workspace, else outside. */
async function queryPlace(
  input: CommandInput,
  connection: Connection,
  workspaceId: ResourceId,
): Promise<Where> {
  const vnet = input.text("vnet");
  if (vnet !== undefined)
    return { kind: "vnet", vnet: await findResource(connection, types.vnet.type, vnet) };
  if (input.flag("public")) return { kind: "public" };
  for (const item of await listOfType(connection, types.endpoint.type)) {
    const endpoint = await connection.arm.get(
      stringAt(item, "id") ?? "",
      types.endpoint.apiVersion,
    );
    if (endpoint !== undefined && reachesWorkspace(endpoint, workspaceId)) {
      const subnet = stringAt(endpoint, "properties", "subnet", "id") ?? "";
      return { kind: "vnet", vnet: subnet.split("/").slice(0, -2).join("/") };
    }
  }
  return { kind: "public" };
}

const reachesWorkspace = (endpoint: JsonObject, workspaceId: ResourceId): boolean =>
  ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"].some((kind) =>
    listAt(endpoint, "properties", kind).some(
      (connection) =>
        sameId(stringAt(connection, "properties", "privateLinkServiceId"), workspaceId) &&
        listAt(connection, "properties", "groupIds").includes(groupIds.prometheusMetrics),
    ),
  );

async function ask(
  input: CommandInput,
  context: CliContext,
  target: {
    readonly connection: Connection;
    readonly id: ResourceId;
    readonly where: Where;
    readonly range: Range | undefined;
  },
): Promise<QueryAnswer> {
  const { connection, id, where, range } = target;
  const workspace = await connection.arm.get(id, types.workspace.apiVersion);
  const endpoint = stringAt(workspace, "properties", "metrics", "prometheusQueryEndpoint") ?? "";
  const standing = await connection.stand(where);
  try {
    const client = prometheusClient({
      transport: standing.transport,
      token: connection.token,
      endpoint,
    });
    const promql = input.words[0] ?? "";
    if (range === undefined) return await client.query(promql);
    const endMs = context.clock.nowMs();
    const startMs = endMs - range.lengthMs;
    return await client.queryRange(promql, { startMs, endMs, stepMs: range.stepMs });
  } catch (error) {
    if (error instanceof QueryError) throw error;
    const id =
      where.kind === "on-premises" ? where.network : where.kind === "vnet" ? where.vnet : "";
    const from = id === "" ? "the public internet" : `network ${id.split("/").at(-1)}`;
    context.note(`asked from ${from}\n`);
    throw error;
  } finally {
    await standing.close();
  }
}

/** `90s`, `15m`, `2h`, `1d` or a number of seconds, in milliseconds. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? "s"];
  if (match === null || unit === undefined) {
    throw new CodedError(
      "WrongUse",
      `'${text}' is not a duration. Write a number and a unit: 90s, 15m, 2h, 1d.`,
    );
  }
  return Number(match[1]) * unit;
}

interface Row {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

function render(answer: QueryAnswer, input: CommandInput, context: CliContext): readonly string[] {
  const format = input.text("output") ?? (input.text("range") === undefined ? "table" : "chart");
  if (format === "json")
    return [JSON.stringify({ resultType: answer.resultType, result: answer.result })];
  const rows = rowsOf(answer);
  if (format === "chart") {
    const toMs = context.clock.nowMs();
    const range = input.text("range");
    return chartLines(rows, {
      columns: context.columns ?? COLUMNS_WITHOUT_TERMINAL,
      rows: CHART_ROWS,
      ...(range === undefined ? {} : { range: { fromMs: toMs - durationMs(range), toMs } }),
    });
  }
  if (rows.length === 0) return ["no series"];
  return tableLines([
    ["series", "samples", "newest", "value"],
    ...rows.map(({ name, points }) => {
      const last = points.at(-1);
      return [
        name,
        String(points.length),
        last === undefined ? "" : new Date(last[0]).toISOString(),
        last === undefined ? "" : String(last[1]),
      ];
    }),
  ]);
}

function rowsOf({ resultType, result }: QueryAnswer): readonly Row[] {
  if (resultType === "scalar" || resultType === "string")
    return [{ name: resultType, points: [point(result)] }];
  const items = Array.isArray(result) ? (result as readonly Json[]) : [];
  return items.map((item) => ({
    name: seriesName(at(item, "metric")),
    points:
      resultType === "vector" ? [point(at(item, "value"))] : listAt(item, "values").map(point),
  }));
}

const point = (pair: Json | undefined): readonly [number, number] => [
  Number(at(pair, 0)) * 1000,
  promNumber(String(at(pair, 1) ?? "NaN")),
];

const promNumber = (text: string): number =>
  text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);

const seriesName = (metric: Json | undefined): string => {
  const labels = Object.entries((metric ?? {}) as JsonObject).map(
    ([name, value]) => [name, String(value)] as const,
  );
  return formatLabels(labelsOf(Object.fromEntries(labels))) || "{}";
};
