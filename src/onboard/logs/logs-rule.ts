/** The data collection rule of Container insights, as Azure's newest tooling writes it. */
import { at, isObject, listAt, stringAt } from "../../arm/index.ts";
import type { ArmResource, Json, JsonObject } from "../../arm/index.ts";
import {
  containerInsightsGroup,
  containerInsightsStreams,
  highScaleStream,
} from "../../azure/index.ts";
import type { LogsRequest } from "./logs-request.ts";

const destination = "la-workspace";
const syslogStream = "Microsoft-Syslog";
const containerLogStream = "Microsoft-ContainerLogV2";

/** All facilities and levels, which `--enable-syslog` of az collects. @see Azure/azure-cli acs/addonconfiguration.py */
const facilities =
  "auth authpriv cron daemon mark kern local0 local1 local2 local3 local4 local5 local6 local7 lpr mail news syslog user uucp";
const levels = "Debug Info Notice Warning Error Critical Alert Emergency";

/** The streams that the extension collects: the group, or at high scale each by its name. */
export const insightsStreams = ({ highLogScale }: Pick<LogsRequest, "highLogScale">) =>
  highLogScale
    ? containerInsightsStreams.map((one) => (one === containerLogStream ? highScaleStream : one))
    : [containerInsightsGroup];

/** What a standing rule must collect: what is asked for by name. All else is as whoever made it wants it. */
export const askedStreams = ({ highLogScale, syslog }: LogsRequest): readonly string[] => [
  ...(highLogScale ? [highScaleStream] : []),
  ...(syslog ? [syslogStream] : []),
];

/** The streams of a rule's flows. */
export const streamsOf = (rule: ArmResource | undefined): readonly string[] =>
  listAt(rule?.properties, "dataFlows").flatMap((flow) =>
    listAt(flow, "streams").filter((stream) => typeof stream === "string"),
  );

/** The rule's body. Of a standing rule its settings (namespaces, intervals) and streams stay, and what is asked for is added. */
export function logsRuleBody(
  request: LogsRequest,
  wanted: {
    readonly region: string;
    readonly workspaceId: string;
    readonly ingestionDceId: string | undefined;
    readonly standing: ArmResource | undefined;
  },
): JsonObject {
  const { region, workspaceId, ingestionDceId, standing } = wanted;
  const streams = extensionStreams(request, standing);
  const withSyslog = request.syslog || streamsOf(standing).includes(syslogStream);
  const destinations = [destinationName(standing, workspaceId)];
  return {
    location: region,
    kind: "Linux",
    properties: {
      ...(ingestionDceId === undefined ? {} : { dataCollectionEndpointId: ingestionDceId }),
      dataSources: {
        extensions: [
          {
            name: "ContainerInsightsExtension",
            streams,
            extensionName: "ContainerInsights",
            extensionSettings: { dataCollectionSettings: settingsOf(standing) },
          },
        ],
        ...(withSyslog ? { syslog: [syslogSource] } : {}),
      },
      destinations: {
        logAnalytics: [{ workspaceResourceId: workspaceId, name: destinations[0] ?? destination }],
      },
      dataFlows: [
        { streams, destinations },
        ...(withSyslog ? [{ streams: [syslogStream], destinations }] : []),
      ],
    },
  };
}

/** At high scale the container log's stream is its twin; each of the others goes by its name then. */
function extensionStreams(
  request: LogsRequest,
  standing: ArmResource | undefined,
): readonly string[] {
  const [extension] = listAt(standing?.properties, "dataSources", "extensions");
  const own = listAt(extension, "streams").filter((stream) => typeof stream === "string");
  const isEnough = own.length > 0 && (!request.highLogScale || own.includes(highScaleStream));
  return isEnough ? own : insightsStreams(request);
}

const syslogSource: Json = {
  name: "sysLogsDataSource",
  streams: [syslogStream],
  facilityNames: facilities.split(" "),
  logLevels: levels.split(" "),
};

/** Templates call the destination otherwise than az; a standing one keeps its name. */
const destinationName = (standing: ArmResource | undefined, workspaceId: string): string =>
  listAt(standing?.properties, "destinations", "logAnalytics").flatMap((one) =>
    stringAt(one, "workspaceResourceId")?.toLowerCase() === workspaceId.toLowerCase()
      ? (stringAt(one, "name") ?? [])
      : [],
  )[0] ?? destination;

function settingsOf(standing: ArmResource | undefined): JsonObject {
  const [extension] = listAt(standing?.properties, "dataSources", "extensions");
  const settings = at(extension, "extensionSettings", "dataCollectionSettings");
  return { ...(isObject(settings) ? settings : {}), enableContainerLogV2: true };
}
