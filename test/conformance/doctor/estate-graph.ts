/** Makes the full ARM resources of an estate told in lines: what a GET of Azure Resource Manager would show of each. */
import { graphFrom } from "../../../src/arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../../../src/arm/index.ts";
import {
  dceHosts,
  groupIds,
  hostKey,
  hostKeyChars,
  workspaceQueryHost,
} from "../../../src/azure/index.ts";
import { listOf, wordOf } from "./estate-lines.ts";
import type { EstateLine } from "./estate-lines.ts";
import { estateOf, resource, typesByKind } from "./estate-parts.ts";
import type { Estate } from "./estate-parts.ts";
import { endpointResources, zoneResources } from "./estate-endpoints.ts";
import { networkResources } from "./estate-networks.ts";

/** The resources of an estate. @throws Error when a line names what there is not. */
export function estateResources(lines: readonly EstateLine[]): readonly ArmResource[] {
  const estate = estateOf(lines);
  const services = [
    ...networkResources(estate),
    ...estate.ofKind("dce").map((line) => dce(estate, line)),
    ...estate.ofKind("metrics-workspace").map((line) => metricsWorkspace(estate, line)),
    ...estate.ofKind("logs-workspace").map((line) => logsWorkspace(estate, line)),
    ...estate.ofKind("rule").map((line) => rule(estate, line)),
    ...estate.ofKind("cluster").flatMap((line) => cluster(estate, line)),
    ...estate.ofKind("scope").flatMap((line) => scope(estate, line)),
    ...estate.ofKind("component").map((line) => component(estate, line)),
    ...estate.ofKind("grafana").flatMap((line) => grafana(estate, line)),
    ...estate.ofKind("role").map((line) => role(estate, line)),
  ];
  const { resources, zones } = endpointResources(estate, graphFrom(services));
  return [...services, ...resources, ...zoneResources(estate, zones)];
}

/** The graph of an estate. */
export const estateGraph = (lines: readonly EstateLine[]): Graph =>
  graphFrom(estateResources(lines));

const located = (line: EstateLine): Partial<ArmResource> => ({
  location: wordOf(line, "region") ?? "westeurope",
});

/** The public network access flag of a line, as ARM has it. */
function dce({ idOf }: Estate, line: EstateLine): ArmResource {
  const id = idOf(line.name, "dce");
  const region = wordOf(line, "region") ?? "";
  const hosts = dceHosts({ name: line.name, key: hostKey(id, hostKeyChars.dce), region });
  const properties = {
    immutableId: `dce-${hostKey(id, 32)}`,
    configurationAccess: { endpoint: `https://${hosts.configuration}` },
    logsIngestion: { endpoint: `https://${hosts.logs}` },
    metricsIngestion: { endpoint: `https://${hosts.metrics}` },
    networkAcls: { publicNetworkAccess: wordOf(line, "public") ?? "" },
  };
  return resource(id, typesByKind["dce"] ?? "", properties, { ...located(line), kind: "Linux" });
}

function metricsWorkspace({ idOf }: Estate, line: EstateLine): ArmResource {
  const id = idOf(line.name, "metrics-workspace");
  const region = wordOf(line, "region") ?? "";
  const key = hostKey(id, hostKeyChars.workspace);
  const host = workspaceQueryHost({ name: line.name, key, region });
  const properties = {
    accountId: guidOf(id),
    metrics: { prometheusQueryEndpoint: `https://${host}` },
    publicNetworkAccess: wordOf(line, "public") ?? "",
  };
  return resource(id, typesByKind["metrics-workspace"] ?? "", properties, located(line));
}

/** A GUID that is a function of an id. */
export function guidOf(id: string): string {
  const digits = Buffer.from(hostKey(id, 32)).toString("hex");
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}

function logsWorkspace({ idOf }: Estate, line: EstateLine): ArmResource {
  const id = idOf(line.name, "logs-workspace");
  const properties = {
    customerId: guidOf(id),
    publicNetworkAccessForIngestion: wordOf(line, "ingestion") ?? "",
    publicNetworkAccessForQuery: wordOf(line, "query") ?? "",
    retentionInDays: 30,
  };
  return resource(id, typesByKind["logs-workspace"] ?? "", properties, located(line));
}

