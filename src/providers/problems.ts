/** What declarations say when they refuse: problems in ARM's words, and the check of linked access. */
import type { Problem, ResourceId, TypeContext } from "../arm/index.ts";

/** One thing that is wrong with a request. `code` is in `providerErrors`, which names its status. */
export const problem = (
  code: string,
  message: string,
  rest: Pick<Problem, "target" | "status" | "verdict"> = {},
): Problem => ({ code, message, ...rest });

/**
 * Whether the caller may use a resource that its request links to. ARM asks this beside the right to write the
 * request's own resource.
 *
 * @returns `LinkedAuthorizationFailed` (403) where the answer is not `allow`; nothing otherwise.
 */
export function linkedAccess(
  context: TypeContext,
  linked: { readonly action: string; readonly scope: ResourceId; readonly target?: string },
): readonly Problem[] {
  const verdict = context.may(linked.action, linked.scope);
  if (verdict.outcome === "allow") return [];
  const message =
    `The client '${context.principalId}' with object id '${context.principalId}' has permission to perform action ` +
    `'${context.parsed.type}/write' on scope '${context.id}'; however, it does not have permission to perform ` +
    `action(s) '${linked.action}' on the linked scope(s) '${linked.scope}' (respectively) or the linked scope(s) are invalid.`;
  const target = linked.target === undefined ? {} : { target: linked.target };
  return [problem("LinkedAuthorizationFailed", message, { status: 403, verdict, ...target })];
}
