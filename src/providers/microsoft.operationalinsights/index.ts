/** Microsoft.OperationalInsights: Log Analytics workspaces and their tables. */
import type { ResourceType } from "../../arm/index.ts";
import { logAnalyticsTables } from "./tables.ts";
import { logAnalyticsWorkspaces } from "./workspaces.ts";

export const operationalInsightsTypes: readonly ResourceType[] = [
  logAnalyticsWorkspaces,
  logAnalyticsTables,
];
