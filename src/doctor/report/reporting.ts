/** Reports of proofs, with the picture; loaded only where one is asked for. */
import type { Graph } from "../../arm/index.ts";
import { layoutTopology, svgOf, topologyOf } from "../../topology/index.ts";
import { limits } from "../../core/index.ts";
import { doctorError } from "../errors.ts";
import { proofReport } from "./proof-report.ts";
import type { ReportSubject } from "./proof-report.ts";
import { reportHtml } from "./report-html.ts";
import { reportText } from "./report-json.ts";

export { digestOf, signerOf, verification } from "./sign.ts";
export type { Signer } from "./sign.ts";

/**
 * The text of a report's file.
 *
 * @param verification the command that verifies its signature; empty where it is not signed.
 * @throws CodedError ReportTooLarge.
 */
export function reportFile(
  subject: ReportSubject,
  format: "html" | "json",
  signing: { readonly verification: string },
): string {
  const report = proofReport(subject);
  const text =
    format === "json"
      ? reportText(report, { topology: topologyOf(subject.facts.graph), ...signing })
      : reportHtml(report, { picture: pictureOf(subject.facts.graph), ...signing });
  if (text.length > limits.reportBytesMax) {
    const says = `The report has ${text.length} bytes; the limit is ${limits.reportBytesMax}. Prove fewer clusters at once.`;
    throw doctorError("ReportTooLarge", says);
  }
  return text;
}

const pictureOf = (graph: Graph): string => svgOf(layoutTopology(topologyOf(graph)));
