/** The resource types of the platform, one file each, and the providers that they make up. */
import type { ResourceType } from "../arm/index.ts";
import { authorizationTypes } from "./microsoft.authorization/index.ts";
import { containerServiceTypes } from "./microsoft.containerservice/index.ts";
import { dashboardTypes } from "./microsoft.dashboard/index.ts";
import { insightsTypes } from "./microsoft.insights/index.ts";
import { userAssignedIdentities } from "./microsoft.managedidentity/user-assigned-identities.ts";
import { monitorTypes } from "./microsoft.monitor/index.ts";
import { networkTypes } from "./microsoft.network/index.ts";
import { operationalInsightsTypes } from "./microsoft.operationalinsights/index.ts";
import { storageTypes } from "./microsoft.storage/index.ts";
import { resourceGroups } from "./microsoft.resources/resource-groups.ts";
import { providersOf } from "./resource-providers.ts";
import type { ResourceProvider } from "./resource-providers.ts";

export { providerErrors } from "./errors.ts";
export { roleDefinitionResources } from "./microsoft.authorization/index.ts";
export { reconcileEndpoints } from "./private-link/reconcile.ts";
export type { Reconciled, Shortage } from "./private-link/reconcile.ts";
export type { ResourceProvider } from "./resource-providers.ts";

/** Every resource type that the platform serves. */
export const resourceTypes: readonly ResourceType[] = [
  resourceGroups,
  ...networkTypes,
  ...insightsTypes,
  ...monitorTypes,
  ...operationalInsightsTypes,
  ...dashboardTypes,
  ...storageTypes,
  ...containerServiceTypes,
  userAssignedIdentities,
  ...authorizationTypes,
];

/**
 * The providers of `resourceTypes`, and one without any: az registers Microsoft.AlertsManagement before it switches
 * metrics on.
 */
export const resourceProviders: readonly ResourceProvider[] = [
  ...providersOf(resourceTypes),
  { namespace: "Microsoft.AlertsManagement", resourceTypes: [] },
];
