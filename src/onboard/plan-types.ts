/** A plan as data: every change with its reason, what follows from it, and what it waits for. */
import type { JsonObject, ResourceId } from "../arm/index.ts";
import type { OnboardCode } from "./errors.ts";
import type { LogsRequest } from "./logs/logs-request.ts";
import type { PathId } from "./paths.ts";
import type { RemoteWriteRequest } from "./remote-write-request.ts";
import type { MetricsRequest } from "./request.ts";

/**
 * The steps, in the order in which they are done. `close` comes after data has arrived; `isolate`, of the legacy order,
 * before anything is sent: there the workspace closes first, and the scope once the network is connected.
 */
export const steps = [
  "resources",
  "isolate",
  "scope",
  "collection",
  "links",
  "network",
  "associations",
  "cluster",
  "query",
  "access",
  "close",
] as const;
export type Step = (typeof steps)[number];

/** Why a change is made, or is not. A closed set. */
export const becauses = {
  absent: "It is not there, and is needed.",
  asWanted: "It is there as it is wanted.",
  kept: "Another stands in its place that serves as well; it is kept.",
  differs: "It is there, but not as it is wanted.",
  failed: "It is there, but its last write failed, so it is not in force.",
  broken: "It names something that does not exist.",
  dataArrived: "Data comes by the private way, so the public way can close.",
  closedFirst: "Nothing is sent yet, and the public way closes before anything is.",
  shared: "Others use it too; it closes only when that is asked for.",
  notAsked: "It closes only when that is asked for.",
} as const;
export type Because = keyof typeof becauses;

/** Who else a change touches. */
export interface Affected {
  readonly id: ResourceId;
  readonly says: string;
}

export interface Change {
  readonly id: ResourceId;
  readonly step: Step;
  readonly action: "create" | "update" | "none";
  readonly because: Because;
  /** One sentence about this change. */
  readonly says: string;
  readonly apiVersion: string;
  /** What is there, as read; undefined when nothing is. */
  readonly before: JsonObject | undefined;
  /** The whole body of the PUT; undefined where nothing is written. */
  readonly after: JsonObject | undefined;
  readonly dependsOn: readonly ResourceId[];
  readonly affects: readonly Affected[];
  /** Writes with the same lock are done one at a time, and again while ARM says that it is provisioning. */
  readonly lock?: ResourceId;
}

export interface Blocker {
  readonly code: OnboardCode;
  readonly id: ResourceId;
  readonly says: string;
}

export interface Note {
  readonly id?: ResourceId;
  readonly says: string;
  readonly source?: string;
}

export type Wait =
  /** After step `network` or `query`: until the connection is approved. */
  | {
      readonly kind: "approval";
      readonly endpointId: ResourceId;
      readonly targetId: ResourceId;
      readonly after: Step;
    }
  /** Before step `close`: until data has come by the private way. */
  | { readonly kind: "data"; readonly says: string };

/** A path that stays public after the plan, and what would close it. */
export interface StaysPublic {
  readonly path: PathId;
  readonly id: ResourceId;
  readonly says: string;
  readonly flag: "--close-shared" | "--close-query";
}

export interface Plan {
  readonly format: "linkscope-plan/1";
  readonly request: MetricsRequest | LogsRequest | RemoteWriteRequest;
  /** In the order in which they are done, those with action `none` among them. */
  readonly changes: readonly Change[];
  readonly waits: readonly Wait[];
  readonly notes: readonly Note[];
  /** With any of these, nothing is applied. */
  readonly blockers: readonly Blocker[];
  readonly staysPublic: readonly StaysPublic[];
}

/** The changes of a plan that write something. */
export const writesOf = (plan: Plan): readonly Change[] =>
  plan.changes.filter(({ action }) => action !== "none");
