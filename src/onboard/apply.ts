/** Apply: does what a plan says, in its order, and nothing else; waits where the plan waits; can be run again at any time. */
import { listAt, sameId, stringAt } from "../arm/index.ts";
import { messageOf } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { apiVersions } from "./arm-access.ts";
import type { ArmWriter } from "./arm-access.ts";
import { applyChange } from "./apply-change.ts";
import { writesOf } from "./plan-types.ts";
import type { Change, Plan, Step, Wait } from "./plan-types.ts";
import { untilArrived } from "./until-arrived.ts";
import type { Arrival } from "./until-arrived.ts";

export interface ApplyOptions {
  readonly clock: Clock;
  /** For all waits together. */
  readonly waitMs: number;
  /**
   * Asks once whether a probe through the endpoint passes and a sample newer than `sinceMs` can be queried. `sinceMs` is
   * when this run saw the scope's endpoint approved: never before it was.
   */
  readonly dataArrived: (sinceMs: number) => Promise<Arrival>;
  readonly onEvent?: (event: ApplyEvent) => void;
  readonly signal?: AbortSignal;
}

export type ApplyEvent =
  | { readonly kind: "step"; readonly step: Step }
  | {
      readonly kind: "change";
      readonly change: Change;
      readonly state: "started" | "written" | "already";
    }
  | { readonly kind: "retry"; readonly change: Change; readonly says: string }
  | {
      readonly kind: "wait";
      readonly wait: Wait;
      readonly says: string;
      readonly elapsedMs: number;
    };

/** What is left open, and why. */
export interface LeftOpen {
  readonly id: string;
  readonly says: string;
}

/**
 * - `unchanged`: everything was as wanted. `done`: it is now.
 * - `open`: a wait ran out; nothing was closed, and a rerun resumes.
 * - `blocked`: the plan has blockers; nothing was written. `failed`: a write failed; a rerun resumes.
 */
export interface ApplyOutcome {
  readonly kind: "unchanged" | "done" | "open" | "blocked" | "failed";
  readonly exit: 0 | 1 | 3;
  readonly written: readonly string[];
  readonly open: readonly LeftOpen[];
  readonly says: string;
  readonly error?: unknown;
}

/**
 * Applies a plan. Each change's precondition is checked again before its write, writes are done one after another, and
 * closing changes only once `dataArrived` says so. The same plan, or a new one, can be applied after any interruption.
 *
 * @throws only when `signal` is aborted.
 */
export async function apply(
  plan: Plan,
  arm: ArmWriter,
  options: ApplyOptions,
): Promise<ApplyOutcome> {
  if (plan.blockers.length > 0) {
    const says = `The plan is blocked: ${plan.blockers.map((blocker) => blocker.says).join(" ")}`;
    return { kind: "blocked", exit: 1, written: [], open: [], says };
  }
  const run: Run = {
    ...options,
    arm,
    plan,
    written: [],
    finished: new Set(),
    startMs: options.clock.nowMs(),
  };
  try {
    return await inOrder(run);
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    const open = unfinished(run);
    return { kind: "failed", exit: 1, written: run.written, open, says: messageOf(error), error };
  }
}

interface Run extends ApplyOptions {
  readonly arm: ArmWriter;
  readonly plan: Plan;
  readonly written: string[];
  /** The changes that are as the plan wants them. */
  readonly finished: Set<Change>;
  readonly startMs: number;
}

async function inOrder(run: Run): Promise<ApplyOutcome> {
  const { plan, clock } = run;
  let step: Step | undefined;
  let approvedMs = run.startMs;
  for (const change of plan.changes) {
    if (change.step !== step) {
      const stopped = step === undefined ? undefined : await approvals(run, step);
      if (stopped !== undefined) return stopped;
      if (step === "network") approvedMs = clock.nowMs();
      step = change.step;
      const gate = step === "close" ? await dataGate(run, approvedMs) : undefined;
      if (gate !== undefined) return gate;
      run.onEvent?.({ kind: "step", step });
    }
    await one(run, change);
  }
  const last = step === undefined ? undefined : await approvals(run, step);
  if (last !== undefined) return last;
  const { written } = run;
  return written.length === 0
    ? {
        kind: "unchanged",
        exit: 0,
        written,
        open: [],
        says: "Nothing to change: all is as wanted.",
      }
    : { kind: "done", exit: 0, written, open: [], says: madeSays(plan, written.length) };
}

