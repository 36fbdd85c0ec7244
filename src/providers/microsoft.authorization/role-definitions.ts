/** Microsoft.Authorization/roleDefinitions: the built-in roles, the same at every scope; read-only. */
import { object, stringAt } from "../../arm/index.ts";
import type { ArmResource, ListContext, ResourceId, ResourceType } from "../../arm/index.ts";
import { roleDefinitions as builtIn } from "../../azure/index.ts";
import { typeNames } from "../type-names.ts";

/** When Azure made its built-in roles; one date stands for all. */
const builtInDate = "2015-02-02T21:55:09.8806423Z";

/**
 * The built-in roles as resources of a subscription or of the tenant (`scope` is then ""). The control plane is seeded
 * with them, so that they can be read by id.
 */
export const roleDefinitionResources = (scope: ResourceId): readonly ArmResource[] =>
  builtIn.map((role) => ({
    id: `${scope}/providers/${typeNames.roleDefinitions}/${role.id}`,
    name: role.id,
    type: typeNames.roleDefinitions,
    properties: {
      roleName: role.roleName,
      type: "BuiltInRole",
      description: role.description,
      assignableScopes: ["/"],
      permissions: [
        {
          actions: role.actions,
          notActions: role.notActions,
          dataActions: role.dataActions,
          notDataActions: role.notDataActions,
        },
      ],
      createdOn: builtInDate,
      updatedOn: builtInDate,
    },
  }));

export const roleDefinitions: ResourceType = {
  type: typeNames.roleDefinitions,
  apiVersions: ["2018-01-01-preview", "2022-04-01"],
  scope: "extension",
  source:
    "azure-rest-api-specs authorization/resource-manager/Microsoft.Authorization/stable/2022-04-01/authorization-RoleDefinitionsCalls.json",
  location: "none",
  properties: object({}),
  putIs: "replace",
  methods: ["GET", "LIST"],
  writes: "sync",
  filters: { equals: ["rolename", "type"], calls: ["atscopeandbelow"] },
  list,
};

/** Every scope lists the same roles, under the subscription's ids. */
function list({ scopeId, filter }: ListContext): readonly ArmResource[] {
  const [, keyword, subscriptionId] = scopeId.split("/");
  const scope = keyword === "subscriptions" ? `/subscriptions/${subscriptionId}` : "";
  const roleName = filter.equals.get("rolename")?.toLowerCase();
  const type = filter.equals.get("type")?.toLowerCase();
  return roleDefinitionResources(scope).filter(
    ({ properties }) =>
      (roleName === undefined || stringAt(properties, "roleName")?.toLowerCase() === roleName) &&
      (type === undefined || stringAt(properties, "type")?.toLowerCase() === type),
  );
}
