/** Microsoft.Network/privateDnsZones: names that only linked virtual networks resolve. */
import { limits } from "../../core/index.ts";
import { at, object, readOnly, stringAt } from "../../arm/index.ts";
import type {
  Derived,
  Json,
  RequestBody,
  ResourceType,
  TypeAction,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom, resourceOf, stableGuid } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { countRecords } from "../private-link/zone-records.ts";
import { typeNames } from "../type-names.ts";
import { privateDnsVersions } from "./api-versions.ts";
import { authorityRecord } from "./record-sets.ts";

/** `GET …/ALL`: every record set of a zone. */
const listAll: TypeAction = {
  method: "GET",
  path: "all",
  action: "ALL/read",
  answer: ({ graph, resource }) => ({
    status: 200,
    body: {
      value: [typeNames.authorityRecords, typeNames.addressRecords].flatMap((type) =>
        graph.under(resource.id, type).map((record) => ({ ...record }) as unknown as Json),
      ),
    },
  }),
};

export const privateDnsZones: ResourceType = {
  type: typeNames.privateDnsZones,
  apiVersions: privateDnsVersions,
  scope: "resourceGroup",
  source: "learn.microsoft.com/azure/dns/private-dns-privatednszone; @azure/arm-privatedns",
  location: "global",
  name: {
    pattern: /^(?=.{3,253}$)[\w-]{1,63}(?:\.[\w-]{1,63}){1,33}$/,
    says: "it is a DNS name of 2 to 34 labels, each of at most 63 letters, digits, '-' and '_', without a final dot.",
  },
  properties: object({
    maxNumberOfRecordSets: readOnly(),
    maxNumberOfVirtualNetworkLinks: readOnly(),
    maxNumberOfVirtualNetworkLinksWithRegistration: readOnly(),
    numberOfRecordSets: readOnly(),
    numberOfVirtualNetworkLinks: readOnly(),
    numberOfVirtualNetworkLinksWithRegistration: readOnly(),
    internalId: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  keeps: ["etag"],
  derive,
  actions: [listAll],
};

function derive(body: RequestBody, context: TypeContext): Derived {
  const draft = draftOf(context.graph);
  const before = context.previous?.properties;
  const zone = resourceOf(
    typeNames.privateDnsZones,
    { body, context },
    {
      internalId: stringAt(before, "internalId") ?? stableGuid("zone", context.id, context.now),
      maxNumberOfRecordSets: limits.recordSetsPerZoneMax,
      maxNumberOfVirtualNetworkLinks: limits.linksPerZoneMax,
      maxNumberOfVirtualNetworkLinksWithRegistration: 100,
      numberOfRecordSets: at(before, "numberOfRecordSets") ?? 0,
      numberOfVirtualNetworkLinks: at(before, "numberOfVirtualNetworkLinks") ?? 0,
      numberOfVirtualNetworkLinksWithRegistration: 0,
      provisioningState: "Succeeded",
    },
  );
  draft.put(zone);
  if (context.previous === undefined) draft.put(authorityRecord(zone));
  countRecords(draft, zone.id);
  return derivedFrom(draft, zone);
}
