/** Where the records of one stream of a rule go: workspace, table, and the transformation on the way. */
import { listAt } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import {
  logTableOf,
  standardLogColumns,
  streamsNamed,
  withStandardColumns,
} from "../azure/index.ts";
import type { LogTable } from "../core/index.ts";
import { lawOf, logColumnOf, logFlowsOf, types } from "../rules/index.ts";
import type { LawView, LogFlow } from "../rules/index.ts";
import type { CollectionRule } from "./data-collection.ts";

/** One flow that takes a stream's records. */
export interface LogRoute {
  readonly table: LogTable;
  /** What the records are before a transformation: its `source`. */
  readonly source: LogTable;
  /** Absent where records pass as they are. */
  readonly transformKql: string | undefined;
}

export type LogDestination =
  | { readonly kind: "routes"; readonly law: LawView; readonly routes: readonly LogRoute[] }
  /** The rule has no flow for the stream. */
  | { readonly kind: "no-flow" }
  /** A workspace or table that the rule names is not there. */
  | { readonly kind: "missing"; readonly what: string }
  /** The stream's flows lead to several workspaces. */
  | { readonly kind: "several"; readonly workspaces: number };

/**
 * The flows of a rule that take the stream. All their tables are in one workspace, so that a request is kept whole or
 * not at all; a stream of a rule has one Log Analytics destination in Azure too.
 *
 * @see learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits, data collection rules
 */
export function logDestination(graph: Graph, rule: CollectionRule, stream: string): LogDestination {
  const known = destinations.get(graph) ?? new Map<string, LogDestination>();
  destinations.set(graph, known);
  const key = `${rule.immutableId}\n${stream}`;
  const kept = known.get(key);
  if (kept !== undefined) return kept;
  const found = findDestination(graph, rule, stream);
  // A stream that no rule has is the caller's own word: of those none is remembered.
  if (found.kind !== "no-flow") known.set(key, found);
  return found;
}

/** Of each graph, once for each stream of each rule: the store knows a table again by its being the same object. */
const destinations = new WeakMap<Graph, Map<string, LogDestination>>();

function findDestination(graph: Graph, rule: CollectionRule, stream: string): LogDestination {
  const flows = logFlowsOf(graph, rule.rule.id).filter((flow) => takes(flow, stream));
  if (flows.length === 0) return { kind: "no-flow" };
  const lawIds = new Set(flows.flatMap(({ lawIds }) => lawIds).map((id) => id.toLowerCase()));
  if (lawIds.size > 1) return { kind: "several", workspaces: lawIds.size };
  const [lawId = ""] = lawIds;
  const law = lawOf(graph, lawId);
  if (law === undefined) return { kind: "missing", what: `the workspace ${lawId}` };
  const routes: LogRoute[] = [];
  for (const flow of flows) {
    const name = tableName(flow.outputStream ?? stream);
    const table = lawTableOf(graph, law.id, name);
    if (table === undefined) return { kind: "missing", what: `the table ${name} of ${law.id}` };
    routes.push(routeOf({ rule: rule.rule, stream, table, transformKql: kqlOf(flow) }));
  }
  return { kind: "routes", law, routes };
}

const takes = ({ streams }: LogFlow, stream: string): boolean =>
  streams.some((name) => name === stream || streamsNamed(name).some((one) => one.name === stream));

/** `source` alone changes nothing. */
const kqlOf = ({ transformKql }: LogFlow): string | undefined =>
  transformKql === undefined || /^\s*(?:source\s*)?$/.test(transformKql) ? undefined : transformKql;

/** `Microsoft-Perf` → `Perf`, `Custom-Orders_CL` → `Orders_CL`; what is known of a built-in stream comes first. */
function tableName(stream: string): string {
  const [known] = streamsNamed(stream);
  return known?.table ?? stream.replace(/^(?:Microsoft|Custom)-/, "");
}

const standardNames: ReadonlySet<string> = new Set(standardLogColumns.map(({ name }) => name));

/** Of a declared stream only the declared columns count: what else a record has is left out before a transformation and without one. */
function routeOf(flow: {
  readonly rule: ArmResource;
  readonly stream: string;
  readonly table: LogTable;
  readonly transformKql: string | undefined;
}): LogRoute {
  const { rule, stream, table, transformKql } = flow;
  const declared = listAt(rule.properties, "streamDeclarations", stream, "columns");
  if (declared.length === 0) return { table, source: { ...table, name: "source" }, transformKql };
  const columns = declared.flatMap((column) => logColumnOf(column) ?? []);
  const source = { name: "source", columns };
  if (transformKql !== undefined) return { table, source, transformKql };
  const names = new Set(columns.map(({ name }) => name));
  const taken = table.columns.filter(({ name }) => names.has(name) || standardNames.has(name));
  return { table: { ...table, columns: taken }, source, transformKql };
}

/**
 * A table of a workspace by its name: a built-in one, or a custom one of the tables API.
 *
 * @see SPEC operationalinsights 2023-09-01 Tables.json: properties.schema.columns
 */
export function lawTableOf(graph: Graph, lawId: ResourceId, name: string): LogTable | undefined {
  const builtIn = logTableOf(name);
  const own = graph.get(`${lawId}/tables/${name}`);
  if (own?.type.toLowerCase() !== types.lawTable.toLowerCase()) return builtIn;
  const columns = listAt(own.properties, "schema", "columns").flatMap(
    (column) => logColumnOf(column) ?? [],
  );
  if (builtIn === undefined) return { name: own.name, columns: withStandardColumns(columns) };
  const known = new Set(builtIn.columns.map((column) => column.name));
  return {
    ...builtIn,
    columns: [...builtIn.columns, ...columns.filter((c) => !known.has(c.name))],
  };
}
