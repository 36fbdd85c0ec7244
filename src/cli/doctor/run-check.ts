/** `check`: gathers the facts, runs the checks, prints the report. */
import { CodedError, limits } from "../../core/index.ts";
import {
  checks,
  clustersNamed,
  exitOf,
  factsOf,
  inPhases,
  phases,
  readSuppressions,
  runChecks,
  usualPhases,
  withWaiting,
} from "../../doctor/index.ts";
import type { CheckFacts, CheckReport, Phase, Suppression } from "../../doctor/index.ts";
import { loadOverlays } from "../../snapshot/index.ts";
import type { ProbeFragment, Snapshot } from "../../snapshot/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { printed } from "./print-report.ts";
import { untilSettled } from "./until-settled.ts";
import { fileText, openSource, snapshotFrom, snapshotInFile } from "./sources.ts";

/** Runs `check` and answers with its exit code. */
export async function runCheck(input: CommandInput, context: CliContext): Promise<number> {
  const suppressions = suppressionsOf(input, context);
  const wanted = phasesOf(input);
  const looking = await openLooking(input, context);
  try {
    const look = async (): Promise<{ facts: CheckFacts; report: CheckReport }> => {
      const facts = await factsFrom(await looking.snapshot(), input, context);
      holdOutsideSeen(input, facts);
      const report = inPhases(runChecks(checks, facts, suppressions), wanted);
      return { facts, report: withWaiting(report, facts) };
    };
    let seen = await look();
    if (input.flag("wait")) {
      if (!looking.canWait) {
        throw new CodedError("WrongUse", "A file does not change: --wait needs a live source.");
      }
      seen = await untilSettled(seen, look, context);
    }
    const exit = exitOf(seen.report, {
      failOnWarning: input.text("fail-on") === "warning",
      strict: input.flag("strict"),
    });
    context.out(printed(seen, { input, exit, source: looking.source }));
    return exit;
  } finally {
    looking.close();
  }
}

interface Looking {
  readonly snapshot: () => Promise<Snapshot>;
  /** What the report calls it. */
  readonly source: string;
  readonly canWait: boolean;
  readonly close: () => void;
}

async function openLooking(input: CommandInput, context: CliContext): Promise<Looking> {
  const file = input.text("snapshot");
  if (file !== undefined) {
    if (input.text("cloud") !== undefined) {
      throw new CodedError("WrongUse", "Give --snapshot or --cloud, not both.");
    }
    const snapshot = snapshotInFile(file, context);
    const source = `the snapshot ${file}`;
    return { snapshot: () => Promise.resolve(snapshot), source, canWait: false, close: () => {} };
  }
  const open = await openSource(input, context);
  const source = open.source.source === "azure" ? "Azure" : "the running platform";
  return {
    snapshot: async () => snapshotFrom(open, await open.clusterIds(input.text("cluster")), context),
    source,
    canWait: true,
    close: open.close,
  };
}

/** The facts of a snapshot with what `--with` lays over it. */
async function factsFrom(
  snapshot: Snapshot,
  input: CommandInput,
  context: CliContext,
): Promise<CheckFacts> {
  const nowMs = context.clock.nowMs();
  const laid = await laidOver(snapshot, input, context);
  const facts = factsOf(laid.snapshot, { nowMs, probes: laid.probes, planned: laid.planned });
  const named = input.text("cluster");
  if (named === undefined) return facts;
  const clusters = named.split(",").flatMap((one) => clustersNamed(facts, one));
  if (clusters.length > 0) return { ...facts, clusters };
  throw new CodedError("NameNotFound", `There is no cluster '${named}' in the facts.`);
}

/** A snapshot with the files of `--with` on it: overlays in their order, and fragments. */
export async function laidOver(
  snapshot: Snapshot,
  input: CommandInput,
  context: CliContext,
): Promise<{
  readonly snapshot: Snapshot;
  readonly probes: readonly ProbeFragment[];
  readonly planned: ReadonlySet<string>;
}> {
  const files = input.texts("with");
  if (files.length === 0) return { snapshot, probes: [], planned: new Set() };
  const { groupOfId, overlaid, readOverlay } = await loadOverlays();
  const [clusterId = ""] = snapshot.clusters;
  const cluster = snapshot.resources.find(({ id }) => id === clusterId);
  const groupId = input.text("group") ?? groupOfId(clusterId);
  const laid = files.map((file) =>
    readOverlay(fileText(file, context, limits.overlayBytesMax), file, {
      groupId,
      location: cluster?.location,
    }),
  );
  const overlays = laid.flatMap((one) => (one.kind === "overlay" ? [one.overlay] : []));
  const probes = laid.flatMap((one) => (one.kind === "fragment" ? [one.fragment] : []));
  if (overlays.length === 0) return { snapshot, probes, planned: new Set() };
  return { ...overlaid(snapshot, overlays), probes };
}

function suppressionsOf(input: CommandInput, context: CliContext): readonly Suppression[] {
  const file = input.text("suppressions");
  if (file === undefined) return [];
  const text = fileText(file, context, limits.suppressionsBytesMax);
  return readSuppressions(
    text,
    file,
    checks.map(({ id }) => id),
  );
}

/**
 * The phases that the options name.
 *
 * @throws CodedError WrongUse for a word that is no phase: a check of nothing would find nothing wrong.
 */
function phasesOf(input: CommandInput): readonly Phase[] {
  const named = input.texts("phase");
  const ways = [input.flag("pre"), input.text("from") !== undefined, named.length > 0];
  if (ways.filter(Boolean).length > 1) {
    throw new CodedError("WrongUse", "Give one of --pre, --phase and --from.");
  }
  if (input.flag("pre")) return ["pre"];
  if (input.text("from") === "outside") return ["outside"];
  const wrong = named.find((word) => !phases.some((phase) => phase === word));
  if (wrong !== undefined) {
    throw new CodedError("WrongUse", `--phase: '${wrong}' is none of ${phases.join(", ")}.`);
  }
  return named.length === 0 ? usualPhases : phases.filter((phase) => named.includes(phase));
}

/**
 * Holds that what `--from outside` looks at is there.
 *
 * @throws CodedError WrongUse where no probe stood outside: what nobody tried is not closed.
 */
function holdOutsideSeen(input: CommandInput, { probes }: CheckFacts): void {
  if (input.text("from") !== "outside") return;
  if (probes.some(({ place }) => place === "outside")) return;
  const says =
    "--from outside looks at what a probe saw outside of every virtual network, and none is given: run the script of `./linkscope probe --emit sh --from outside` there, and give its output with --with FILE.";
  throw new CodedError("WrongUse", says);
}
