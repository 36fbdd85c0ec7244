/** Role access: what a principal may do at a scope, by the roles assigned there and above. Deny by default. */
import { idKey, parseId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import { roleDefinitionOf } from "../azure/index.ts";
import type { RoleDefinition } from "../azure/index.ts";
import { allow, deny } from "../core/index.ts";
import type { Reason, Verdict } from "../core/index.ts";
import { because } from "./because.ts";
import { groupBy, oncePerGraph } from "./memo.ts";
import { types } from "./view.ts";

/** Exactly one of `action` (control plane) and `dataAction` (data plane). */
export type RoleQuestion = {
  /** The principal's object id. */
  readonly principalId: string;
  /** Where it acts: a resource, a resource group, a subscription, or `/`. */
  readonly scope: ResourceId;
} & ({ readonly action: string } | { readonly dataAction: string });

const assignmentsByPrincipal = oncePerGraph((graph) =>
  groupBy(graph.ofType(types.roleAssignment), (assignment) =>
    stringAt(assignment.properties, "principalId")?.toLowerCase(),
  ),
);

/**
 * Whether a principal may do `action` or `dataAction` at `scope`. One assignment that grants it is enough; a role's
 * notActions take from that role alone.
 * @see learn.microsoft.com/azure/role-based-access-control/role-definitions
 */
export function roleAccess(graph: Graph, question: RoleQuestion): Verdict {
  const wanted = "action" in question ? question.action : question.dataAction;
  const reasons: Reason[] = [];
  for (const assignment of assignmentsByPrincipal(graph).get(question.principalId.toLowerCase()) ??
    []) {
    const scope = parseId(assignment.id)?.parentId ?? "/";
    if (!contains(scope, question.scope)) continue;
    const answer = granted(assignment, question, { scope, wanted });
    if (answer.rule === "role.granted") return allow(answer);
    if (answer.rule !== "role.none") reasons.push(answer);
  }
  return deny(
    ...reasons,
    because(
      "role.none",
      `No role of ${question.principalId} at ${question.scope} or above grants ${wanted}.`,
    ),
  );
}

function granted(
  assignment: ArmResource,
  question: RoleQuestion,
  { scope, wanted }: { readonly scope: ResourceId; readonly wanted: string },
): Reason {
  const definitionId = stringAt(assignment.properties, "roleDefinitionId") ?? "";
  const role = roleDefinitionOf(definitionId);
  if (role === undefined) {
    return because("role.unknown-definition", `The role ${definitionId} is not known.`);
  }
  const [given, excluded] = patternsOf(role, question);
  if (!given.some((pattern) => matchesPattern(pattern, wanted))) {
    return because("role.none", `${role.roleName} does not grant ${wanted}.`);
  }
  const except = excluded.find((pattern) => matchesPattern(pattern, wanted));
  if (except !== undefined) {
    return because("role.excluded", `${role.roleName} excludes ${wanted} (${except}).`);
  }
  if (stringAt(assignment.properties, "condition") !== undefined) {
    return because("role.conditional", `${assignment.id} has a condition.`);
  }
  return because("role.granted", `${role.roleName} at ${scope} grants ${wanted}.`);
}

const patternsOf = (
  role: RoleDefinition,
  question: RoleQuestion,
): readonly [readonly string[], readonly string[]] =>
  "action" in question ? [role.actions, role.notActions] : [role.dataActions, role.notDataActions];

function contains(outer: ResourceId, inner: ResourceId): boolean {
  if (outer === "/") return true;
  const key = idKey(outer);
  const asked = idKey(inner);
  return asked === key || asked.startsWith(`${key}/`);
}

/** Whether an action matches a pattern in which `*` stands for any characters. Any case; linear in their lengths. */
export function matchesPattern(pattern: string, action: string): boolean {
  const parts = pattern.toLowerCase().split("*");
  const text = action.toLowerCase();
  const first = parts[0] ?? "";
  if (parts.length === 1) return text === first;
  const last = parts.at(-1) ?? "";
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  if (text.length < first.length + last.length) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, from);
    if (found < 0 || found + part.length > end) return false;
    from = found + part.length;
  }
  return from <= end;
}
