/** Microsoft.Authorization/roleAssignments: who may do what at a scope and below. */
import { limits } from "../../core/index.ts";
import {
  idKey,
  object,
  oneOf,
  parseId,
  readOnly,
  refused,
  required,
  sameId,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Derived,
  ListContext,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { roleDefinitionOf } from "../../azure/index.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";

const guidPattern = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const aGuid = "it is a GUID.";

export const roleAssignments: ResourceType = {
  type: typeNames.roleAssignments,
  apiVersions: ["2018-01-01-preview", "2020-04-01-preview", "2022-04-01"],
  scope: "extension",
  source:
    "azure-rest-api-specs authorization/resource-manager/Microsoft.Authorization/stable/2022-04-01/authorization-RoleAssignmentsCalls.json",
  location: "none",
  name: { pattern: guidPattern, says: aGuid },
  properties: object({
    roleDefinitionId: required(string({ charsMax: 2048 })),
    principalId: required(string({ charsMax: 36, pattern: guidPattern, says: aGuid })),
    principalType: oneOf(["ServicePrincipal", "User", "Group", "ForeignGroup", "Device"]),
    description: string({ charsMax: 1024 }),
    condition: refused("assignments have no conditions."),
    conditionVersion: refused("assignments have no conditions."),
    delegatedManagedIdentityResourceId: refused("identities are not delegated."),
    scope: readOnly(),
    createdOn: readOnly(),
    createdBy: readOnly(),
    updatedOn: readOnly(),
    updatedBy: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "DELETE", "LIST"],
  writes: "sync",
  validate,
  derive,
  filters: { equals: ["principalid"], calls: ["atscope", "assignedto"] },
  list,
};

/** Where an assignment holds: the resource that it extends, or the group or subscription that it stands in. */
const scopeOf = (id: ResourceId): ResourceId => parseId(id)?.parentId ?? "/";

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph, id, previous } = context;
  const definitionId = stringAt(body.properties, "roleDefinitionId") ?? "";
  const target = "properties.roleDefinitionId";
  const role = roleDefinitionOf(definitionId);
  if (role === undefined || !/\/roleDefinitions\/[^/]+$/i.test(definitionId)) {
    const message = `The specified role definition '${definitionId}' does not exist here. The built-in roles that are known are listed at roleDefinitions.`;
    return [problem("RoleDefinitionDoesNotExist", message, { target, status: 404 })];
  }
  if (previous !== undefined && !isSameGrant(previous, body)) {
    return [
      problem(
        "RoleAssignmentUpdateNotPermitted",
        "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
      ),
    ];
  }
  const all = graph.ofType(typeNames.roleAssignments);
  const scope = scopeOf(id);
  const twin = all.find(
    (other) =>
      !sameId(other.id, id) && sameId(scopeOf(other.id), scope) && isSameGrant(other, body),
  );
  if (twin !== undefined) {
    return [
      problem("RoleAssignmentExists", "The role assignment already exists.", { status: 409 }),
    ];
  }
  if (previous !== undefined || all.length < limits.roleAssignmentsPerSubscriptionMax) return [];
  const message = `The subscription has ${all.length} role assignments; the limit is ${limits.roleAssignmentsPerSubscriptionMax}. Remove some.`;
  return [problem("RoleAssignmentLimitExceeded", message)];
}

function isSameGrant(other: ArmResource, { properties }: RequestBody): boolean {
  const role = (value: string | undefined): string | undefined => roleDefinitionOf(value ?? "")?.id;
  return (
    sameId(stringAt(other.properties, "principalId"), stringAt(properties, "principalId")) &&
    role(stringAt(other.properties, "roleDefinitionId")) ===
      role(stringAt(properties, "roleDefinitionId"))
  );
}

function derive(
  body: RequestBody,
  { id, parsed, previous, now, principalId }: TypeContext,
): Derived {
  const role = roleDefinitionOf(stringAt(body.properties, "roleDefinitionId") ?? "");
  const before = previous?.properties;
  return {
    properties: {
      ...body.properties,
      roleDefinitionId: `/subscriptions/${parsed.subscriptionId}/providers/${typeNames.roleDefinitions}/${role?.id}`,
      principalType: stringAt(body.properties, "principalType") ?? "ServicePrincipal",
      scope: scopeOf(id),
      createdOn: stringAt(before, "createdOn") ?? now,
      createdBy: stringAt(before, "createdBy") ?? principalId,
      updatedOn: now,
      updatedBy: principalId,
    },
  };
}

/**
 * The assignments that hold at a scope or stand below it; with `atScope()` those at it and above only; with
 * `assignedTo('ID')` and `principalId eq 'ID'` those of one principal (group membership is not emulated).
 * @see learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope
 */
function list({ graph, scopeId, filter }: ListContext): readonly ArmResource[] {
  const principal = filter.equals.get("principalid") ?? filter.calls.get("assignedto");
  const atScope = filter.calls.has("atscope");
  return graph.ofType(typeNames.roleAssignments).filter(({ id, properties }) => {
    const scope = scopeOf(id);
    if (principal !== undefined && !sameId(stringAt(properties, "principalId"), principal))
      return false;
    return isWithin(scopeId, scope) || (!atScope && isWithin(scope, scopeId));
  });
}

const isWithin = (inner: ResourceId, outer: ResourceId): boolean =>
  outer === "/" || sameId(inner, outer) || idKey(inner).startsWith(`${idKey(outer)}/`);
