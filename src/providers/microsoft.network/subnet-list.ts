/** The subnets of a virtual network: resources of their own, shown again in the network's own list. */
import { parseId } from "../../arm/index.ts";
import type { ArmResource, Graph, Json, ResourceId } from "../../arm/index.ts";
import { reference } from "../declared.ts";
import type { Draft } from "../draft.ts";
import { typeNames } from "../type-names.ts";
import { endpointsIn } from "./address-space.ts";

export const subnetsOf = (graph: Graph, vnetId: ResourceId): readonly ArmResource[] =>
  graph.under(vnetId, typeNames.subnets);

/** Shows a virtual network's subnets in its own properties. */
export function showSubnets(draft: Draft, vnetId: ResourceId): void {
  const shown = subnetsOf(draft.graph(), vnetId).map(
    ({ id, name, type, etag, properties }): Json => ({
      name,
      id,
      type,
      ...(etag === undefined ? {} : { etag }),
      properties,
    }),
  );
  draft.merge(vnetId, { subnets: shown });
}

/** Shows the private endpoints of a subnet in it, and in its network's list. */
export function showEndpoints(draft: Draft, subnetId: ResourceId): void {
  const subnet = draft.get(subnetId);
  if (subnet === undefined) return;
  const { privateEndpoints: _, ...rest } = subnet.properties;
  const endpoints = endpointsIn(draft.graph(), subnetId).map(({ id }) => reference(id));
  draft.put({
    ...subnet,
    properties: endpoints.length === 0 ? rest : { ...rest, privateEndpoints: endpoints },
  });
  showSubnets(draft, parseId(subnet.id)?.parentId ?? "");
}
