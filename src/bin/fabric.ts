/** The fabric as a process: it reads the graph that control publishes, and goes on without control once it has one. */
import { systemClock, systemRandom } from "../core/index.ts";
import { composeFabric } from "./compose-fabric.ts";
import { followGraph } from "./follow-graph.ts";
import { runPlatformProcess } from "./platform-process.ts";

runPlatformProcess("fabric", async (config) => {
  const clock = systemClock();
  const note = (text: string): void => void process.stderr.write(`fabric: ${text}\n`);
  const feed = await followGraph(config, "fabric", clock);
  const part = await composeFabric(config, {
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
