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

/** Every stream that a request asks for. */
export const wantedStreams = (request: LogsRequest): readonly string[] => [
  ...insightsStreams(request),
  ...(request.syslog ? [syslogStream] : []),
];

/** The streams of a rule's flows. */
export const streamsOf = (rule: ArmResource | undefined): readonly string[] =>
  listAt(rule?.properties, "dataFlows").flatMap((flow) =>
    listAt(flow, "streams").filter((stream) => typeof stream === "string"),
  );

/** The rule's body. Settings of a standing extension (namespaces, intervals) stay. */
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
  const streams = insightsStreams(request);
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
