/**
 * Microsoft.OperationalInsights/workspaces (LAW): the Log Analytics workspace that keeps logs. Its shared keys stand in
 * no GET and not in the graph. There is no soft delete: what is deleted is gone, data and name.
 */
import { guid, limits } from "../../core/index.ts";
import {
  at,
  boolean,
  integer,
  isObject,
  number,
  object,
  oneOf,
  readOnly,
  refused,
  sameId,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Derived,
  Json,
  JsonObject,
  Problem,
  RequestBody,
  ResourceType,
  TypeAction,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom, resourceOf } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { scopedProblems } from "../microsoft.insights/data-collection-endpoints.ts";
import { noPerimeter } from "../microsoft.insights/perimeter.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { lawVersions } from "./api-versions.ts";
import { builtInTables, followWorkspaceRetention } from "./table-resources.ts";

const commitment = "commitment tiers change the bill only, and nothing is billed here.";
const accessFlag = () =>
  oneOf(["Enabled", "Disabled"], { default: "Enabled", refused: noPerimeter });

export const logAnalyticsWorkspaces: ResourceType = {
  type: typeNames.logAnalyticsWorkspaces,
  apiVersions: lawVersions,
  scope: "resourceGroup",
  source:
    "azure-rest-api-specs operationalinsights/resource-manager/Microsoft.OperationalInsights/stable/2025-07-01/Workspaces.json; az monitor log-analytics, traced",
  location: "regional",
  name: {
    pattern: /^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$/,
    says: "it has 4 to 63 letters, digits and '-', and begins and ends with a letter or digit.",
  },
  top: object({ identity: refused("workspaces have no identity here.") }),
  properties: object({
    sku: object({
      name: oneOf(["PerGB2018", "Standalone", "PerNode", "Standard", "Premium", "Free"], {
        default: "PerGB2018",
        refused: {
          CapacityReservation: commitment,
          LACluster: "there are no dedicated clusters.",
        },
      }),
      capacityReservationLevel: refused(commitment),
      lastSkuUpdate: readOnly(),
      maxCapacityReservationLevel: readOnly(),
    }),
    retentionInDays: integer({ min: 7, max: limits.logRetentionDaysMax }),
    workspaceCapping: object({
      dailyQuotaGb: number(),
      quotaNextResetTime: readOnly(),
      dataIngestionStatus: readOnly(),
    }),
    publicNetworkAccessForIngestion: accessFlag(),
    publicNetworkAccessForQuery: accessFlag(),
    features: object({
      enableLogAccessUsingOnlyResourcePermissions: boolean(true),
      disableLocalAuth: boolean(),
      enableDataExport: boolean(),
      immediatePurgeDataOn30Days: boolean(),
      clusterResourceId: refused("there are no dedicated clusters."),
      unifiedSentinelBillingOnly: readOnly(),
      associations: readOnly(),
      legacy: readOnly(),
      searchVersion: readOnly(),
    }),
    forceCmkForQuery: boolean(),
    defaultDataCollectionRuleResourceId: refused(
      "transformations of a workspace's own are not emulated; those of data collection rules are.",
    ),
    replication: refused("workspaces are not replicated to another region."),
    // The first version let a client choose these; they are the service's since.
    source: readOnly(),
    customerId: readOnly(),
    portalUrl: readOnly(),
    provisioningState: readOnly(),
    createdDate: readOnly(),
    modifiedDate: readOnly(),
    privateLinkScopedResources: readOnly(),
    failover: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "properties",
  keeps: ["etag", "systemData"],
  validate,
  derive,
  validateDelete: (workspace, { graph }) => scopedProblems(workspace, { graph }),
  view,
  actions: keyActions(),
};

/** What has a value here and another meaning than this platform's. */
function validate({ properties }: RequestBody): readonly Problem[] {
  const found: Problem[] = [];
  const isOn = (...path: readonly string[]): boolean => at(properties, ...path) === true;
  const refuse = (target: string, message: string): void =>
    void found.push(problem("FeatureNotEmulated", message, { target: `properties.${target}` }));
  if (isOn("forceCmkForQuery")) {
    refuse("forceCmkForQuery", "Customer-managed keys are not emulated. Leave it out.");
  }
  if (isOn("features", "enableDataExport")) {
    refuse("features.enableDataExport", "Data export is not emulated. Leave it out.");
  }
  return [...found, ...retentionProblems(properties), ...quotaProblems(properties)];
}

/** @see learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure: 30 to 730 days, and 7 of the Free tier */
function retentionProblems(properties: JsonObject): readonly Problem[] {
  const days = at(properties, "retentionInDays");
  const isFree = stringAt(properties, "sku", "name") === "Free";
  const least = isFree ? 7 : limits.logRetentionDaysMin;
  if (typeof days !== "number" || (days >= least && (!isFree || days === 7))) return [];
  const takes = isFree ? "7" : `${limits.logRetentionDaysMin} to ${limits.logRetentionDaysMax}`;
  const message = `'RetentionInDays' is ${days}; the pricing tier ${stringAt(properties, "sku", "name") ?? "PerGB2018"} takes ${takes} days.`;
  return [problem("InvalidParameter", message, { target: "properties.retentionInDays" })];
}

/** @see az monitor log-analytics workspace create --help, --quota: 0.023 at least, -1 for no cap */
function quotaProblems(properties: JsonObject): readonly Problem[] {
  const quota = at(properties, "workspaceCapping", "dailyQuotaGb");
  if (typeof quota !== "number" || quota === -1 || quota >= limits.dailyQuotaGbMin) return [];
  const message = `'DailyQuotaGb' is ${quota}; it is ${limits.dailyQuotaGbMin} at least, or -1 for no cap.`;
  return [
    problem("InvalidParameter", message, { target: "properties.workspaceCapping.dailyQuotaGb" }),
  ];
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const { previous, random, now, graph } = context;
  const { properties: given } = body;
  const before = previous?.properties;
  const links = at(before, "privateLinkScopedResources");
  const skuName = stringAt(given, "sku", "name") ?? "PerGB2018";
  const retentionInDays = at(given, "retentionInDays") ?? (skuName === "Free" ? 7 : 30);
  const workspace = resourceOf(
    typeNames.logAnalyticsWorkspaces,
    { body, context },
    {
      source: "Azure",
      customerId: stringAt(before, "customerId") ?? guid(random),
      provisioningState: "Succeeded",
      sku: { name: skuName, lastSkuUpdate: skuSince(before, skuName) ?? now },
      retentionInDays,
      features: featuresOf(given),
      workspaceCapping: { dailyQuotaGb: at(given, "workspaceCapping", "dailyQuotaGb") ?? -1 },
      publicNetworkAccessForIngestion:
        stringAt(given, "publicNetworkAccessForIngestion") ?? "Enabled",
      publicNetworkAccessForQuery: stringAt(given, "publicNetworkAccessForQuery") ?? "Enabled",
      ...(links === undefined ? {} : { privateLinkScopedResources: links }),
      createdDate: stringAt(before, "createdDate") ?? now,
      modifiedDate: now,
    },
  );
  const draft = draftOf(graph);
  draft.put(workspace);
  if (previous === undefined) for (const table of builtInTables(workspace)) draft.put(table);
  else followWorkspaceRetention(draft, workspace);
  return derivedFrom(draft, workspace);
}

const skuSince = (before: Json | undefined, skuName: string): string | undefined =>
  sameId(stringAt(before, "sku", "name"), skuName)
    ? stringAt(before, "sku", "lastSkuUpdate")
    : undefined;

function featuresOf(given: JsonObject): JsonObject {
  const features = at(given, "features");
  return {
    legacy: 0,
    searchVersion: 1,
    enableLogAccessUsingOnlyResourcePermissions: true,
    ...(isObject(features) ? features : {}),
  };
}

/**
 * The daily cap is shown as a double, as the service's serializer prints one: a script of Microsoft's compares the text
 * with `-1.0`. @see github.com/microsoft/Docker-Provider scripts/troubleshoot/troubleshooterrors.sh
 */
function view(workspace: ArmResource): ArmResource {
  const capping = at(workspace.properties, "workspaceCapping");
  const quota = at(capping, "dailyQuotaGb");
  if (!isObject(capping) || typeof quota !== "number" || !Number.isInteger(quota)) return workspace;
  const dailyQuotaGb = asDouble(quota);
  return {
    ...workspace,
    properties: { ...workspace.properties, workspaceCapping: { ...capping, dailyQuotaGb } },
  };
}

/** A whole number that JSON writes with its fraction: `-1.0`. */
const asDouble = (value: number): Json =>
  (JSON as unknown as { readonly rawJSON: (text: string) => Json }).rawJSON(`${value}.0`);

/** `listKeys` is the name by which a template's function asks. @see azure-rest-api-specs SharedKeys.json; onboarding templates */
function keyActions(): readonly TypeAction[] {
  const keysOf = (context: { readonly resource: ArmResource }): string =>
    stringAt(context.resource.properties, "customerId") ?? "";
  const shown: Pick<TypeAction, "method" | "answer"> = {
    method: "POST",
    answer: async (context) => ({
      status: 200,
      body: { ...(await context.sharedKeys.of(keysOf(context))) },
    }),
  };
  return [
    { ...shown, path: "sharedkeys", action: "sharedKeys/action" },
    { ...shown, path: "listkeys", action: "sharedKeys/action" },
    {
      method: "POST",
      path: "regeneratesharedkey",
      action: "regenerateSharedKey/action",
      answer: async (context) => ({
        status: 200,
        body: { ...(await context.sharedKeys.renew(keysOf(context))) },
      }),
    },
  ];
}
