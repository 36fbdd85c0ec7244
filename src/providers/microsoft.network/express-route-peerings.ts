/** Microsoft.Network/expressRouteCircuits/peerings: the private peering, by which a circuit reaches virtual networks. */
import { integer, object, oneOf, readOnly, refused, required, string } from "../../arm/index.ts";
import type { Derived, Problem, RequestBody, ResourceType, TypeContext } from "../../arm/index.ts";
import { derivedFrom, resourceOf } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { peeringSays, shownPeerings } from "./express-route-circuits.ts";
import { articleSays, usedProblems } from "./on-premises.ts";

export const privatePeering = "AzurePrivatePeering";

export const expressRoutePeerings: ResourceType = {
  type: typeNames.expressRoutePeerings,
  apiVersions: networkVersions,
  scope: "parent",
  source:
    "learn.microsoft.com/azure/templates/microsoft.network/expressroutecircuits/peerings; expressroute/expressroute-circuit-peerings",
  location: "none",
  name: networkName,
  properties: object({
    peeringType: required(
      oneOf([privatePeering], {
        refused: {
          MicrosoftPeering: `${peeringSays} ${articleSays}`,
          AzurePublicPeering: `${peeringSays} ${articleSays}`,
        },
      }),
    ),
    peerASN: integer({ min: 1, max: 4_294_967_295 }),
    vlanId: integer({ min: 1, max: 4094 }),
    primaryPeerAddressPrefix: string({ charsMax: 64 }),
    secondaryPeerAddressPrefix: string({ charsMax: 64 }),
    sharedKey: refused("there is no BGP session, so none is signed."),
    microsoftPeeringConfig: refused(`${peeringSays} ${articleSays}`),
    ipv6PeeringConfig: refused("IPv6 is not emulated."),
    state: readOnly(),
    azureASN: readOnly(),
    primaryAzurePort: readOnly(),
    secondaryAzurePort: readOnly(),
    lastModifiedBy: readOnly(),
    connections: readOnly(),
    peeredConnections: readOnly(),
    gatewayManagerEtag: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "DELETE", "LIST"],
  writes: "async",
  keeps: ["etag"],
  validate,
  derive,
  validateDelete: (_, { graph, parsed }) => usedProblems(graph, parsed.parentId ?? ""),
  deleteEffects: (peering, { graph, parsed }) => {
    const draft = draftOf(graph);
    draft.delete(peering.id);
    const circuitId = parsed.parentId ?? "";
    draft.merge(circuitId, { peerings: shownPeerings(draft.graph(), circuitId) });
    return draft.changes(peering.id);
  },
};

function validate(_: RequestBody, { parsed }: TypeContext): readonly Problem[] {
  if (parsed.name.toLowerCase() === privatePeering.toLowerCase()) return [];
  const message = `A peering is named as its type, ${privatePeering}; this one is named '${parsed.name}'. Put it under that name.`;
  return [problem("InvalidResourceName", message, { target: "name" })];
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const draft = draftOf(context.graph);
  const peering = resourceOf(
    typeNames.expressRoutePeerings,
    { body, context },
    { ...body.properties, state: "Enabled", azureASN: 12076, provisioningState: "Succeeded" },
  );
  draft.put(peering);
  const circuitId = context.parsed.parentId ?? "";
  draft.merge(circuitId, { peerings: shownPeerings(draft.graph(), circuitId) });
  return derivedFrom(draft, peering);
}
