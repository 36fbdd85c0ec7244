/** The least role by which a snapshot can be taken: the actions of the requests that are made, and no other. */
import { parseId } from "../arm/index.ts";
import { keptTypes } from "./kept-types.ts";
import { resourceGraphPath } from "./resource-graph.ts";

const resourceGraphAction = "Microsoft.ResourceGraph/resources/read";

/** Types that are read within their parent's answer, and by no request of their own. */
const embeddedTypes: ReadonlySet<string> = new Set([
  "microsoft.monitor/accounts/privateendpointconnections",
  "microsoft.network/virtualnetworks/subnets",
  "microsoft.network/virtualnetworks/virtualnetworkpeerings",
]);

/** The actions, sorted. `test` compares them with the requests. */
export const roleActions = (): readonly string[] =>
  [
    ...keptTypes()
      .filter(({ type }) => !embeddedTypes.has(type.toLowerCase()))
      .map(({ type }) => `${type}/read`),
    resourceGraphAction,
  ].sort();

/** A custom role, as `az role definition create --role-definition` takes it. */
export const roleDefinition = (): string =>
  `${JSON.stringify(
    {
      Name: "Linkscope snapshot reader",
      IsCustom: true,
      Description:
        "Reads what `linkscope snapshot save` keeps. It changes nothing and reads no secret.",
      Actions: roleActions(),
      NotActions: [],
      DataActions: [],
      NotDataActions: [],
      AssignableScopes: ["/subscriptions/<SUBSCRIPTION>"],
    },
    undefined,
    2,
  )}\n`;

/**
 * The action that a request of the collection needs, or undefined when it is none of them.
 *
 * @param target the path, with its query.
 * @see learn.microsoft.com/azure/role-based-access-control/resource-provider-operations
 */
export function actionOf(target: string): string | undefined {
  const path = target.split("?")[0] ?? "";
  if (path === resourceGraphPath) return resourceGraphAction;
  // The associations of a rule or an endpoint are read as associations.
  if (path.endsWith("/associations")) {
    return "Microsoft.Insights/dataCollectionRuleAssociations/read";
  }
  const type = typeOfPath(path);
  const known = keptTypes().find((one) => one.type.toLowerCase() === type?.toLowerCase());
  return known === undefined ? undefined : `${known.type}/read`;
}

/** The type of a resource's path, or of a list's: `…/privateDnsZones/Z/A`. */
function typeOfPath(path: string): string | undefined {
  const resource = parseId(path);
  if (resource?.provider !== undefined) return resource.type;
  return parseId(`${path}/any`)?.type;
}
