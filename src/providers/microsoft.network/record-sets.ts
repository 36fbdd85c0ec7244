/** Microsoft.Network/privateDnsZones/A and /SOA: the record sets of a private zone. */
import { limits } from "../../core/index.ts";
import {
  integer,
  list,
  listAt,
  map,
  object,
  readOnly,
  required,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  Problem,
  RequestBody,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { parseIpv4 } from "../../rules/index.ts";
import { derivedFrom, resourceOf } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { countRecords } from "../private-link/zone-records.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { privateDnsVersions } from "./api-versions.ts";

const source =
  "learn.microsoft.com/azure/templates/microsoft.network/privatednszones/a; az network private-dns record-set, traced";
const ttlSecondsMax = 2_147_483_647;

export const addressRecords: ResourceType = {
  type: typeNames.addressRecords,
  apiVersions: privateDnsVersions,
  scope: "parent",
  source,
  location: "none",
  name: {
    pattern: /^(?=.{1,253}$)(?:@|\*|(?:\*\.)?[\w-]{1,63}(?:\.[\w-]{1,63}){0,33})$/,
    says: "it is '@', '*', or a relative DNS name whose labels have at most 63 letters, digits, '-' and '_'.",
  },
  properties: object({
    ttl: integer({ default: 3600, min: 1, max: ttlSecondsMax }),
    aRecords: list(object({ ipv4Address: required(string({ charsMax: 15 })) }), {
      countMax: limits.recordsPerSetMax,
      default: [],
    }),
    metadata: map(string({ charsMax: 1024 })),
    fqdn: readOnly(),
    isAutoRegistered: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "properties",
  keeps: ["etag"],
  validate,
  derive,
  deleteEffects: remove,
};

export const authorityRecords: ResourceType = {
  type: typeNames.authorityRecords,
  apiVersions: privateDnsVersions,
  scope: "parent",
  source,
  location: "none",
  properties: object({}),
  putIs: "replace",
  methods: ["GET", "LIST"],
  writes: "sync",
};

/** The SOA record set that every private zone has. */
export const authorityRecord = (zone: ArmResource): ArmResource => ({
  id: `${zone.id}/SOA/@`,
  name: "@",
  type: typeNames.authorityRecords,
  properties: {
    fqdn: `${zone.name}.`,
    ttl: 3600,
    soaRecord: {
      email: "azureprivatedns-host.microsoft.com",
      host: "azureprivatedns.net",
      serialNumber: 1,
      refreshTime: 3600,
      retryTime: 300,
      expireTime: 2_419_200,
      minimumTtl: 10,
    },
    isAutoRegistered: false,
  },
});

function validate(body: RequestBody, { graph, parsed, previous }: TypeContext): readonly Problem[] {
  const wrong = listAt(body.properties, "aRecords").flatMap((record, index) => {
    const text = stringAt(record, "ipv4Address") ?? "";
    if (parseIpv4(text) !== undefined) return [];
    const target = `properties.aRecords[${index}].ipv4Address`;
    return [problem("InvalidRequestContent", `'${text}' is no IPv4 address.`, { target })];
  });
  const count = graph.under(parsed.parentId ?? "", typeNames.addressRecords).length + 1;
  if (previous !== undefined || count < limits.recordSetsPerZoneMax) return wrong;
  const message = `The zone has ${count} record sets; the limit is ${limits.recordSetsPerZoneMax}. Remove one.`;
  return [...wrong, problem("RecordSetLimitExceeded", message)];
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const { graph, parsed } = context;
  const draft = draftOf(graph);
  const zone = graph.get(parsed.parentId ?? "");
  const name = context.previous?.name ?? parsed.name;
  const record = resourceOf(
    typeNames.addressRecords,
    { body, context },
    {
      ...body.properties,
      fqdn: name === "@" ? `${zone?.name}.` : `${name}.${zone?.name}.`,
      isAutoRegistered: false,
    },
  );
  draft.put(record);
  countRecords(draft, zone?.id ?? "");
  return derivedFrom(draft, record);
}

function remove(record: ArmResource, { graph, parsed }: TypeContext): readonly Change[] {
  const draft = draftOf(graph);
  draft.delete(record.id);
  countRecords(draft, parsed.parentId ?? "");
  return draft.changes(record.id);
}
