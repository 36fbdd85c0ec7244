/** The fabric as a process. */
import { composeFabric } from "./compose-fabric.ts";
import { runFollower } from "./follow-graph.ts";

runFollower("fabric", composeFabric);
