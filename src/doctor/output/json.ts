/** The report as JSON, for programs. docs/formats/check-report.md has the schema. */
import type { CheckReport, CheckResult } from "../run-checks.ts";
import { shellLine } from "../fix.ts";
import { respelled } from "../../snapshot/index.ts";
import type { JsonObject } from "../../arm/index.ts";
import { toCloudNames } from "../../azure/index.ts";
import { countsOf } from "./report-view.ts";
import type { ReportHead } from "./report-view.ts";

/** The whole report. `exit` is the command's exit code. */
export function reportJson(report: CheckReport, head: ReportHead, exit: number): string {
  const { cloud, clusters, source, takenAtMs, nowMs, probes, unread, version } = head;
  const body: JsonObject = {
    format: "linkscope/check-report",
    version: 1,
    tool: `linkscope ${version}`,
    cloud,
    source,
    takenAt: time(takenAtMs),
    checkedAt: time(nowMs),
    clusters,
    probes: probes.map((probe) => ({ place: probe.place, takenAt: time(probe.takenAtMs) })),
    unread,
    exit,
    counts: { ...countsOf(report) },
    results: report.results.map(resultJson),
    unusedSuppressions: report.unused.map(({ check, resource, reason, expiresMs }) => ({
      check,
      ...(resource === undefined ? {} : { resource }),
      reason,
      expires: time(expiresMs),
    })),
  };
  return `${JSON.stringify(
    respelled(body, (text) => toCloudNames(cloud, text)),
    undefined,
    2,
  )}\n`;
}

const time = (atMs: number): string => new Date(atMs).toISOString();

function resultJson(result: CheckResult): JsonObject {
  const { check, finding, explainedBy, suppressedBy, expiredSuppression } = result;
  return {
    check: check.id,
    title: check.title,
    severity: check.severity,
    phase: check.phase,
    failureModes: check.failureModes,
    status: finding.status,
    subject: finding.subject,
    chain: finding.chain,
    says: finding.says,
    reasons: finding.reasons.map(({ rule, says, source }) => ({ rule, says, source })),
    fixes: finding.fixes.map(({ says, argv }) => ({
      says,
      ...(argv === undefined ? {} : { argv, command: shellLine(argv) }),
    })),
    hint: `docs/checks/${check.id}.md`,
    ...(explainedBy === undefined ? {} : { explainedBy: { ...explainedBy } }),
    ...(suppressedBy === undefined
      ? {}
      : { suppressed: { reason: suppressedBy.reason, expires: time(suppressedBy.expiresMs) } }),
    ...(expiredSuppression === undefined
      ? {}
      : {
          suppressionExpired: {
            reason: expiredSuppression.reason,
            expires: time(expiredSuppression.expiresMs),
          },
        }),
  };
}
