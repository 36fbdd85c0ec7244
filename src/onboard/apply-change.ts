/** Applying one change: the precondition again, then the write, and the write again where ARM asks for patience. */
import { isObject, parseId } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { CodedError, limits, messageOf, sleep } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { asResource } from "./arm-access.ts";
import type { ArmWriter } from "./arm-access.ts";
import { bodyOf, hasFailed, satisfies } from "./matching.ts";
import type { Change } from "./plan-types.ts";

/** What became of a change. `already`: it was so when it came to it, by an earlier run or by somebody else. */
export type ChangeResult = "written" | "already";

export interface ChangeOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** A later change of the same plan and resource: when that is done, so is this. */
  readonly later?: Change | undefined;
  /** Told before a write is sent again, with what ARM said. */
  readonly onRetry?: (says: string) => void;
}

/**
 * Brings one resource to what the plan says. Writes only where what is there is what the plan was made from.
 *
 * @throws CodedError PlanStale when somebody else changed it meanwhile; WriteFailed with ARM's answer as cause.
 */
export async function applyChange(
  arm: ArmWriter,
  change: Change,
  options: ChangeOptions,
): Promise<ChangeResult> {
  const { id, apiVersion, after } = change;
  if (after === undefined) return "already";
  const read = await arm.get(id, apiVersion);
  const current = read === undefined ? undefined : asResource(read);
  if (current !== undefined) {
    const body = bodyOf(current);
    const isThere = satisfies(body, after) || isDone(options.later, body);
    if (isThere && !hasFailed(current)) return "already";
    // A change of some properties is stale when those have other values than the plan saw.
    if (change.before === undefined || !satisfies(body, sameShape(change.before, after))) {
      throw stale(change, "is not as the plan saw it");
    }
  } else if (change.action === "update") throw stale(change, "is gone");
  await write(arm, change, options);
  return "written";
}

const isDone = (change: Change | undefined, body: JsonObject): boolean =>
  change?.after !== undefined && satisfies(body, change.after);

function stale({ id }: Change, what: string): CodedError {
  const says = `${id} ${what}: it changed after the plan was made. Run again; a new plan is made.`;
  return new CodedError("PlanStale", says, { status: 0, target: id });
}

/** `before`, reduced to the properties that `after` speaks of. */
function sameShape(before: JsonObject, after: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(after).flatMap(([key, value]) => {
      const old = Object.hasOwn(before, key) ? before[key] : undefined;
      if (old === undefined) return [];
      return [[key, isObject(old) && isObject(value) ? sameShape(old, value) : old]];
    }),
  );
}

async function write(arm: ArmWriter, change: Change, options: ChangeOptions): Promise<void> {
  const { clock, signal, onRetry } = options;
  const { id, apiVersion, after } = change;
  const endMs = clock.nowMs() + limits.onboardWriteMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await arm.put(id, after === undefined ? { apiVersion } : { apiVersion, body: after });
      return;
    } catch (error) {
      const waitMs = retryAfterMs(error, change, attempt);
      if (waitMs === undefined || clock.nowMs() + waitMs > endMs) throw failed(change, error);
      onRetry?.(messageOf(error));
      await sleep(clock, waitMs, signal);
    }
  }
}

/**
 * How long to wait before a write is sent again; undefined when it would not help. A scope takes one write at a time and
 * each takes about 36 s, so its refusals are waited out; other failures get a few tries.
 * @see GitHub hashicorp/terraform-provider-azurerm#22236
 */
function retryAfterMs(error: unknown, { lock }: Change, attempt: number): number | undefined {
  if (!(error instanceof CodedError)) return undefined;
  const provisioning = error.status === 409 && /provisioning/i.test(error.message);
  if (provisioning && lock !== undefined) return limits.onboardProvisioningWaitMs;
  const passing = provisioning || [429, 500, 502, 503, 504].includes(error.status);
  if (!passing || attempt >= limits.onboardTriesMax) return undefined;
  return 1_000 * 2 ** (attempt - 1);
}

function failed({ id, action }: Change, cause: unknown): CodedError {
  const name = parseId(id)?.name ?? id;
  const code = cause instanceof CodedError ? `${cause.code}: ` : "";
  const says = `Could not ${action} ${name} (${id}): ${code}${messageOf(cause)}`;
  const status = cause instanceof CodedError ? cause.status : 0;
  return new CodedError("WriteFailed", says, { status, target: id, cause });
}
