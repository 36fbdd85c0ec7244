/** The edge as a process: it reads the graph that control publishes, and goes on without control once it has one. */
import { systemClock, systemRandom } from "../core/index.ts";
import { composeEdge } from "./compose-edge.ts";
import { followGraph } from "./follow-graph.ts";
import { runPlatformProcess } from "./platform-process.ts";

runPlatformProcess("edge", async (config) => {
  const clock = systemClock();
  const note = (text: string): void => void process.stderr.write(`edge: ${text}\n`);
  const feed = await followGraph(config, "edge", clock);
  const part = await composeEdge(config, {
    source: feed,
    clock,
    random: systemRandom(),
    note,
  });
  return {
    ready: part.ready,
    close: async () => {
      await part.close();
      await feed.close();
    },
  };
});
