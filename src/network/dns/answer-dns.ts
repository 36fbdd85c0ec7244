/** The resolver: one DNS message in, one out, by the same rule that everything else resolves names with. No socket. */
import type { Graph } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import { resolveFrom } from "../../rules/index.ts";
import type { NameResolution, Standpoint } from "../../rules/index.ts";
import type { DnsTransport } from "./listener.ts";
import { CLASS_IN, rcodes, readDnsQuery, recordTypes, writeDnsResponse } from "./message.ts";
import type { DnsQuery, DnsRecord, DnsResponse } from "./message.ts";
import { zoneAuthority } from "./zone-authority.ts";
import type { ZoneAuthority } from "./zone-authority.ts";

const UDP_BYTES_MIN = 512;
const TCP_BYTES_MAX = 65_535;
const ANY_TTL_SECONDS = 3600;

/**
 * Answers `message` as the resolver of a virtual or an on-premises network, or of public DNS.
 *
 * @returns undefined for what is no query. UDP answers past the client's buffer (512 bytes without EDNS,
 *   `limits.dnsUdpBytesMax` at most) are cut with TC set.
 * @see RFC 1035, 2308 (negative answers), 6891 (EDNS), 8482 (ANY)
 */
export function answerDns(
  message: Buffer,
  graph: Graph,
  standpoint: Standpoint,
  transport: DnsTransport,
): Buffer | undefined {
  const reading = readDnsQuery(message);
  if (reading.kind === "drop") return undefined;
  const { query } = reading;
  const response =
    reading.kind === "refused" ? { rcode: reading.rcode } : decide(query, graph, standpoint);
  return writeDnsResponse(query, response, bytesMax(query, transport));
}

function bytesMax({ edns }: DnsQuery, transport: DnsTransport): number {
  if (transport === "tcp") return TCP_BYTES_MAX;
  // RFC 6891 section 6.2.3: a smaller buffer than 512 bytes means 512.
  return Math.min(Math.max(edns?.udpBytes ?? 0, UDP_BYTES_MIN), limits.dnsUdpBytesMax);
}

function decide(query: DnsQuery, graph: Graph, standpoint: Standpoint): DnsResponse {
  const transfer = query.type === recordTypes.axfr || query.type === recordTypes.ixfr;
  if (query.class !== CLASS_IN || transfer) return { rcode: rcodes.refused };
  const recordType = typeNames.get(query.type) ?? `TYPE${query.type}`;
  const resolution = resolveFrom(graph, standpoint, { name: query.name, recordType });
  if (resolution.outcome === "servfail") return { rcode: rcodes.servFail };
  const authority = zoneAuthority(graph, resolution);
  const aliases = resolution.chain.map(({ name, cname, ttlSeconds }): DnsRecord => ({
    name,
    ttlSeconds,
    data: { type: "CNAME", target: cname },
  }));
  if (query.type === recordTypes.cname && aliases.length > 0) {
    return { rcode: rcodes.noError, answers: aliases.slice(0, 1) };
  }
  if (query.type === recordTypes.any && (aliases.length > 0 || resolution.outcome !== "nxdomain")) {
    return { rcode: rcodes.noError, answers: [minimalAnswer(query.name)] };
  }
  const records = finalRecords(query, resolution, authority);
  if (records.length > 0) return { rcode: rcodes.noError, answers: [...aliases, ...records] };
  return {
    rcode: resolution.outcome === "nxdomain" ? rcodes.nxDomain : rcodes.noError,
    answers: aliases,
    authorities: [negativeSoa(authority)],
  };
}

/** RFC 8482 section 4.2: a question for everything gets one small answer. */
const minimalAnswer = (name: string): DnsRecord => ({
  name,
  ttlSeconds: ANY_TTL_SECONDS,
  data: { type: "HINFO", cpu: "RFC8482", os: "" },
});

const typeNames: ReadonlyMap<number, string> = new Map([
  [recordTypes.a, "A"],
  [recordTypes.aaaa, "AAAA"],
  [recordTypes.cname, "CNAME"],
]);

/** The records at the end of the chain; none is a negative answer. */
function finalRecords(
  query: DnsQuery,
  { outcome, finalName, addresses, ttlSeconds }: NameResolution,
  { zone, soa }: ZoneAuthority,
): readonly DnsRecord[] {
  if (outcome === "nxdomain") return [];
  switch (query.type) {
    case recordTypes.a:
    case recordTypes.aaaa: {
      const type = query.type === recordTypes.a ? "A" : "AAAA";
      return addresses.map((address) => ({
        name: finalName,
        ttlSeconds,
        data: { type, address },
      }));
    }
    case recordTypes.soa:
      return finalName === zone ? [soa] : [];
    case recordTypes.ns: {
      const { data } = soa;
      if (finalName !== zone || data.type !== "SOA") return [];
      return [
        {
          name: zone,
          ttlSeconds: soa.ttlSeconds,
          data: { type: "NS", target: data.primary },
        },
      ];
    }
    default:
      return [];
  }
}

/** RFC 2308 section 3: a negative answer is kept no longer than the SOA's minimum. */
function negativeSoa({ soa }: ZoneAuthority): DnsRecord {
  const { data } = soa;
  return data.type === "SOA"
    ? { ...soa, ttlSeconds: Math.min(soa.ttlSeconds, data.minimumSeconds) }
    : soa;
}
