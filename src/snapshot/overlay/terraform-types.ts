/** The azurerm types that plans are read for: where each lies in Azure, and what its fields become. @see registry.terraform.io/providers/hashicorp/azurerm */
import { at, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../../arm/index.ts";
import { networkTypes, types } from "../../rules/index.ts";
import { clusterTypes } from "../inventory-types.ts";

/** Reads values of one planned resource; unknown ones that matter are noted by the reader. */
export interface TerraformValues {
  readonly read: (path: readonly (string | number)[]) => Json | undefined;
  readonly count: (name: string) => number;
}

export interface Made {
  readonly body: JsonObject;
  readonly children?: readonly (JsonObject & { readonly suffix: string })[];
}

export interface TerraformType {
  readonly type: string;
  /** The id of a resource that is to be made; undefined where its name is not known. */
  readonly id: (values: JsonObject, subscription: ResourceId) => ResourceId | undefined;
  /** Fields that Azure decides: not to know them is no gap. */
  readonly computed: ReadonlySet<string>;
  readonly make: (values: TerraformValues) => Made;
}

/** `{subscription}/resourceGroups/{group}/providers/{type}/{name}`. */
const inGroup =
  (type: string) =>
  (values: JsonObject, subscription: ResourceId): ResourceId | undefined => {
    const group = stringAt(values, "resource_group_name");
    const name = stringAt(values, "name");
    if (group === undefined || name === undefined) return undefined;
    return `${subscription}/resourceGroups/${group}/providers/${type}/${name}`;
  };

/** A child: its parent's name stands in a field. */
const inParent =
  (parentType: string, field: string, kind: string) =>
  (values: JsonObject, subscription: ResourceId): ResourceId | undefined => {
    const parent = stringAt(values, field);
    const name = stringAt(values, "name");
    const base = inGroup(parentType)({ ...values, name: parent }, subscription);
    return base === undefined || name === undefined ? undefined : `${base}/${kind}/${name}`;
  };

/** The fields of a body that are set: `undefined` ones are left out. */
export const defined = (fields: Readonly<Record<string, Json | undefined>>): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const enabled = (value: Json | undefined): Json | undefined =>
  typeof value === "boolean" ? (value ? "Enabled" : "Disabled") : undefined;

const indexes = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => index);

const row = (
  type: string,
  id: TerraformType["id"],
  make: TerraformType["make"],
  computed: readonly string[] = [],
): TerraformType => ({ type, id, make, computed: new Set(["id", ...computed]) });

const body = (
  { read }: TerraformValues,
  properties: Readonly<Record<string, Json | undefined>>,
): JsonObject => ({
  ...defined({ location: read(["location"]) }),
  properties: defined(properties),
});

const scope = row(types.scope, inGroup(types.scope), (values) => ({
  body: {
    properties: {
      accessModeSettings: defined({
        ingestionAccessMode: values.read(["ingestion_access_mode"]) ?? "Open",
        queryAccessMode: values.read(["query_access_mode"]) ?? "Open",
      }),
      privateEndpointConnections: [],
    },
  },
}));

const link = row(
  types.scopedResource,
  inParent(types.scope, "scope_name", "scopedResources"),
  (values) => ({
    body: { properties: defined({ linkedResourceId: values.read(["linked_resource_id"]) }) },
  }),
);

const endpoint = (field: Json | undefined): Json | undefined =>
  typeof field === "string" ? { endpoint: field } : undefined;

const dce = row(
  types.dce,
  inGroup(types.dce),
  (values) => ({
    body: body(values, {
      networkAcls: {
        publicNetworkAccess: enabled(values.read(["public_network_access_enabled"])) ?? "Enabled",
      },
      immutableId: values.read(["immutable_id"]),
      configurationAccess: endpoint(values.read(["configuration_access_endpoint"])),
      logsIngestion: endpoint(values.read(["logs_ingestion_endpoint"])),
      metricsIngestion: endpoint(values.read(["metrics_ingestion_endpoint"])),
    }),
  }),
  [
    "immutable_id",
    "configuration_access_endpoint",
    "logs_ingestion_endpoint",
    "metrics_ingestion_endpoint",
  ],
);

