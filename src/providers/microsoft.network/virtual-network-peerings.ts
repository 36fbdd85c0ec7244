/** Microsoft.Network/virtualNetworks/virtualNetworkPeerings: one side of a way between two networks; it leads no further. */
import { limits } from "../../core/index.ts";
import {
  at,
  boolean,
  id,
  listAt,
  object,
  parseId,
  readOnly,
  refused,
  required,
  sameId,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  Graph,
  Json,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom, reference, resourceOf, stableGuid } from "../declared.ts";
import { draftOf } from "../draft.ts";
import type { Draft } from "../draft.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { canonicalPrefix, overlaps, parsePrefix } from "./ipv4.ts";
import type { Prefix } from "./ipv4.ts";
import { loopProblems } from "./network-loops.ts";

const remotePath = "properties.remoteVirtualNetwork.id";

export const virtualNetworkPeerings: ResourceType = {
  type: typeNames.virtualNetworkPeerings,
  apiVersions: networkVersions,
  scope: "parent",
  source:
    "learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering; learn.microsoft.com/azure/templates/microsoft.network/virtualnetworks/virtualnetworkpeerings",
  location: "none",
  name: networkName,
  properties: object({
    remoteVirtualNetwork: required(object({ id: required(id(typeNames.virtualNetworks)) })),
    allowVirtualNetworkAccess: boolean(true),
    allowForwardedTraffic: boolean(false),
    allowGatewayTransit: boolean(false),
    useRemoteGateways: boolean(false),
    doNotVerifyRemoteGateways: boolean(false),
    peerCompleteVnets: boolean(),
    enableOnlyIPv6Peering: refused("addresses are IPv4."),
    localSubnetNames: refused("networks are peered whole."),
    remoteSubnetNames: refused("networks are peered whole."),
    localAddressSpace: readOnly(),
    localVirtualNetworkAddressSpace: readOnly(),
    remoteAddressSpace: readOnly(),
    remoteVirtualNetworkAddressSpace: readOnly(),
    remoteVirtualNetworkEncryption: readOnly(),
    remoteBgpCommunities: readOnly(),
    peeringState: readOnly(),
    peeringSyncLevel: readOnly(),
    provisioningState: readOnly(),
    resourceGuid: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "DELETE", "LIST"],
  writes: "sync",
  keeps: ["etag"],
  validate,
  derive,
  deleteEffects: disconnect,
};

/** The peerings of a network, in the order in which they were made. */
export const peeringResources = (graph: Graph, vnetId: ResourceId): readonly ArmResource[] =>
  graph.under(vnetId, typeNames.virtualNetworkPeerings);

const remoteIdOf = ({ properties }: Pick<RequestBody, "properties">): ResourceId =>
  stringAt(properties, "remoteVirtualNetwork", "id") ?? "";

/** The remote network's own peering back to `vnetId`. */
const peeringBack = (
  graph: Graph,
  pair: { readonly vnetId: ResourceId; readonly remoteId: ResourceId },
): ArmResource | undefined =>
  peeringResources(graph, pair.remoteId).find((one) => sameId(remoteIdOf(one), pair.vnetId));

const stateOf = (peering: ArmResource | undefined): string =>
  stringAt(peering?.properties, "peeringState") ?? "Initiated";

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph, parsed } = context;
  const vnetId = parsed.parentId ?? "";
  const remoteId = remoteIdOf(body);
  const access = linkedAccess(context, {
    action: `${typeNames.virtualNetworks}/peer/action`,
    scope: remoteId,
    target: remotePath,
  });
  if (access.length > 0) return access;
  if (graph.get(remoteId) === undefined) {
    const message = `The virtual network '${remoteId}' was not found. Create it before peering with it.`;
    return [problem("InvalidResourceReference", message, { target: remotePath })];
  }
  const found = [
    ...unsupported(body),
    ...remoteProblems(context, { vnetId, remoteId }),
    ...overlapProblems(context, { vnetId, remoteId }),
    ...gatewayProblems(body, context, { vnetId, remoteId }),
  ];
  return found.length > 0
    ? found
    : loopProblems(typeNames.virtualNetworkPeerings, { body, context }, derive);
}

