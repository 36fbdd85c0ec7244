/** The resource types of Microsoft.Storage. */
import type { ResourceType } from "../../arm/index.ts";
import { storageAccounts } from "./storage-accounts.ts";

export const storageTypes: readonly ResourceType[] = [storageAccounts];
