/** Microsoft.Network/dnsResolvers, its inboundEndpoints and outboundEndpoints: doors of Azure DNS into and out of a network. */
import { limits } from "../../core/index.ts";
import {
  id,
  list,
  listAt,
  object,
  oneOf,
  readOnly,
  required,
  sameId,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  Derived,
  JsonObject,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom, reference, resourceOf, stableGuid } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { dnsResolverVersions, networkName } from "./api-versions.ts";
import { loopProblems } from "./network-loops.ts";
import { fixedAddressProblem, freeAddress, inOneNetwork, placeProblems } from "./placed-address.ts";

const source =
  "learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets; learn.microsoft.com/azure/templates/microsoft.network/dnsresolvers";
const shared = {
  apiVersions: dnsResolverVersions,
  source,
  location: "regional",
  name: networkName,
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "async",
  patch: "tags",
  keeps: ["etag", "systemData"],
} as const;

export const dnsResolvers: ResourceType = {
  ...shared,
  type: typeNames.dnsResolvers,
  scope: "resourceGroup",
  properties: object({
    virtualNetwork: required(object({ id: required(id(typeNames.virtualNetworks)) })),
    dnsResolverState: readOnly(),
    provisioningState: readOnly(),
    resourceGuid: readOnly(),
  }),
  validate: validateResolver,
  derive: (body, context) => {
    const draft = draftOf(context.graph);
    const vnetId = stringAt(body.properties, "virtualNetwork", "id") ?? "";
    const resolver = resourceOf(
      typeNames.dnsResolvers,
      { body, context },
      {
        virtualNetwork: reference(context.graph.get(vnetId)?.id ?? vnetId),
        dnsResolverState: "Connected",
        provisioningState: "Succeeded",
        resourceGuid: guidOf(context),
      },
    );
    draft.put(resolver);
    return derivedFrom(draft, resolver);
  },
  validateDelete: (resolver, { graph }) => {
    const children = [typeNames.inboundEndpoints, typeNames.outboundEndpoints].flatMap((type) =>
      graph.under(resolver.id, type),
    );
    if (children.length === 0) return [];
    const message = `The DNS resolver ${resolver.name} has ${children.map((one) => one.id).join(", ")}. Delete its endpoints first.`;
    return [problem("ResolverHasEndpoints", message, { status: 409, target: resolver.id })];
  },
};

const guidOf = ({ previous, id: own, now }: TypeContext): string =>
  stringAt(previous?.properties, "resourceGuid") ?? stableGuid("resolver", own, now);

function validateResolver(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph, id: own, previous } = context;
  const target = "properties.virtualNetwork.id";
  const vnetId = stringAt(body.properties, "virtualNetwork", "id") ?? "";
  const access = linkedAccess(context, {
    action: `${typeNames.virtualNetworks}/join/action`,
    scope: vnetId,
    target,
  });
  if (access.length > 0) return access;
  const vnet = graph.get(vnetId);
  if (vnet === undefined || vnet.location !== body.location) {
    const message = `The virtual network '${vnetId}' ${vnet === undefined ? "was not found" : `is in ${vnet.location}`}. A DNS resolver stands in a network of its own region (${body.location}).`;
    return [problem("InvalidResourceReference", message, { target })];
  }
  const before = stringAt(previous?.properties, "virtualNetwork", "id");
  if (previous !== undefined && !sameId(before, vnetId)) {
    const message = `The virtual network of the resolver '${previous.name}' cannot be changed. Make another resolver.`;
    return [problem("PropertyChangeNotAllowed", message, { status: 409, target })];
  }
  const other = graph
    .ofType(typeNames.dnsResolvers)
    .find(
      (one) =>
        !sameId(one.id, own) && sameId(stringAt(one.properties, "virtualNetwork", "id"), vnetId),
    );
  if (other === undefined) return [];
  const message = `The virtual network '${vnetId}' has the DNS resolver ${other.id} already. A network takes one.`;
  return [problem("Conflict", message, { status: 409, target })];
}

const inboundPath = "properties.ipConfigurations[0]";

export const inboundEndpoints: ResourceType = {
  ...shared,
  type: typeNames.inboundEndpoints,
  scope: "parent",
  properties: object({
    ipConfigurations: required(
      list(
        object({
          subnet: required(object({ id: required(id(typeNames.subnets)) })),
          privateIpAddress: string({ charsMax: 15 }),
          privateIpAllocationMethod: oneOf(["Static", "Dynamic"], { default: "Dynamic" }),
        }),
        { countMin: 1, countMax: 1 },
      ),
    ),
    provisioningState: readOnly(),
    resourceGuid: readOnly(),
  }),
  validate: (body, context) => {
    const subnetId = inboundSubnetOf(body.properties);
    const found = [
      ...endpointPlaceProblems(body, context, subnetId),
      ...addressProblems(body, context),
      ...tooMany(context, limits.inboundEndpointsPerResolverMax),
    ];
    return found.length > 0
      ? found
      : loopProblems(typeNames.inboundEndpoints, { body, context }, deriveInbound);
  },
  derive: deriveInbound,
};

const inboundSubnetOf = (properties: JsonObject): ResourceId =>
  stringAt(properties, "ipConfigurations", 0, "subnet", "id") ?? "";

