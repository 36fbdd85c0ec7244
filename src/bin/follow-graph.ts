/** The edge and the fabric as processes: each follows the graph that control publishes, and goes on without control once it has one. */
import type { GraphSource } from "../arm/index.ts";
import { connectGraphFeed } from "../control/index.ts";
import { systemClock, systemRandom } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { dataPaths, socketPaths } from "./paths.ts";
import { runPlatformProcess } from "./platform-process.ts";
import type { ProcessConfig, StartedPart } from "./platform-process.ts";

/** What such a part is made of besides its configuration. */
export interface FollowerParts {
  readonly source: GraphSource;
  readonly clock: Clock;
  readonly random: Random;
  /** Told what went wrong beside any request. */
  readonly note: (text: string) => void;
}

/** Runs a part on a graph feed of its own, from the version in its cache where control is not there. */
export function runFollower(
  name: "edge" | "fabric",
  compose: (config: ProcessConfig, parts: FollowerParts) => Promise<StartedPart>,
): void {
  runPlatformProcess(name, async (config) => {
    const clock = systemClock();
    const feed = await connectGraphFeed({
      path: socketPaths(config.sockets).graphFeed,
      cacheFile: `${dataPaths(config.data).graphCache}.${name}`,
      clock,
    });
    const note = (text: string): void => void process.stderr.write(`${name}: ${text}\n`);
    const part = await compose(config, { source: feed, clock, random: systemRandom(), note });
    return {
      ready: part.ready,
      close: async () => {
        await part.close();
        await feed.close();
      },
    };
  });
}
