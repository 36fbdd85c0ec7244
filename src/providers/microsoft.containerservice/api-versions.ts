/** The api-versions of managed clusters, 2019-04-01 to 2026-04-01. @see azure-rest-api-specs containerservice/resource-manager/Microsoft.ContainerService/aks */

const previewsOf = (year: string, months: string): readonly string[] =>
  months.split(" ").map((month) => `${year}-${month}-02-preview`);
const stableOf = (year: string, months: string): readonly string[] =>
  months.split(" ").map((month) => `${year}-${month}-01`);

export const clusterVersions: readonly string[] = [
  ...stableOf("2019", "04 06 08 10 11"),
  ...stableOf("2020", "01 02 03 04 06 07 09 11 12"),
  ...stableOf("2021", "02 03 05 07 08 09 10"),
  "2021-11-01-preview",
  ...stableOf("2022", "01 02 03 04 06 07 08 09 11"),
  ...previewsOf("2022", "01 02 03 04 05 06 07 08 09 10 11"),
  "2022-08-03-preview",
  ...stableOf("2023", "01 02 03 04 05 06 07 08 09 10 11"),
  ...previewsOf("2023", "01 02 03 04 05 06 07 08 09 10 11"),
  ...stableOf("2024", "01 02 05 07 08 09 10"),
  ...previewsOf("2024", "01 02 03 04 05 06 07 09 10"),
  ...stableOf("2025", "01 02 03 04 05 07 08 09 10"),
  ...previewsOf("2025", "01 02 03 04 05 06 07 08 09 10"),
  ...stableOf("2026", "01 02 03 04"),
].sort();