const rule = row(
  types.dcr,
  inGroup(types.dcr),
  (values) => {
    const { read } = values;
    const accounts = listLength(read(["destinations", 0, "monitor_account"]));
    const workspaces = listLength(read(["destinations", 0, "log_analytics"]));
    return {
      body: body(values, {
        immutableId: read(["immutable_id"]),
        dataCollectionEndpointId: read(["data_collection_endpoint_id"]),
        destinations: {
          monitoringAccounts: indexes(accounts).map((index) =>
            defined({
              accountResourceId: read([
                "destinations",
                0,
                "monitor_account",
                index,
                "monitor_account_id",
              ]),
              name: read(["destinations", 0, "monitor_account", index, "name"]),
            }),
          ),
          logAnalytics: indexes(workspaces).map((index) =>
            defined({
              workspaceResourceId: read([
                "destinations",
                0,
                "log_analytics",
                index,
                "workspace_resource_id",
              ]),
              name: read(["destinations", 0, "log_analytics", index, "name"]),
            }),
          ),
        },
        dataFlows: indexes(values.count("data_flow")).map((index) =>
          defined({
            streams: read(["data_flow", index, "streams"]),
            destinations: read(["data_flow", index, "destinations"]),
          }),
        ),
      }),
    };
  },
  ["immutable_id"],
);

const listLength = (value: Json | undefined): number => (Array.isArray(value) ? value.length : 0);

const association = row(
  types.association,
  (values) => {
    const target = stringAt(values, "target_resource_id");
    // The provider's own default of the name.
    const name = stringAt(values, "name") ?? "configurationAccessEndpoint";
    return target === undefined ? undefined : `${target}/providers/${types.association}/${name}`;
  },
  ({ read }) => ({
    body: {
      properties: defined({
        dataCollectionRuleId: read(["data_collection_rule_id"]),
        dataCollectionEndpointId: read(["data_collection_endpoint_id"]),
      }),
    },
  }),
);

function privateEndpoint(values: TerraformValues): Made {
  const { read } = values;
  const own = (name: string): Json | undefined => read(["private_service_connection", 0, name]);
  const connection = {
    name: own("name") ?? "",
    properties: defined({
      privateLinkServiceId: own("private_connection_resource_id"),
      groupIds: own("subresource_names") ?? [],
    }),
  };
  const field =
    own("is_manual_connection") === true
      ? "manualPrivateLinkServiceConnections"
      : "privateLinkServiceConnections";
  const zones = read(["private_dns_zone_group", 0, "private_dns_zone_ids"]);
  const ids = Array.isArray(zones) ? (zones as readonly Json[]) : [];
  const group = stringAt(read(["private_dns_zone_group", 0]), "name") ?? "default";
  return {
    body: body(values, { subnet: defined({ id: read(["subnet_id"]) }), [field]: [connection] }),
    children:
      values.count("private_dns_zone_group") === 0
        ? []
        : [
            {
              suffix: `/privateDnsZoneGroups/${group}`,
              properties: {
                privateDnsZoneConfigs: ids.map((id, index) => ({
                  name: `zone-${index}`,
                  properties: { privateDnsZoneId: id },
                })),
              },
            },
          ],
  };
}

const logsWorkspace = row(
  clusterTypes.logsWorkspace,
  inGroup(clusterTypes.logsWorkspace),
  (values) => ({
    body: body(values, {
      customerId: values.read(["workspace_id"]),
      publicNetworkAccessForIngestion:
        enabled(values.read(["internet_ingestion_enabled"])) ?? "Enabled",
      publicNetworkAccessForQuery: enabled(values.read(["internet_query_enabled"])) ?? "Enabled",
    }),
  }),
  ["workspace_id"],
);

const monitorWorkspace = row(
  types.workspace,
  inGroup(types.workspace),
  (values) => {
    const host = values.read(["query_endpoint"]);
    return {
      body: body(values, {
        publicNetworkAccess: enabled(values.read(["public_network_access_enabled"])) ?? "Enabled",
        metrics: typeof host === "string" ? { prometheusQueryEndpoint: host } : undefined,
        defaultIngestionSettings: defined({
          dataCollectionEndpointResourceId: values.read(["default_data_collection_endpoint_id"]),
          dataCollectionRuleResourceId: values.read(["default_data_collection_rule_id"]),
        }),
      }),
    };
  },
  ["query_endpoint", "default_data_collection_endpoint_id", "default_data_collection_rule_id"],
);

