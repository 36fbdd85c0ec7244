/** ARM resource ids: read, compared and taken apart without regard to case, echoed in a canonical spelling. */
import { limits } from "../core/index.ts";

/** An id in its canonical spelling, as `id` of a GET. Compare with `sameId` or through `idKey`. */
export type ResourceId = string;

export interface ParsedId {
  readonly subscriptionId: string | undefined;
  readonly resourceGroup: string | undefined;
  /** `Microsoft.Insights`, as spelled in the id. Undefined for subscriptions and resource groups. */
  readonly provider: string | undefined;
  /** `Microsoft.Insights/privateLinkScopes/scopedResources`; for groups `Microsoft.Resources/resourceGroups`. */
  readonly type: string;
  /** One name for each type segment. */
  readonly names: readonly string[];
  /** The last name. */
  readonly name: string;
  /** The parent resource's id (`…/privateLinkScopes/S` of its scoped resource), or for an extension the resource it extends. */
  readonly parentId: ResourceId | undefined;
  /** For an extension resource: the resource it is put on. */
  readonly extendedId: ResourceId | undefined;
}

/** Keys of ids that were asked for before: the same few ids are compared again and again. Bounded in number and length. */
const keptKeys = new Map<ResourceId, string>();
const keptKeysMax = 65_536;
const keptKeyCharsMax = 512;

/** The form in which ids are keys: lower case. */
export function idKey(id: ResourceId): string {
  const kept = keptKeys.get(id);
  if (kept !== undefined) return kept;
  const key = id.toLowerCase();
  if (id.length <= keptKeyCharsMax) {
    if (keptKeys.size >= keptKeysMax) keptKeys.clear();
    keptKeys.set(id, key);
  }
  return key;
}

export const sameId = (a: ResourceId | undefined, b: ResourceId | undefined): boolean =>
  a !== undefined && b !== undefined && (a === b || a.toLowerCase() === b.toLowerCase());

const keptTypes = new Map<ResourceId, string>();

/** The type of an id in lower case, as `parseId` tells it; undefined when it is none. Kept as keys are. */
export function typeKey(id: ResourceId): string | undefined {
  const kept = keptTypes.get(id);
  if (kept !== undefined) return kept;
  const type = parseId(id)?.type.toLowerCase();
  if (type !== undefined && id.length <= keptKeyCharsMax) {
    if (keptTypes.size >= keptKeysMax) keptTypes.clear();
    keptTypes.set(id, type);
  }
  return type;
}

/** The same region however it is spelled: `East US` is `eastus`. */
export const regionKey = (location: string): string => location.replaceAll(" ", "").toLowerCase();

/** What is wrong with an id, in a sentence, or undefined. An id with blanks (the article's own examples have some) is named. */
export function idProblem(id: unknown): string | undefined {
  if (typeof id !== "string") return `a resource id must be a string, not ${typeof id}`;
  if (id.length > limits.armIdCharsMax) {
    return `a resource id has ${id.length} characters; the limit is ${limits.armIdCharsMax}`;
  }
  const blank = id.search(/\s/);
  if (blank >= 0) {
    return `the resource id '${id}' has a blank at character ${blank + 1}; resource ids have none. Remove it`;
  }
  if (!id.startsWith("/")) return `the resource id '${id}' does not begin with '/'`;
  return parseId(id) === undefined ? `'${id}' is not a resource id` : undefined;
}

/**
 * Takes an id apart. Accepts any case of the keywords, and duplicate slashes.
 *
 * @returns undefined when it is not an id: a missing name, an unknown shape, a `.` or `..` segment.
 */
export function parseId(id: string): ParsedId | undefined {
  if (id.length > limits.armIdCharsMax) return undefined;
  const segments: string[] = [];
  for (const part of id.split("/")) {
    if (part === "." || part === "..") return undefined;
    if (part !== "") segments.push(part);
  }
  return parseScope(segments);
}

/** Whether a segment is one of the grammar's words, in any case. */
const isWord = (segment: string | undefined, word: string): boolean =>
  segment !== undefined &&
  segment.length === word.length &&
  (segment === word || segment.toLowerCase() === word);

function parseScope(segments: readonly string[]): ParsedId | undefined {
  for (let at = segments.length - 1; at >= 0; at--) {
    if (isWord(segments[at], "providers")) return parseProvider(segments, at);
  }
  if (!isWord(segments[0], "subscriptions")) return undefined;
  if (segments.length === 2) return container(segments, "Microsoft.Resources/subscriptions");
  if (segments.length !== 4 || !isWord(segments[2], "resourcegroups")) return undefined;
  return container(segments, "Microsoft.Resources/resourceGroups");
}

function container(segments: readonly string[], type: string): ParsedId {
  const name = segments.at(-1) ?? "";
  const parentId = segments.length > 2 ? `/${segments.slice(0, -2).join("/")}` : undefined;
  return {
    subscriptionId: segments[1],
    resourceGroup: segments[3],
    provider: undefined,
    type,
    names: [name],
    name,
    parentId,
    extendedId: undefined,
  };
}

/** `Namespace/kind/kind` and the names, of the pairs that follow a namespace. */
function typeAndNames(
  segments: readonly string[],
  at: number,
): { readonly type: string; readonly names: readonly string[] } {
  let type = segments[at + 1] ?? "";
  const names: string[] = [];
  for (let index = at + 2; index < segments.length; index += 2) {
    type += `/${segments[index] ?? ""}`;
    names.push(segments[index + 1] ?? "");
  }
  return { type, names };
}

function parseProvider(segments: readonly string[], at: number): ParsedId | undefined {
  const namespace = segments[at + 1];
  const count = segments.length - at - 2;
  if (namespace === undefined || count < 2 || count % 2 !== 0) return undefined;
  const scope = segments.slice(0, at);
  const outer = scope.length === 0 ? undefined : parseScope(scope);
  if (scope.length > 0 && outer === undefined) return undefined;
  const { type, names } = typeAndNames(segments, at);
  const scopeId = scope.length === 0 ? undefined : `/${scope.join("/")}`;
  const extended = outer?.provider === undefined ? undefined : scopeId;
  return {
    subscriptionId: outer?.subscriptionId,
    resourceGroup: outer?.resourceGroup,
    provider: namespace,
    type,
    names,
    name: names.at(-1) ?? "",
    parentId: names.length > 1 ? `/${segments.slice(0, -2).join("/")}` : scopeId,
    extendedId: extended,
  };
}
