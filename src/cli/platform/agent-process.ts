/** The agents that `start` runs beside the platform, each a process of its own, as a cluster would run it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { CliContext } from "../command.ts";
import type { PlatformFile } from "./platform-file.ts";

const SCRAPE_INTERVAL = "5s";

export interface AgentProcesses {
  /** Starts the agent of a cluster; once for each. */
  readonly start: (clusterId: string) => void;
  readonly stop: () => Promise<void>;
}

export function startAgents(context: CliContext, file: PlatformFile): AgentProcesses {
  const running = new Map<string, ChildProcess>();
  return {
    start: (clusterId) => {
      if (running.has(clusterId)) return;
      const { node, cli } = context.entries;
      const words = [
        "agent",
        "--cluster",
        clusterId,
        "--interval",
        SCRAPE_INTERVAL,
        "--data",
        file.data,
      ];
      const child = spawn(node, [cli, ...words], {
        stdio: ["ignore", "ignore", "pipe"],
        env: context.environment,
      });
      child.stderr.on("data", (chunk: Buffer) => context.note(`  ${chunk.toString()}`));
      running.set(clusterId, child);
    },
    stop: async () => {
      await Promise.all([...running.values()].map(ended));
    },
  };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.once("exit", () => done());
    child.kill("SIGTERM");
  });
}
