/** The picture on a canvas that pans and zooms. Places come from the layout; nothing is moved by hand. */
import { useEffect, useMemo, useRef } from "react";
import { Background, BackgroundVariant, Controls, MiniMap, ReactFlow } from "@xyflow/react";
import type { Edge, Node, ReactFlowInstance } from "@xyflow/react";
import type { Drawing, Tone } from "../../src/topology/drawing.ts";
import { toneWords } from "../../src/topology/svg.ts";
import type { Picture } from "./api.ts";
import { ArrowEdge, ArrowHeads } from "./arrow-edge.tsx";
import type { ArrowData } from "./arrow-edge.tsx";
import { BoxNode, FrameNode } from "./box-node.tsx";
import { flowsOfChoice } from "./chosen.ts";
import type { Chosen } from "./chosen.ts";
import type { Theme } from "./use-theme.ts";

interface PictureViewProps {
  readonly picture: Picture;
  readonly drawing: Drawing;
  readonly theme: Theme;
  readonly chosen: Chosen | undefined;
  readonly choose: (chosen: Chosen | undefined) => void;
}

const fit = {
  padding: { top: "18px", left: "24px", right: "24px", bottom: "54px" },
  maxZoom: 1.25,
} as const;
const nodeTypes = { box: BoxNode, frame: FrameNode };
const edgeTypes = { arrow: ArrowEdge };
/** Nothing moves on a way that is refused now, whatever did a minute ago. */
const still: ReadonlySet<Tone> = new Set(["tie", "closed", "broken"]);
const MINIMAP_BOXES_MIN = 24;

export function PictureView({ picture, drawing, theme, chosen, choose }: PictureViewProps) {
  const nodes = useMemo(() => nodesOf(drawing, picture, chosen), [drawing, picture, chosen]);
  const edges = useMemo(
    () => edgesOf(drawing, picture, { chosen, choose }),
    [drawing, picture, chosen, choose],
  );
  const canvas = useRef<ReactFlowInstance>(null);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The panel takes room from the canvas, and gives it back.
    const watch = new ResizeObserver(() => void canvas.current?.fitView({ ...fit, duration: 200 }));
    if (place.current !== null) watch.observe(place.current);
    return () => watch.disconnect();
  }, [drawing]);
  return (
    <div
      ref={place}
      className="picture"
      data-version={picture.topology.graphVersion}
      onKeyDown={(event) => {
        const found = event.key === "Enter" ? focused(event.target) : undefined;
        if (found !== undefined) choose(found);
        if (event.key === "Escape") choose(undefined);
      }}
    >
      <ArrowHeads />
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        colorMode={theme}
        fitView
        fitViewOptions={fit}
        onInit={(instance) => (canvas.current = instance)}
        minZoom={0.1}
        maxZoom={2.5}
        nodesDraggable={false}
        nodesConnectable={false}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_, { id }) => choose({ kind: "box", id })}
        onEdgeClick={(_, { id }) => choose({ kind: "arrow", id })}
        onPaneClick={() => choose(undefined)}
      >
        <Background variant={BackgroundVariant.Dots} gap={22} size={1.2} />
        <Controls showInteractive={false} />
        {drawing.boxes.length >= MINIMAP_BOXES_MIN && <MiniMap pannable zoomable />}
      </ReactFlow>
      <Legend drawing={drawing} />
    </div>
  );
}

/** The box or arrow that has the keyboard: Tab goes from one to the next, Enter opens it. */
function focused(target: EventTarget): Chosen | undefined {
  if (!(target instanceof Element)) return undefined;
  const id = target.getAttribute("data-id");
  if (id === null) return undefined;
  return { kind: target.classList.contains("react-flow__edge") ? "arrow" : "box", id };
}

function nodesOf(drawing: Drawing, picture: Picture, chosen: Chosen | undefined): Node[] {
  const lit = litBoxes(picture, chosen);
  const frames = drawing.frames.map(({ id, x, y, width, height, ...frame }): Node => ({
    id,
    type: "frame",
    position: { x, y },
    width,
    height,
    zIndex: -1,
    ariaLabel: `virtual network ${frame.title}`,
    data: { frame, isChosen: chosen?.kind === "box" && chosen.id === id },
  }));
  const boxes = drawing.boxes.map((box): Node => ({
    id: box.id,
    type: "box",
    position: { x: box.x, y: box.y },
    width: box.width,
    height: box.height,
    ariaLabel: `${box.kind} ${box.title}`,
    data: {
      box,
      isChosen: chosen?.kind === "box" && chosen.id === box.id,
      isDim: lit !== undefined && !lit.has(box.id),
      keptPerSecond: picture.rates.workspaces.find(({ workspaceId }) => workspaceId === box.id)
        ?.perSecond,
    },
  }));
  return [...frames, ...boxes];
}

/** The boxes that a choice of flows goes by; the others step back. */
function litBoxes(picture: Picture, chosen: Chosen | undefined): ReadonlySet<string> | undefined {
  if (chosen === undefined || chosen.kind === "box") return undefined;
  const flows = flowsOfChoice(picture, chosen);
  if (flows.length === 0) return undefined;
  return new Set(flows.flatMap(({ stops }) => stops));
}

function edgesOf(
  drawing: Drawing,
  picture: Picture,
  { chosen, choose }: Pick<PictureViewProps, "chosen" | "choose">,
): Edge[] {
  const rates = new Map(picture.rates.flows.map((rate) => [rate.flowId, rate]));
  const lit = chosen === undefined ? [] : flowsOfChoice(picture, chosen).map(({ id }) => id);
  const flowsChosen = chosen !== undefined && chosen.kind !== "box" && lit.length > 0;
  return drawing.arrows.map((arrow): Edge => {
    const perSecond = (ids: readonly string[]): number =>
      ids.reduce((sum, id) => sum + (rates.get(id)?.takenPerSecond ?? 0), 0);
    const data: ArrowData = {
      arrow,
      isMoving: !still.has(arrow.tone) && perSecond(arrow.flowIds) > 0,
      isDim: flowsChosen && !arrow.flowIds.some((id) => lit.includes(id)),
      perSecond,
      chooseFlows: (ids) => choose({ kind: "flows", ids }),
    };
    const tie = arrow.ties.join(", ");
    return {
      id: arrow.id,
      source: arrow.from,
      target: arrow.to,
      type: "arrow",
      ariaLabel: `${arrow.tone === "tie" ? "configured" : arrow.tone}${tie === "" ? "" : `: ${tie}`}`,
      data: data as unknown as Record<string, unknown>,
    };
  });
}

function Legend({ drawing }: { readonly drawing: Drawing }) {
  const tones = new Set(drawing.arrows.map(({ tone }) => tone));
  return (
    <ul className="legend" aria-label="What the lines mean">
      {[...tones].sort().map((tone) => (
        <li key={tone}>
          <svg width="28" height="8" aria-hidden="true">
            <path className={`line tone-${tone}`} d="M0 4h28" />
          </svg>
          {toneWords[tone]}
        </li>
      ))}
    </ul>
  );
}
