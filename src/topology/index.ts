/** The topology as a picture: what stands where, each path's verdict and reasons, one layout and one drawing. Pure. */
export { noRates, ratesBetween, rateText } from "./counters.ts";
export type { CounterReading, FlowRate, Rates, WayCounter } from "./counters.ts";
export { verdictWord } from "./drawing.ts";
export type { Drawing } from "./drawing.ts";
export { layoutTopology } from "./layout.ts";
export { svgOf } from "./svg.ts";
export { topologyOf } from "./topology-of.ts";
export type {
  Fact,
  Flow,
  FlowPath,
  FlowVerdict,
  NodeKind,
  Topology,
  TopologyEdge,
  TopologyNode,
} from "./topology.ts";
