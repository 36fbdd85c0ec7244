/** Draws docs/proof.svg from the running product: starts it once, and sets what it printed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./repository-rules.ts";

const CHAR_WIDTH = 7.25;
const LINE_HEIGHT = 17;
const PADDING = 18;

const folder = mkdtempSync(join(tmpdir(), "linkscope-picture-"));
const done = spawnSync(
  process.execPath,
  [join(root, "src/bin/linkscope.ts"), "start", "--once", "--data", folder],
  {
    encoding: "utf8",
  },
);
rmSync(folder, { recursive: true, force: true });
if (done.status !== 0) throw new Error(`start --once ended with ${done.status}: ${done.stderr}`);

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const laterPath = /^ {3}(logs-|grafana)/;
const lines = done.stdout
  .split("\n")
  .filter((line) => !laterPath.test(line))
  .map((line) =>
    line.replace(/localhost:\d+|127\.0\.0\.1:\d+/g, (host) => host.replace(/\d+$/, "PORT")),
  );
while (lines.at(-1) === "") lines.pop();
const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * CHAR_WIDTH + 2 * PADDING);
const height = lines.length * LINE_HEIGHT + 2 * PADDING;
const texts = lines.map((line, index) => {
  const y = PADDING + (index + 0.8) * LINE_HEIGHT;
  const marked = escapeXml(line).replace(/^✔/, '<tspan fill="#3fb950">✔</tspan>');
  return `<text x="${PADDING}" y="${y}" xml:space="preserve">${marked}</text>`;
});
writeFileSync(
  join(root, "docs/proof.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="What npm start prints: the proof of the example estate">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="12" fill="#c9d1d9">
${texts.join("\n")}
</g>
</svg>
`,
);
