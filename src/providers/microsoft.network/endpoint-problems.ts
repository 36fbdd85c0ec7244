/** What is wrong with a private endpoint's PUT: its place, its connection, its limits, its addresses. */
import { limits } from "../../core/index.ts";
import { listAt, parseId, regionKey, sameId, stringAt } from "../../arm/index.ts";
import type { Problem, RequestBody, TypeContext } from "../../arm/index.ts";
import { endpointMembers, parseIpv4 } from "../../rules/index.ts";
import { isUsable, subnetPrefixes, takenAddresses } from "../private-link/addresses.ts";
import { endpointsTo, linkTargetOf } from "../private-link/connection.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import {
  draftEndpoint,
  isSameConnection,
  standingOf,
  wantedConnections,
} from "./draft-endpoint.ts";
import type { WantedConnection } from "./draft-endpoint.ts";

const subnetPath = "properties.subnet.id";
const connectionPath = "properties.privateLinkServiceConnections[0].properties";

export function endpointProblems(body: RequestBody, context: TypeContext): readonly Problem[] {
  const wanted = wantedConnections(body.properties);
  const [connection] = wanted;
  if (connection === undefined || wanted.length !== 1) {
    const message = `A private endpoint has exactly one connection, automatic or manual; the request has ${wanted.length}.`;
    return [
      problem("InvalidRequestContent", message, {
        target: "properties.privateLinkServiceConnections",
      }),
    ];
  }
  const references = [...placeProblems(body, context), ...targetProblems(connection, context)];
  if (references.length > 0) return references;
  const found = [
    ...changeProblems(connection, body, context),
    ...countProblems(connection, body, context),
    ...staticProblems(connection, body, context),
  ];
  return found.length > 0 ? found : addressProblems(body, context);
}

function placeProblems(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph, id, previous } = context;
  const subnetId = stringAt(body.properties, "subnet", "id") ?? "";
  if (sameId(stringAt(previous?.properties, "subnet", "id"), subnetId)) return [];
  const access = linkedAccess(context, {
    action: `${typeNames.subnets}/join/action`,
    scope: subnetId,
    target: subnetPath,
  });
  if (access.length > 0) return access;
  const vnet = graph.get(parseId(subnetId)?.parentId ?? "");
  if (graph.get(subnetId) === undefined || vnet === undefined) {
    const message = `Resource ${subnetId} referenced by resource ${id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`;
    return [problem("InvalidResourceReference", message, { target: subnetPath })];
  }
  if (regionKey(vnet.location ?? "") === regionKey(body.location ?? "")) return [];
  const message = `The private endpoint is in '${body.location}' and its virtual network '${vnet.name}' in '${vnet.location}'. Put the endpoint in the network's region.`;
  return [problem("InvalidResourceReference", message, { target: "location" })];
}

/** A connection that stands is not asked again: its target may be gone, and then it is disconnected. */
function targetProblems(
  wanted: WantedConnection,
  { graph, previous }: TypeContext,
): readonly Problem[] {
  if (previous !== undefined && isSameConnection(previous, wanted)) return [];
  const target = `${connectionPath}.privateLinkServiceId`;
  const linkTarget = linkTargetOf(wanted.targetId);
  if (linkTarget === undefined) {
    const type = parseId(wanted.targetId)?.type ?? "";
    const message = `A private endpoint to a resource of type '${type}' is not emulated; private link scopes and Azure Monitor workspaces are.`;
    return [problem("FeatureNotEmulated", message, { target })];
  }
  if (graph.get(wanted.targetId) === undefined) {
    const message = `Call to ${linkTarget.type} failed. Error message: The resource '${wanted.targetId}' was not found.`;
    return [problem("LinkedResourceNotFound", message, { status: 404, target })];
  }
  if (wanted.groupId.toLowerCase() === linkTarget.groupId.toLowerCase()) return [];
  const message = `Call to ${linkTarget.type} failed. Error message: The group id '${wanted.groupId}' is invalid; a resource of this type has '${linkTarget.groupId}'.`;
  return [problem("InvalidGroupId", message, { target: `${connectionPath}.groupIds` })];
}

/** Azure keeps an endpoint's subnet and connection for its life (inferred from the portal, which offers no change). */
function changeProblems(
  wanted: WantedConnection,
  body: RequestBody,
  { previous }: TypeContext,
): readonly Problem[] {
  if (previous === undefined) return [];
  const changed = (what: string, target: string): Problem =>
    problem(
      "PropertyChangeNotAllowed",
      `The ${what} of the private endpoint '${previous.name}' cannot be changed. Delete the endpoint and make another.`,
      { status: 409, target },
    );
  const sameSubnet = sameId(
    stringAt(previous.properties, "subnet", "id"),
    stringAt(body.properties, "subnet", "id"),
  );
  const nic = stringAt(previous.properties, "customNetworkInterfaceName") ?? "";
  const sameNic = nic === (stringAt(body.properties, "customNetworkInterfaceName") ?? "");
  return [
    ...(sameSubnet ? [] : [changed("subnet", subnetPath)]),
    ...(isSameConnection(previous, wanted) ? [] : [changed("connection", connectionPath)]),
    ...(sameNic ? [] : [changed("interface's name", "properties.customNetworkInterfaceName")]),
  ];
}

