/** The picture as an SVG file: light and dark by the reader's own setting, no script, no font of its own. */
import { noRates, rateText } from "./counters.ts";
import type { Rates } from "./counters.ts";
import { fitText, keptIn, pathWords, sizes, smoothPath, verdictWord } from "./drawing.ts";
import type { Arrow, Box, Drawing, Frame, LabelRow, Tone } from "./drawing.ts";
import { dark, glyphs, light } from "./look.ts";
import type { Palette } from "./look.ts";

const tones: readonly Tone[] = ["tie", "private", "both", "public", "closed", "broken", "unknown"];

/** Widths of a character, in pixels, of the fonts below: somewhat wide, so that nothing runs over. */
export const TITLE_CHAR = 8.8;
export const LINE_CHAR = 6.6;

/** Draws a picture. Every name in it is escaped: names of resources are the words of others. */
export function svgOf(drawing: Drawing, rates: Rates = noRates): string {
  const width = Math.ceil(drawing.width);
  const height = Math.ceil(drawing.height) + LEGEND_HEIGHT;
  const flowRates = new Map(rates.flows.map((rate) => [rate.flowId, rate]));
  const rateOf = (row: LabelRow): string => {
    const found = row.flowIds.flatMap((id) => flowRates.get(id) ?? []);
    const sum = found.reduce((total, rate) => total + rate.takenPerSecond, 0);
    return row.path === "outside" ? "" : rateText(sum, "req");
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="The topology: networks, private endpoints, scopes, data collection endpoints and workspaces, and the verdict on each path">`,
    `<style>${styleOf(light)}@media(prefers-color-scheme:dark){${styleOf(dark)}}</style>`,
    `<defs>${tones.map(markerOf).join("")}</defs>`,
    `<rect class="canvas" width="100%" height="100%" rx="12"/>`,
    ...drawing.frames.map(frameSvg),
    ...drawing.arrows.map(lineSvg),
    ...drawing.boxes.map((box) => boxSvg(box, workspaceRate(box, rates))),
    ...drawing.arrows.map((arrow) => labelSvg(arrow, rateOf)),
    legendSvg(drawing, height),
    "</svg>\n",
  ].join("\n");
}

const workspaceRate = ({ id, kind }: Box, rates: Rates): string =>
  rateText(
    rates.workspaces.find(({ workspaceId }) => workspaceId === id)?.perSecond ?? 0,
    keptIn(kind),
  );

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for XML: escaped, and without the control characters that XML has no way to write. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff]/gu, "\ufffd")
    .replace(/[&<>"']/g, (char) => escapes[char] ?? "");

function styleOf(palette: Palette): string {
  return [
    `text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:${palette.text}}`,
    `.canvas{fill:${palette.canvas}}`,
    `.frame{fill:${palette.frame};stroke:${palette.frameLine}}`,
    `.box{fill:${palette.box};stroke:${palette.boxLine}}`,
    `.quiet{fill:${palette.quiet}}`,
    `.alarm{fill:${palette.alarm}}`,
    `.live{fill:${palette.kinds.workspace}}`,
    `.plate{fill:${palette.box};stroke:${palette.boxLine};stroke-width:.8}`,
    ...Object.entries(palette.kinds).map(
      ([kind, colour]) => `.k-${kind}{stroke:${colour}}.f-${kind}{fill:${colour}}`,
    ),
    ...Object.entries(palette.tones).map(
      ([tone, colour]) => `.s-${tone}{stroke:${colour}}.t-${tone}{fill:${colour}}`,
    ),
  ].join("");
}

const markerOf = (tone: Tone): string =>
  `<marker id="head-${tone}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path class="t-${tone}" d="M0 .5L8 4L0 7.5z"/></marker>`;

function frameSvg(frame: Frame): string {
  const { x, y, width, height } = frame;
  const says = frame.says === "" ? "" : frame.says;
  return [
    `<rect class="frame" x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="16" stroke-width="1.5" stroke-dasharray="7 5"/>`,
    glyphSvg("network", x + 16, y + 14),
    textSvg({ x: x + 46, y: y + 25, size: 14, weight: 650 }, fitText(frame.title, width - 70, 8)),
    textSvg(
      { x: x + 46, y: y + 41, size: 11.5, className: "quiet" },
      fitText(says, width - 70, LINE_CHAR),
    ),
  ].join("");
}

function boxSvg(box: Box, live: string): string {
  const { x, y, width, height } = box;
  const inner = width - 2 * sizes.boxPadding;
  const title = fitText(box.title, width - 52, TITLE_CHAR);
  const says = box.alarm ?? live;
  const kindClass = box.alarm === undefined ? "live" : "alarm";
  return [
    `<g><title>${escapeXml(box.title)}</title>`,
    `<rect class="box" x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="10" stroke-width="1.2"/>`,
    `<rect class="f-${box.kind}" x="${n(x)}" y="${n(y + 10)}" width="3.5" height="${n(height - 20)}" rx="1.7"/>`,
    glyphSvg(box.kind, x + 12, y + 11),
    textSvg({ x: x + 42, y: y + 22, size: 13, weight: 620 }, title),
    textSvg({ x: x + 42, y: y + 37, size: 10.5, className: "quiet" }, kindWords[box.kind]),
    ...(says === ""
      ? []
      : [
          textSvg(
            {
              x: x + width - 12,
              y: y + 37,
              size: 10.5,
              className: kindClass,
              end: true,
              weight: 600,
            },
            says,
          ),
        ]),
    ...box.lines.map((line, index) =>
      textSvg(
        {
          x: x + sizes.boxPadding,
          y: y + sizes.titleHeight + 12 + index * sizes.lineHeight,
          size: 11.5,
        },
        fitText(line, inner, LINE_CHAR),
      ),
    ),
    "</g>",
  ].join("");
}

/** What each kind of box is called. */
export const kindWords: Readonly<Record<Box["kind"], string>> = {
  network: "virtual network",
  cluster: "cluster",
  endpoint: "private endpoint",
  zones: "private DNS",
  scope: "private link scope",
  dce: "data collection endpoint",
  workspace: "workspace",
  "log-workspace": "Log Analytics",
  firewall: "firewall",
  gateway: "network gateway",
  resolver: "DNS resolver",
  "on-premises": "on-premises network",
  outside: "public networks",
};

const glyphSvg = (kind: Box["kind"], x: number, y: number): string =>
  `<path class="k-${kind}" d="${glyphs[kind]}" transform="translate(${n(x)} ${n(y)})" fill="none" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>`;

interface TextLook {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly weight?: number;
  readonly className?: string;
  readonly end?: boolean;
}

function textSvg({ x, y, size, weight, className, end }: TextLook, text: string): string {
  const more = [
    className === undefined ? "" : ` class="${className}"`,
    weight === undefined ? "" : ` font-weight="${weight}"`,
    end === true ? ' text-anchor="end"' : "",
  ].join("");
  return `<text x="${n(x)}" y="${n(y)}" font-size="${size}"${more}>${escapeXml(text)}</text>`;
}

/** Whether a tone's line is broken up: colour alone must not tell. */
export const dashOf = (tone: Tone): string | undefined => {
  switch (tone) {
    case "tie":
      return "2 5";
    case "closed":
      return "8 6";
    case "broken":
      return "4 5";
    default:
      return undefined;
  }
};

function lineSvg({ points, tone }: Arrow): string {
  const dash = dashOf(tone);
  const dashed = dash === undefined ? "" : ` stroke-dasharray="${dash}"`;
  const width = tone === "tie" ? 1.3 : 2.2;
  return `<path class="s-${tone}" d="${smoothPath(points)}" fill="none" stroke-width="${width}"${dashed} marker-end="url(#head-${tone})"/>`;
}

/** Widths of a label's characters, in pixels. */
const ROW_CHAR = 7.2;
const RATE_CHAR = 6.2;

function labelSvg({ rows, label }: Arrow, rateOf: (row: LabelRow) => string): string {
  if (label === undefined) return "";
  const written = rows.map((row) => {
    const path = row.path === "outside" ? "" : `${pathWords[row.path]} `;
    return { row, words: `${path}${verdictWord(row)}`, rate: rateOf(row) };
  });
  // The plate is as wide as its words, in the middle of the room that the layout kept.
  const width = Math.max(
    ...written.map(
      ({ words, rate }) =>
        34 + words.length * ROW_CHAR + (rate === "" ? 0 : 10 + rate.length * RATE_CHAR),
    ),
  );
  const x = label.x + (label.width - width) / 2;
  const lines = written.map(({ row, words, rate }, index) => {
    const base = label.y + index * sizes.rowHeight + 15;
    const className = `t-${row.verdict}`;
    return [
      `<circle class="${className}" cx="${n(x + 13)}" cy="${n(base - 4)}" r="4"/>`,
      textSvg({ x: x + 24, y: base, size: 11.5, className, weight: 600 }, words),
      ...(rate === ""
        ? []
        : [
            textSvg({ x: x + width - 8, y: base, size: 10.5, className: "quiet", end: true }, rate),
          ]),
    ].join("");
  });
  return `<rect class="plate" x="${n(x)}" y="${n(label.y)}" width="${n(width)}" height="${n(label.height)}" rx="8"/>${lines.join("")}`;
}

const LEGEND_HEIGHT = 34;

/** What the colours mean, for the tones that the picture has. */
function legendSvg(drawing: Drawing, height: number): string {
  const used = new Set(drawing.arrows.map(({ tone }) => tone));
  let x: number = sizes.margin;
  const entries = tones
    .filter((tone) => used.has(tone))
    .map((tone) => {
      const y = height - 18;
      const dash = dashOf(tone);
      const dashed = dash === undefined ? "" : ` stroke-dasharray="${dash}"`;
      const words = toneWords[tone];
      const entry = `<path class="s-${tone}" d="M${x},${y}h26" stroke-width="2"${dashed}/>${textSvg({ x: x + 33, y: y + 4, size: 11, className: "quiet" }, words)}`;
      x += 33 + words.length * 6 + 22;
      return entry;
    });
  return entries.join("");
}

/** What a tone means, in a few words. */
export const toneWords: Readonly<Record<Tone, string>> = {
  private: "private: by an endpoint, refused outside",
  both: "both: private, and open outside",
  public: "public",
  closed: "closed: refused by a flag",
  broken: "broken: does not arrive",
  unknown: "unknown",
  tie: "configured",
};

const n = (value: number): string => String(Math.round(value * 10) / 10);
