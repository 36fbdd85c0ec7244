/** The report as JSON, with the topology as data. docs/formats/check-report.md has the schema. */
import type { JsonObject } from "../../arm/index.ts";
import { toCloudNames } from "../../azure/index.ts";
import type { CloudName } from "../../azure/index.ts";
import { respelled } from "../../snapshot/index.ts";
import type { Topology } from "../../topology/index.ts";
import type { ProofReport } from "./proof-report.ts";

/** The text of the file. */
export function reportText(
  report: ProofReport,
  { topology, verification }: { readonly topology: Topology; readonly verification: string },
): string {
  const body = JSON.parse(
    JSON.stringify({
      ...report,
      madeAt: new Date(report.madeAtMs).toISOString(),
      topology,
      ...(verification === "" ? {} : { verification }),
    }),
  ) as JsonObject;
  const spelled = respelled(body, (text) => toCloudNames(report.cloud as CloudName, text));
  return `${JSON.stringify(spelled, undefined, 2)}\n`;
}