const unsupported = ({ properties }: RequestBody): readonly Problem[] =>
  properties["peerCompleteVnets"] === false
    ? [
        problem(
          "FeatureNotEmulated",
          "The property 'properties.peerCompleteVnets' is not emulated as false: networks are peered whole.",
          { target: "properties.peerCompleteVnets" },
        ),
      ]
    : [];

interface Pair {
  readonly vnetId: ResourceId;
  readonly remoteId: ResourceId;
}

function remoteProblems(context: TypeContext, { vnetId, remoteId }: Pair): readonly Problem[] {
  const { graph, id: own, previous } = context;
  const target = remotePath;
  if (sameId(vnetId, remoteId)) {
    const message = `The virtual network '${vnetId}' cannot be peered with itself. Name another.`;
    return [problem("InvalidRequestContent", message, { target })];
  }
  if (previous !== undefined && !sameId(remoteIdOf(previous), remoteId)) {
    const message = `The remote network of the peering '${previous.name}' cannot be changed. Make another peering.`;
    return [problem("PropertyChangeNotAllowed", message, { status: 409, target })];
  }
  const peerings = peeringResources(graph, vnetId);
  const other = peerings.find((one) => !sameId(one.id, own) && sameId(remoteIdOf(one), remoteId));
  if (other !== undefined) {
    const message = `Peering ${own} cannot reference remote virtual network ${remoteId} because parent virtual network ${vnetId} already has a peering ${other.id} referencing the same remote virtual network.`;
    return [problem("AnotherPeeringAlreadyReferencesRemoteVnet", message, { target })];
  }
  const back = peeringBack(graph, { vnetId, remoteId });
  if (back !== undefined && previous === undefined && stateOf(back) === "Disconnected") {
    const message = `Cannot create or update peering ${own} because remote peering ${back.id} referencing parent virtual network ${vnetId} is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state. Peering gets Disconnected when remote vnet or remote peering is deleted and re-created.`;
    return [problem("RemotePeeringIsDisconnected", message, { target })];
  }
  if (previous !== undefined || peerings.length < limits.peeringsPerVnetMax) return [];
  const message = `The virtual network has ${peerings.length} peerings; the limit is ${limits.peeringsPerVnetMax}. Remove one.`;
  return [problem("PeeringLimitExceeded", message)];
}

const spaceOf = (graph: Graph, vnetId: ResourceId): readonly Prefix[] =>
  listAt(graph.get(vnetId)?.properties, "addressSpace", "addressPrefixes").flatMap(
    (text) => parsePrefix(String(text)) ?? [],
  );

const overlapping = (one: readonly Prefix[], other: readonly Prefix[]): readonly string[] =>
  one.filter((prefix) => other.some((each) => overlaps(prefix, each))).map(canonicalPrefix);

/** Address spaces must be apart: of the two networks, and of each with what the other is peered with. */
function overlapProblems(
  { graph, id: own }: TypeContext,
  { vnetId, remoteId }: Pair,
): readonly Problem[] {
  const clash = overlapping(spaceOf(graph, vnetId), spaceOf(graph, remoteId));
  if (clash.length > 0) {
    const message = `Cannot create or update peering ${own}. Virtual networks ${vnetId} and ${remoteId} cannot be peered because their address spaces overlap. Overlapping address prefixes: ${clash.join(", ")}.`;
    return [problem("VnetAddressSpacesOverlap", message, { target: remotePath })];
  }
  const already = (from: ResourceId, of: ResourceId): readonly Problem[] =>
    peeringResources(graph, of)
      .map(remoteIdOf)
      .filter((third) => !sameId(third, from))
      .flatMap((third) => {
        const prefixes = overlapping(spaceOf(graph, from), spaceOf(graph, third));
        if (prefixes.length === 0) return [];
        const message = `Cannot create or update peering ${own}. Virtual networks ${from} and ${of} cannot be peered because address space of the first virtual network overlaps with address space of virtual network ${third} already peered with the second virtual network. Overlapping address prefixes: ${prefixes.join(", ")}.`;
        return [
          problem("VnetAddressSpaceOverlapsWithAlreadyPeeredVnet", message, { target: remotePath }),
        ];
      });
  return [...already(vnetId, remoteId), ...already(remoteId, vnetId)];
}

