/** What an estate has for logs: a Log Analytics workspace with a custom table, and the rules that lead into it. */
import type { ArmResource, JsonObject, ResourceId } from "../../arm/index.ts";
import { workspaceHosts } from "../../azure/index.ts";
import { types } from "../../rules/index.ts";
import { assignment, ids, inGroup, principals, resource } from "./estate.ts";
import type { Side } from "./estate.ts";

const publisher = "3913510d-42f4-4e42-8a64-420c390055eb";

export const customerIds = (side: Side): string => `00000000-0000-0000-0007-00000000000${side}`;
export const lawHosts = (side: Side) => workspaceHosts(customerIds(side));

export const logIds = {
  law: (side: Side): ResourceId => inGroup(side, types.law, `law-${side}`),
  /** Container insights: ODS. */
  insights: (side: Side): ResourceId => inGroup(side, types.dcr, `MSCI-${side}`),
  /** Container insights with high log scale: ODS and the endpoint. */
  highScale: (side: Side): ResourceId => inGroup(side, types.dcr, `MSCI-high-${side}`),
  /** Records of a custom table, through the endpoint. */
  orders: (side: Side): ResourceId => inGroup(side, types.dcr, `orders-${side}`),
};

const hex = (digit: string, side: Side): string => `${digit.repeat(31)}${side}`;
export const ruleIds = {
  insights: (side: Side): string => `dcr-${hex("1", side)}`,
  highScale: (side: Side): string => `dcr-${hex("2", side)}`,
  orders: (side: Side): string => `dcr-${hex("3", side)}`,
};

export const law = (
  side: Side,
  publicNetworkAccessForIngestion: string,
  more: JsonObject = {},
): ArmResource =>
  resource(logIds.law(side), types.law, {
    customerId: customerIds(side),
    publicNetworkAccessForIngestion,
    publicNetworkAccessForQuery: "Disabled",
    retentionInDays: 30,
    workspaceCapping: { dailyQuotaGb: -1 },
    features: { disableLocalAuth: false },
    ...more,
  });

export const ordersTable = (side: Side): ArmResource =>
  resource(`${logIds.law(side)}/tables/Orders_CL`, types.lawTable, {
    retentionInDays: 7,
    schema: {
      name: "Orders_CL",
      columns: [
        { name: "TimeGenerated", type: "dateTime" },
        { name: "Number", type: "long" },
        { name: "Paid", type: "boolean" },
      ],
    },
  });

const destinations = (side: Side): JsonObject => ({
  logAnalytics: [{ workspaceResourceId: logIds.law(side), name: "ciworkspace" }],
});

export const extensionSettings = {
  dataCollectionSettings: {
    interval: "1m",
    namespaceFilteringMode: "Off",
    namespaces: [],
    enableContainerLogV2: true,
  },
};

const extension = (streams: readonly string[]): JsonObject => ({
  name: "ContainerInsightsExtension",
  extensionName: "ContainerInsights",
  streams,
  extensionSettings,
});

/** A rule of Container insights for `streams`. */
export const insightsRule = (
  side: Side,
  streams: readonly string[] = ["Microsoft-ContainerInsights-Group-Default"],
  more: JsonObject = {},
): ArmResource =>
  resource(logIds.insights(side), types.dcr, {
    immutableId: ruleIds.insights(side),
    dataSources: { extensions: [extension(streams)] },
    destinations: destinations(side),
    dataFlows: [{ streams, destinations: ["ciworkspace"] }],
    ...more,
  });

export const highScaleRule = (side: Side): ArmResource => {
  const streams = ["Microsoft-ContainerLogV2-HighScale", "Microsoft-KubeEvents"];
  return resource(logIds.highScale(side), types.dcr, {
    immutableId: ruleIds.highScale(side),
    dataCollectionEndpointId: ids.dce(side),
    dataSources: {
      extensions: [extension(streams)],
      syslog: [
        {
          name: "sysLogsDataSource",
          streams: ["Microsoft-Syslog"],
          facilityNames: ["auth"],
          logLevels: ["Error"],
        },
      ],
    },
    destinations: destinations(side),
    dataFlows: [
      { streams, destinations: ["ciworkspace"] },
      { streams: ["Microsoft-Syslog"], destinations: ["ciworkspace"] },
    ],
  });
};

/** The rule of the custom stream `Custom-Orders`, which its flow may transform. */
export const ordersRule = (side: Side, flow: JsonObject = {}): ArmResource =>
  resource(logIds.orders(side), types.dcr, {
    immutableId: ruleIds.orders(side),
    dataCollectionEndpointId: ids.dce(side),
    streamDeclarations: {
      "Custom-Orders": {
        columns: [
          { name: "TimeGenerated", type: "datetime" },
          { name: "Number", type: "long" },
        ],
      },
    },
    destinations: destinations(side),
    dataFlows: [
      {
        streams: ["Custom-Orders"],
        destinations: ["ciworkspace"],
        outputStream: "Custom-Orders_CL",
        ...flow,
      },
    ],
  });

export const associated = (side: Side, name: string, ruleId: ResourceId): ArmResource =>
  resource(`${ids.cluster(side)}/providers/${types.association}/${name}`, types.association, {
    dataCollectionRuleId: ruleId,
  });

/** All of it: the workspace closed to public ingestion and linked by the scope of its side. */
export const logsEstate = (side: Side): readonly ArmResource[] => [
  law(side, "Disabled"),
  ordersTable(side),
  insightsRule(side),
  ordersRule(side),
  associated(side, "ContainerInsightsExtension", logIds.insights(side)),
  resource(`${ids.scope(side)}/scopedResources/law-connection`, types.scopedResource, {
    linkedResourceId: logIds.law(side),
  }),
  assignment(logIds.orders(side), principals.operator(side), publisher),
];
