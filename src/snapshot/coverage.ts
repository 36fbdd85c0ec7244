/** Coverage: what was read in full, what could not be read and why, so that nothing unread is taken for absent. */
import type { ResourceId } from "../arm/index.ts";

/** A read that did not give what was asked. */
export interface Unread {
  /** A resource's id, or a list's path: `/subscriptions/S/providers/T`. */
  readonly path: string;
  /** ARM's status; 0 where it was not asked at all. */
  readonly status: number;
  /** ARM's error code, or `NotRead`. */
  readonly code: string;
  readonly says: string;
}

/** What a graph leaves open. */
export interface Coverage {
  /** Why a resource that is not in the graph may still be there; undefined when it certainly is not. */
  readonly ofResource: (id: ResourceId) => Unread | undefined;
  /** Why resources of a type under a scope may be there that are not in the graph; undefined when all are. */
  readonly ofList: (scope: ResourceId, type: string) => Unread | undefined;
  /** Everything that could not be read, in the order of asking. */
  readonly unread: readonly Unread[];
}

/** Nothing is left open: what the graph lacks is not there. */
export const completeCoverage: Coverage = {
  ofResource: () => undefined,
  ofList: () => undefined,
  unread: [],
};
