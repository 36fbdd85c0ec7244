/** Which of the declared types is the resource group's: the control plane deletes a group with what it holds. */
import type { ResourceType } from "../arm/index.ts";

export const isResourceGroup = ({ type }: Pick<ResourceType, "type">): boolean =>
  type.toLowerCase() === "microsoft.resources/resourcegroups";
