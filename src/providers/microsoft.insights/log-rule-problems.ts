/** What is wrong with what a data collection rule says of logs: its sources, its streams' declarations and its flows. */
import { isObject, listAt, sameId, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject, Problem, RequestBody, TypeContext } from "../../arm/index.ts";
import {
  containerInsightsGroup,
  highScaleStream,
  logStreams,
  streamsNamed,
} from "../../azure/index.ts";
import { problem } from "../problems.ts";
import { isDeclared, lawsByDestination, lawTable, tableNameOf } from "./log-destinations.ts";

const intervalMinutesMax = 30;

/** What is wrong with the extensions, syslog sources and declared streams. */
export function logSourceProblems({ properties }: RequestBody): readonly Problem[] {
  return [
    ...listAt(properties, "dataSources", "extensions").flatMap((source, index) =>
      extensionProblems(source, `properties.dataSources.extensions[${index}]`),
    ),
    ...listAt(properties, "dataSources", "syslog").flatMap((source, index) =>
      listAt(source, "streams")
        .filter((stream) => stream !== "Microsoft-Syslog")
        .map((stream) =>
          problem(
            "InvalidStream",
            `A syslog source has the stream 'Microsoft-Syslog', not '${String(stream)}'.`,
            { target: `properties.dataSources.syslog[${index}]` },
          ),
        ),
    ),
    ...declarationProblems(properties),
  ];
}

function extensionProblems(source: Json, target: string): readonly Problem[] {
  const name = stringAt(source, "extensionName") ?? "";
  if (name !== "ContainerInsights") {
    const message = `The extension '${name}' is not emulated; ContainerInsights is.`;
    return [problem("FeatureNotEmulated", message, { target })];
  }
  const unknown = listAt(source, "streams").filter((stream) => !isCollected(String(stream)));
  const found = unknown.map((stream) =>
    problem(
      "InvalidStream",
      `The extension ContainerInsights has no stream '${String(stream)}' here.`,
      { target },
    ),
  );
  return [...found, ...settingsProblems(source, target)];
}

const isCollected = (stream: string): boolean =>
  stream !== "Microsoft-Syslog" && streamsNamed(stream).length > 0;

/** @see az aks enable-addons --data-collection-settings, which checks the same before it sends; the code is inferred */
function settingsProblems(source: Json, target: string): readonly Problem[] {
  const interval = stringAt(source, "extensionSettings", "dataCollectionSettings", "interval");
  if (interval === undefined) return [];
  const minutes = /^(\d{1,4})m$/.exec(interval)?.[1];
  if (minutes !== undefined && Number(minutes) >= 1 && Number(minutes) <= intervalMinutesMax) {
    return [];
  }
  const message = `The interval is '${interval}'; it is a number of minutes from 1m to ${intervalMinutesMax}m.`;
  const at = `${target}.extensionSettings.dataCollectionSettings.interval`;
  return [problem("InvalidExtensionSettings", message, { target: at })];
}

function declarationProblems(properties: JsonObject): readonly Problem[] {
  const declared = properties["streamDeclarations"];
  return Object.entries(isObject(declared) ? declared : {}).flatMap(([name, declaration]) => {
    const target = `properties.streamDeclarations.${name}`;
    const columns = listAt(declaration, "columns").map((column) => stringAt(column, "name") ?? "");
    const twice = columns.filter((column, index) => columns.indexOf(column) !== index);
    const found = twice.map((column) =>
      problem("InvalidStreamDeclaration", `The column '${column}' is given twice.`, { target }),
    );
    if (/^Custom-\w{1,120}$/.test(name)) return found;
    const message = `A declared stream is named 'Custom-' and letters, digits or '_', not '${name}'.`;
    return [...found, problem("InvalidStreamDeclaration", message, { target })];
  });
}

interface Flow {
  readonly flow: Json;
  readonly streams: readonly string[];
  readonly lawIds: readonly string[];
  readonly target: string;
}

