/** Fragments as the means of a proof: what no fragment covers was not tried. */
import { sameId } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import type { NameEvidence, ProbeRequest, Probes, RequestEvidence } from "../../onboard/index.ts";
import { doctorError } from "../errors.ts";
import type { NameSeen, ProbeFragment, RequestSeen } from "../../snapshot/index.ts";

const rcodes: Readonly<Record<NameSeen["outcome"], string | undefined>> = {
  addresses: "NOERROR",
  nodata: "NOERROR",
  nxdomain: "NXDOMAIN",
  none: undefined,
  error: undefined,
};

/** Answers a proof of one cluster from fragments, the newest that covers a question first. */
export function fragmentProbes(
  fragments: readonly ProbeFragment[],
  place: { readonly clusterId: ResourceId; readonly vnetId: ResourceId | undefined },
): Probes {
  const newestFirst = fragments.toSorted((a, b) => b.takenAtMs - a.takenAtMs);
  const inside = newestFirst.filter((one) => isInside(one, place));
  const outside = newestFirst.filter((one) => one.place === "outside");
  return {
    resolveInside: (name) => Promise.resolve(nameIn(inside, name, "from inside")),
    resolvePublic: (name) => Promise.resolve(nameIn(outside, name, "from outside")),
    requestInside: (request) => Promise.resolve(requestIn(inside, request, "from inside")),
    requestPublic: (request) => Promise.resolve(requestIn(outside, request, "from outside")),
    newestSampleMs: () => sampleIn(newestFirst, place.clusterId, "metrics-query"),
    newestRecordMs: () => sampleIn(newestFirst, place.clusterId, "logs-query"),
  };
}

/** A fragment that says where it stood must have stood here; one that does not say counts as the one place there is. */
export function isInside(
  { place: seen, clusterId, vnetId }: ProbeFragment,
  place: { readonly clusterId: ResourceId; readonly vnetId: ResourceId | undefined },
): boolean {
  if (seen !== "inside") return false;
  if (clusterId !== undefined) return sameId(clusterId, place.clusterId);
  return vnetId === undefined || sameId(vnetId, place.vnetId);
}

function nameIn(fragments: readonly ProbeFragment[], asked: string, from: string): NameEvidence {
  const name = asked.toLowerCase();
  const seen = fragments
    .flatMap(({ names }) => names)
    .find((one) => one.name === name && one.resolver === "system");
  const nothing = { name: asked, aliases: [], addresses: [] };
  if (seen === undefined) return { ...nothing, error: `no fragment has ${asked} ${from}` };
  const { outcome, addresses, aliases, says } = seen;
  const rcode = rcodes[outcome];
  return {
    name: asked,
    aliases,
    addresses,
    ...(rcode === undefined ? {} : { rcode }),
    ...(outcome === "error" ? { error: says || "the resolver failed" } : {}),
  };
}

function requestIn(
  fragments: readonly ProbeFragment[],
  asked: ProbeRequest,
  from: string,
): RequestEvidence {
  const host = asked.host.toLowerCase();
  for (const fragment of fragments) {
    const seen = fragment.requests.filter(
      (one) => one.host === host && one.method === asked.method,
    );
    const best = seen.find(({ authenticated }) => authenticated) ?? seen[0];
    if (best !== undefined) return evidenceOf(best, fragment);
  }
  return { kind: "untried", says: `no fragment has a request to ${asked.host} ${from}.` };
}

function evidenceOf(seen: RequestSeen, { connections }: ProbeFragment): RequestEvidence {
  const { host, address, status, code, says, authenticated } = seen;
  if (status === 0) {
    return {
      kind: "unreachable",
      address: address || undefined,
      code: code || "ConnectionFailed",
      says: says || "no answer",
    };
  }
  // A 401 tells that something answers, and not whether it would take the request.
  if (!authenticated) {
    const why = says === "" ? "the probe had no token" : says;
    return { kind: "untried", says: `${why}; ${host} answered ${status} ${code}`.trim() };
  }
  const secure = connections.find((one) => one.host === host && one.outcome === "connected");
  return {
    kind: "answered",
    address: address || undefined,
    certificate:
      secure === undefined || secure.subjectAltName === ""
        ? undefined
        : {
            subject: "",
            issuer: secure.issuer,
            subjectAltName: secure.subjectAltName,
            validTo: secure.validTo,
            fingerprint256: "",
          },
    status,
    bodyExcerpt: code,
  };
}

function sampleIn(
  fragments: readonly ProbeFragment[],
  clusterId: ResourceId,
  path: string,
): Promise<number | null> {
  const seen = fragments
    .flatMap(({ samples }) => samples)
    .find((one) => one.path === path && sameId(one.clusterId, clusterId));
  if (seen !== undefined) return Promise.resolve(seen.newestMs);
  return Promise.reject(
    doctorError("FragmentMissing", `no fragment has the newest data of ${path}`),
  );
}
