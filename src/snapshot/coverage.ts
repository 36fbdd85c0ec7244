/** Coverage: what was read in full, what could not be read and why, so that nothing unread is taken for absent. */
import { idKey, parseId } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";

/** A read that did not give what was asked. */
export interface Unread {
  /** A resource's id, or a list's path: `/subscriptions/S/providers/T`. */
  readonly path: string;
  /** ARM's status; 0 where it was not asked, or gave no answer of its own. */
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

/** What was asked of ARM, and what came of it. */
export interface CoverageRecord {
  /** Paths of lists that were read to their end. */
  readonly lists: readonly string[];
  /** Ids that ARM said are not there. */
  readonly absent: readonly ResourceId[];
  readonly unread: readonly Unread[];
}

/** The coverage that a record of reads gives. */
export function coverageOf(record: CoverageRecord): Coverage {
  const lists = new Set(record.lists.map(idKey));
  const absent = new Set(record.absent.map(idKey));
  const unread = new Map(record.unread.map((one) => [idKey(one.path), one]));
  const ofList = (scope: ResourceId, type: string): Unread | undefined => {
    const paths = listPaths(scope, type);
    if (paths.some((path) => lists.has(idKey(path)))) return undefined;
    if (absent.has(idKey(scope))) return undefined;
    const refused = paths.map((path) => unread.get(idKey(path))).find((one) => one !== undefined);
    return refused ?? unread.get(idKey(scope)) ?? notRead(paths[0] ?? scope);
  };
  return {
    unread: record.unread,
    ofList,
    ofResource: (id) => {
      if (absent.has(idKey(id))) return undefined;
      const refused = unread.get(idKey(id));
      if (refused !== undefined) return refused;
      const parsed = parseId(id);
      if (parsed?.parentId === undefined) return notRead(id);
      if (absent.has(idKey(parsed.parentId))) return undefined;
      const open = ofList(parsed.parentId, parsed.type);
      return open === undefined || open.code !== "NotRead" ? open : notRead(id);
    },
  };
}

const notRead = (path: string): Unread => ({
  path,
  status: 0,
  code: "NotRead",
  says: "nothing that was read led to it.",
});

/**
 * The paths of the lists that hold all resources of a type under a scope, the narrowest first: of a resource its
 * children (`…/privateLinkScopes/S/scopedResources`) or extensions, of a group or subscription all of the type.
 */
export function listPaths(scope: ResourceId, type: string): readonly string[] {
  const parsed = parseId(scope);
  const base = scope.replace(/\/$/, "");
  const kinds = type.split("/");
  if (parsed?.provider === undefined) {
    const subscription = `/subscriptions/${parsed?.subscriptionId ?? ""}`;
    const own = `${base}/providers/${type}`;
    const wide = `${subscription}/providers/${type}`;
    return own === wide ? [own] : [own, wide];
  }
  const isChild = type.toLowerCase().startsWith(`${parsed.type.toLowerCase()}/`);
  if (isChild) return [`${base}/${kinds.at(-1) ?? ""}`];
  const extensions = `${base}/providers/${type}`;
  // The associations of a rule or an endpoint have a list of their own beside that of what they extend.
  const associated = type.toLowerCase().endsWith("/datacollectionruleassociations");
  return associated ? [extensions, `${base}/associations`] : [extensions];
}