function rule(estate: Estate, line: EstateLine): ArmResource {
  const id = estate.idOf(line.name, "rule");
  const dceName = wordOf(line, "dce");
  const workspace = wordOf(line, "workspace") ?? "";
  const isMetrics = wordOf(line, "kind") === "metrics";
  const destinations = isMetrics
    ? {
        monitoringAccounts: [
          { accountResourceId: estate.idOf(workspace, "metrics-workspace"), name: "one" },
        ],
      }
    : {
        logAnalytics: [
          { workspaceResourceId: estate.idOf(workspace, "logs-workspace"), name: "one" },
        ],
      };
  const streams = isMetrics
    ? ["Microsoft-PrometheusMetrics"]
    : ["Microsoft-ContainerLogV2", "Microsoft-KubeEvents", "Microsoft-KubePodInventory"];
  const properties = {
    immutableId: `dcr-${hostKey(id, 32)}`,
    ...(dceName === undefined ? {} : { dataCollectionEndpointId: estate.idOf(dceName, "dce") }),
    destinations,
    dataFlows: [{ streams, destinations: ["one"] }],
    dataSources: isMetrics
      ? { prometheusForwarder: [{ name: "metrics", streams }] }
      : { extensions: [{ name: "logs", extensionName: "ContainerInsights", streams }] },
  };
  return resource(id, typesByKind["rule"] ?? "", properties, { ...located(line), kind: "Linux" });
}

const associationType = "Microsoft.Insights/dataCollectionRuleAssociations";

function cluster(estate: Estate, line: EstateLine): readonly ArmResource[] {
  const id = estate.idOf(line.name, "cluster");
  const network = wordOf(line, "network");
  const [metrics, logs, configuration] = ["metrics", "logs", "configuration"].map((key) =>
    wordOf(line, key),
  );
  const proxy = wordOf(line, "proxy");
  const legacy = wordOf(line, "agents") === "legacy";
  const pool =
    network === undefined
      ? {}
      : { vnetSubnetID: `${estate.idOf(network, "network")}/subnets/nodes` };
  const properties = {
    agentPoolProfiles: [{ name: "pool", mode: "System", ...pool }],
    apiServerAccessProfile: { enablePrivateCluster: wordOf(line, "private") === "yes" },
    azureMonitorProfile: { metrics: { enabled: metrics !== undefined } },
    addonProfiles: {
      omsagent: { enabled: logs !== undefined, config: { useAADAuth: String(!legacy) } },
    },
    ...(proxy === undefined
      ? {}
      : { httpProxyConfig: { httpsProxy: proxy, noProxy: listOf(line, "exempt") } }),
  };
  const associate = (name: string, key: string, target: ResourceId): ArmResource =>
    resource(`${id}/providers/${associationType}/${name}`, associationType, { [key]: target });
  return [
    resource(id, typesByKind["cluster"] ?? "", properties, located(line)),
    ...(metrics === undefined
      ? []
      : [associate("ContainerInsightsMetricsExtension", ruleKey, estate.idOf(metrics, "rule"))]),
    ...(logs === undefined
      ? []
      : [associate("ContainerInsightsExtension", ruleKey, estate.idOf(logs, "rule"))]),
    ...(configuration === undefined
      ? []
      : [associate("configurationAccessEndpoint", endpointKey, estate.idOf(configuration, "dce"))]),
  ];
}

const ruleKey = "dataCollectionRuleId";
const endpointKey = "dataCollectionEndpointId";

const scopable = ["dce", "logs-workspace", "component"];

function scope(estate: Estate, line: EstateLine): readonly ArmResource[] {
  const id = estate.idOf(line.name, "scope");
  const settings = {
    ingestionAccessMode: wordOf(line, "ingestion") ?? "",
    queryAccessMode: wordOf(line, "query") ?? "",
    exclusions: [],
  };
  const type = typesByKind["scope"] ?? "";
  return [
    resource(id, type, { accessModeSettings: settings }, { location: "global" }),
    ...listOf(line, "links").map((name) =>
      resource(`${id}/scopedResources/${name}-connection`, `${type}/scopedResources`, {
        linkedResourceId: estate.idOf(name, ...scopable),
      }),
    ),
  ];
}

