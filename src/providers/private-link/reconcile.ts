/**
 * What follows when a private link resource's members or connections change: network interfaces, `customDnsConfigs`,
 * records in the zones, and the connections that the target itself shows. Pure; each step is idempotent.
 */
import { sameId, stringAt } from "../../arm/index.ts";
import type { ArmResource, Change, Graph, Json, JsonObject, ResourceId } from "../../arm/index.ts";
import { endpointMembers } from "../../rules/index.ts";
import type { EndpointMember } from "../../rules/index.ts";
import { reference, stableGuid } from "../declared.ts";
import { draftOf } from "../draft.ts";
import type { Draft } from "../draft.ts";
import { typeNames } from "../type-names.ts";
import { allocateAddresses, fixedAddresses, heldAddresses } from "./addresses.ts";
import {
  connectionState,
  endpointsTo,
  linkTargetOf,
  targetConnection,
  withConnectionState,
} from "./connection.ts";
import type { ConnectionStatus, Endpoint } from "./connection.ts";
import { membersByName } from "./members.ts";
import { followZoneGroups } from "./zone-records.ts";

/** A private endpoint whose subnet has too few addresses for the members that it should have. */
export interface Shortage {
  readonly endpointId: ResourceId;
  readonly subnetId: ResourceId;
  readonly missing: number;
}

export interface Reconciled {
  readonly changes: readonly Change[];
  readonly shortages: readonly Shortage[];
}

/**
 * Brings everything that depends on the members and connections of `targetIds` up to date.
 *
 * An endpoint that lacks addresses is left as it was and named in `shortages`. A rejected or removed connection keeps
 * its addresses and records (inferred: Azure calls such an endpoint informative and leaves it to be deleted).
 */
export function reconcileEndpoints(graph: Graph, targetIds: Iterable<ResourceId>): Reconciled {
  const draft = draftOf(graph);
  const shortages = reconcileOn(draft, targetIds);
  return { changes: draft.changes(), shortages };
}

/** `reconcileEndpoints` upon a draft that goes on. */
export function reconcileOn(draft: Draft, targetIds: Iterable<ResourceId>): readonly Shortage[] {
  const shortages: Shortage[] = [];
  for (const targetId of targetIds) {
    showConnections(draft, targetId);
    followManagedEndpoints(draft, targetId);
    for (const endpoint of endpointsTo(draft.graph(), targetId)) {
      const shortage = reconcileEndpoint(draft, endpoint);
      if (shortage !== undefined) shortages.push(shortage);
    }
  }
  return shortages;
}

/** The target's own list of its connections. */
function showConnections(draft: Draft, targetId: ResourceId): void {
  const type = linkTargetOf(targetId)?.connectionType;
  if (type === undefined) return;
  const shown = draft
    .graph()
    .under(targetId, type)
    .map(({ id, name, type, properties }): Json => ({ id, name, type, properties }));
  draft.merge(targetId, { privateEndpointConnections: shown });
}

/** Grafana's managed private endpoints show the state that their target gives their connections. */
function followManagedEndpoints(draft: Draft, targetId: ResourceId): void {
  const type = linkTargetOf(targetId)?.connectionType;
  if (type === undefined) return;
  const connections = draft.graph().under(targetId, type);
  for (const endpoint of draft.graph().ofType(typeNames.managedPrivateEndpoints)) {
    if (!sameId(stringAt(endpoint.properties, "privateLinkResourceId"), targetId)) continue;
    const own = connections.find(({ name }) =>
      name.endsWith(stableGuid("connection", endpoint.id)),
    );
    const state = own?.properties["privateLinkServiceConnectionState"];
    const status = stringAt(state, "status") ?? "Disconnected";
    const description = stringAt(state, "description") ?? "";
    draft.merge(endpoint.id, { connectionState: { status, description } });
  }
}

