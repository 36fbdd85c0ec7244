/** Draws docs/proof.svg and docs/topology.svg from the running product: starts it, sets what it printed, and asks for its picture. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./repository-rules.ts";

const CHAR_WIDTH = 7.25;
const LINE_HEIGHT = 17;
const PADDING = 18;
/** So long metrics arrive before the picture is taken: rates are of the last minute. */
const LIVE_MS = 75_000;

const entry = join(root, "src/bin/linkscope.ts");
const folder = mkdtempSync(join(tmpdir(), "linkscope-picture-"));
const started = spawn(process.execPath, [entry, "start", "--data", folder], {
  stdio: ["ignore", "pipe", "inherit"],
});
const printed = await printedUntil(started, "The platform stays up");
await new Promise((resolve) => setTimeout(resolve, LIVE_MS));
const words = ["show", "topology", "--data", folder, "-o", "svg", join(root, "docs/topology.svg")];
const shown = spawnSync(process.execPath, [entry, ...words], { encoding: "utf8" });
const gone = new Promise((resolve) => started.once("close", resolve));
started.kill("SIGTERM");
await gone;
rmSync(folder, { recursive: true, force: true });
if (shown.status !== 0)
  throw new Error(`show topology ended with ${shown.status}: ${shown.stderr}`);

/** What a program prints before the line that begins with `words`. */
function printedUntil(child: ChildProcess, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      const end = out.indexOf(words);
      if (end >= 0) resolve(out.slice(0, end));
    });
    child.once("close", (code) => reject(new Error(`start ended with ${code}: ${out}`)));
  });
}

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const laterPath = /^ {3}(logs |grafana)/;
const lines = printed
  .split("\n")
  // The portal's line has its token, which is nobody's but the person's who started it.
  .filter((line) => !laterPath.test(line) && !line.startsWith("portal "))
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
