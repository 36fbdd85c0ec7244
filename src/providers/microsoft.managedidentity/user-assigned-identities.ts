/** Microsoft.ManagedIdentity/userAssignedIdentities: a principal that resources and programs speak as. */
import { object, oneOf, readOnly, stringAt } from "../../arm/index.ts";
import type { Derived, RequestBody, ResourceType, TypeContext } from "../../arm/index.ts";
import { guid } from "../../core/index.ts";
import { typeNames } from "../type-names.ts";

export const userAssignedIdentities: ResourceType = {
  type: typeNames.userAssignedIdentities,
  apiVersions: ["2018-11-30", "2023-01-31"],
  scope: "resourceGroup",
  source:
    "azure-rest-api-specs msi/resource-manager/Microsoft.ManagedIdentity/stable/2023-01-31/ManagedIdentity.json",
  location: "regional",
  name: {
    pattern: /^[A-Za-z0-9][\w-]{2,127}$/,
    says: "it has 3 to 128 letters, digits, '_' and '-', and begins with a letter or digit.",
  },
  properties: object({
    isolationScope: oneOf(["None"], {
      refused: { Regional: "identities are not bound to a region." },
    }),
    clientId: readOnly(),
    principalId: readOnly(),
    tenantId: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  derive: (body: RequestBody, { previous, random, tenantId }: TypeContext): Derived => ({
    properties: {
      ...body.properties,
      tenantId,
      principalId: stringAt(previous?.properties, "principalId") ?? guid(random),
      clientId: stringAt(previous?.properties, "clientId") ?? guid(random),
    },
  }),
};
