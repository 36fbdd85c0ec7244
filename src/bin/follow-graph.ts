/** How the edge and the fabric follow the graph as processes: over control's socket, from a cached version without it. */
import { connectGraphFeed } from "../control/index.ts";
import type { Clock } from "../core/index.ts";
import { dataPaths, socketPaths } from "./paths.ts";
import type { ProcessConfig } from "./platform-process.ts";

/** Connects a process's own feed; it goes on with the last version when control is gone. */
export const followGraph = (config: ProcessConfig, name: string, clock: Clock) =>
  connectGraphFeed({
    path: socketPaths(config.sockets).graphFeed,
    cacheFile: `${dataPaths(config.data).graphCache}.${name}`,
    clock,
  });
