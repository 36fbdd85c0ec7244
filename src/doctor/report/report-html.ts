/** The report as one HTML file: no script, nothing from elsewhere, every name escaped. */
import { toCloudNames } from "../../azure/index.ts";
import type { CloudName } from "../../azure/index.ts";
import { escapeXml } from "../output/junit.ts";
import { ageText } from "../output/table.ts";
import type { ProofReport, ReportedCluster, ReportPath } from "./proof-report.ts";

const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--good:#116329;--bad:#a40e26;--odd:#7d4e00}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#8d96a0;--line:#30363d;--paper:#0d1117;--good:#56d364;--bad:#ff7b72;--odd:#e3b341}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{color:var(--soft);font-weight:600}.holds{color:var(--good)}.fails{color:var(--bad)}.unknown{color:var(--odd)}
figure svg{max-width:100%;height:auto}td:nth-child(1){width:20%}td:nth-child(2){width:10%}td:nth-child(3),td:nth-child(4){width:14%}
ul{margin:.2rem 0;padding-left:1.1rem}.soft{color:var(--soft)}figure{margin:1rem 0;overflow-x:auto}code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}
@media print{body{max-width:none;margin:0}}
`;

/**
 * The page.
 *
 * @param picture the topology as SVG, whose own texts are escaped already; empty where there is none.
 * @param verification how the file's signature is verified; empty where it is not signed.
 */
export function reportHtml(
  report: ProofReport,
  { picture, verification }: { readonly picture: string; readonly verification: string },
): string {
  const text = (value: string): string =>
    escapeXml(
      toCloudNames(report.cloud as CloudName, value).replace(/[\u0000-\u001f\u007f-\u009f]/g, " "),
    );
  const page: Page = { text, report };
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Private link proof: ${text(report.clusters.map(({ name }) => name).join(", "))}</title>`,
    `<style>${style}</style></head><body>`,
    ...header(page),
    ...report.clusters.flatMap((cluster) => clusterPart(cluster, page)),
    ...(picture === "" ? [] : ["<h2>Topology</h2>", `<figure>${picture}</figure>`]),
    ...evidencePart(page),
    ...(verification === ""
      ? []
      : ["<h2>Signature</h2>", `<p>Verify with:</p><p><code>${text(verification)}</code></p>`]),
    "</body></html>",
    "",
  ].join("\n");
}

interface Page {
  readonly text: (value: string) => string;
  readonly report: ProofReport;
}

const verdicts = [
  ["holds", "Every path holds."],
  ["fails", "Not every path holds."],
  ["unknown", "It could not be told of every path."],
] as const;

function header({ text, report }: Page): readonly string[] {
  const [kind, says] = verdicts[report.exit];
  return [
    "<h1>Private link proof</h1>",
    `<p class="${kind}"><strong>${says}</strong></p>`,
    `<p class="soft">Made ${time(report.madeAtMs)} by ${text(report.tool)}, from ${text(report.source)}, ${text(report.cloud)}.</p>`,
    ...report.remarks.map((remark) => `<p class="soft">${text(remark)}</p>`),
  ];
}

function clusterPart(cluster: ReportedCluster, { text }: Page): readonly string[] {
  const head = ["path", "verdict", "inside", "outside", "why"];
  return [
    `<h2>${text(cluster.name)}</h2>`,
    `<p class="soft"><code>${text(cluster.id)}</code></p>`,
    `<table><thead><tr>${head.map((one) => `<th scope="col">${one}</th>`).join("")}</tr></thead><tbody>`,
    ...cluster.paths.map((path) => pathRow(path, text)),
    "</tbody></table>",
  ];
}

function pathRow(path: ReportPath, text: (value: string) => string): string {
  const kind = path.verdict === "unknown" ? "unknown" : path.holds ? "holds" : "fails";
  const wanted = path.verdict === path.expected ? fresh(path) : ` (expected ${path.expected})`;
  const reasons = path.reasons.map((reason) => `<li>${text(reason)}</li>`).join("");
  const cells = [
    `<strong>${text(path.id)}</strong><br><code>${text(path.host)}</code>`,
    `<span class="${kind}">${text(`${path.verdict}${wanted}`)}</span>`,
    text(path.inside),
    text(path.outside),
    `<ul>${reasons}</ul>`,
  ];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

/** A path can be private and not hold: its data is old. */
const fresh = ({ holds }: ReportPath): string => (holds ? "" : ", and does not hold");

function evidencePart({ text, report }: Page): readonly string[] {
  const rows = report.evidence.map(
    ({ what, takenAtMs, ageMs, stale }) =>
      `<tr><td>${text(what)}</td><td>${time(takenAtMs)}</td><td class="${stale ? "unknown" : ""}">${text(`${ageText(ageMs)}${stale ? ", stale" : ""}`)}</td></tr>`,
  );
  return [
    "<h2>Evidence</h2>",
    '<table><thead><tr><th scope="col">what</th><th scope="col">taken</th><th scope="col">age</th></tr></thead><tbody>',
    ...rows,
    "</tbody></table>",
    ...(report.unread.length === 0
      ? ["<p>Everything that was asked for could be read.</p>"]
      : [
          "<p>Not read, and so unknown:</p>",
          `<ul>${report.unread.map((line) => `<li>${text(line)}</li>`).join("")}</ul>`,
        ]),
  ];
}

const time = (atMs: number): string => new Date(atMs).toISOString();
