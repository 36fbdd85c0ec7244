/** The resource types of Microsoft.Authorization. */
import type { ResourceType } from "../../arm/index.ts";
import { roleAssignments } from "./role-assignments.ts";
import { roleDefinitions } from "./role-definitions.ts";

export { roleDefinitionResources } from "./role-definitions.ts";

export const authorizationTypes: readonly ResourceType[] = [roleDefinitions, roleAssignments];
