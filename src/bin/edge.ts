/** The edge as a process. */
import { composeEdge } from "./compose-edge.ts";
import { runFollower } from "./follow-graph.ts";

runFollower("edge", (config, parts) => composeEdge(config, parts, { warmParser: true }));
