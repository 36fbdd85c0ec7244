/** What on-premises networks write: by each workspace's own endpoint, where a scope brings it to a network that they reach. */
import { sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import {
  dceOf,
  endpointsOf,
  ingestionAccess,
  onPremisesNetworks,
  originOfEndpoint,
  publicOrigin,
  reachedNetworks,
  reachFromOnPremises,
  resolveFrom,
  scopeLinks,
  workspacesOf,
} from "../rules/index.ts";
import type { OnPremisesNetwork, WorkspaceView } from "../rules/index.ts";
import { arrived, flowOf, stationsOf } from "./flow-of.ts";
import type { Question, Way } from "./flow-of.ts";
import type { Flow } from "./topology.ts";

/** The writes of every on-premises network that is connected. */
export function onPremisesFlows(graph: Graph): readonly Flow[] {
  return onPremisesNetworks(graph).flatMap((network) =>
    workspacesOf(graph).flatMap((workspace) => {
      const question = writeQuestion(graph, workspace);
      if (question === undefined || !isMeant(graph, network, question)) return [];
      return flowOf(network, question, { ...wayOf(graph, network, question), isWhole: true });
    }),
  );
}

function writeQuestion(graph: Graph, workspace: WorkspaceView): Question | undefined {
  const dce =
    workspace.defaultDceId === undefined ? undefined : dceOf(graph, workspace.defaultDceId);
  if (dce?.metricsHost === undefined) return undefined;
  return {
    path: "metrics-ingestion",
    kinds: ["metrics-ingestion"],
    host: dce.metricsHost,
    targetId: dce.id,
    beyond: [workspace.id],
    alsoNames: [],
    access: (origin) => ingestionAccess(graph, { origin, dceId: dce.id }),
  };
}

/** Whether a scope with the door stands in a network that this one reaches: else nobody meant it to write there. */
function isMeant(graph: Graph, { id }: OnPremisesNetwork, { targetId }: Question): boolean {
  if (targetId === undefined) return false;
  const reached = reachedNetworks(graph, id);
  return endpointsOf(graph).some(
    ({ vnetId, targetId: scopeId }) =>
      scopeId !== undefined &&
      reached.some((one) => sameId(one.vnetId, vnetId)) &&
      scopeLinks(graph, { scopeId, resourceId: targetId }),
  );
}

/** The way of a write: the resolver's answer, the gateway, the endpoint. */
function wayOf(graph: Graph, network: OnPremisesNetwork, question: Question): Way {
  const { host } = question;
  const networkId = network.id;
  const resolution = resolveFrom(graph, { kind: "on-premises", networkId }, { name: host });
  const [address] = resolution.addresses;
  if (address === undefined) {
    return arrived(question, { origin: undefined, reasons: resolution.reasons, by: [] });
  }
  const reach = reachFromOnPremises(graph, { networkId, address, fqdn: host });
  const chain = [...resolution.reasons, ...reach.reasons];
  if (reach.kind === "public") {
    return arrived(question, { origin: publicOrigin, reasons: chain, by: [] });
  }
  const stations = stationsOf(reach);
  const by = [
    ...gatewaysOn(
      network,
      reach.hops.map(({ at }) => at),
    ),
    ...stations.by,
  ];
  if (reach.kind !== "endpoint") {
    return arrived(question, { origin: undefined, reasons: chain, ...stations, by });
  }
  const { verdict, origin } = originOfEndpoint(graph, reach.endpointId);
  const reasons = [...chain, ...verdict.reasons];
  return arrived(question, { origin, reasons, ...stations, by });
}

/** The gateways whose connections a way goes by. */
const gatewaysOn = (
  { connections }: OnPremisesNetwork,
  hops: readonly ResourceId[],
): readonly ResourceId[] =>
  connections.filter(({ id }) => hops.some((hop) => sameId(hop, id))).map((one) => one.gatewayId);
