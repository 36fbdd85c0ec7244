/** Microsoft.Network/expressRouteCircuits: a private line; with private peering, an on-premises network at its other end. */
import {
  boolean,
  list,
  listAt,
  object,
  readOnly,
  refused,
  stored,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  Derived,
  Graph,
  Json,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { stableGuid } from "../declared.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { articleSays, forwarderProblems, usedProblems } from "./on-premises.ts";

export const expressRouteCircuits: ResourceType = {
  type: typeNames.expressRouteCircuits,
  apiVersions: networkVersions,
  scope: "resourceGroup",
  source:
    "learn.microsoft.com/azure/templates/microsoft.network/expressroutecircuits; that the provider's part is done at once is inferred; the tag linkscope-dns-forwarder is the platform's own word",
  location: "regional",
  name: networkName,
  top: object({ sku: stored(1024) }),
  properties: object({
    serviceProviderProperties: stored(1024),
    allowClassicOperations: boolean(),
    peerings: list(
      object({
        id: string({ charsMax: 2048 }),
        name: string({ charsMax: 80 }),
        type: readOnly(),
        etag: readOnly(),
        properties: stored(),
      }),
      { countMax: 3 },
    ),
    expressRoutePort: refused("circuits are a provider's; there is no ExpressRoute Direct."),
    bandwidthInGbps: refused("circuits are a provider's; there is no ExpressRoute Direct."),
    authorizations: refused("a circuit is connected in its own subscription."),
    globalReachEnabled: refused("circuits are not connected with each other."),
    circuitProvisioningState: readOnly(),
    serviceProviderProvisioningState: readOnly(),
    serviceKey: readOnly(),
    stag: readOnly(),
    gatewayManagerEtag: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "async",
  patch: "tags",
  keeps: ["etag"],
  validate,
  derive,
  validateDelete: (circuit, { graph }) => usedProblems(graph, circuit.id),
};

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  return [...forwarderProblems(body), ...inlineProblems(body, context)];
}

/** Peerings are resources of their own here; in the circuit they are only shown, and may be put back. */
function inlineProblems(
  { properties }: RequestBody,
  { graph, id }: TypeContext,
): readonly Problem[] {
  return listAt(properties, "peerings").flatMap((peering, index) => {
    const name = stringAt(peering, "name") ?? "";
    if (graph.get(`${id}/peerings/${name}`) !== undefined) return [];
    const target = `properties.peerings[${index}]`;
    const kind = stringAt(peering, "properties", "peeringType") ?? name;
    const message =
      kind.toLowerCase() === "azureprivatepeering"
        ? `The peering '${name}' is given within the circuit, which is not emulated. Put it at ${id}/peerings/AzurePrivatePeering.`
        : `The peering '${kind}' is not emulated: ${peeringSays} ${articleSays}`;
    return [problem("FeatureNotEmulated", message, { target })];
  });
}

/** Why other peerings than the private one lead nowhere here. @see learn.microsoft.com/azure/expressroute/expressroute-circuit-peerings */
export const peeringSays =
  "it reaches public services, not the private endpoints of a virtual network. Use AzurePrivatePeering:";

/** A circuit's peerings as it shows them. */
export const shownPeerings = (graph: Graph, circuitId: ResourceId): readonly Json[] =>
  graph
    .under(circuitId, typeNames.expressRoutePeerings)
    .map(({ id, name, type, etag, properties }): Json => ({
      name,
      id,
      type,
      ...(etag === undefined ? {} : { etag }),
      properties,
    }));

function derive(body: RequestBody, context: TypeContext): Derived {
  return {
    properties: {
      ...body.properties,
      allowClassicOperations: body.properties["allowClassicOperations"] ?? false,
      peerings: shownPeerings(context.graph, context.id),
      circuitProvisioningState: "Enabled",
      serviceProviderProvisioningState: "Provisioned",
      serviceKey: stableGuid("serviceKey", context.id),
      provisioningState: "Succeeded",
    },
  };
}
