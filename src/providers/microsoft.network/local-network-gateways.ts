/** Microsoft.Network/localNetworkGateways: an on-premises network as a VPN sees it, its prefixes and its device. */
import { list, listAt, object, readOnly, refused, required, string } from "../../arm/index.ts";
import type {
  ArmResource,
  Derived,
  Problem,
  RequestBody,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { parseIpv4 } from "../../rules/index.ts";
import { resourceOf, stableGuid } from "../declared.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { addressSpaceProblems, readPrefixes } from "./address-space.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { forwarderProblems, usedProblems } from "./on-premises.ts";

const spacePath = "properties.localNetworkAddressSpace.addressPrefixes";

export const localNetworkGateways: ResourceType = {
  type: typeNames.localNetworkGateways,
  apiVersions: networkVersions,
  scope: "resourceGroup",
  source:
    "learn.microsoft.com/azure/templates/microsoft.network/localnetworkgateways; the tag linkscope-dns-forwarder is the platform's own word",
  location: "regional",
  name: networkName,
  properties: object({
    localNetworkAddressSpace: required(
      object({
        addressPrefixes: required(list(string({ charsMax: 64 }), { countMin: 1, countMax: 64 })),
      }),
    ),
    gatewayIpAddress: string({ charsMax: 64 }),
    fqdn: string({ charsMax: 253 }),
    bgpSettings: refused("routes are given as prefixes; there is no BGP."),
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
  validateDelete: ({ id }: ArmResource, { graph }) => usedProblems(graph, id),
};

function validate(body: RequestBody, { parsed }: TypeContext): readonly Problem[] {
  const { properties } = body;
  const { prefixes, problems } = readPrefixes(
    listAt(properties, "localNetworkAddressSpace", "addressPrefixes"),
    { target: spacePath, owner: parsed.name },
  );
  return [
    ...problems,
    ...addressSpaceProblems(prefixes, parsed.name),
    ...deviceProblems(properties),
    ...forwarderProblems(body),
  ];
}

/** A device has an address or a name, one of them. @see learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings */
function deviceProblems({ gatewayIpAddress, fqdn }: RequestBody["properties"]): readonly Problem[] {
  const target = "properties.gatewayIpAddress";
  if ((gatewayIpAddress === undefined) === (fqdn === undefined)) {
    const message =
      "A local network gateway has a 'gatewayIpAddress' or an 'fqdn', one of them. Give the VPN device's.";
    return [problem("InvalidRequestContent", message, { target })];
  }
  if (gatewayIpAddress === undefined || parseIpv4(String(gatewayIpAddress)) !== undefined)
    return [];
  const message = `The gatewayIpAddress '${String(gatewayIpAddress)}' is no IPv4 address. Give the VPN device's public one.`;
  return [problem("InvalidRequestContent", message, { target })];
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const { properties } = resourceOf(
    typeNames.localNetworkGateways,
    { body, context },
    {
      ...body.properties,
      provisioningState: "Succeeded",
      resourceGuid: stableGuid("localNetworkGateway", context.id),
    },
  );
  return { properties };
}
