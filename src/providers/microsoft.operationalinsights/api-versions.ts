/** The api-versions of Microsoft.OperationalInsights that clients, templates and SDKs send. */

/** @see azure-rest-api-specs operationalinsights/resource-manager/Microsoft.OperationalInsights, Workspaces.json; az 2.45, traced */
export const lawVersions: readonly string[] = [
  "2015-03-20",
  "2015-11-01-preview",
  "2020-03-01-preview",
  "2020-08-01",
  "2020-10-01",
  "2021-06-01",
  "2021-12-01-preview",
  "2022-10-01",
  "2023-09-01",
  "2025-02-01",
  "2025-07-01",
];

/** @see azure-rest-api-specs operationalinsights/resource-manager/Microsoft.OperationalInsights, Tables.json */
export const lawTableVersions: readonly string[] = [
  "2021-12-01-preview",
  "2022-10-01",
  "2023-09-01",
  "2025-02-01",
  "2025-07-01",
];
