/** `start`: the whole of it at once: the platform, the example estate, the agent, onboarding, the proof. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { cloud } from "../../azure/index.ts";
import { CodedError } from "../../core/index.ts";
import { parseEstate } from "../../onboard/index.ts";
import type { Estate } from "../../onboard/index.ts";
import type { CliContext, Command, CommandInput } from "../command.ts";
import { startBeside } from "../platform/beside.ts";
import type { Beside } from "../platform/beside.ts";
import { dataFolder, portalAddress } from "../platform/platform-file.ts";
import { startPlatform } from "../platform/supervise.ts";
import type { RunningPlatform } from "../platform/supervise.ts";
import { durationMs } from "./query-metrics.ts";
import { runEstate } from "./run-estate.ts";
import { stopped } from "./up.ts";

export const start: Command = {
  name: "start",
  summary:
    "Run the platform with an estate, put its clusters' metrics and logs on the private link, and print the proof.",
  options: [
    {
      flags: "--estate <file>",
      help: "the estate to build (default: examples/private-monitoring/linkscope.yaml)",
    },
    { flags: "--once", help: "end after the proof: 0 if every line of it holds, else 1" },
    { flags: "--wait <duration>", help: "how long to wait for data", default: "2m" },
  ],
  exitCodes: {
    0: "every line of the proof held; without --once: stopped by Ctrl-C",
    1: "a line of the proof did not hold, or something could not be started",
    2: "wrong use",
  },
  examples: ["npm start", "npm start -- --once", "./linkscope start --estate my/linkscope.yaml"],
  async run(input, context) {
    const estate = readEstate(input, context);
    const { platform, data } = await startSomewhere(dataFolder(input, context), context);
    const file = platform.file();
    let agents: Beside | undefined;
    try {
      context.out(`platform   ready at ${file.arm}\n`);
      if (!input.flag("once")) context.out(`portal     ${portalAddress(file)}\n`);
      if (data.temporary) context.out(`           export LINKSCOPE_DATA=${data.folder}\n`);
      agents = startBeside(context, { data: data.folder, estate });
      const exit = await runEstate(agents.context, {
        file,
        estate,
        agents,
        waitMs: durationMs(input.text("wait") ?? "2m"),
      });
      if (input.flag("once")) return exit;
      context.out(`${nextSteps(estate, data).join("\n")}\n`);
      const says = await Promise.race([platform.gone, stopped(context)]);
      if (says === undefined) return 0;
      context.note(`linkscope: ${says}\n`);
      return 1;
    } finally {
      await agents?.stop();
      await platform.stop();
      if (data.temporary && input.flag("once"))
        rmSync(data.folder, { recursive: true, force: true });
    }
  },
};

function readEstate(input: CommandInput, context: CliContext): Estate {
  const named =
    input.text("estate") ?? join(context.entries.examples, "private-monitoring/linkscope.yaml");
  const path = isAbsolute(named) ? named : resolve(context.workingFolder, named);
  if (!existsSync(path)) throw new CodedError("WrongUse", `There is no estate file ${path}.`);
  const reading = parseEstate(readFileSync(path, "utf8"));
  if (reading.ok) return reading.estate;
  const lines = reading.problems.map(
    ({ line, column, says }) => `${path}:${line}:${column}: ${says}`,
  );
  throw new CodedError(
    "EstateInvalid",
    `The estate file has ${lines.length} mistakes.\n${lines.join("\n")}`,
  );
}

interface Data {
  readonly folder: string;
  readonly temporary: boolean;
}

/** Starts on the folder where no other platform holds it, else on a temporary one. */
async function startSomewhere(
  folder: string,
  context: CliContext,
): Promise<{ readonly platform: RunningPlatform; readonly data: Data }> {
  try {
    const platform = await startPlatform(context, { data: folder, restart: true });
    return { platform, data: { folder, temporary: false } };
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== "DataFolderInUse") throw error;
  }
  const made = mkdtempSync(join(context.temporaryFolder, "linkscope-data-"));
  context.note(
    `linkscope: ${folder} is in use by another platform; this one keeps its data in ${made}\n`,
  );
  const platform = await startPlatform(context, { data: made, restart: true });
  return { platform, data: { folder: made, temporary: true } };
}

function nextSteps(estate: Estate, data: Data): readonly string[] {
  const [cluster] = estate.clusters;
  const vnet = cluster?.network ?? estate.networks[0]?.name;
  const workspace = cluster?.metrics?.workspace ?? estate.workspaces[0]?.name;
  const logs = cluster?.logs?.workspace ?? estate.logAnalyticsWorkspaces?.[0]?.name;
  return [
    "",
    "The platform stays up until Ctrl-C. In another terminal:",
    ...(data.temporary ? [`  export LINKSCOPE_DATA=${data.folder}`] : []),
    ...linesWith(workspace, (name) => [
      `  ./linkscope query metrics 'node_load1' --workspace ${name} --range 10m`,
      `  ./linkscope show --workspace ${name}`,
    ]),
    ...linesWith(logs, (name) => [
      `  ./linkscope query logs 'ContainerLogV2 | summarize count() by PodNamespace, ContainerName' --workspace ${name}`,
    ]),
    ...linesWith(vnet, (name) => [
      `  ./linkscope exec --vnet ${name} -- getent hosts ${cloud.globalHandlerHost}`,
      `  ./linkscope resolve ${cloud.globalHandlerHost} --vnet ${name}`,
    ]),
    cluster === undefined ? "  ./linkscope show" : "  ./linkscope prove -o json",
  ];
}

const linesWith = (
  name: string | undefined,
  lines: (name: string) => readonly string[],
): readonly string[] => (name === undefined ? [] : lines(name));