function reconcileEndpoint(draft: Draft, endpoint: Endpoint): Shortage | undefined {
  const connection = targetConnection(draft.graph(), endpoint);
  const state = stateOf(connection);
  draft.merge(endpoint.resource.id, withConnectionState(current(draft, endpoint), state));
  const status = stringAt(state, "status") as ConnectionStatus;
  if (status === "Rejected" || status === "Disconnected") return undefined;

  const members = endpointMembers(draft.graph(), endpoint.targetId, endpoint.groupId);
  const missing = assignAddresses(draft, endpoint, members);
  if (missing > 0) {
    return { endpointId: endpoint.resource.id, subnetId: endpoint.subnetId, missing };
  }
  // Names are told only once the owner approved (inferred: Azure writes the records of a zone group upon approval).
  if (status === "Approved") tellNames(draft, endpoint, members);
  return undefined;
}

const current = (draft: Draft, endpoint: Endpoint): JsonObject =>
  draft.get(endpoint.resource.id)?.properties ?? endpoint.resource.properties;

function stateOf(connection: ArmResource | undefined): JsonObject {
  const state = connection?.properties["privateLinkServiceConnectionState"];
  if (state !== undefined && state !== null) return state as JsonObject;
  return connectionState("Disconnected", "The connection was removed by the resource's owner.");
}

function assignAddresses(
  draft: Draft,
  endpoint: Endpoint,
  members: readonly EndpointMember[],
): number {
  const subnet = draft.get(endpoint.subnetId);
  const nic = draft.get(endpoint.interfaceId);
  if (subnet === undefined || nic === undefined) return 0;
  const byName = membersByName(members);
  const fixed = fixedAddresses(current(draft, endpoint));
  const { addresses, missing } = allocateAddresses({
    graph: draft.graph(),
    subnet,
    interfaceId: nic.id,
    members: [...byName.keys()],
    held: fixed.size > 0 ? fixed : heldAddresses(nic),
  });
  // With static addresses a member without one is not served. @see GitHub MicrosoftDocs/azure-docs#101336
  const unassigned = fixed.size > 0 ? [...byName.keys()].filter((name) => !fixed.has(name)) : [];
  if (missing > 0 || unassigned.length > 0) return Math.max(missing, unassigned.length);
  const configs = [...byName].map(([memberName, hosts], index) =>
    ipConfiguration(
      { nic, subnetId: subnet.id, groupId: endpoint.groupId, primary: index === 0 },
      { memberName, address: addresses.get(memberName) ?? "", hosts },
    ),
  );
  draft.merge(nic.id, { ipConfigurations: configs });
  return 0;
}

function ipConfiguration(
  place: {
    readonly nic: ArmResource;
    readonly subnetId: ResourceId;
    readonly groupId: string;
    readonly primary: boolean;
  },
  member: {
    readonly memberName: string;
    readonly address: string;
    readonly hosts: readonly EndpointMember[];
  },
): Json {
  const name = `privateEndpointIpConfig.${stableGuid(place.nic.id, member.memberName)}`;
  return {
    name,
    id: `${place.nic.id}/ipConfigurations/${name}`,
    type: `${typeNames.networkInterfaces}/ipConfigurations`,
    properties: {
      provisioningState: "Succeeded",
      privateIPAddress: member.address,
      privateIPAllocationMethod: "Dynamic",
      privateIPAddressVersion: "IPv4",
      primary: place.primary,
      subnet: reference(place.subnetId),
      privateLinkConnectionProperties: {
        groupId: place.groupId,
        requiredMemberName: member.memberName,
        fqdns: member.hosts.map(({ fqdn }) => fqdn),
      },
    },
  };
}

function tellNames(draft: Draft, endpoint: Endpoint, members: readonly EndpointMember[]): void {
  const addresses = heldAddresses(draft.get(endpoint.interfaceId));
  const addressed = members.flatMap((member) => {
    const address = addresses.get(member.memberName);
    return address === undefined ? [] : [{ ...member, address }];
  });
  const configs = addressed.map(({ fqdn, address }): Json => ({ fqdn, ipAddresses: [address] }));
  draft.merge(endpoint.resource.id, { customDnsConfigs: configs });
  followZoneGroups(draft, endpoint.resource.id, addressed);
}
