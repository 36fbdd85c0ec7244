/** The commands that the typed words may name: of those that are run often, the one alone, so that it waits for no other's modules. */
import type { Command } from "./command.ts";

type Load = () => Promise<Command>;

/** Agents and platforms are started again and again, by `start`, by tests and by a cluster. */
const often: ReadonlyMap<string, Load> = new Map<string, Load>([
  ["up", async () => (await import("./commands/up.ts")).up],
  ["start", async () => (await import("./commands/start.ts")).start],
  ["agent", async () => (await import("./commands/agent.ts")).agent],
  ["agent logs", async () => (await import("./commands/agent-logs.ts")).agentLogs],
  ["enable metrics", async () => (await import("./commands/enable-metrics.ts")).enableMetrics],
  ["enable logs", async () => (await import("./commands/enable-logs.ts")).enableLogs],
  ["query metrics", async () => (await import("./commands/query-metrics.ts")).queryMetrics],
  ["query logs", async () => (await import("./commands/query-logs.ts")).queryLogs],
  ["exec", async () => (await import("./commands/exec.ts")).exec],
]);

/** The named command where it is run often, else every command. */
export async function loadCommands(words: readonly string[]): Promise<readonly Command[]> {
  const [first = "", second] = words;
  const isWord = second !== undefined && !second.startsWith("-");
  // A second word that names no command is for all of them to judge, and help names the commands below one.
  const asksHelp = words.includes("--help") || words.includes("-h");
  const load = asksHelp ? undefined : often.get(isWord ? `${first} ${second}` : first);
  if (load !== undefined) return [await load()];
  return (await import("./commands/index.ts")).commands;
}
