/** Resource groups, declared as any other type; deleting one deletes what it holds. */
import { object, readOnly, string } from "../arm/index.ts";
import type { ResourceType } from "../arm/index.ts";

const name = "Microsoft.Resources/resourceGroups";

/** Whether a declaration is the resource group's, this one or a provider's own. */
export const isResourceGroup = ({ type }: Pick<ResourceType, "type">): boolean =>
  type.toLowerCase() === name.toLowerCase();

export const resourceGroupType: ResourceType = {
  type: name,
  apiVersions: [
    "2017-05-10",
    "2019-05-01",
    "2019-10-01",
    "2020-06-01",
    "2020-10-01",
    "2021-04-01",
    "2022-09-01",
    "2023-07-01",
    "2024-03-01",
    "2024-07-01",
    "2024-11-01",
    "2025-03-01",
    "2025-04-01",
  ],
  scope: "subscription",
  source: "azure-rest-api-specs: resources/…/2021-04-01/resources.json; az 2.45 traces",
  location: "regional",
  name: {
    pattern: /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u,
    says: "1 to 90 letters, digits, underscores, hyphens, periods and parentheses, not ending in a period.",
  },
  top: object({ managedBy: string({ charsMax: 2048 }) }),
  properties: object({ provisioningState: readOnly() }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
};
