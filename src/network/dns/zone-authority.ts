/** Start of authority: which zone answers for a name, and its SOA fields. Pure. */
import { at, stringAt } from "../../arm/index.ts";
import type { ArmResource, Graph, Json } from "../../arm/index.ts";
import { cloud, scopeZones } from "../../azure/index.ts";
import { networkTypes } from "../../rules/index.ts";
import type { NameResolution } from "../../rules/index.ts";
import type { DnsRecord, SoaFields } from "./message.ts";

export interface ZoneAuthority {
  /** Lower case, without the final dot; empty for the root. */
  readonly zone: string;
  /** The zone's SOA record, for answers about the zone and as the reason of a negative answer. */
  readonly soa: DnsRecord;
}

/** The zones of public DNS that the platform tells of; all else is the root's. */
const publicZones: readonly string[] = [
  cloud.prometheusSuffix,
  cloud.monitorSuffix,
  cloud.odsSuffix,
  cloud.omsSuffix,
  cloud.agentServiceSuffix,
  cloud.blobSuffix,
]
  .flatMap((suffix) => [`privatelink.${suffix}`, suffix])
  .concat(scopeZones)
  .toSorted((a, b) => b.length - a.length);

const SOA_TTL_SECONDS = 3600;

/**
 * The timers of a zone's SOA where the graph has no SOA record set: those that Azure gives a new private zone.
 * @see azure-rest-api-specs privatedns/…/examples/RecordSetSOAGet.json
 */
const timers = {
  serial: 1,
  refreshSeconds: 3600,
  retrySeconds: 300,
  expireSeconds: 2_419_200,
  minimumSeconds: 10,
} as const;

/** The zone that had the last word in a resolution: the private one, or else the public zone of the final name. */
export function zoneAuthority(graph: Graph, resolution: NameResolution): ZoneAuthority {
  const { zone, finalName } = resolution;
  if (zone !== undefined) {
    const soa = graph
      .under(zone.id, `${networkTypes.zone}/SOA`)
      .find((resource) => resource.name === "@");
    return authority(zone.name, soa === undefined ? undefined : soaOf(soa));
  }
  const found = publicZones.find((name) => finalName === name || finalName.endsWith(`.${name}`));
  return authority(found ?? "", undefined);
}

function authority(zone: string, fields: SoaFields | undefined): ZoneAuthority {
  const data = { type: "SOA" as const, ...(fields ?? inferredSoa(zone)) };
  return { zone, soa: { name: zone, ttlSeconds: SOA_TTL_SECONDS, data } };
}

/** inferred: Azure's public name servers are not told; the zone's own name stands for them. */
const inferredSoa = (zone: string): SoaFields => ({
  primary: zone,
  mailbox: zone === "" ? "" : `hostmaster.${zone}`,
  ...timers,
});

function soaOf(resource: ArmResource): SoaFields {
  const record = at(resource.properties, "soaRecord");
  const number = (value: Json | undefined, otherwise: number): number =>
    typeof value === "number" && value >= 0 && value <= 0xffff_ffff ? value : otherwise;
  const name = (value: string | undefined): string => (value ?? "").replace(/\.$/, "");
  return {
    primary: name(stringAt(record, "host")),
    mailbox: name(stringAt(record, "email")).replace("@", "."),
    serial: number(at(record, "serialNumber"), timers.serial),
    refreshSeconds: number(at(record, "refreshTime"), timers.refreshSeconds),
    retrySeconds: number(at(record, "retryTime"), timers.retrySeconds),
    expireSeconds: number(at(record, "expireTime"), timers.expireSeconds),
    minimumSeconds: number(
      at(record, "minimumTtl") ?? at(record, "minimumTTL"),
      timers.minimumSeconds,
    ),
  };
}
