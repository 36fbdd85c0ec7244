/** `start`: the whole of it at once: the platform, the example estate, the agent, onboarding, the proof. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { cloud } from "../../azure/index.ts";
import { CodedError } from "../../core/index.ts";
import {
  estateRequests,
  buildEstate,
  exitOfAll,
  observe,
  parseEstate,
  proofTarget,
  untilArrived,
} from "../../onboard/index.ts";
import type {
  ApplyEvent,
  Estate,
  Expected,
  MetricsRequest,
  PathId,
  Plan,
  Proof,
} from "../../onboard/index.ts";
import type { CliContext, Command, CommandInput } from "../command.ts";
import { connectTo } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { dataFolder, portalAddress } from "../platform/platform-file.ts";
import type { PlatformFile } from "../platform/platform-file.ts";
import { startPlatform } from "../platform/supervise.ts";
import type { RunningPlatform } from "../platform/supervise.ts";
import { startAgents } from "../platform/agent-process.ts";
import type { AgentProcesses } from "../platform/agent-process.ts";
import { proofLines } from "../views/proof.ts";
import { printable } from "../views/table.ts";
import { arrivedNow, enable } from "./enable-metrics.ts";
import { proofOf } from "./prove.ts";
import { durationMs } from "./query-metrics.ts";
import { stopped } from "./up.ts";

export const start: Command = {
  name: "start",
  summary:
    "Run the platform with an estate, put its clusters on the private link, and print the proof.",
  options: [
    {
      flags: "--estate <file>",
      help: "the estate to build (default: examples/private-metrics/linkscope.yaml)",
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
    let agents: AgentProcesses | undefined;
    try {
      context.out(`platform   ready at ${file.arm}\n`);
      if (!input.flag("once")) context.out(`portal     ${portalAddress(file)}\n`);
      if (data.temporary) context.out(`           export LINKSCOPE_DATA=${data.folder}\n`);
      agents = startAgents(context, data.folder);
      const exit = await runEstate(context, {
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

interface Running {
  readonly file: PlatformFile;
  readonly estate: Estate;
  readonly agents: AgentProcesses;
  readonly waitMs: number;
}

/** Builds the estate, enables what it asks for, proves it. */
async function runEstate(context: CliContext, running: Running): Promise<0 | 1> {
  const { file, estate } = running;
  const connection = connectTo(file, context);
  try {
    const { subscriptionId } = file;
    const { made, kept } = await buildEstate(estate, { arm: connection.arm, subscriptionId });
    const group = estate.resourceGroup;
    context.out(
      `estate     ${made.length} resources made in ${group}, ${kept.length} there already\n`,
    );
    const proofs: Proof[] = [];
    for (const request of estateRequests(estate, file)) {
      proofs.push(await enableAndProve(context, { ...running, connection, request }));
    }
    return exitOfAll(proofs) === 0 ? 0 : 1;
  } finally {
    connection.close();
  }
}

async function enableAndProve(
  context: CliContext,
  running: Running & { readonly connection: Connection; readonly request: MetricsRequest },
): Promise<Proof> {
  const { connection, request, agents, waitMs } = running;
  const name = request.clusterId.split("/").at(-1) ?? "";
  context.out(`enable     metrics of ${name}\n`);
  // AKS starts its agent when the cluster is told to; so does this. A rerun finds the cluster told already.
  const onEvent = (event: ApplyEvent): void => {
    const told =
      event.kind === "change" && event.state !== "started" && event.change.step === "cluster";
    if (told) agents.start(request.clusterId);
  };
  const startMs = context.clock.nowMs();
  const { plan, outcome } = await enable(connection, context, { request, waitMs, onEvent });
  // With nothing to close there was nothing to wait for, and the samples of an earlier start may be old.
  if (outcome.exit === 0 && !plan.waits.some(({ kind }) => kind === "data")) {
    await untilArrived(() => arrivedNow(connection, context, { request, sinceMs: startMs }), {
      clock: context.clock,
      startMs,
      waitMs,
      onWait: (says, elapsedMs) => {
        context.note(`  … ${Math.round(elapsedMs / 1000)} s: ${printable(says)}\n`);
      },
      signal: context.stopped,
    });
  }
  const { clusterId } = request;
  const observed = await observe(connection.arm, request);
  const target = proofTarget(observed, request);
  if (target === undefined)
    throw new CodedError("NameNotFound", `There is no cluster ${clusterId}.`);
  const proof = await proofOf(connection, context, { target, expected: expectedOf(plan) });
  context.out(`\n${proofLines(proof, { nowMs: context.clock.nowMs(), extra: [] }).join("\n")}\n`);
  return proof;
}

/** A path that the estate does not ask to close is open by intent. */
const expectedOf = ({ staysPublic }: Plan): Readonly<Partial<Record<PathId, Expected>>> =>
  Object.fromEntries(staysPublic.map(({ path }) => [path, "public"]));

function readEstate(input: CommandInput, context: CliContext): Estate {
  const named =
    input.text("estate") ?? join(context.entries.examples, "private-metrics/linkscope.yaml");
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
  const here = data.temporary ? [`  export LINKSCOPE_DATA=${data.folder}`] : [];
  return [
    "",
    "The platform stays up until Ctrl-C. In another terminal:",
    ...here,
    ...(workspace === undefined
      ? []
      : [
          `  ./linkscope query metrics 'node_load1' --workspace ${workspace} --range 10m`,
          `  ./linkscope show --workspace ${workspace}`,
        ]),
    ...(vnet === undefined
      ? []
      : [
          `  ./linkscope exec --vnet ${vnet} -- getent hosts ${cloud.globalHandlerHost}`,
          `  ./linkscope resolve ${cloud.globalHandlerHost} --vnet ${vnet}`,
        ]),
    cluster === undefined ? "  ./linkscope show" : "  ./linkscope prove -o json",
  ];
}