function component(estate: Estate, line: EstateLine): ArmResource {
  const properties = {
    Application_Type: "web",
    publicNetworkAccessForIngestion: wordOf(line, "ingestion") ?? "",
    publicNetworkAccessForQuery: wordOf(line, "query") ?? "",
  };
  const id = estate.idOf(line.name, "component");
  return resource(id, typesByKind["component"] ?? "", properties, {
    ...located(line),
    kind: "web",
  });
}

const roles = {
  /** Monitoring Metrics Publisher and Monitoring Data Reader. @see learn.microsoft.com/azure/role-based-access-control/built-in-roles/monitor */
  publisher: "3913510d-42f4-4e42-8a64-420c390055eb",
  reader: "b0d8363b-8ddd-447d-831f-62ca05bff136",
};

function assignment(at: ResourceId, roleId: string, principalId: string): ArmResource {
  const type = "Microsoft.Authorization/roleAssignments";
  const id = `${at}/providers/${type}/${guidOf(`${at}${roleId}${principalId}`)}`;
  const subscription = at.split("/").slice(0, 3).join("/");
  return resource(id, type, {
    principalId,
    roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
    scope: at,
  });
}

function grafana(estate: Estate, line: EstateLine): readonly ArmResource[] {
  const id = estate.idOf(line.name, "grafana");
  const type = typesByKind["grafana"] ?? "";
  const state = wordOf(line, "state");
  const workspaceIds = listOf(line, "workspace").map((name) =>
    estate.idOf(name, "metrics-workspace"),
  );
  const principalId = guidOf(`${id} identity`);
  const properties = {
    endpoint: `https://${line.name}.weu.grafana.azure.com`,
    publicNetworkAccess: "Enabled",
    grafanaIntegrations: {
      azureMonitorWorkspaceIntegrations: workspaceIds.map((azureMonitorWorkspaceResourceId) => ({
        azureMonitorWorkspaceResourceId,
      })),
    },
  };
  const identity = { type: "SystemAssigned", principalId };
  return [
    resource(id, type, properties, { location: "westeurope", identity }),
    ...workspaceIds.flatMap((workspaceId, index) => [
      ...(state === undefined ? [] : managedEndpoint(id, { workspaceId, index, state })),
      ...(wordOf(line, "role") === "yes"
        ? [assignment(workspaceId, roles.reader, principalId)]
        : []),
    ]),
  ];
}

/** A managed private endpoint as Grafana shows it, and the connection that the workspace shows. */
function managedEndpoint(
  grafanaId: ResourceId,
  {
    workspaceId,
    index,
    state,
  }: { readonly workspaceId: ResourceId; readonly index: number; readonly state: string },
): readonly ArmResource[] {
  const id = `${grafanaId}/managedPrivateEndpoints/mpe-${index}`;
  const elsewhere = `/subscriptions/00000000-0000-4000-8000-99999999999${index}/resourceGroups/managed/providers/Microsoft.Network/privateEndpoints/mpe-${index}`;
  const connectionType = "Microsoft.Monitor/accounts/privateEndpointConnections";
  return [
    resource(id, "Microsoft.Dashboard/grafana/managedPrivateEndpoints", {
      privateLinkResourceId: workspaceId,
      groupIds: [groupIds.prometheusMetrics],
      connectionState: { status: state, description: "" },
    }),
    resource(`${workspaceId}/privateEndpointConnections/mpe-${index}.1`, connectionType, {
      privateEndpoint: { id: elsewhere },
      privateLinkServiceConnectionState: {
        status: state,
        description: "",
        actionsRequired: "None",
      },
      groupIds: [groupIds.prometheusMetrics],
    }),
  ];
}

function role(estate: Estate, line: EstateLine): ArmResource {
  const at = estate.idOf(wordOf(line, "at") ?? "", "rule", "metrics-workspace", "dce", "cluster");
  const key = wordOf(line, "role") === "reader" ? "reader" : "publisher";
  return assignment(at, roles[key], guidOf(`principal ${line.name}`));
}
