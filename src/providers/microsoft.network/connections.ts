/** Microsoft.Network/connections: a gateway's tie to an on-premises network, by VPN or by a circuit's private peering. */
import {
  boolean,
  id,
  integer,
  list,
  listAt,
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
  JsonObject,
  Problem,
  RequestBody,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { stableGuid } from "../declared.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { readPrefixes } from "./address-space.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { privatePeering } from "./express-route-peerings.ts";
import { canonicalPrefix, overlaps } from "./ipv4.ts";
import { articleSays } from "./on-premises.ts";
import { gatewaySubnetOf } from "./virtual-network-gateways.ts";

const to = (type: string) => object({ id: required(id(type)), properties: readOnly() });

export const connections: ResourceType = {
  type: typeNames.connections,
  apiVersions: networkVersions,
  scope: "resourceGroup",
  source:
    "learn.microsoft.com/azure/templates/microsoft.network/connections; that ends with overlapping prefixes are refused is inferred: vpn-gateway/vpn-gateway-howto-site-to-site-resource-manager-portal says that they must not overlap",
  location: "regional",
  name: networkName,
  properties: object({
    virtualNetworkGateway1: required(to(typeNames.virtualNetworkGateways)),
    virtualNetworkGateway2: refused("networks of Azure are peered; use virtualNetworkPeerings."),
    localNetworkGateway2: to(typeNames.localNetworkGateways),
    peer: to(typeNames.expressRouteCircuits),
    connectionType: required(
      oneOf(["IPsec", "ExpressRoute"], {
        refused: {
          Vnet2Vnet: "networks of Azure are peered; use virtualNetworkPeerings.",
          VPNClient: "there are no point-to-site clients; use `linkscope exec`.",
        },
      }),
    ),
    connectionProtocol: oneOf(["IKEv2", "IKEv1"]),
    connectionMode: oneOf(["Default", "ResponderOnly", "InitiatorOnly"]),
    routingWeight: integer({ min: 0, max: 32_000 }),
    dpdTimeoutSeconds: integer({ min: 0, max: 3600 }),
    // Of no effect, since nothing is encrypted on the way; not kept, since a GET does not show it.
    sharedKey: string({ charsMax: 128 }),
    authorizationKey: refused("a circuit is connected in its own subscription."),
    enableBgp: boolean(false),
    usePolicyBasedTrafficSelectors: boolean(false),
    useLocalAzureIpAddress: boolean(false),
    expressRouteGatewayBypass: boolean(false),
    enablePrivateLinkFastPath: boolean(false),
    ipsecPolicies: list(refused("nothing is encrypted on the way."), { countMax: 0 }),
    trafficSelectorPolicies: list(refused("a connection carries all traffic."), { countMax: 0 }),
    egressNatRules: list(refused("addresses are not translated."), { countMax: 0 }),
    ingressNatRules: list(refused("addresses are not translated."), { countMax: 0 }),
    connectionStatus: readOnly(),
    tunnelConnectionStatus: readOnly(),
    egressBytesTransferred: readOnly(),
    ingressBytesTransferred: readOnly(),
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
};

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { properties } = body;
  const switches = [
    "enableBgp",
    "usePolicyBasedTrafficSelectors",
    "useLocalAzureIpAddress",
    "expressRouteGatewayBypass",
    "enablePrivateLinkFastPath",
  ].flatMap((name) => {
    if (properties[name] !== true) return [];
    const target = `properties.${name}`;
    const message = `The property '${target}' is not emulated. Leave it false.`;
    return [problem("FeatureNotEmulated", message, { target })];
  });
  const gatewayId = stringAt(properties, "virtualNetworkGateway1", "id") ?? "";
  const access = linkedAccess(context, {
    action: `${typeNames.virtualNetworkGateways}/read`,
    scope: gatewayId,
    target: "properties.virtualNetworkGateway1.id",
  });
  if (access.length > 0) return access;
  const gateway = context.graph.get(gatewayId);
  if (gateway === undefined) {
    return [...switches, missing("virtualNetworkGateway1", gatewayId)];
  }
  const isVpn = properties["connectionType"] === "IPsec";
  return [
    ...switches,
    ...typeProblems(properties, gateway),
    ...(isVpn ? vpnProblems(properties, context, gateway) : circuitProblems(properties, context)),
  ];
}

const missing = (name: string, wanted: string): Problem =>
  problem(
    "InvalidResourceReference",
    `The resource '${wanted}' that '${name}' names was not found. Create it first.`,
    { target: `properties.${name}.id` },
  );

function typeProblems(properties: JsonObject, gateway: ArmResource): readonly Problem[] {
  const wanted = properties["connectionType"] === "IPsec" ? "Vpn" : "ExpressRoute";
  if (gateway.properties["gatewayType"] === wanted) return [];
  const message = `A connection of type ${String(properties["connectionType"])} needs a gateway of type ${wanted}; '${gateway.name}' is ${String(gateway.properties["gatewayType"])}.`;
  const target = "properties.connectionType";
  return [problem("InvalidRequestContent", message, { target })];
}

function vpnProblems(
  properties: JsonObject,
  { graph }: TypeContext,
  gateway: ArmResource,
): readonly Problem[] {
  const localId = stringAt(properties, "localNetworkGateway2", "id");
  const target = "properties.localNetworkGateway2";
  if (localId === undefined || properties["peer"] !== undefined) {
    const message =
      "An IPsec connection has a localNetworkGateway2, the on-premises network, and no peer.";
    return [problem("InvalidRequestContent", message, { target })];
  }
  const local = graph.get(localId);
  if (local === undefined) return [missing("localNetworkGateway2", localId)];
  const vnet = graph.get(parseId(gatewaySubnetOf(gateway.properties) ?? "")?.parentId ?? "");
  const prefixesOf = (holder: ArmResource | undefined, space: string) =>
    readPrefixes(listAt(holder?.properties, space, "addressPrefixes"), { target, owner: "" })
      .prefixes;
  const own = prefixesOf(vnet, "addressSpace");
  return prefixesOf(local, "localNetworkAddressSpace").flatMap((prefix) => {
    const clash = own.find((other) => overlaps(prefix, other));
    if (clash === undefined) return [];
    const message = `Address prefixes ${canonicalPrefix(prefix)} of '${local.name}' and ${canonicalPrefix(clash)} of virtual network '${vnet?.name}' overlap, so neither reaches the other. Give the networks prefixes apart.`;
    return [problem("OverlappingAddressPrefixes", message, { target })];
  });
}

function circuitProblems(properties: JsonObject, { graph }: TypeContext): readonly Problem[] {
  const circuitId = stringAt(properties, "peer", "id");
  const target = "properties.peer";
  if (circuitId === undefined || properties["localNetworkGateway2"] !== undefined) {
    const message =
      "An ExpressRoute connection has a peer, the circuit, and no localNetworkGateway2.";
    return [problem("InvalidRequestContent", message, { target })];
  }
  if (graph.get(circuitId) === undefined) return [missing("peer", circuitId)];
  const peering = graph
    .under(circuitId, typeNames.expressRoutePeerings)
    .find((one) => sameId(one.name, privatePeering));
  if (peering !== undefined) return [];
  const message = `The circuit '${circuitId}' has no ${privatePeering}, so it reaches no virtual network; Microsoft peering reaches public services only. Make the private peering first: ${articleSays}`;
  return [problem("InvalidRequestContent", message, { target })];
}

function derive({ properties }: RequestBody, { id: own }: TypeContext): Derived {
  const { sharedKey: _, ...kept } = properties;
  return {
    properties: {
      ...kept,
      // inferred: the other end is the platform's own, and always answers.
      connectionStatus: "Connected",
      egressBytesTransferred: 0,
      ingressBytesTransferred: 0,
      provisioningState: "Succeeded",
      resourceGuid: stableGuid("connection", own),
    },
  };
}
