/** Building an estate on the platform, enabling what it asks for, and proving it: what `start` does. */
import { CodedError } from "../../core/index.ts";
import {
  buildEstate,
  estateLogsRequests,
  estateRequests,
  exitOfAll,
  observe,
  proofTarget,
  untilArrived,
} from "../../onboard/index.ts";
import type {
  ApplyEvent,
  Arrival,
  Estate,
  Expected,
  LogsRequest,
  MetricsRequest,
  PathId,
  Plan,
  Proof,
} from "../../onboard/index.ts";
import type { CliContext } from "../command.ts";
import type { Beside } from "../platform/beside.ts";
import type { Enabled } from "../platform/carry-out.ts";
import { connectTo } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import type { PlatformFile } from "../platform/platform-file.ts";
import { proofLines } from "../views/proof.ts";
import { printable } from "../views/table.ts";
import { enableLogsOf, logsArrivedNow } from "./enable-logs.ts";
import { arrivedNow, enable } from "./enable-metrics.ts";
import { proofOf } from "./prove.ts";

export interface Running {
  readonly file: PlatformFile;
  readonly estate: Estate;
  readonly agents: Pick<Beside, "startMetrics" | "startLogs">;
  readonly waitMs: number;
}

/** Builds the estate, enables what it asks for, proves it: 0 where every line of every proof holds. */
export async function runEstate(context: CliContext, running: Running): Promise<0 | 1> {
  const { file, estate } = running;
  const connection = connectTo(file, context);
  try {
    const { subscriptionId } = file;
    const { made, kept } = await buildEstate(estate, { arm: connection.arm, subscriptionId });
    const group = estate.resourceGroup;
    context.out(
      `estate     ${made.length} resources made in ${group}, ${kept.length} there already\n`,
    );
    const metrics = estateRequests(estate, file);
    const logs = estateLogsRequests(estate, file);
    const clusterIds = new Set([...metrics, ...logs].map(({ clusterId }) => clusterId));
    const proofs: Proof[] = [];
    for (const clusterId of clusterIds) {
      const asked = {
        clusterId,
        metrics: metrics.find((one) => one.clusterId === clusterId),
        logs: logs.find((one) => one.clusterId === clusterId),
      };
      proofs.push(await enableAndProve(context, { ...running, connection, asked }));
    }
    return exitOfAll(proofs) === 0 ? 0 : 1;
  } finally {
    connection.close();
  }
}

/** What is asked for one cluster. */
interface Asked {
  readonly clusterId: string;
  readonly metrics: MetricsRequest | undefined;
  readonly logs: LogsRequest | undefined;
}

type ForCluster = Running & { readonly connection: Connection; readonly asked: Asked };

async function enableAndProve(context: CliContext, running: ForCluster): Promise<Proof> {
  const { connection, asked } = running;
  const { clusterId } = asked;
  const plans = await enableBoth(context, running);
  const observed = await observe(connection.arm, { clusterId });
  const workspace = asked.metrics && { workspaceId: asked.metrics.workspaceId };
  const target = proofTarget(observed, { clusterId, ...workspace });
  if (target === undefined)
    throw new CodedError("NameNotFound", `There is no cluster ${clusterId}.`);
  const proof = await proofOf(connection, context, { target, expected: expectedOf(plans) });
  context.out(`\n${proofLines(proof, { nowMs: context.clock.nowMs(), extra: [] }).join("\n")}\n`);
  return proof;
}

/**
 * Metrics, then logs, which begin while metrics wait for their first data: their plan keeps what metrics have
 * associated. What logs say is held until metrics are done.
 */
