/** The canonical spelling of ids: keywords and type as declared, names as the request that created them spelled them. */
import type { ParsedId, ResourceId } from "./resource-id.ts";

/**
 * The id under which a resource of `type` is created.
 *
 * @param parsed - the id of the request.
 * @param type - the type in its declared spelling, with as many segments as `parsed.type`.
 * @param parentId - the canonical id of what it stands under: its parent, resource group, subscription or extended resource; "" at the root.
 */
export function canonicalId(parsed: ParsedId, type: string, parentId: ResourceId): ResourceId {
  const segments = type.split("/");
  const keyword = segments.at(-1) ?? "";
  const nested = parsed.provider === undefined || parsed.names.length > 1;
  const path = nested ? keyword : `providers/${type}`;
  return `${parentId}/${path}/${parsed.name}`;
}
