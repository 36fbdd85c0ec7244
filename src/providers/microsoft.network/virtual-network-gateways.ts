/** Microsoft.Network/virtualNetworkGateways: where a virtual network meets VPN tunnels or ExpressRoute circuits. */
import {
  boolean,
  id,
  list,
  listAt,
  object,
  oneOf,
  parseId,
  readOnly,
  refused,
  required,
  sameId,
  stored,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  Derived,
  Json,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { stableGuid } from "../declared.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { usedProblems } from "./on-premises.ts";

const subnetPath = "properties.ipConfigurations[0].properties.subnet.id";
const noBgp = refused("routes are those of the connected networks; there is no BGP.");

export const virtualNetworkGateways: ResourceType = {
  type: typeNames.virtualNetworkGateways,
  apiVersions: networkVersions,
  scope: "resourceGroup",
  source:
    "learn.microsoft.com/azure/templates/microsoft.network/virtualnetworkgateways; vpn-gateway/vpn-gateway-about-vpn-gateway-settings",
  location: "regional",
  name: networkName,
  properties: object({
    gatewayType: required(
      oneOf(["Vpn", "ExpressRoute"], {
        refused: { LocalGateway: "describe the on-premises network as a localNetworkGateways." },
      }),
    ),
    vpnType: oneOf(["RouteBased"], {
      default: "RouteBased",
      refused: { PolicyBased: "traffic selectors are not emulated. Use RouteBased." },
    }),
    // A public address carries a tunnel's packets, and there is no wire here: it is kept as it is given.
    ipConfigurations: required(
      list(
        object({
          id: readOnly(),
          etag: readOnly(),
          type: readOnly(),
          name: string({ default: "default", charsMax: 80 }),
          properties: required(
            object({
              subnet: required(object({ id: required(id(typeNames.subnets)) })),
              publicIPAddress: stored(1024),
              privateIPAllocationMethod: oneOf(["Dynamic"], {
                default: "Dynamic",
                refused: { Static: "gateways have no address of their own." },
              }),
              provisioningState: readOnly(),
            }),
          ),
        }),
        { countMin: 1, countMax: 1 },
      ),
    ),
    sku: stored(1024),
    vpnGatewayGeneration: stored(64),
    enableBgp: boolean(false),
    activeActive: boolean(false),
    bgpSettings: noBgp,
    customRoutes: noBgp,
    gatewayDefaultSite: refused("there is no forced tunnelling."),
    vpnClientConfiguration: refused("there are no point-to-site clients; use `linkscope exec`."),
    natRules: refused("addresses are not translated."),
    enableDnsForwarding: refused("gateways forward no names; use a DNS private resolver."),
    provisioningState: readOnly(),
    resourceGuid: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "async",
  patch: "tags",
  keeps: ["etag"],
  validate,
  derive,
  validateDelete: (gateway, { graph }) => usedProblems(graph, gateway.id),
};

/** The subnet of a gateway, stored or asked for. */
export const gatewaySubnetOf = (properties: Json | undefined): ResourceId | undefined =>
  stringAt(properties, "ipConfigurations", 0, "properties", "subnet", "id");

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const subnetId = gatewaySubnetOf(body.properties) ?? "";
  const access = linkedAccess(context, {
    action: `${typeNames.subnets}/join/action`,
    scope: subnetId,
    target: subnetPath,
  });
  if (access.length > 0) return access;
  return [
    ...switchProblems(body),
    ...subnetProblems(subnetId, context),
    ...changeProblems(body, context),
    ...otherGatewayProblems(body, context),
  ];
}

function switchProblems({ properties }: RequestBody): readonly Problem[] {
  return ["enableBgp", "activeActive"].flatMap((name) => {
    if (properties[name] !== true) return [];
    const target = `properties.${name}`;
    const message = `The property '${target}' is not emulated: a gateway is one, and learns no routes. Leave it false.`;
    return [problem("FeatureNotEmulated", message, { target })];
  });
}

/** @see learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings: the subnet must be named GatewaySubnet */
function subnetProblems(subnetId: ResourceId, { graph }: TypeContext): readonly Problem[] {
  const target = subnetPath;
  if (graph.get(subnetId) === undefined) {
    const message = `The subnet '${subnetId}' was not found. Create it before the gateway.`;
    return [problem("InvalidResourceReference", message, { target })];
  }
  const name = parseId(subnetId)?.name ?? "";
  if (name.toLowerCase() === "gatewaysubnet") return [];
  const message = `A gateway stands in a subnet named 'GatewaySubnet'; this one is named '${name}'. Make a subnet of that name.`;
  return [problem("InvalidRequestContent", message, { target })];
}

function changeProblems(
  { properties }: RequestBody,
  { previous }: TypeContext,
): readonly Problem[] {
  if (previous === undefined) return [];
  const before = previous.properties;
  const changed: readonly [string, boolean][] = [
    ["gatewayType", before["gatewayType"] !== properties["gatewayType"]],
    [
      "ipConfigurations[0].properties.subnet.id",
      !sameId(gatewaySubnetOf(before), gatewaySubnetOf(properties)),
    ],
  ];
  return changed.flatMap(([name, differs]) => {
    if (!differs) return [];
    const target = `properties.${name}`;
    const message = `The property '${target}' of the gateway '${previous.name}' cannot be changed. Make another gateway.`;
    return [problem("PropertyChangeNotAllowed", message, { status: 409, target })];
  });
}

/** @see learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings: one gateway of each type for a network */
function otherGatewayProblems(
  { properties }: RequestBody,
  { graph, id: own }: TypeContext,
): readonly Problem[] {
  const vnetId = parseId(gatewaySubnetOf(properties) ?? "")?.parentId;
  const other = graph
    .ofType(typeNames.virtualNetworkGateways)
    .find(
      (gateway) =>
        !sameId(gateway.id, own) &&
        gateway.properties["gatewayType"] === properties["gatewayType"] &&
        sameId(parseId(gatewaySubnetOf(gateway.properties) ?? "")?.parentId, vnetId),
    );
  if (other === undefined) return [];
  const message = `The virtual network '${vnetId}' has the ${String(properties["gatewayType"])} gateway '${other.id}'. A network takes one of each type; use that one.`;
  return [problem("Conflict", message, { status: 409, target: subnetPath })];
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const configurations = listAt(body.properties, "ipConfigurations").map((configuration): Json => {
    const name = stringAt(configuration, "name") ?? "default";
    return {
      ...(configuration as object),
      name,
      id: `${context.id}/ipConfigurations/${name}`,
    };
  });
  return {
    properties: {
      ...body.properties,
      ipConfigurations: configurations,
      provisioningState: "Succeeded",
      resourceGuid: stableGuid("virtualNetworkGateway", context.id),
    },
  };
}