/** @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-design, limits */
function countProblems(
  wanted: WantedConnection,
  body: RequestBody,
  { graph, id }: TypeContext,
): readonly Problem[] {
  if (linkTargetOf(wanted.targetId)?.type !== typeNames.privateLinkScopes) return [];
  const target = `${connectionPath}.privateLinkServiceId`;
  const others = endpointsTo(graph, wanted.targetId).filter(
    ({ resource }) => !sameId(resource.id, id) && standingOf(graph, resource) !== undefined,
  );
  const found: Problem[] = [];
  if (others.length >= limits.privateEndpointsPerScopeMax) {
    const message = `The private link scope has ${others.length} private endpoints; the limit is ${limits.privateEndpointsPerScopeMax}. Delete one, or share one between networks.`;
    found.push(problem("PrivateEndpointLimitExceeded", message, { target }));
  }
  const vnetId = parseId(stringAt(body.properties, "subnet", "id") ?? "")?.parentId;
  const here = scopeEndpointsIn(graph, vnetId).filter((other) => !sameId(other.id, id));
  if (here.length >= limits.scopeEndpointsPerVnetMax) {
    const message = `The virtual network '${vnetId}' already has the private endpoint '${here[0]?.id}' to a private link scope; the limit is ${limits.scopeEndpointsPerVnetMax}, for a second one would take over the names of the first. Use that endpoint's scope.`;
    found.push(
      problem("VirtualNetworkAlreadyLinked", message, { status: 409, target: subnetPath }),
    );
  }
  return found;
}

/** The endpoints to private link scopes in a virtual network whose connection is neither rejected nor removed. */
function scopeEndpointsIn(graph: TypeContext["graph"], vnetId: string | undefined) {
  return graph.ofType(typeNames.privateEndpoints).filter((resource) => {
    const [connection] = wantedConnections(resource.properties);
    const subnetId = stringAt(resource.properties, "subnet", "id") ?? "";
    if (!sameId(parseId(subnetId)?.parentId, vnetId) || connection === undefined) return false;
    if (linkTargetOf(connection.targetId)?.type !== typeNames.privateLinkScopes) return false;
    const standing = standingOf(graph, resource);
    return standing === "Approved" || standing === "Pending";
  });
}

/** Static addresses: each for a member of the target, free, and within the subnet; every member has one. */
function staticProblems(
  wanted: WantedConnection,
  body: RequestBody,
  { graph, previous }: TypeContext,
): readonly Problem[] {
  const configs = listAt(body.properties, "ipConfigurations");
  if (configs.length === 0) return [];
  const subnet = graph.get(stringAt(body.properties, "subnet", "id") ?? "");
  const prefixes = subnet === undefined ? [] : subnetPrefixes(subnet);
  const nicId = stringAt(previous?.properties, "networkInterfaces", 0, "id");
  const taken = new Set(takenAddresses(graph, subnet?.id ?? "", nicId));
  const missing = new Set(
    endpointMembers(graph, wanted.targetId, wanted.groupId).map(({ memberName }) => memberName),
  );
  const found: Problem[] = [];
  configs.forEach((config, index) => {
    const target = `properties.ipConfigurations[${index}]`;
    const text = stringAt(config, "properties", "privateIPAddress") ?? "";
    const member = stringAt(config, "properties", "memberName") ?? "";
    const address = parseIpv4(text);
    if (!missing.delete(member)) {
      const message = `The member '${member}' is none of the group's, or has two addresses.`;
      found.push(problem("InvalidMemberName", message, { target }));
    }
    if (address === undefined || !isUsable(prefixes, address)) {
      const message = `Private static IP address ${text} does not belong to the usable range of subnet ${subnet?.name}.`;
      found.push(problem("PrivateIPAddressNotInSubnet", message, { target }));
    } else if (taken.has(address)) {
      const message = `Private IP address ${text} is already in use in subnet ${subnet?.name}.`;
      found.push(problem("PrivateIPAddressInUse", message, { target }));
    } else taken.add(address);
  });
  if (missing.size > 0) {
    const message = `Call to ${linkTargetOf(wanted.targetId)?.type} failed. Error message: Mismatching RequiredMembers in Request: no address for ${[...missing].join(", ")}.`;
    found.push(problem("BadRequest", message, { target: "properties.ipConfigurations" }));
  }
  return found;
}

function addressProblems(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { shortages } = draftEndpoint(body, context);
  const own = shortages.find(({ endpointId }) => sameId(endpointId, context.id));
  if (own === undefined) return [];
  const subnet = context.graph.get(own.subnetId);
  const prefix =
    stringAt(subnet?.properties, "addressPrefix") ??
    listAt(subnet?.properties, "addressPrefixes").join();
  const message = `Subnet ${subnet?.name} with address prefix ${prefix} does not have enough capacity for ${own.missing} IP addresses. Use a larger subnet.`;
  return [problem("SubnetIsFull", message, { target: subnetPath })];
}
