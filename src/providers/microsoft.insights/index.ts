/** The resource types of Microsoft.Insights. */
import type { ResourceType } from "../../arm/index.ts";
import { groupIds } from "../../azure/index.ts";
import { connectionTypeOf } from "../private-link/connection-type.ts";
import { linkTargets } from "../private-link/connection.ts";
import { scopeVersions } from "./api-versions.ts";
import { components } from "./components.ts";
import { dataCollectionEndpoints } from "./data-collection-endpoints.ts";
import { dataCollectionRuleAssociations } from "./data-collection-rule-associations.ts";
import { dataCollectionRules } from "./data-collection-rules.ts";
import { privateLinkScopes } from "./private-link-scopes.ts";
import { scopedResources } from "./scoped-resources.ts";

const scopeConnections = linkTargets
  .filter(({ groupId }) => groupId === groupIds.azureMonitor)
  .map((target) => connectionTypeOf(target, scopeVersions, privateLinkScopes.source));

export const insightsTypes: readonly ResourceType[] = [
  privateLinkScopes,
  scopedResources,
  ...scopeConnections,
  dataCollectionEndpoints,
  dataCollectionRules,
  dataCollectionRuleAssociations,
  components,
];
