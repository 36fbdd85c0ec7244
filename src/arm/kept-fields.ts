/** Fields that every write renews: the etag, and who wrote when. */
import { guid } from "../core/index.ts";
import type { Random } from "../core/index.ts";
import type { JsonObject } from "./json.ts";
import { stringAt } from "./json.ts";
import type { TypeContext } from "./resource-type.ts";

/** A new etag: a quoted GUID, as `Microsoft.Insights` answers it. */
export const newEtag = (random: Random): string => `"${guid(random)}"`;

/**
 * `systemData` after a write: who created the resource stays, who changed it last is the caller.
 * The caller is taken for an application: the platform's tokens are issued to nothing else.
 * @see azure-rest-api-specs common-types v2, systemData
 */
export function systemDataOf(
  context: Pick<TypeContext, "previous" | "principalId" | "now">,
): JsonObject {
  const { previous, principalId, now } = context;
  const before = previous?.systemData;
  return {
    createdBy: stringAt(before, "createdBy") ?? principalId,
    createdByType: stringAt(before, "createdByType") ?? "Application",
    createdAt: stringAt(before, "createdAt") ?? now,
    lastModifiedBy: principalId,
    lastModifiedByType: "Application",
    lastModifiedAt: now,
  };
}

/** Whether an `If-Match` or `If-None-Match` header names this etag. Weak and strong forms are the same here. */
export function etagMatches(header: string, etag: string | undefined): boolean {
  const bare = (tag: string): string => tag.trim().replace(/^W\//, "").replaceAll('"', "");
  return header.split(",").some((tag) => {
    const one = bare(tag);
    return one === "*" || (etag !== undefined && one === bare(etag));
  });
}
