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
export const startAgents = (context: CliContext, data: string): AgentProcesses =>
  keepAgents(context, (clusterId) => [
    "agent",
    "--cluster",
    clusterId,
    "--interval",
    SCRAPE_INTERVAL,
    "--data",
    data,
  ]);

/** Keeps one agent for each cluster that is started. @param wordsOf the command of a cluster's agent. */
export function keepAgents(
  context: CliContext,
  wordsOf: (clusterId: string) => readonly string[],
): AgentProcesses {
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  return {
    start: (clusterId) => {
      if (running.has(clusterId) || stopping.signal.aborted) return;
      const { signal } = stopping;
      running.set(clusterId, keepAgent(context, { words: wordsOf(clusterId), signal }));
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(running.values());
    },
  };
}

interface KeptAgent {
  readonly words: readonly string[];
  readonly signal: AbortSignal;
}

/** Runs one agent after another until it is told to stop. */
async function keepAgent(context: CliContext, agent: KeptAgent): Promise<void> {
  const { signal } = agent;
  while (!signal.aborted) {
    const how = await runAgent(context, agent);
    if (signal.aborted) return;
    context.note(`  the agent ended with ${how}; starting it again in ${RESTART_DELAY_MS} ms\n`);
    await sleep(context.clock, RESTART_DELAY_MS, signal).catch(() => {});
  }
}

function runAgent(context: CliContext, { words, signal }: KeptAgent): Promise<string> {
  const { node, cli } = context.entries;
  // Its end of the channel is how it learns that this process is gone, however that went.
  const child = fork(cli, [...words], {
    execPath: node,
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: context.environment,
  });
  child.stderr?.on("data", (chunk: Buffer) => context.note(indented(chunk.toString())));
  const stop = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  return endOf(child).finally(() => signal.removeEventListener("abort", stop));
}

/** What an agent says stands below what `start` says. */
const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ");

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", (code, signal) => done(signal ?? `exit code ${code}`));
  });
