/** The api-versions of Microsoft.Insights that clients, templates and SDKs send. */

/** @see azure-rest-api-specs monitor/resource-manager/Microsoft.Insights, privateLinkScopes_API.json */
export const scopeVersions: readonly string[] = [
  "2019-10-17-preview",
  "2021-07-01-preview",
  "2021-09-01",
  "2023-06-01-preview",
];

/** The one version without access modes. */
export const versionWithoutModes = "2019-10-17-preview";

/** @see azure-rest-api-specs monitor/resource-manager/Microsoft.Insights, dataCollection.json */
export const dataCollectionVersions: readonly string[] = [
  "2021-04-01",
  "2021-09-01-preview",
  "2022-06-01",
  "2023-03-11",
  "2024-03-11",
];

/** Names in Microsoft.Insights that follow ARM's general rule. */
export const generalName = {
  pattern: /^[\w.()-]{0,254}[\w()-]$/,
  says: "it has 1 to 255 letters, digits, '_', '-', '.', '(' and ')', and does not end with '.'.",
} as const;
