/** What was clicked: a box, an arrow, or some of the flows that go by one. */
import type { Flow, FlowVerdict } from "../../src/topology/topology.ts";
import type { Picture } from "./api.ts";

export type Chosen =
  | { readonly kind: "box"; readonly id: string }
  | { readonly kind: "arrow"; readonly id: string }
  | { readonly kind: "flows"; readonly ids: readonly string[] }
  | { readonly kind: "verdict"; readonly verdict: FlowVerdict };

/** The flows that a choice speaks of. */
export function flowsOfChoice({ topology }: Picture, chosen: Chosen): readonly Flow[] {
  switch (chosen.kind) {
    case "box":
      return topology.flows.filter(
        ({ stops, targetId }) => stops.includes(chosen.id) || targetId === chosen.id,
      );
    case "arrow": {
      const ids = topology.edges.find(({ id }) => id === chosen.id)?.flows ?? [];
      return topology.flows.filter(({ id }) => ids.includes(id));
    }
    case "flows":
      return topology.flows.filter(({ id }) => chosen.ids.includes(id));
    case "verdict":
      return topology.flows.filter(
        ({ path, verdict }) => path !== "outside" && verdict === chosen.verdict,
      );
  }
}
