/** The agents that `start` runs beside the platform, each a process of its own, as a cluster would run it. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { sleep } from "../../core/index.ts";
import type { CliContext } from "../command.ts";

const SCRAPE_INTERVAL = "5s";
const RESTART_DELAY_MS = 1_000;

export interface AgentProcesses {
  /** Starts the agent of a cluster; once for each. One that dies is started again. */
  readonly start: (clusterId: string) => void;
  readonly stop: () => Promise<void>;
}

/** @param data the data folder of the platform, which may be started again at other addresses meanwhile. */
export function startAgents(context: CliContext, data: string): AgentProcesses {
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  return {
    start: (clusterId) => {
      if (running.has(clusterId) || stopping.signal.aborted) return;
      running.set(clusterId, keepAgent(context, { clusterId, data, signal: stopping.signal }));
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(running.values());
    },
  };
}

/** Runs one agent after another until it is told to stop. */
async function keepAgent(
  context: CliContext,
  agent: { readonly clusterId: string; readonly data: string; readonly signal: AbortSignal },
): Promise<void> {
  const { signal } = agent;
  while (!signal.aborted) {
    const how = await runAgent(context, agent);
    if (signal.aborted) return;
    context.note(`  the agent ended with ${how}; starting it again in ${RESTART_DELAY_MS} ms\n`);
    await sleep(context.clock, RESTART_DELAY_MS, signal).catch(() => {});
  }
}

function runAgent(
  context: CliContext,
  { clusterId, data, signal }: { clusterId: string; data: string; signal: AbortSignal },
): Promise<string> {
  const { node, cli } = context.entries;
  const words = ["agent", "--cluster", clusterId, "--interval", SCRAPE_INTERVAL, "--data", data];
  // Its end of the channel is how it learns that this process is gone, however that went.
  const child = fork(cli, words, {
    execPath: node,
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: context.environment,
  });
  child.stderr?.on("data", (chunk: Buffer) => context.note(`  ${chunk.toString()}`));
  const stop = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  return endOf(child).finally(() => signal.removeEventListener("abort", stop));
}

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", (code, signal) => done(signal ?? `exit code ${code}`));
  });