/** What is wrong with the flows that lead to Log Analytics workspaces. */
export function logFlowProblems(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { properties } = body;
  const laws = lawsByDestination(properties);
  const flows = listAt(properties, "dataFlows").flatMap((flow, index): Flow[] => {
    const lawIds = listAt(flow, "destinations").flatMap((name) => laws.get(String(name)) ?? []);
    const streams = listAt(flow, "streams").map(String);
    return lawIds.length === 0
      ? []
      : [{ flow, streams, lawIds, target: `properties.dataFlows[${index}]` }];
  });
  return [
    ...flows.flatMap((flow) => flowProblems(flow, properties, context)),
    ...severalWorkspaces(flows),
    ...highScaleProblems(flows, properties),
  ];
}

function flowProblems(
  { flow, streams, lawIds, target }: Flow,
  properties: JsonObject,
  { graph }: TypeContext,
): readonly Problem[] {
  const unknown = streams.filter(
    (stream) => streamsNamed(stream).length === 0 && !isDeclared(properties, stream),
  );
  if (unknown.length > 0) return unknown.map((stream) => unknownStream(stream, target));
  const output = stringAt(flow, "outputStream");
  const isShaped = output !== undefined || stringAt(flow, "transformKql") !== undefined;
  if (isShaped && (streams.length > 1 || streams[0] === containerInsightsGroup)) {
    const message =
      "A flow with 'transformKql' or 'outputStream' carries one stream that is no group. Give each stream a flow.";
    return [problem("FeatureNotEmulated", message, { target })];
  }
  const single = streams.filter((stream) => stream !== containerInsightsGroup);
  return single.flatMap((stream) => {
    if (output === undefined && isDeclared(properties, stream)) {
      const message = `The flow of the stream '${stream}' needs an 'outputStream'.`;
      return [problem("InvalidOutputTable", message, { target })];
    }
    const name = tableNameOf(flow, stream) ?? "";
    const lacking = lawIds.filter((lawId) => graph.get(lawId) !== undefined && !has(lawId, name));
    return lacking.map(() => noTable(flow, stream, target));
  });

  function has(lawId: string, name: string): boolean {
    return !isOwn(name) && lawTable(graph, lawId, name) !== undefined;
  }
}

function unknownStream(stream: string, target: string): Problem {
  const known = [...logStreams.keys(), containerInsightsGroup].join(", ");
  const message = stream.startsWith("Custom-")
    ? `The stream '${stream}' is not declared in streamDeclarations.`
    : `The stream '${stream}' cannot go to a Log Analytics workspace here; known are ${known}.`;
  return problem("InvalidStream", message, { target });
}

function noTable(flow: Json, stream: string, target: string): Problem {
  const output = stringAt(flow, "outputStream") ?? stream;
  const destination = String(listAt(flow, "destinations")[0]);
  const message = `Table for output stream '${output}' is not available for destination '${destination}'.`;
  return problem("InvalidOutputTable", message, { target });
}

/** Tables that the service alone writes to. */
const isOwn = (table: string): boolean => table === "Operation" || table === "Usage";

/** @see learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits: a stream goes to one workspace of a rule; the code is inferred */
function severalWorkspaces(flows: readonly Flow[]): readonly Problem[] {
  const first = new Map<string, string>();
  return flows.flatMap(({ streams, lawIds, target }) =>
    streams
      .flatMap((stream) => streamNames(stream))
      .flatMap((stream) =>
        lawIds.flatMap((lawId) => {
          const before = first.get(stream);
          first.set(stream, before ?? lawId);
          if (before === undefined || sameId(before, lawId)) return [];
          const message = `The stream '${stream}' goes to two Log Analytics workspaces; a rule sends a stream to one.`;
          return [problem("InvalidDestination", message, { target })];
        }),
      ),
  );
}

const streamNames = (stream: string): readonly string[] => {
  const known = streamsNamed(stream);
  return known.length === 0 ? [stream] : known.map(({ name }) => name);
};

/** High-scale records go through an endpoint, so that the rule must name one. @see microsoft/Docker-Provider pull request 1284; the code is inferred */
function highScaleProblems(flows: readonly Flow[], properties: JsonObject): readonly Problem[] {
  if (stringAt(properties, "dataCollectionEndpointId") !== undefined) return [];
  return flows
    .filter(({ streams }) => streams.includes(highScaleStream))
    .map(({ target }) =>
      problem(
        "InvalidStream",
        `The stream '${highScaleStream}' needs a data collection endpoint. Give the rule a 'dataCollectionEndpointId'.`,
        { target },
      ),
    );
}
