/** The resource types of Microsoft.ContainerService. */
import type { ResourceType } from "../../arm/index.ts";
import { managedClusters } from "./managed-clusters.ts";

export const containerServiceTypes: readonly ResourceType[] = [managedClusters];
