/** The bar: how many paths are what, whether the picture is live, its file, and light or dark. */
import { noRates, rateText } from "../../src/topology/counters.ts";
import type { Drawing } from "../../src/topology/drawing.ts";
import { svgOf } from "../../src/topology/svg.ts";
import type { FlowVerdict } from "../../src/topology/topology.ts";
import type { Picture } from "./api.ts";
import type { Chosen } from "./chosen.ts";
import type { Theme } from "./use-theme.ts";

const order: readonly FlowVerdict[] = ["private", "both", "public", "closed", "broken", "unknown"];

interface BarProps {
  readonly picture: Picture;
  readonly drawing: Drawing;
  readonly failed: string | undefined;
  readonly theme: Theme;
  readonly turnTheme: () => void;
  readonly choose: (chosen: Chosen | undefined) => void;
}

export function Bar({ picture, drawing, failed, theme, turnTheme, choose }: BarProps) {
  const { topology, rates } = picture;
  const paths = topology.flows.filter(({ path }) => path !== "outside");
  const isLogs = new Set(
    topology.nodes.flatMap(({ id, kind }) => (kind === "log-workspace" ? [id] : [])),
  );
  const keptPerSecond = (ofLogs: boolean): number =>
    rates.workspaces
      .filter(({ workspaceId }) => isLogs.has(workspaceId) === ofLogs)
      .reduce((sum, { perSecond }) => sum + perSecond, 0);
  return (
    <header className="bar">
      <img src="/icon.svg" alt="" width="26" height="26" />
      <h1>Linkscope</h1>
      <nav aria-label="Paths by verdict">
        {order.map((verdict) => {
          const count = paths.filter((flow) => flow.verdict === verdict).length;
          return count === 0 ? null : (
            <button
              key={verdict}
              className={`verdict tone-${verdict}`}
              onClick={() => choose({ kind: "verdict", verdict })}
            >
              <i aria-hidden="true" />
              {count} {verdict}
            </button>
          );
        })}
        {paths.length === 0 && <span className="quiet">No cluster sends metrics yet.</span>}
      </nav>
      <span className="space" />
      {topology.omitted > 0 && (
        <span className="alarm">{topology.omitted} boxes more than a picture takes</span>
      )}
      <span className="quiet">{rateText(keptPerSecond(false), "samples")}</span>
      <span className="quiet">{rateText(keptPerSecond(true), "records")}</span>
      <span className={failed === undefined ? "pulse" : "alarm"} role="status">
        {failed === undefined ? "live" : "The platform does not answer; this is its last state."}
      </span>
      <button onClick={() => save(svgOf(drawing, picture.rates ?? noRates))}>Save SVG</button>
      <button onClick={turnTheme} aria-label={`Use ${theme === "dark" ? "light" : "dark"} colours`}>
        {theme === "dark" ? "Light" : "Dark"}
      </button>
    </header>
  );
}

function save(svg: string): void {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "topology.svg";
  link.click();
  URL.revokeObjectURL(url);
}
