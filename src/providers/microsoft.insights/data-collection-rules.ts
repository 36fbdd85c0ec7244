/**
 * Microsoft.Insights/dataCollectionRules (DCR): which streams go to which destinations, and by which endpoint.
 * Metrics only: Prometheus streams into Azure Monitor workspaces.
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
import { prometheusStream, ruleProblems } from "./rule-problems.ts";

const noLogs = "rules collect Prometheus metrics only.";

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
    "extensions",
    "performanceCounters",
    "windowsEventLogs",
    "syslog",
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
  ].map((name) => [name, refused(noLogs)]),
);

const refusedDestinations = Object.fromEntries(
  [
    "logAnalytics",
    "azureMonitorMetrics",
    "eventHubs",
    "eventHubsDirect",
    "storageBlobsDirect",
    "storageTablesDirect",
    "storageAccounts",
    "microsoftFabric",
    "azureDataExplorer",
  ].map((name) => [name, refused(noLogs)]),
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
        ].map((kind) => [kind, noLogs]),
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
      ...refusedDestinations,
    }),
    dataFlows: list(
      object({
        streams: required(streams()),
        destinations: required(list(entryName(), { countMin: 1, countMax: 100 })),
        transformKql: refused(noLogs),
        outputStream: refused(noLogs),
        builtInTransform: refused(noLogs),
        captureOverflow: refused(noLogs),
      }),
      { countMax: limits.dataFlowsPerRuleMax },
    ),
    streamDeclarations: refused(noLogs),
    agentSettings: refused(noLogs),
    references: refused(noLogs),
    directDataSources: refused(noLogs),
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
  return {
    ...given,
    ...(endpointId === undefined
      ? {}
      : { dataCollectionEndpointId: graph.get(endpointId)?.id ?? endpointId }),
    ...(accounts.length === 0
      ? {}
      : {
          destinations: { ...(given["destinations"] as JsonObject), monitoringAccounts: accounts },
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
