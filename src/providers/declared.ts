/** Small things that declarations share: the resource as the request would leave it, references, stable ids. */
import { createHash } from "node:crypto";
import { sameId, stringAt } from "../arm/index.ts";
import type {
  ArmResource,
  Derived,
  JsonObject,
  RequestBody,
  ResourceId,
  TypeContext,
} from "../arm/index.ts";
import type { Draft } from "./draft.ts";

/** A reference: `{ id }`. */
export const reference = (id: ResourceId): JsonObject => ({ id });

/** The resource that a PUT of `type` would store, before what the platform adds to it. */
export function resourceOf(
  type: string,
  request: { readonly body: RequestBody; readonly context: TypeContext },
  properties: JsonObject,
): ArmResource {
  const { body, context } = request;
  return {
    ...context.previous,
    id: context.previous?.id ?? context.id,
    name: context.previous?.name ?? context.parsed.name,
    type,
    ...(body.location === undefined ? {} : { location: body.location }),
    ...(body.tags === undefined ? {} : { tags: body.tags }),
    properties,
  };
}

/** What a PUT stores, read off a draft in which the resource stands: its properties, and all other changes as effects. */
export function derivedFrom(draft: Draft, resource: ArmResource, top?: Derived["top"]): Derived {
  const stands = draft.get(resource.id) ?? resource;
  return {
    properties: stands.properties,
    effects: draft.changes(resource.id),
    ...(top === undefined ? {} : { top }),
  };
}

/** A GUID in lower case that is a function of `parts` alone, for what must stay the same over restarts and rewrites. */
export function stableGuid(...parts: readonly string[]): string {
  const hex = createHash("sha256").update(parts.join("\n").toLowerCase()).digest("hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** Those of `resources` whose property at `path` is the id `id`. */
export const referringTo = (
  resources: readonly ArmResource[],
  path: readonly string[],
  id: ResourceId,
): readonly ArmResource[] =>
  resources.filter((resource) => sameId(stringAt(resource.properties, ...path), id));
