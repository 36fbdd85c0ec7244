/**
 * Microsoft.Insights/dataCollectionRules (DCR): which streams go to which destinations, by which endpoint, and what
 * becomes of their records on the way. Prometheus metrics go to Azure Monitor workspaces, logs to Log Analytics workspaces.
 */
import { limits } from "../../core/index.ts";
import {
  at,
  id,
  list,
  listAt,
  map,
  object,
  oneOf,
  readOnly,
  refused,
  required,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Derived,
  Json,
  JsonObject,
  RequestBody,
  ResourceType,
  TypeAction,
  TypeContext,
} from "../../arm/index.ts";
import type { Graph } from "../../arm/index.ts";
import type { Random } from "../../core/index.ts";
import { typeNames } from "../type-names.ts";
import { associationsTo, shownAssociations } from "./associations.ts";
import { dataCollectionVersions } from "./api-versions.ts";
import { lawDestination } from "./log-destinations.ts";
import { extensionSource, streamDeclarations, syslogSource } from "./log-sources.ts";
import { prometheusStream, ruleProblems } from "./rule-problems.ts";
import { ruleQueries } from "./rule-queries.ts";

const associations: TypeAction = {
  method: "GET",
  path: "associations",
  action: "read",
  answer: ({ graph, resource }) => ({
    status: 200,
    body: shownAssociations(graph, "dataCollectionRuleId", resource.id),
  }),
};

const streams = () => list(string({ charsMax: 128 }), { countMin: 1, countMax: 100 });
const entryName = () => string({ charsMax: 128 });

const refusedSources = Object.fromEntries(
  [
    "performanceCounters",
    "windowsEventLogs",
    "logFiles",
    "iisLogs",
    "platformTelemetry",
    "windowsFirewallLogs",
    "dataImports",
    "etwProviders",
    "otelLogs",
    "otelMetrics",
    "otelTraces",
    "performanceCountersOTel",
  ].map((name) => [
    name,
    refused("collected are prometheusForwarder, extensions (ContainerInsights) and syslog."),
  ]),
);

const refusedDestinations = Object.fromEntries(
  [
    "azureMonitorMetrics",
    "eventHubs",
    "eventHubsDirect",
    "storageBlobsDirect",
    "storageTablesDirect",
    "storageAccounts",
    "microsoftFabric",
    "azureDataExplorer",
  ].map((name) => [name, refused("destinations are monitoringAccounts and logAnalytics.")]),
);

