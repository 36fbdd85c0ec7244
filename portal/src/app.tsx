/** The page: a bar, the picture, and the panel of what was clicked. */
import { useMemo, useState } from "react";
import type { Drawing } from "../../src/topology/drawing.ts";
import { layoutTopology } from "../../src/topology/layout.ts";
import type { Topology } from "../../src/topology/topology.ts";
import { Bar } from "./bar.tsx";
import { Details } from "./details.tsx";
import { PictureView } from "./picture-view.tsx";
import type { Chosen } from "./chosen.ts";
import { usePicture } from "./use-picture.ts";
import { useTheme } from "./use-theme.ts";

export function App() {
  const [theme, turnTheme] = useTheme();
  const { picture, isLocked, failed } = usePicture();
  const [chosen, choose] = useState<Chosen | undefined>();
  const drawing = useDrawing(picture?.topology);
  if (isLocked) return <Locked />;
  if (picture === undefined || drawing === undefined) return <Waiting failed={failed} />;
  const { topology } = picture;
  return (
    <div className="page">
      <Bar {...{ picture, drawing, failed, theme, turnTheme, choose }} />
      <main>
        {topology.nodes.length <= 1 ? (
          <Empty />
        ) : (
          <PictureView {...{ picture, drawing, theme, chosen, choose }} />
        )}
        {chosen !== undefined && <Details {...{ picture, drawing, chosen, choose }} />}
      </main>
    </div>
  );
}

/** The layout, made again only when the graph changed: rates move nothing. */
function useDrawing(topology: Topology | undefined): Drawing | undefined {
  const version = topology?.graphVersion;
  return useMemo(
    () => (topology === undefined ? undefined : layoutTopology(topology)),
    // The graph of one version never changes.
    [version],
  );
}

const Locked = () => (
  <div className="message" role="alert">
    <h1>Linkscope</h1>
    <p>This page shows names of resources, so it opens only with its token.</p>
    <p>
      Open the whole address that <code>npm start</code> or <code>./linkscope up</code> prints, with
      what follows its <code>#</code>.
    </p>
  </div>
);

const Waiting = ({ failed }: { readonly failed: string | undefined }) => (
  <div className="message" role="status">
    <h1>Linkscope</h1>
    <p>
      {failed === undefined ? "Reading the topology …" : `The platform does not answer. ${failed}`}
    </p>
  </div>
);

const Empty = () => (
  <div className="message" role="status">
    <h1>Nothing here yet</h1>
    <p>
      Build an estate: <code>./linkscope start --estate FILE</code>, or make resources through Azure
      Resource Manager. They appear here by themselves.
    </p>
  </div>
);
