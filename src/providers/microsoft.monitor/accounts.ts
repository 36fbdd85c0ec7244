/**
 * Microsoft.Monitor/accounts: the Azure Monitor workspace (AMW) that keeps Prometheus metrics. With it come a managed
 * resource group and in that a data collection endpoint and rule of the workspace's name.
 */
import { guid } from "../../core/index.ts";
import {
  at,
  boolean,
  newEtag,
  object,
  oneOf,
  parseId,
  readOnly,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  JsonObject,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { hostKey, hostKeyChars, workspaceQueryHost } from "../../azure/index.ts";
import { derivedFrom, resourceOf } from "../declared.ts";
import { draftOf } from "../draft.ts";
import type { Draft } from "../draft.ts";
import {
  endpointProperties,
  scopedProblems,
} from "../microsoft.insights/data-collection-endpoints.ts";
import { prometheusRule, ruleProperties } from "../microsoft.insights/data-collection-rules.ts";
import { noPerimeter } from "../microsoft.insights/perimeter.ts";
import { dissolve } from "../private-link/dissolve.ts";
import { workspaceLinkResourceActions } from "../private-link/link-resources.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";

/** @see azure-rest-api-specs monitor/resource-manager/Microsoft.Monitor/Accounts */
export const workspaceVersions: readonly string[] = [
  "2021-06-03-preview",
  "2023-04-03",
  "2025-05-03-preview",
  "2025-10-03-preview",
];

export const workspaces: ResourceType = {
  type: typeNames.workspaces,
  apiVersions: workspaceVersions,
  scope: "resourceGroup",
  source: "azure-rest-api-specs monitor/resource-manager/Microsoft.Monitor/Accounts",
  location: "regional",
  // The specification's pattern, and 44 characters at most: the default endpoint has the same name (inferred).
  name: {
    pattern: /^[A-Za-z0-9][A-Za-z0-9-]{1,42}[A-Za-z0-9]$/,
    says: "it has 3 to 44 letters, digits and '-', and begins and ends with a letter or digit.",
  },
  properties: object({
    publicNetworkAccess: oneOf(["Enabled", "Disabled"], {
      default: "Enabled",
      refused: noPerimeter,
    }),
    metrics: object({
      enableAccessUsingResourcePermissions: boolean(),
      prometheusQueryEndpoint: readOnly(),
      internalId: readOnly(),
    }),
    accountId: readOnly(),
    defaultIngestionSettings: readOnly(),
    privateEndpointConnections: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  keeps: ["etag", "systemData"],
  validate,
  derive,
  validateDelete: (workspace, { graph }) => {
    const dce = graph.get(defaultEndpointId(workspace) ?? "");
    return dce === undefined ? [] : scopedProblems(dce, { graph });
  },
  deleteEffects: (workspace, context) => [
    ...dissolve(workspace, context),
    ...removeManagedGroup(workspace, context.graph),
  ],
  view,
  actions: workspaceLinkResourceActions,
};

const defaultEndpointId = (workspace: ArmResource): ResourceId | undefined =>
  stringAt(workspace.properties, "defaultIngestionSettings", "dataCollectionEndpointResourceId");

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const found: Problem[] = [];
  if (at(body.properties, "metrics", "enableAccessUsingResourcePermissions") === true) {
    const target = "properties.metrics.enableAccessUsingResourcePermissions";
    const message =
      "Queries with the rights on a resource are not emulated: access goes by roles on the workspace.";
    found.push(problem("FeatureNotEmulated", message, { target }));
  }
  const group = managedGroup(context, body.location);
  if (context.previous === undefined && context.graph.get(group.id) !== undefined) {
    const message = `The resource group '${group.name}' exists already; the workspace '${context.parsed.name}' would manage a group of that name. Delete the group or choose another name.`;
    found.push(problem("ManagedResourceGroupExists", message, { status: 409, target: "name" }));
  }
  return found;
}

function managedGroup(
  context: Pick<TypeContext, "id" | "parsed">,
  location = "",
): { readonly id: ResourceId; readonly name: string } {
  const name = `MA_${context.parsed.name}_${location}_managed`;
  return { id: `/subscriptions/${context.parsed.subscriptionId}/resourceGroups/${name}`, name };
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const { previous, random, graph } = context;
  const before = previous?.properties;
  const name = previous?.name ?? context.parsed.name;
  const region = body.location ?? "";
  const host = workspaceQueryHost({
    name,
    key: hostKey(context.id, hostKeyChars.workspace),
    region,
  });
  const accountId = stringAt(before, "accountId") ?? guid(random);
  const draft = draftOf(graph);
  const workspace = resourceOf(
    typeNames.workspaces,
    { body, context },
    {
      accountId,
      metrics: {
        prometheusQueryEndpoint: `https://${host}`,
        internalId: stringAt(before, "metrics", "internalId") ?? `mac_${accountId}`,
        enableAccessUsingResourcePermissions: false,
      },
      defaultIngestionSettings: at(before, "defaultIngestionSettings") ?? {},
      privateEndpointConnections: at(before, "privateEndpointConnections") ?? [],
      publicNetworkAccess: stringAt(body.properties, "publicNetworkAccess") ?? "Enabled",
      provisioningState: "Succeeded",
    },
  );
  draft.put(workspace);
  if (previous === undefined) putDefaults(draft, workspace, context);
  return derivedFrom(draft, workspace);
}

/** The managed group with the default endpoint and rule, in the same transaction as the workspace. */
function putDefaults(draft: Draft, workspace: ArmResource, context: TypeContext): void {
  const { random } = context;
  const { name, location = "" } = workspace;
  const group = managedGroup(context, location);
  const metadata = { provisionedBy: typeNames.workspaces, provisionedByResourceId: workspace.id };
  draft.put({
    id: group.id,
    name: group.name,
    type: typeNames.resourceGroups,
    location,
    managedBy: workspace.id,
    properties: { provisioningState: "Succeeded" },
  });
  const endpointId = `${group.id}/providers/${typeNames.dataCollectionEndpoints}/${name}`;
  draft.put({
    id: endpointId,
    name,
    type: typeNames.dataCollectionEndpoints,
    location,
    etag: newEtag(random),
    properties: {
      ...endpointProperties({
        given: { networkAcls: { publicNetworkAccess: "Enabled" } },
        previous: undefined,
        id: endpointId,
        name,
        region: location,
        random,
      }),
      metadata,
    },
  });
  const ruleId = `${group.id}/providers/${typeNames.dataCollectionRules}/${name}`;
  const given = prometheusRule({
    description: `Default rule of the Azure Monitor workspace ${name}`,
    endpointId,
    workspaceId: workspace.id,
  });
  draft.put({
    id: ruleId,
    name,
    type: typeNames.dataCollectionRules,
    location,
    etag: newEtag(random),
    properties: {
      ...ruleProperties(given, { graph: draft.graph(), previous: undefined, random }),
      metadata,
    },
  });
  const rule = draft.get(ruleId);
  const endpoint = draft.get(endpointId);
  draft.merge(workspace.id, {
    defaultIngestionSettings: {
      dataCollectionRuleResourceId: ruleId,
      dataCollectionEndpointResourceId: endpointId,
      dataCollectionRuleImmutableId: stringAt(rule?.properties, "immutableId") ?? "",
      ingestionEndpoints: { metrics: metricsEndpoint(endpoint, rule) },
    },
  });
}

/** Where the default rule takes remote write. @see learn.microsoft.com/azure/azure-monitor/metrics/prometheus-remote-write */
function metricsEndpoint(endpoint: ArmResource | undefined, rule: ArmResource | undefined): string {
  const base = stringAt(endpoint?.properties, "metricsIngestion", "endpoint") ?? "";
  const ruleId = stringAt(rule?.properties, "immutableId") ?? "";
  return `${base}/dataCollectionRules/${ruleId}/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24`;
}

/** The managed group goes with the workspace, and the data too: there is no soft delete. */
function removeManagedGroup(
  workspace: ArmResource,
  graph: TypeContext["graph"],
): readonly Change[] {
  const endpointId = defaultEndpointId(workspace);
  const parsed = endpointId === undefined ? undefined : parseId(endpointId);
  const group = graph.get(parsed?.parentId ?? "");
  if (group === undefined || group.managedBy !== workspace.id) return [];
  return [{ kind: "delete", id: group.id }];
}

/** The oldest version lacks public network access and connections; only those of 2025 show the resource permissions and the default rule's endpoints. */
function view(workspace: ArmResource, apiVersion: string): ArmResource {
  if (apiVersion >= "2025") return workspace;
  const { publicNetworkAccess, privateEndpointConnections, ...rest } = workspace.properties;
  const settings = rest["defaultIngestionSettings"];
  const metrics = rest["metrics"];
  const properties: JsonObject = {
    ...rest,
    metrics: {
      prometheusQueryEndpoint: stringAt(metrics, "prometheusQueryEndpoint"),
      internalId: stringAt(metrics, "internalId"),
    },
    defaultIngestionSettings: {
      dataCollectionRuleResourceId: stringAt(settings, "dataCollectionRuleResourceId"),
      dataCollectionEndpointResourceId: stringAt(settings, "dataCollectionEndpointResourceId"),
    },
    ...(apiVersion === "2021-06-03-preview"
      ? {}
      : { privateEndpointConnections, publicNetworkAccess }),
  };
  return { ...workspace, properties };
}
