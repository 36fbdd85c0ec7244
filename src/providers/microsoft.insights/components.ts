/**
 * Microsoft.Insights/components: Application Insights, as an inventory type. It is stored, linked by scopes and judged by
 * the doctor; its hosts are shared by all components and are not served, so that nothing sends to it here.
 */
import { guid } from "../../core/index.ts";
import {
  at,
  boolean,
  id,
  integer,
  object,
  oneOf,
  readOnly,
  required,
  stored,
  string,
  stringAt,
} from "../../arm/index.ts";
import type { Derived, Problem, RequestBody, ResourceType, TypeContext } from "../../arm/index.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { scopedProblems } from "./data-collection-endpoints.ts";
import { generalName } from "./api-versions.ts";
import { noPerimeter } from "./perimeter.ts";

const accessFlag = () =>
  oneOf(["Enabled", "Disabled"], { default: "Enabled", refused: noPerimeter });

export const components: ResourceType = {
  type: typeNames.components,
  apiVersions: ["2018-05-01-preview", "2020-02-02-preview", "2020-02-02"],
  scope: "resourceGroup",
  source:
    "Azure/bicep-types-az generated/applicationinsights/microsoft.insights/2020-02-02-preview/types.md",
  location: "regional",
  name: generalName,
  top: object({ kind: string({ charsMax: 64 }) }),
  properties: object({
    Application_Type: required(oneOf(["web", "other"])),
    Flow_Type: stored(),
    Request_Source: stored(),
    HockeyAppId: stored(),
    WorkspaceResourceId: id(typeNames.logAnalyticsWorkspaces),
    IngestionMode: oneOf([
      "ApplicationInsights",
      "ApplicationInsightsWithDiagnosticSettings",
      "LogAnalytics",
    ]),
    SamplingPercentage: stored(),
    RetentionInDays: integer({ min: 30, max: 730 }),
    DisableIpMasking: boolean(),
    DisableLocalAuth: boolean(),
    ImmediatePurgeDataOn30Days: boolean(),
    ForceCustomerStorageForProfiler: boolean(),
    publicNetworkAccessForIngestion: accessFlag(),
    publicNetworkAccessForQuery: accessFlag(),
    AppId: readOnly(),
    ApplicationId: readOnly(),
    Name: readOnly(),
    InstrumentationKey: readOnly(),
    ConnectionString: readOnly(),
    CreationDate: readOnly(),
    TenantId: readOnly(),
    LaMigrationDate: readOnly(),
    HockeyAppToken: readOnly(),
    PrivateLinkScopedResources: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  keeps: ["etag"],
  validate,
  derive,
  validateDelete: (component, { graph }) => scopedProblems(component, { graph }),
};

function validate(body: RequestBody, { graph }: TypeContext): readonly Problem[] {
  const workspaceId = stringAt(body.properties, "WorkspaceResourceId");
  if (workspaceId === undefined || graph.get(workspaceId) !== undefined) return [];
  const message = `The Log Analytics workspace '${workspaceId}' was not found. Create it first.`;
  const target = "properties.WorkspaceResourceId";
  return [problem("InvalidResourceReference", message, { target })];
}

/** Neither instrumentation key nor connection string is given: nothing here takes telemetry by them. */
function derive(
  body: RequestBody,
  { previous, random, now, parsed, tenantId }: TypeContext,
): Derived {
  const before = previous?.properties;
  const links = at(before, "PrivateLinkScopedResources");
  return {
    properties: {
      ...body.properties,
      AppId: stringAt(before, "AppId") ?? guid(random),
      ApplicationId: previous?.name ?? parsed.name,
      Name: previous?.name ?? parsed.name,
      CreationDate: stringAt(before, "CreationDate") ?? now,
      TenantId: tenantId,
      ...(links === undefined ? {} : { PrivateLinkScopedResources: links }),
      provisioningState: "Succeeded",
    },
  };
}
