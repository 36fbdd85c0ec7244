/** The address records that a private endpoint's zone group keeps in private DNS zones. */
import { isObject, listAt, stringAt } from "../../arm/index.ts";
import type { ArmResource, Graph, Json, JsonObject, ResourceId } from "../../arm/index.ts";
import type { EndpointMember } from "../../rules/index.ts";
import type { Draft } from "../draft.ts";
import { typeNames } from "../type-names.ts";

export interface AddressedMember extends EndpointMember {
  readonly address: string;
}

/** The time to live of records that a zone group writes, as Azure writes them (observed in exported zones). */
const recordTtlSeconds = 10;

/** The zone groups of a private endpoint: one at most. */
export const zoneGroupsOf = (graph: Graph, endpointId: ResourceId): readonly ArmResource[] =>
  graph.under(endpointId, typeNames.privateDnsZoneGroups);

/**
 * Makes the records of an endpoint's zone group what its members ask for. Of the records that the group wrote before,
 * only those that differ are touched, so that of two endpoints on one zone the last that had something to write wins.
 */
export function followZoneGroups(
  draft: Draft,
  endpointId: ResourceId,
  members: readonly AddressedMember[],
): void {
  for (const group of zoneGroupsOf(draft.graph(), endpointId)) {
    const configs = listAt(group.properties, "privateDnsZoneConfigs").map((config) =>
      followZone(draft, endpointId, { config, members }),
    );
    draft.merge(group.id, { privateDnsZoneConfigs: configs });
  }
}

function followZone(
  draft: Draft,
  endpointId: ResourceId,
  wish: { readonly config: Json; readonly members: readonly AddressedMember[] },
): Json {
  const zone = draft.get(zoneIdOf(wish.config) ?? "");
  if (zone === undefined || !isObject(wish.config)) return wish.config;
  const wanted = recordsOf(zone, wish.members);
  const before = new Map(
    listAt(wish.config, "properties", "recordSets").map((record) => [
      stringAt(record, "recordSetName") ?? "",
      listAt(record, "ipAddresses").join(),
    ]),
  );
  for (const [name, addresses] of wanted) {
    if (before.get(name) !== addresses.join()) {
      writeRecord(draft, { zone, endpointId, name, addresses });
    }
  }
  for (const name of before.keys()) {
    if (!wanted.has(name)) removeRecord(draft, { zone, endpointId, name });
  }
  countRecords(draft, zone.id);
  const properties = (wish.config["properties"] ?? {}) as JsonObject;
  return {
    ...wish.config,
    properties: {
      ...properties,
      recordSets: [...wanted].map(([name, addresses]) => recordSet(zone, name, addresses)),
    },
  };
}

function recordsOf(
  zone: ArmResource,
  members: readonly AddressedMember[],
): ReadonlyMap<string, readonly string[]> {
  const wanted = new Map<string, readonly string[]>();
  for (const member of members) {
    if (member.zone.toLowerCase() !== zone.name.toLowerCase()) continue;
    wanted.set(member.recordName, [member.address]);
  }
  return wanted;
}

const recordSet = (zone: ArmResource, name: string, addresses: readonly string[]): Json => ({
  recordType: "A",
  recordSetName: name,
  fqdn: `${name}.${zone.name}`,
  ttl: recordTtlSeconds,
  ipAddresses: addresses,
  provisioningState: "Succeeded",
});

export const zoneIdOf = (config: Json): ResourceId | undefined =>
  stringAt(config, "properties", "privateDnsZoneId");

const recordId = (zone: ArmResource, name: string): ResourceId => `${zone.id}/A/${name}`;

/** Who wrote a record, in the words that Azure leaves in its metadata. */
function creatorOf(draft: Draft, endpointId: ResourceId): string {
  const endpoint = draft.get(endpointId);
  const guid = stringAt(endpoint?.properties, "resourceGuid") ?? "";
  return `created by private endpoint ${endpoint?.name ?? ""} with resource guid ${guid}`;
}

interface RecordPlace {
  readonly zone: ArmResource;
  readonly endpointId: ResourceId;
  readonly name: string;
}

function writeRecord(
  draft: Draft,
  record: RecordPlace & { readonly addresses: readonly string[] },
): void {
  const { zone, name, addresses } = record;
  const id = recordId(zone, name);
  draft.put({
    ...draft.get(id),
    id,
    name,
    type: typeNames.addressRecords,
    properties: {
      metadata: { creator: creatorOf(draft, record.endpointId) },
      fqdn: `${name}.${zone.name}.`,
      ttl: recordTtlSeconds,
      aRecords: addresses.map((ipv4Address) => ({ ipv4Address })),
      isAutoRegistered: false,
    },
  });
}

/** Removes a record that the endpoint wrote; one that another writer took over stays. */
function removeRecord(draft: Draft, { zone, endpointId, name }: RecordPlace): void {
  const record = draft.get(recordId(zone, name));
  const creator = stringAt(record?.properties, "metadata", "creator");
  if (record === undefined || creator !== creatorOf(draft, endpointId)) return;
  draft.delete(record.id);
}

/** Removes what a zone group wrote, before the group or its endpoint goes. */
export function withdrawZoneGroup(draft: Draft, group: ArmResource, endpointId: ResourceId): void {
  for (const config of listAt(group.properties, "privateDnsZoneConfigs")) {
    const zone = draft.get(zoneIdOf(config) ?? "");
    if (zone === undefined) continue;
    for (const record of listAt(config, "properties", "recordSets")) {
      const name = stringAt(record, "recordSetName") ?? "";
      removeRecord(draft, { zone, endpointId, name });
    }
    countRecords(draft, zone.id);
  }
}

/** Keeps the counts that a zone shows: record sets (its SOA among them) and virtual network links. */
export function countRecords(draft: Draft, zoneId: ResourceId): void {
  const graph = draft.graph();
  const links = graph.under(zoneId, typeNames.virtualNetworkLinks);
  draft.merge(zoneId, {
    numberOfRecordSets:
      graph.under(zoneId, typeNames.addressRecords).length +
      graph.under(zoneId, typeNames.authorityRecords).length,
    numberOfVirtualNetworkLinks: links.length,
  });
}
