/** A box and a network's frame. Every word in them is text: React escapes it, and no markup is ever made of names. */
import { Handle, Position } from "@xyflow/react";
import { rateText } from "../../src/topology/counters.ts";
import { fitText, keptIn } from "../../src/topology/drawing.ts";
import type { Box, Frame } from "../../src/topology/drawing.ts";
import { glyphs } from "../../src/topology/look.ts";
import { kindWords, LINE_CHAR, TITLE_CHAR } from "../../src/topology/svg.ts";
import type { NodeKind } from "../../src/topology/topology.ts";

interface BoxProps {
  readonly data: Record<string, unknown>;
}

interface BoxData {
  readonly box: Box;
  readonly isChosen: boolean;
  readonly isDim: boolean;
  /** Samples, or records of logs. */
  readonly keptPerSecond: number | undefined;
}

export function BoxNode({ data }: BoxProps) {
  const { box, isChosen, isDim, keptPerSecond } = data as unknown as BoxData;
  const live = rateText(keptPerSecond ?? 0, keptIn(box.kind));
  const state = [isChosen ? "chosen" : "", isDim ? "dim" : ""].join(" ");
  return (
    <div className={`box kind-${box.kind} ${state}`} title={box.title}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
      <Glyph kind={box.kind} />
      <strong>{fitText(box.title, box.width - 52, TITLE_CHAR)}</strong>
      <em>
        {kindWords[box.kind]}
        {box.alarm !== undefined && <b className="alarm">{box.alarm}</b>}
        {box.alarm === undefined && live !== "" && <b className="live">{live}</b>}
      </em>
      {box.lines.map((line, index) => (
        <span key={index}>{fitText(line, box.width - 24, LINE_CHAR)}</span>
      ))}
    </div>
  );
}

interface FrameData {
  readonly frame: Pick<Frame, "title" | "says">;
  readonly isChosen: boolean;
}

export function FrameNode({ data }: BoxProps) {
  const { frame, isChosen } = data as unknown as FrameData;
  return (
    <div className={`frame kind-network ${isChosen ? "chosen" : ""}`} title={frame.title}>
      <Glyph kind="network" />
      <strong>{frame.title}</strong>
      <em>{frame.says}</em>
    </div>
  );
}

export const Glyph = ({ kind }: { readonly kind: NodeKind }) => (
  <svg className="glyph" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
    <path d={glyphs[kind]} />
  </svg>
);
