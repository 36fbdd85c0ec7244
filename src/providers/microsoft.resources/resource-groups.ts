/** Microsoft.Resources/resourceGroups: what holds resources. Deleting one deletes what it holds; the control plane sees to that. */
import { object, readOnly, string } from "../../arm/index.ts";
import type { ResourceType } from "../../arm/index.ts";
import { typeNames } from "../type-names.ts";

export const resourceGroups: ResourceType = {
  type: typeNames.resourceGroups,
  apiVersions: ["2017-05-10", "2019-05-01", "2021-04-01", "2024-11-01", "2025-04-01"],
  scope: "subscription",
  source:
    "azure-rest-api-specs resources/resource-manager/Microsoft.Resources/stable/2021-04-01/resources.json; az group, traced",
  location: "regional",
  name: {
    pattern: /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u,
    says: "it has 1 to 90 letters, digits, '_', '-', '.', '(' and ')', and does not end with '.'.",
  },
  top: object({ managedBy: string({ charsMax: 2048 }) }),
  properties: object({ provisioningState: readOnly() }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
};