function cluster(values: TerraformValues): Made {
  const { read } = values;
  const workspace = read(["oms_agent", 0, "log_analytics_workspace_id"]);
  const auth = read(["oms_agent", 0, "msi_auth_for_monitoring_enabled"]);
  return {
    body: body(values, {
      agentPoolProfiles:
        values.count("default_node_pool") === 0
          ? undefined
          : [
              defined({
                name: read(["default_node_pool", 0, "name"]),
                vnetSubnetID: read(["default_node_pool", 0, "vnet_subnet_id"]),
              }),
            ],
      apiServerAccessProfile: defined({ enablePrivateCluster: read(["private_cluster_enabled"]) }),
      azureMonitorProfile: { metrics: { enabled: values.count("monitor_metrics") > 0 } },
      addonProfiles:
        values.count("oms_agent") === 0
          ? undefined
          : {
              omsagent: {
                enabled: true,
                config: defined({
                  logAnalyticsWorkspaceResourceID: workspace,
                  useAADAuth: auth === undefined ? undefined : String(auth),
                }),
              },
            },
      httpProxyConfig:
        values.count("http_proxy_config") === 0
          ? undefined
          : defined({
              httpProxy: read(["http_proxy_config", 0, "http_proxy"]),
              httpsProxy: read(["http_proxy_config", 0, "https_proxy"]),
              noProxy: read(["http_proxy_config", 0, "no_proxy"]),
            }),
    }),
  };
}

const clusterComputed = ["identity", "kubelet_identity", "fqdn", "kube_config"];

const network = row(
  networkTypes.vnet,
  inGroup(networkTypes.vnet),
  (values) => ({
    body: body(values, {
      addressSpace: defined({ addressPrefixes: values.read(["address_space"]) }),
      dhcpOptions: defined({ dnsServers: values.read(["dns_servers"]) }),
    }),
  }),
  ["subnet", "guid"],
);

const subnet = row(
  networkTypes.subnet,
  inParent(networkTypes.vnet, "virtual_network_name", "subnets"),
  ({ read }) => ({
    body: {
      properties: defined({
        addressPrefix: at(read(["address_prefixes"]), 0),
        privateEndpointNetworkPolicies: read(["private_endpoint_network_policies"]),
      }),
    },
  }),
  ["private_endpoint_network_policies"],
);

const zone = row(networkTypes.zone, inGroup(networkTypes.zone), () => ({
  body: { properties: {} },
}));

const zoneLink = row(
  networkTypes.zoneLink,
  inParent(networkTypes.zone, "private_dns_zone_name", "virtualNetworkLinks"),
  ({ read }) => ({
    body: {
      properties: defined({
        virtualNetwork: defined({ id: read(["virtual_network_id"]) }),
        registrationEnabled: read(["registration_enabled"]) ?? false,
        resolutionPolicy: read(["resolution_policy"]),
      }),
    },
  }),
  ["resolution_policy"],
);

const record = row(
  `${networkTypes.zone}/A`,
  inParent(networkTypes.zone, "zone_name", "A"),
  ({ read }) => {
    const addresses = read(["records"]);
    const list = Array.isArray(addresses) ? (addresses as readonly Json[]) : [];
    return {
      body: {
        properties: defined({
          ttl: read(["ttl"]),
          aRecords: list.map((address) => ({ ipv4Address: address })),
        }),
      },
    };
  },
);

export const terraformTypes: ReadonlyMap<string, TerraformType> = new Map([
  ["azurerm_monitor_private_link_scope", scope],
  ["azurerm_monitor_private_link_scoped_service", link],
  ["azurerm_monitor_data_collection_endpoint", dce],
  ["azurerm_monitor_data_collection_rule", rule],
  ["azurerm_monitor_data_collection_rule_association", association],
  [
    "azurerm_private_endpoint",
    row(networkTypes.endpoint, inGroup(networkTypes.endpoint), privateEndpoint),
  ],
  ["azurerm_private_dns_zone", zone],
  ["azurerm_private_dns_zone_virtual_network_link", zoneLink],
  ["azurerm_private_dns_a_record", record],
  ["azurerm_log_analytics_workspace", logsWorkspace],
  ["azurerm_monitor_workspace", monitorWorkspace],
  [
    "azurerm_kubernetes_cluster",
    row(types.cluster, inGroup(types.cluster), cluster, clusterComputed),
  ],
  ["azurerm_virtual_network", network],
  ["azurerm_subnet", subnet],
]);
