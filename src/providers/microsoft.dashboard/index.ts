/** The resource types of Microsoft.Dashboard. */
import type { ResourceType } from "../../arm/index.ts";
import { grafana } from "./grafana.ts";
import { managedPrivateEndpoints } from "./managed-private-endpoints.ts";

export const dashboardTypes: readonly ResourceType[] = [grafana, managedPrivateEndpoints];
