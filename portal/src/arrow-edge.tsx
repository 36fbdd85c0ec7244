/** An arrow with its label: a row for each path that begins here, with its verdict and what moves on it. */
import { BaseEdge, EdgeLabelRenderer } from "@xyflow/react";
import { rateText } from "../../src/topology/counters.ts";
import { pathWords, smoothPath, verdictWord } from "../../src/topology/drawing.ts";
import type { Arrow, Tone } from "../../src/topology/drawing.ts";

export interface ArrowData {
  readonly arrow: Arrow;
  readonly isMoving: boolean;
  readonly isDim: boolean;
  readonly perSecond: (flowIds: readonly string[]) => number;
  readonly chooseFlows: (flowIds: readonly string[]) => void;
}

const tones: readonly Tone[] = ["tie", "private", "both", "public", "closed", "broken", "unknown"];

/** The heads of arrows, once for all of them. */
export const ArrowHeads = () => (
  <svg className="heads" aria-hidden="true">
    <defs>
      {tones.map((tone) => (
        <marker
          key={tone}
          id={`head-${tone}`}
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="9"
          markerHeight="9"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path className={`head tone-${tone}`} d="M0 .5L8 4L0 7.5z" />
        </marker>
      ))}
    </defs>
  </svg>
);

export function ArrowEdge({
  id,
  data,
}: {
  readonly id: string;
  readonly data?: Record<string, unknown>;
}) {
  const { arrow, isMoving, isDim, perSecond, chooseFlows } = data as unknown as ArrowData;
  const { label, points, rows, tone } = arrow;
  const path = smoothPath(points);
  const dim = isDim ? "dim" : "";
  return (
    <>
      <BaseEdge
        id={id}
        path={path}
        className={`line tone-${tone} ${dim}`}
        markerEnd={`url(#head-${tone})`}
        interactionWidth={16}
      />
      {isMoving && <path className={`moving tone-${tone} ${dim}`} d={path} />}
      {label !== undefined && (
        <EdgeLabelRenderer>
          <div
            className={`label nodrag nopan ${dim}`}
            style={{ left: label.x + label.width / 2, top: label.y, height: label.height }}
          >
            {rows.map((row) => (
              <button
                key={`${row.path} ${row.verdict}`}
                className={`tone-${row.verdict}`}
                onClick={(event) => {
                  // Else the arrow under the label would be chosen as well.
                  event.stopPropagation();
                  chooseFlows(row.flowIds);
                }}
              >
                <i aria-hidden="true" />
                {row.path === "outside" ? "" : `${pathWords[row.path]} `}
                {verdictWord(row)}
                <small>
                  {row.path === "outside" ? "" : rateText(perSecond(row.flowIds), "req")}
                </small>
              </button>
            ))}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
}
