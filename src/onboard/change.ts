/** One change: from what is there and what is wanted. */
import { idKey } from "../arm/index.ts";
import type { ArmResource, JsonObject, ResourceId } from "../arm/index.ts";
import { bodyOf, hasFailed, merged, satisfies } from "./matching.ts";
import type { Because, Change, Step } from "./plan-types.ts";

export interface Wanted {
  readonly id: ResourceId;
  readonly step: Step;
  readonly apiVersion: string;
  readonly current: ArmResource | undefined;
  /** What the resource must have; the whole body where it is created. */
  readonly body: JsonObject;
  /** What the change does; and what is so when there is nothing to do. */
  readonly says: string;
  readonly standsSays?: string;
  readonly dependsOn?: readonly ResourceId[];
  readonly lock?: ResourceId;
  /** Whether a PUT leaves alone what it does not mention (managed clusters). */
  readonly putMerges?: boolean;
}

/** Create, update, or nothing: by what is there now. */
export function ensure(wanted: Wanted): Change {
  const { current, body, putMerges } = wanted;
  if (current === undefined)
    return change(wanted, { action: "create", because: "absent", after: body });
  const before = bodyOf(current);
  const failed = hasFailed(current);
  if (satisfies(before, body) && !failed) {
    const stands = { ...wanted, says: wanted.standsSays ?? wanted.says };
    return change(stands, { action: "none", because: "asWanted", before });
  }
  const after = putMerges === true ? body : merged(before, body);
  return change(wanted, {
    action: "update",
    because: failed ? "failed" : "differs",
    before,
    after,
  });
}

/** Nothing to do, because what stands there serves. */
export const keep = (
  { id, step, apiVersion }: Pick<Wanted, "id" | "step" | "apiVersion">,
  because: Because,
  says: string,
): Change => change({ id, step, apiVersion, says }, { action: "none", because });

/** A change, with what is not said left empty. */
export function change(
  { id, step, apiVersion, says, dependsOn = [], lock }: Omit<Wanted, "current" | "body">,
  rest: Pick<Change, "action" | "because"> & Partial<Pick<Change, "before" | "after" | "affects">>,
): Change {
  return {
    id,
    step,
    says,
    apiVersion,
    before: undefined,
    after: undefined,
    affects: [],
    dependsOn: [...new Map(dependsOn.map((on) => [idKey(on), on])).values()],
    ...(lock === undefined ? {} : { lock }),
    ...rest,
  };
}