export const dataCollectionRules: ResourceType = {
  type: typeNames.dataCollectionRules,
  apiVersions: dataCollectionVersions,
  scope: "resourceGroup",
  source:
    "azure-rest-api-specs monitor/resource-manager/Microsoft.Insights/stable/2024-03-11/dataCollection.json",
  location: "regional",
  name: {
    pattern: /^[A-Za-z0-9][\w.()-]{0,63}$/,
    says: "it has 1 to 64 letters, digits, '_', '-', '.', '(' and ')', and begins with a letter or digit.",
  },
  top: object({
    kind: oneOf(["Linux", "Windows"], {
      refused: Object.fromEntries(
        [
          "Direct",
          "AgentSettings",
          "AgentDirectToStore",
          "PlatformTelemetry",
          "WorkspaceTransforms",
        ].map((kind) => [kind, "rules are of kind Linux or Windows, or have none."]),
      ),
    }),
    identity: refused("data collection rules have no identity here."),
  }),
  properties: object({
    description: string({ charsMax: 1024 }),
    dataCollectionEndpointId: id(typeNames.dataCollectionEndpoints),
    dataSources: object({
      prometheusForwarder: list(
        object({
          name: required(entryName()),
          streams: required(streams()),
          labelIncludeFilter: map(string({ charsMax: 1024 })),
          customVMScrapeConfig: refused("targets are the agent's to know."),
        }),
        { countMax: limits.dataSourcesPerKindMax },
      ),
      extensions: list(extensionSource, { countMax: limits.dataSourcesPerKindMax }),
      syslog: list(syslogSource, { countMax: limits.dataSourcesPerKindMax }),
      ...refusedSources,
    }),
    destinations: object({
      monitoringAccounts: list(
        object({
          name: required(entryName()),
          accountResourceId: required(id(typeNames.workspaces)),
          accountId: string({ charsMax: 64 }),
        }),
        { countMax: limits.dataSourcesPerKindMax },
      ),
      logAnalytics: list(
        object({
          name: required(entryName()),
          workspaceResourceId: required(id(typeNames.logAnalyticsWorkspaces)),
          workspaceId: string({ charsMax: 64 }),
        }),
        { countMax: limits.dataSourcesPerKindMax },
      ),
      ...refusedDestinations,
    }),
    dataFlows: list(
      object({
        streams: required(streams()),
        destinations: required(list(entryName(), { countMin: 1, countMax: 100 })),
        transformKql: string({ charsMax: limits.transformKqlCharsMax }),
        outputStream: string({ charsMax: 128 }),
        builtInTransform: refused("write the transformation as transformKql."),
        captureOverflow: refused("fields that a table lacks are dropped. Leave it out."),
      }),
      { countMax: limits.dataFlowsPerRuleMax },
    ),
    streamDeclarations,
    agentSettings: refused("agents have no settings of their own here."),
    references: refused("records are not enriched with other data."),
    directDataSources: refused("rules of kind Direct are not emulated. Give the rule an endpoint."),
    immutableId: readOnly(),
    endpoints: readOnly(),
    ingestionQuotas: readOnly(),
    metadata: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  keeps: ["etag", "systemData"],
  validate: ruleProblems,
  queries: ruleQueries,
  derive: (body: RequestBody, context: TypeContext): Derived => ({
    properties: ruleProperties(body.properties, context),
  }),
  validateDelete: (rule, { graph }) => associationsTo(graph, "dataCollectionRuleId", rule),
  actions: [associations],
};

/** What a rule stores: its immutable id, and of each workspace the account id. */
export function ruleProperties(
  given: JsonObject,
  context: {
    readonly graph: Graph;
    readonly previous: ArmResource | undefined;
    readonly random: Random;
  },
): JsonObject {
  const { graph, previous, random } = context;
  const before = previous?.properties;
  const metadata = at(before, "metadata");
  const endpointId = stringAt(given, "dataCollectionEndpointId");
  const accounts = listAt(given, "destinations", "monitoringAccounts").map((destination): Json => {
    const accountResourceId = stringAt(destination, "accountResourceId") ?? "";
    const account = graph.get(accountResourceId);
    return {
      ...(destination as JsonObject),
      accountResourceId: account?.id ?? accountResourceId,
      accountId:
        stringAt(account?.properties, "accountId") ?? stringAt(destination, "accountId") ?? "",
    };
  });
  const laws = listAt(given, "destinations", "logAnalytics").map((destination) =>
    lawDestination(destination, graph),
  );
  return {
    ...given,
    ...(endpointId === undefined
      ? {}
      : { dataCollectionEndpointId: graph.get(endpointId)?.id ?? endpointId }),
    ...(accounts.length + laws.length === 0
      ? {}
      : {
          destinations: {
            ...(given["destinations"] as JsonObject),
            ...(accounts.length === 0 ? {} : { monitoringAccounts: accounts }),
            ...(laws.length === 0 ? {} : { logAnalytics: laws }),
          },
        }),
    immutableId: stringAt(before, "immutableId") ?? `dcr-${random.bytes(16).toString("hex")}`,
    ...(metadata === undefined ? {} : { metadata }),
    provisioningState: "Succeeded",
  };
}

/** The properties of a rule that takes Prometheus metrics into one workspace. */
export const prometheusRule = (wanted: {
  readonly description: string;
  readonly endpointId: string;
  readonly workspaceId: string;
}): JsonObject => ({
  description: wanted.description,
  dataCollectionEndpointId: wanted.endpointId,
  dataSources: {
    prometheusForwarder: [
      { name: "PrometheusDataSource", streams: [prometheusStream], labelIncludeFilter: {} },
    ],
  },
  destinations: {
    monitoringAccounts: [{ name: "MonitoringAccount1", accountResourceId: wanted.workspaceId }],
  },
  dataFlows: [{ streams: [prometheusStream], destinations: ["MonitoringAccount1"] }],
});
