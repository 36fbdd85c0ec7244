/** The Log Analytics workspaces of a data collection rule, and the tables that its flows fill. */
import { listAt, stringAt } from "../../arm/index.ts";
import type { Graph, Json, JsonObject } from "../../arm/index.ts";
import { streamsNamed } from "../../azure/index.ts";
import type { LogTable } from "../../core/index.ts";
import { lawTablesOf, logColumnOf } from "../../rules/index.ts";

/** A destination as it is stored: with the workspace's id in its own spelling, and its customer id. */
export function lawDestination(destination: Json, graph: Graph): Json {
  const resourceId = stringAt(destination, "workspaceResourceId") ?? "";
  const law = graph.get(resourceId);
  const workspaceId =
    stringAt(law?.properties, "customerId") ?? stringAt(destination, "workspaceId");
  return {
    ...(destination as JsonObject),
    workspaceResourceId: law?.id ?? resourceId,
    ...(workspaceId === undefined ? {} : { workspaceId }),
  };
}

/** The workspaces of a rule by the names of their destinations. */
export const lawsByDestination = (properties: JsonObject): ReadonlyMap<string, string> =>
  new Map(
    listAt(properties, "destinations", "logAnalytics").map((destination) => [
      stringAt(destination, "name") ?? "",
      stringAt(destination, "workspaceResourceId") ?? "",
    ]),
  );

/** Whether a stream is one that the rule declares. */
export const isDeclared = (properties: JsonObject, stream: string): boolean =>
  listAt(properties, "streamDeclarations", stream, "columns").length > 0;

/** The table that a flow of one stream fills: `Custom-Orders_CL` fills `Orders_CL`. */
export function tableNameOf(flow: Json, stream: string): string | undefined {
  const output = stringAt(flow, "outputStream");
  const known = streamsNamed(output ?? stream);
  if (known.length > 0) return known[0]?.table;
  return /^(?:Custom|Microsoft)-(\w+)$/.exec(output ?? stream)?.[1];
}

/** A table of a workspace, or undefined. */
export const lawTable = (graph: Graph, lawId: string, name: string): LogTable | undefined =>
  lawTablesOf(graph, lawId).get(name);

/** What a transformation reads: the columns that the rule declares for its stream, else those of the stream's table. */
export function sourceTable(
  properties: JsonObject,
  stream: string,
  context: { readonly graph: Graph; readonly lawId: string },
): LogTable | undefined {
  const declared = listAt(properties, "streamDeclarations", stream, "columns");
  if (declared.length > 0) {
    return { name: "source", columns: declared.flatMap((column) => logColumnOf(column) ?? []) };
  }
  const [known] = streamsNamed(stream);
  const table = known && lawTable(context.graph, context.lawId, known.table);
  return table && { name: "source", columns: table.columns };
}
