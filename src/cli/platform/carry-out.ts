/** Carrying out a plan on the platform, each part said as it goes, and asking whether data has come. */
import { CodedError, messageOf } from "../../core/index.ts";
import { apply, dataArrival, observe, proofTarget } from "../../onboard/index.ts";
import type {
  ApplyEvent,
  ApplyOutcome,
  Arrival,
  ObserveRequest,
  Plan,
  Signal,
} from "../../onboard/index.ts";
import type { CliContext } from "../command.ts";
import { eventLine, outcomeLines, planLines } from "../views/plan.ts";
import type { Connection } from "./connect.ts";
import { openProbes } from "./probes.ts";

/** A plan, and what became of it. */
export interface Enabled {
  readonly plan: Plan;
  readonly outcome: ApplyOutcome;
}

/** Says a plan, applies it, and says how that ended. */
export async function carryOut(
  connection: Connection,
  context: CliContext,
  asked: {
    readonly plan: Plan;
    readonly waitMs: number;
    readonly dataArrived: (sinceMs: number) => Promise<Arrival>;
    readonly onEvent?: (event: ApplyEvent) => void;
  },
): Promise<Enabled> {
  const { plan, waitMs, dataArrived } = asked;
  const say = (lines: readonly string[]): void => {
    for (const line of lines) context.note(`${line}\n`);
  };
  say(planLines(plan));
  const outcome = await apply(plan, connection.arm, {
    clock: context.clock,
    waitMs,
    dataArrived,
    onEvent: (event) => {
      say([eventLine(event) ?? []].flat());
      asked.onEvent?.(event);
    },
    signal: context.stopped,
  });
  say(outcomeLines(outcome, plan));
  return { plan, outcome };
}

/** Asks once whether a sample or a record newer than `sinceMs` came by the private way. */
export async function arrived(
  connection: Connection,
  { clock, random }: CliContext,
  asked: {
    /** What to look at. */
    readonly request: ObserveRequest;
    readonly clusterId: string;
    readonly signal: Signal;
    readonly sinceMs: number;
  },
): Promise<Arrival> {
  const { request, clusterId, signal, sinceMs } = asked;
  const target = proofTarget(await observe(connection.arm, request), {
    clusterId,
    ...(request.workspaceId === undefined ? {} : { workspaceId: request.workspaceId }),
  });
  if (target?.vnetId === undefined)
    return { arrived: false, says: "the cluster's network is not known." };
  const probes = await openProbes(connection, {
    inside: { kind: "vnet", vnet: target.vnetId, as: clusterId },
    clock,
    random,
  });
  try {
    return await dataArrival(probes, target, { clock, sinceMs, signal });
  } catch (error) {
    return { arrived: false, says: error instanceof CodedError ? error.message : messageOf(error) };
  } finally {
    await probes.close();
  }
}
