/** The transformations of a data collection rule: what each reads, and whether what it gives fits its table. */
import { listAt, stringAt } from "../../arm/index.ts";
import type {
  Graph,
  Json,
  Problem,
  QueryAsked,
  QueryChecked,
  RequestBody,
} from "../../arm/index.ts";
import type { LogColumn, LogTable } from "../../core/index.ts";
import { problem } from "../problems.ts";
import { lawsByDestination, lawTable, sourceTable, tableNameOf } from "./log-destinations.ts";

export const invalidRule = (): Problem =>
  problem("InvalidPayload", "Data collection rule is invalid");

/** `source` alone lets every record pass as it is. */
const isPlain = (text: string): boolean => /^\s*source\s*$/.test(text);

/** The transformations that have to be read. Flows that are wrong otherwise have none: the rule's own checks name them. */
export function ruleQueries({ properties }: RequestBody, graph: Graph): readonly QueryAsked[] {
  const laws = lawsByDestination(properties);
  return listAt(properties, "dataFlows").flatMap((flow, index): QueryAsked[] => {
    const text = stringAt(flow, "transformKql");
    const stream = listAt(flow, "streams")[0];
    if (text === undefined || isPlain(text) || typeof stream !== "string") return [];
    const lawId = laws.get(String(listAt(flow, "destinations")[0])) ?? "";
    const source = sourceTable(properties, stream, { graph, lawId });
    const table = tableOf(flow, { stream, lawId, graph });
    if (source === undefined || table === undefined) return [];
    const target = `properties.dataFlows[${index}]`;
    const judge = (checked: QueryChecked): readonly Problem[] => {
      const details = judged(checked, { table, target });
      // Azure's envelope: one `InvalidPayload`, the mistakes as its details.
      return details.length === 0 ? [] : [invalidRule(), ...details];
    };
    return [{ text, source, judge }];
  });
}

function tableOf(
  flow: Json,
  {
    stream,
    lawId,
    graph,
  }: { readonly stream: string; readonly lawId: string; readonly graph: Graph },
): LogTable | undefined {
  const name = tableNameOf(flow, stream);
  return name === undefined ? undefined : lawTable(graph, lawId, name);
}

/** The codes are those that the service gives rules it cannot compile; what it says beside them is inferred. */
function judged(
  checked: QueryChecked,
  { table, target }: { readonly table: LogTable; readonly target: string },
): readonly Problem[] {
  if (!checked.ok) {
    return checked.problems.map(({ kind, code, says }) =>
      kind === "unsupported"
        ? problem("FeatureNotEmulated", `The transformation is not emulated: ${says}`, { target })
        : problem(
            "InvalidTransformQuery",
            `Error occurred while compiling query in query: ${code}: ${says}`,
            { target },
          ),
    );
  }
  return [...missingTime(checked.columns, target), ...misfits(checked.columns, { table, target })];
}

const missingTime = (columns: readonly LogColumn[], target: string): readonly Problem[] =>
  columns.some(({ name, type }) => name === "TimeGenerated" && type === "datetime")
    ? []
    : [
        problem(
          "InvalidTransformOutput",
          "The transformation gives no column 'TimeGenerated' of type 'datetime'. Add it with extend or project.",
          { target },
        ),
      ];

/** Columns that the table lacks are dropped, as it is with records; those that it has must be of its type. */
function misfits(
  columns: readonly LogColumn[],
  { table, target }: { readonly table: LogTable; readonly target: string },
): readonly Problem[] {
  const types = new Map(table.columns.map(({ name, type }) => [name, type]));
  const wrong = columns.filter(({ name, type }) => (types.get(name) ?? type) !== type);
  if (wrong.length === 0) return [];
  const list = wrong.map(
    ({ name, type }) => `${name} [produced:'${type}', output:'${types.get(name)}']`,
  );
  const message = `Types of transform output columns do not match the ones defined by the output stream: ${list.join(", ")}`;
  return [problem("InvalidTransformOutput", message, { target })];
}
