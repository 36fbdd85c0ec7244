/** The report as SARIF 2.1.0, for code scanning: a rule for each check, a result for each finding. */
import type { JsonObject } from "../../arm/index.ts";
import { toCloudNames } from "../../azure/index.ts";
import { respelled } from "../../snapshot/index.ts";
import type { Check, FindingStatus } from "../check.ts";
import { shellLine } from "../fix.ts";
import type { CheckReport, CheckResult } from "../run-checks.ts";
import { nameOf } from "./report-view.ts";
import type { ReportHead } from "./report-view.ts";

/** @see docs.oasis-open.org/sarif/sarif/v2.1.0 */
export function reportSarif(
  report: CheckReport,
  head: ReportHead,
  options: { readonly checks: readonly Check[]; readonly file: string | undefined },
): string {
  const { checks, file } = options;
  const at = new Date(head.nowMs).toISOString();
  const log: JsonObject = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "linkscope",
            semanticVersion: head.version,
            rules: checks.map(ruleOf),
          },
        },
        invocations: [
          {
            executionSuccessful: true,
            endTimeUtc: at,
            toolExecutionNotifications: head.unread.map((text) => ({
              level: "warning",
              message: { text },
            })),
          },
        ],
        results: report.results.map((result) => resultOf(result, checks, file)),
        properties: { cloud: head.cloud, takenAt: new Date(head.takenAtMs).toISOString() },
      },
    ],
  };
  return `${JSON.stringify(
    respelled(log, (text) => toCloudNames(head.cloud, text)),
    undefined,
    2,
  )}\n`;
}

const ruleOf = ({ id, title, severity, phase, failureModes }: Check): JsonObject => ({
  id,
  name: id,
  shortDescription: { text: title },
  help: { text: `./linkscope explain ${id} prints the page docs/checks/${id}.md.` },
  defaultConfiguration: { level: severity === "error" ? "error" : "warning" },
  properties: { phase, tags: ["private-link", ...failureModes] },
});

const kinds: Readonly<Record<FindingStatus, readonly [kind: string, level: string]>> = {
  fail: ["fail", "error"],
  warn: ["fail", "warning"],
  waiting: ["fail", "note"],
  unknown: ["open", "none"],
  skipped: ["notApplicable", "none"],
  pass: ["pass", "none"],
};

function resultOf(
  result: CheckResult,
  checks: readonly Check[],
  file: string | undefined,
): JsonObject {
  const { check, finding, explainedBy, suppressedBy } = result;
  const [kind, level] = kinds[finding.status];
  // An explained failure is a consequence: it is told, and raises no alarm of its own.
  const explained = explainedBy !== undefined && kind === "fail";
  return {
    ruleId: check.id,
    ruleIndex: checks.findIndex(({ id }) => id === check.id),
    kind: explained ? "review" : kind,
    level: explained ? "none" : level,
    message: { text: messageOf(result) },
    locations: [
      {
        ...(file === undefined
          ? {}
          : {
              physicalLocation: {
                artifactLocation: { uri: uriOf(file) },
                region: { startLine: 1 },
              },
            }),
        logicalLocations: [
          { name: nameOf(finding.subject), fullyQualifiedName: finding.subject, kind: "resource" },
        ],
      },
    ],
    partialFingerprints: { "linkscope/v1": `${check.id} ${finding.subject.toLowerCase()}` },
    ...(suppressedBy === undefined
      ? {}
      : { suppressions: [{ kind: "external", justification: suppressedBy.reason }] }),
    properties: {
      status: finding.status,
      ...(explainedBy === undefined ? {} : { explainedBy: { ...explainedBy } }),
    },
  };
}

const messageOf = ({ finding, explainedBy }: CheckResult): string =>
  [
    explainedBy === undefined
      ? ""
      : `Explained by ${explainedBy.check} of ${nameOf(explainedBy.subject)}. `,
    finding.says,
    ...finding.fixes.map(({ says, argv }) =>
      argv === undefined ? ` Fix: ${says}` : ` Fix: ${says} ${shellLine(argv)}`,
    ),
  ].join("");

/** A path as a relative URI. */
const uriOf = (file: string): string =>
  file
    .split(/[\\/]/)
    .map((part) => encodeURIComponent(part))
    .join("/");