async function enableBoth(context: CliContext, running: ForCluster): Promise<readonly Plan[]> {
  const { metrics, logs } = running.asked;
  const associated = Promise.withResolvers<void>();
  const metricsEnabled =
    metrics === undefined
      ? Promise.resolve([])
      : enableMetrics(context, { ...running, request: metrics, onTold: associated.resolve });
  const metricsDone = metricsEnabled.finally(associated.resolve);
  metricsDone.catch(() => undefined); // It is awaited below; until then nobody listens.
  await associated.promise;
  if (logs === undefined) return metricsDone;
  const held = holding(context);
  const logsEnabled = enableLogs(held.context, { ...running, request: logs });
  logsEnabled.catch(() => undefined);
  const plans = await metricsDone;
  held.release();
  return [...plans, ...(await logsEnabled)];
}

type Telling<Request> = ForCluster & { readonly request: Request };

async function enableMetrics(
  context: CliContext,
  running: Telling<MetricsRequest> & { readonly onTold: () => void },
): Promise<readonly Plan[]> {
  const { connection, request, agents, waitMs, onTold } = running;
  context.out(`enable     metrics of ${nameOf(request.clusterId)}\n`);
  // AKS starts its agent when the cluster is told to; so does this. A rerun finds the cluster told already.
  const onEvent = whenTold(() => {
    agents.startMetrics(request.clusterId);
    onTold();
  });
  const startMs = context.clock.nowMs();
  const enabled = await enable(connection, context, { request, waitMs, onEvent });
  await untilFresh(context, { enabled, startMs, waitMs }, () =>
    arrivedNow(connection, context, { request, sinceMs: startMs }),
  );
  return [enabled.plan];
}

async function enableLogs(
  context: CliContext,
  running: Telling<LogsRequest>,
): Promise<readonly Plan[]> {
  const { connection, request, agents, waitMs } = running;
  context.out(`enable     logs of ${nameOf(request.clusterId)}\n`);
  const onEvent = whenTold(() => agents.startLogs(request.clusterId));
  const startMs = context.clock.nowMs();
  const enabled = await enableLogsOf(connection, context, { request, waitMs, onEvent });
  await untilFresh(context, { enabled, startMs, waitMs }, () =>
    logsArrivedNow(connection, context, { request, sinceMs: startMs }),
  );
  return [enabled.plan];
}

const nameOf = (id: string): string => id.split("/").at(-1) ?? "";

/** Calls `tell` when the cluster has been told to collect, now or before. */
const whenTold =
  (tell: () => void) =>
  (event: ApplyEvent): void => {
    const told =
      event.kind === "change" && event.state !== "started" && event.change.step === "cluster";
    if (told) tell();
  };

/** With nothing to close there was nothing to wait for, and the data of an earlier start may be old. */
async function untilFresh(
  context: CliContext,
  {
    enabled: { plan, outcome },
    startMs,
    waitMs,
  }: { readonly enabled: Enabled; readonly startMs: number; readonly waitMs: number },
  ask: () => Promise<Arrival>,
): Promise<void> {
  if (outcome.exit !== 0 || plan.waits.some(({ kind }) => kind === "data")) return;
  await untilArrived(ask, {
    clock: context.clock,
    startMs,
    waitMs,
    onWait: (says, elapsedMs) => {
      context.note(`  … ${Math.round(elapsedMs / 1000)} s: ${printable(says)}\n`);
    },
    signal: context.stopped,
  });
}

/** A context whose words are held back until they are released, in their order. */
function holding(context: CliContext): {
  readonly context: CliContext;
  readonly release: () => void;
} {
  const words: (() => void)[] = [];
  let released = false;
  const hold =
    (say: (text: string) => void) =>
    (text: string): void => {
      if (released) say(text);
      else words.push(() => say(text));
    };
  return {
    context: { ...context, out: hold(context.out), note: hold(context.note) },
    release: () => {
      released = true;
      for (const say of words.splice(0)) say();
    },
  };
}

/** A path that the estate does not ask to close is open by intent. */
const expectedOf = (plans: readonly Plan[]): Readonly<Partial<Record<PathId, Expected>>> =>
  Object.fromEntries(
    plans.flatMap(({ staysPublic }) => staysPublic.map(({ path }) => [path, "public"])),
  );
