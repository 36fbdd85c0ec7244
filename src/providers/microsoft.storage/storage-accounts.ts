/**
 * Microsoft.Storage/storageAccounts, as an inventory type: stored, so that the doctor sees whose names a blob zone hides.
 * No storage is served: its names do not resolve publicly here.
 */
import { boolean, object, oneOf, readOnly, refused, required, stored } from "../../arm/index.ts";
import type { Derived, RequestBody, ResourceType, TypeContext } from "../../arm/index.ts";
import { cloud } from "../../azure/index.ts";
import { typeNames } from "../type-names.ts";

export const storageAccounts: ResourceType = {
  type: typeNames.storageAccounts,
  apiVersions: ["2021-09-01", "2022-09-01", "2023-01-01", "2023-05-01", "2024-01-01"],
  scope: "resourceGroup",
  source: "learn.microsoft.com/azure/templates/microsoft.storage/storageaccounts",
  location: "regional",
  name: {
    pattern: /^[a-z0-9]{3,24}$/,
    says: "it has 3 to 24 lower-case letters and digits.",
  },
  top: object({
    kind: required(
      oneOf(["Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage"]),
    ),
    sku: required(object({ name: required(stored()), tier: readOnly() })),
    identity: refused("storage accounts have no identity here."),
    extendedLocation: refused("there are no edge zones."),
  }),
  properties: object({
    accessTier: oneOf(["Hot", "Cool", "Cold", "Premium"]),
    publicNetworkAccess: oneOf(["Enabled", "Disabled"], { default: "Enabled" }),
    allowBlobPublicAccess: boolean(),
    allowSharedKeyAccess: boolean(),
    allowCrossTenantReplication: boolean(),
    supportsHttpsTrafficOnly: boolean(true),
    minimumTlsVersion: oneOf(["TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"]),
    isHnsEnabled: boolean(),
    defaultToOAuthAuthentication: boolean(),
    networkAcls: stored(),
    encryption: stored(),
    dnsEndpointType: oneOf(["Standard"], {
      refused: { AzureDnsZone: "accounts have their standard names." },
    }),
    customDomain: refused("accounts have their standard names."),
    primaryEndpoints: readOnly(),
    primaryLocation: readOnly(),
    statusOfPrimary: readOnly(),
    creationTime: readOnly(),
    keyCreationTime: readOnly(),
    privateEndpointConnections: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "merge",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "properties",
  derive,
};

/** There are no keys: nothing would take them. */
function derive(body: RequestBody, { previous, parsed, now }: TypeContext): Derived {
  const name = (previous?.name ?? parsed.name).toLowerCase();
  return {
    properties: {
      ...body.properties,
      primaryEndpoints: { blob: `https://${name}.${cloud.blobSuffix}/` },
      primaryLocation: body.location ?? "",
      statusOfPrimary: "available",
      creationTime: previous?.properties["creationTime"] ?? now,
      privateEndpointConnections: [],
      provisioningState: "Succeeded",
    },
  };
}