/** How many changes were made, and how many another had made by then: two runs may want the same. */
function madeSays(plan: Plan, count: number): string {
  const made = count === 1 ? "1 change was made" : `${count} changes were made`;
  const others = writesOf(plan).length - count;
  return others === 0 ? `${made}.` : `${made}; ${others} stood by then.`;
}

async function one(run: Run, change: Change): Promise<void> {
  const { arm, clock, onEvent, signal } = run;
  if (change.action === "none") return onEvent?.({ kind: "change", change, state: "already" });
  signal?.throwIfAborted();
  onEvent?.({ kind: "change", change, state: "started" });
  const state = await applyChange(arm, change, {
    clock,
    signal,
    later: laterChange(run.plan, change),
    onRetry: (says) => onEvent?.({ kind: "retry", change, says }),
  });
  if (state === "written") run.written.push(change.id);
  run.finished.add(change);
  onEvent?.({ kind: "change", change, state });
}

/** Waits for the approvals that stand after a step; the outcome when the time ran out. */
async function approvals(run: Run, step: Step): Promise<ApplyOutcome | undefined> {
  for (const wait of run.plan.waits) {
    if (wait.kind !== "approval" || wait.after !== step) continue;
    const answer = await until(run, wait, () => approvedNow(run, wait));
    if (!answer.arrived) return leftOpen(run, answer.says);
  }
  return undefined;
}

/** The connection's state as the endpoint shows it. */
async function approvedNow({ arm }: Run, wait: Wait & { kind: "approval" }): Promise<Arrival> {
  const endpoint = await arm.get(wait.endpointId, apiVersions.network);
  const connections = [
    "privateLinkServiceConnections",
    "manualPrivateLinkServiceConnections",
  ].flatMap((name) => listAt(endpoint?.["properties"], name));
  const connection = connections.find((one) =>
    sameId(stringAt(one, "properties", "privateLinkServiceId"), wait.targetId),
  );
  const status =
    stringAt(connection, "properties", "privateLinkServiceConnectionState", "status") ?? "Pending";
  const says = `The connection of ${wait.endpointId} to ${wait.targetId} is ${status}${status === "Approved" ? "" : "; its owner must approve it"}.`;
  return { arrived: status === "Approved", says };
}

/** Waits for data, if the plan closes anything; the outcome when the time ran out. */
async function dataGate(run: Run, approvedMs: number): Promise<ApplyOutcome | undefined> {
  const wait = run.plan.waits.find((one) => one.kind === "data");
  if (wait === undefined) return undefined;
  const answer = await until(run, wait, () => run.dataArrived(approvedMs));
  return answer.arrived ? undefined : leftOpen(run, answer.says);
}

const until = (run: Run, wait: Wait, ask: () => Promise<Arrival>): Promise<Arrival> =>
  untilArrived(ask, {
    ...run,
    onWait: (says, elapsedMs) => run.onEvent?.({ kind: "wait", wait, says, elapsedMs }),
  });

function leftOpen(run: Run, says: string): ApplyOutcome {
  const seconds = Math.round(run.waitMs / 1000);
  return {
    kind: "open",
    exit: 3,
    written: run.written,
    open: unfinished(run),
    says: `Nothing was closed: after ${seconds} s, ${says} Run again to resume.`,
  };
}

/** The changes that are still to be made. */
const unfinished = ({ plan, finished }: Run): readonly LeftOpen[] =>
  writesOf(plan)
    .filter((change) => !finished.has(change))
    .map(({ id, says }) => ({ id, says }));

/** A later change of the same resource: what it wants is further than what an earlier one wants. */
function laterChange({ changes }: Plan, change: Change): Change | undefined {
  const after = changes.slice(changes.indexOf(change) + 1);
  return after.find(({ id, action }) => action !== "none" && sameId(id, change.id));
}