function addressProblems(
  { properties }: RequestBody,
  { graph, id: own }: TypeContext,
): readonly Problem[] {
  const isStatic =
    stringAt(properties, "ipConfigurations", 0, "privateIpAllocationMethod") === "Static";
  if (!isStatic) return [];
  const subnetId = inboundSubnetOf(properties);
  const address = stringAt(properties, "ipConfigurations", 0, "privateIpAddress") ?? "";
  const target = `${inboundPath}.privateIpAddress`;
  const wrong = fixedAddressProblem({ graph, subnetId, holderId: own }, { address, target });
  return wrong === undefined ? [] : [wrong];
}

function deriveInbound(body: RequestBody, context: TypeContext): Derived {
  const { graph, previous } = context;
  const draft = draftOf(graph);
  const given = listAt(body.properties, "ipConfigurations")[0] as JsonObject;
  const subnetId = inboundSubnetOf(body.properties);
  const isStatic = given["privateIpAllocationMethod"] === "Static";
  const before = stringAt(previous?.properties, "ipConfigurations", 0, "privateIpAddress");
  const address = isStatic
    ? given["privateIpAddress"]
    : (before ?? freeAddress({ graph, subnetId, holderId: context.id }));
  const endpoint = resourceOf(
    typeNames.inboundEndpoints,
    { body, context },
    {
      ipConfigurations: [
        {
          subnet: reference(graph.get(subnetId)?.id ?? subnetId),
          privateIpAddress: address ?? "",
          privateIpAllocationMethod: isStatic ? "Static" : "Dynamic",
        },
      ],
      provisioningState: "Succeeded",
      resourceGuid: guidOf(context),
    },
  );
  draft.put(endpoint);
  return derivedFrom(draft, endpoint);
}

export const outboundEndpoints: ResourceType = {
  ...shared,
  type: typeNames.outboundEndpoints,
  scope: "parent",
  properties: object({
    subnet: required(object({ id: required(id(typeNames.subnets)) })),
    provisioningState: readOnly(),
    resourceGuid: readOnly(),
  }),
  validate: (body, context) => [
    ...endpointPlaceProblems(body, context, stringAt(body.properties, "subnet", "id") ?? ""),
    ...tooMany(context, limits.outboundEndpointsPerResolverMax),
  ],
  derive: (body, context) => {
    const draft = draftOf(context.graph);
    const subnetId = stringAt(body.properties, "subnet", "id") ?? "";
    const endpoint = resourceOf(
      typeNames.outboundEndpoints,
      { body, context },
      {
        subnet: reference(context.graph.get(subnetId)?.id ?? subnetId),
        provisioningState: "Succeeded",
        resourceGuid: guidOf(context),
      },
    );
    draft.put(endpoint);
    return derivedFrom(draft, endpoint);
  },
  validateDelete: (endpoint, { graph }) => {
    const users = graph
      .ofType(typeNames.dnsForwardingRulesets)
      .filter(({ properties }) =>
        listAt(properties, "dnsResolverOutboundEndpoints").some((one) =>
          sameId(stringAt(one, "id"), endpoint.id),
        ),
      );
    if (users.length === 0) return [];
    const message = `The outbound endpoint ${endpoint.name} is used by ${users.map((one) => one.id).join(", ")}. Delete the rulesets first.`;
    return [problem("OutboundEndpointInUse", message, { status: 409, target: endpoint.id })];
  },
};

/** An endpoint stands in a subnet of its resolver's network, and shares it with no other endpoint of a resolver. */
function endpointPlaceProblems(
  body: RequestBody,
  context: TypeContext,
  subnetId: ResourceId,
): readonly Problem[] {
  const { graph, parsed, id: own } = context;
  const target = "properties.subnet.id";
  const found = placeProblems(
    { graph, subnetId, holderId: own },
    { region: body.location, target },
  );
  if (found.length > 0) return found;
  const resolver = graph.get(parsed.parentId ?? "");
  const vnetId = stringAt(resolver?.properties, "virtualNetwork", "id") ?? "";
  if (!inOneNetwork(subnetId, `${vnetId}/subnets/any`)) {
    const message = `The subnet '${subnetId}' is not in ${vnetId}, the network of the resolver.`;
    return [problem("InvalidResourceReference", message, { target })];
  }
  const subnetOfOther = (properties: JsonObject): ResourceId =>
    stringAt(properties, "subnet", "id") ?? inboundSubnetOf(properties);
  const other = [typeNames.inboundEndpoints, typeNames.outboundEndpoints]
    .flatMap((type) => graph.ofType(type))
    .find((one) => !sameId(one.id, own) && sameId(subnetOfOther(one.properties), subnetId));
  if (other === undefined) return [];
  const message = `The subnet '${subnetId}' has ${other.id} already. Each endpoint of a resolver has a subnet of its own.`;
  return [problem("Conflict", message, { status: 409, target })];
}

function tooMany({ graph, parsed, previous }: TypeContext, max: number): readonly Problem[] {
  const count = graph.under(parsed.parentId ?? "", parsed.type).length;
  if (previous !== undefined || count < max) return [];
  const message = `The DNS resolver has ${count} endpoints of this kind; the limit is ${max}. Remove one.`;
  return [problem("ResolverEndpointLimitExceeded", message)];
}
