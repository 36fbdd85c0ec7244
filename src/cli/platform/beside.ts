/** What `start` runs beside the platform: the agents of metrics and of logs, and the laboratory cluster whose logs are collected. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../core/index.ts";
import type { Estate } from "../../onboard/index.ts";
import type { CliContext } from "../command.ts";
import { startAgents } from "./agent-process.ts";
import type { AgentProcesses } from "./agent-process.ts";
import {
  laboratoryEntry,
  laboratoryLabel,
  startLaboratory,
  withoutLaboratory,
} from "./laboratory.ts";
import type { Laboratory } from "./laboratory.ts";
import { startLogsAgents } from "./logs-agent-process.ts";

/** The processes beside the platform. */
export interface Beside {
  /** The command's context; what is said through it is kept in a file as well, which a pod of the laboratory logs. */
  readonly context: CliContext;
  /** Starts the agent of a cluster's metrics; once for each. */
  readonly startMetrics: (clusterId: string) => void;
  /** Starts the agent of a cluster's logs, when the laboratory serves; once for each. */
  readonly startLogs: (clusterId: string) => void;
  readonly stop: () => Promise<void>;
}

/** Starts what an estate needs beside its platform, without waiting for it. */
export function startBeside(
  context: CliContext,
  { data, estate }: { readonly data: string; readonly estate: Estate },
): Beside {
  const folder = join(data, "laboratory");
  const hasLaboratory = laboratoryEntry(context) !== undefined;
  const logFolder = join(folder, "localhost");
  const saidFile = hasLaboratory
    ? join(folder, "start.log")
    : join(logFolder, "containers", `start-1_linkscope_start-${"0".repeat(64)}.log`);
  mkdirSync(join(logFolder, "containers"), { recursive: true, mode: 0o700 });
  // The laboratory's kubelet writes its nodes' logs; without one the line stands as a container runtime writes it.
  const said = keepSaid(context, { file: saidFile, asContainer: !hasLaboratory });
  const wantsLogs = estate.clusters.some(({ logs }) => logs !== undefined);
  const laboratory = wantsLogs
    ? openLaboratory(said, {
        folder,
        access: join(data, "access.ndjson"),
        said: saidFile,
      })
    : Promise.resolve(undefined);
  const metrics = startAgents(context, data);
  const logs: Promise<AgentProcesses> = laboratory.then((lab) =>
    startLogsAgents(context, { data, laboratory: lab, logFolder }),
  );
  return {
    context: said,
    startMetrics: metrics.start,
    startLogs: (clusterId) => void logs.then((agents) => agents.start(clusterId)),
    stop: async () => {
      await Promise.all([metrics.stop(), logs.then((agents) => agents.stop())]);
      await (await laboratory)?.stop();
    },
  };
}

/** The laboratory, labelled as what it is; undefined where there is none or it does not start, which is said. */
async function openLaboratory(
  context: CliContext,
  files: { readonly folder: string; readonly access: string; readonly said: string },
): Promise<Laboratory | undefined> {
  if (laboratoryEntry(context) === undefined) {
    context.note(`linkscope: ${withoutLaboratory}\n`);
    return undefined;
  }
  context.out(`cluster    ${laboratoryLabel}\n`);
  try {
    return await startLaboratory(context, {
      folder: files.folder,
      logs: [
        { name: "edge", file: files.access },
        { name: "start", file: files.said },
      ],
    });
  } catch (error) {
    context.note(`linkscope: ${messageOf(error)}\n`);
    return undefined;
  }
}

/** What is said goes to the terminal, and to a file that grows by its lines. */
function keepSaid(
  context: CliContext,
  { file, asContainer }: { readonly file: string; readonly asContainer: boolean },
): CliContext {
  const lineOf = (line: string): string =>
    asContainer
      ? `${new Date(context.clock.nowMs()).toISOString()} stdout F ${line}\n`
      : `${line}\n`;
  const keep =
    (say: (text: string) => void) =>
    (text: string): void => {
      say(text);
      const lines = text.split("\n").filter((line) => line !== "");
      appendFileSync(file, lines.map(lineOf).join(""), { mode: 0o600 });
    };
  return { ...context, out: keep(context.out), note: keep(context.note) };
}
