/** The agent as a pod's one process: settings from its environment, health over HTTP, an end by signal. */
import { messageOf } from "../core/index.ts";
import { runLogsAgent } from "./cluster-agent-logs.ts";
import { runMetricsAgent } from "./cluster-agent-metrics.ts";
import { readClusterAgentSettings } from "./cluster-agent-settings.ts";

const read = readClusterAgentSettings(process.env);
if ("problems" in read) fail(read.problems);
try {
  const { settings } = read;
  await (settings.role === "metrics" ? runMetricsAgent(settings) : runLogsAgent(settings));
} catch (error) {
  fail([messageOf(error)]);
}

function fail(problems: readonly string[]): never {
  process.stderr.write(problems.map((problem) => `linkscope agent: ${problem}\n`).join(""));
  process.exit(1);
}