/** Whether a network has a gateway: one whose address is in a subnet of it. */
const hasGateway = (graph: Graph, vnetId: ResourceId): boolean =>
  graph
    .ofType("Microsoft.Network/virtualNetworkGateways")
    .some((gateway) =>
      listAt(gateway.properties, "ipConfigurations").some((configuration) =>
        sameId(
          parseId(stringAt(configuration, "properties", "subnet", "id") ?? "")?.parentId,
          vnetId,
        ),
      ),
    );

/** The words of these refusals are inferred. @see learn.microsoft.com/azure/vpn-gateway/vpn-gateway-peering-gateway-transit */
function gatewayProblems(
  { properties }: RequestBody,
  { graph, id: own }: TypeContext,
  { vnetId, remoteId }: Pair,
): readonly Problem[] {
  if (properties["useRemoteGateways"] !== true) return [];
  const target = "properties.useRemoteGateways";
  const refuse = (why: string): Problem =>
    problem(
      "PeeringGatewayNotUsable",
      `Peering ${own} cannot have UseRemoteGateways set to true: ${why}`,
      { target },
    );
  const back = peeringBack(graph, { vnetId, remoteId });
  const other = peeringResources(graph, vnetId).find(
    (one) => !sameId(one.id, own) && at(one.properties, "useRemoteGateways") === true,
  );
  const found: Problem[] = [];
  if (properties["allowGatewayTransit"] === true || hasGateway(graph, vnetId)) {
    found.push(refuse(`${vnetId} offers a gateway itself. Use one or the other.`));
  }
  if (other !== undefined) found.push(refuse(`${other.id} does already. One peering can.`));
  if (!hasGateway(graph, remoteId)) {
    found.push(refuse(`${remoteId} has no gateway. Create it first.`));
  } else if (back !== undefined && at(back.properties, "allowGatewayTransit") !== true) {
    found.push(refuse(`${back.id} does not allow gateway transit. Set allowGatewayTransit there.`));
  }
  return found;
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const { graph, parsed, previous } = context;
  const draft = draftOf(graph);
  const vnetId = parsed.parentId ?? "";
  const remote = graph.get(remoteIdOf(body));
  const remoteId = remote?.id ?? remoteIdOf(body);
  const back = peeringBack(graph, { vnetId, remoteId });
  const state = back === undefined || stateOf(back) === "Disconnected" ? "Initiated" : "Connected";
  const remoteSpace = at(remote?.properties, "addressSpace") ?? { addressPrefixes: [] };
  const peering = resourceOf(
    typeNames.virtualNetworkPeerings,
    { body, context },
    {
      ...body.properties,
      remoteVirtualNetwork: reference(remoteId),
      remoteAddressSpace: remoteSpace,
      remoteVirtualNetworkAddressSpace: remoteSpace,
      peerCompleteVnets: true,
      peeringState: state,
      peeringSyncLevel: state === "Connected" ? "FullyInSync" : "RemoteNotInSync",
      provisioningState: "Succeeded",
      resourceGuid:
        stringAt(previous?.properties, "resourceGuid") ??
        stableGuid("peering", ...[vnetId, remoteId].toSorted()),
    },
  );
  draft.put(peering);
  if (back !== undefined && state === "Connected") {
    draft.merge(back.id, { peeringState: state, peeringSyncLevel: "FullyInSync" });
    showPeerings(draft, remoteId);
  }
  showPeerings(draft, vnetId);
  return derivedFrom(draft, peering);
}

/** The other side stays, and says that it leads nowhere. */
function disconnect(peering: ArmResource, { graph, parsed }: TypeContext): readonly Change[] {
  const draft = draftOf(graph);
  const vnetId = parsed.parentId ?? "";
  draft.delete(peering.id);
  const back = peeringBack(graph, { vnetId, remoteId: remoteIdOf(peering) });
  if (back !== undefined) {
    draft.merge(back.id, { peeringState: "Disconnected", peeringSyncLevel: "RemoteNotInSync" });
    showPeerings(draft, remoteIdOf(peering));
  }
  showPeerings(draft, vnetId);
  return draft.changes(peering.id);
}

/** Shows a network's peerings in its own properties. */
export function showPeerings(draft: Draft, vnetId: ResourceId): void {
  const shown = peeringResources(draft.graph(), vnetId).map(
    ({ id: own, name, type, etag, properties }): Json => ({
      name,
      id: own,
      type,
      ...(etag === undefined ? {} : { etag }),
      properties,
    }),
  );
  draft.merge(vnetId, { virtualNetworkPeerings: shown });
}
