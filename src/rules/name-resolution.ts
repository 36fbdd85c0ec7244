/** Name resolution: what a name leads to inside a virtual network or outside, step by step, and why. */
import { idKey } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import { forwardingRuleFor, loopBackTo, resolverBehind, resolverOf } from "./dns-servers.ts";
import type { Resolver } from "./dns-servers.ts";
import { interfacesAt, recordsIn, zoneLinksOf } from "./network-view.ts";
import type { RecordNode, ZoneLinkView } from "./network-view.ts";
import { oncePerGraph } from "./memo.ts";
import { publicAnswer } from "./public-names.ts";
import { servedHosts } from "./served-hosts.ts";

export interface NameQuestion {
  /** Any case, with or without the final dot. */
  readonly name: string;
  /** The network that asks; undefined asks public DNS. */
  readonly vnetId: ResourceId | undefined;
  /** Asks Azure DNS as it stands in the network, not the servers that the network's machines are given. */
  readonly server?: "azure";
  /** The record type wanted; `A` where absent. Types other than A, AAAA and CNAME lead to NODATA or NXDOMAIN. */
  readonly recordType?: string;
}

export interface NameStep {
  readonly name: string;
  readonly cname: string;
  readonly ttlSeconds: number;
}

/**
 * - `private`: every address is one of a network interface in the graph.
 * - `public`: an address that is no interface's, whoever answered (see `answeredBy`).
 * - `nodata`: the name exists, without a record of the type. `nxdomain`: it does not exist.
 * - `servfail`: no resolver answers: the network's DNS server is unknown or out of reach, or forwards in a circle.
 */
export type NameOutcome = "private" | "public" | "nodata" | "nxdomain" | "servfail";

export interface NameResolution {
  readonly outcome: NameOutcome;
  /** The aliases followed, first to last. */
  readonly chain: readonly NameStep[];
  /** The name at the chain's end, in lower case. */
  readonly finalName: string;
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
  /** Who gave the last answer. */
  readonly answeredBy: "private-zone" | "public-dns";
  /** The private zone that had the last word, where one had. */
  readonly zone?: { readonly id: ResourceId; readonly name: string };
  /** The link by which that zone is in force in the network. */
  readonly link?: { readonly id: ResourceId; readonly redirects: boolean };
  readonly reasons: readonly Reason[];
}

/** Time to live of public answers; Azure's own is not documented. */
const publicTtlSeconds = 60;

interface Progress {
  readonly chain: NameStep[];
  readonly reasons: Reason[];
  /** The last zone met, and its link. */
  zone: ZoneLinkView | undefined;
  /** The network as which Azure DNS answers; undefined is public DNS. Forwarding moves it. */
  standsIn: ResourceId | undefined;
  /** The networks that have forwarded the name at hand. */
  readonly forwardedBy: Set<string>;
}

type Step =
  | { readonly kind: "follow"; readonly target: string; readonly ttlSeconds: number }
  | { readonly kind: "done"; readonly resolution: NameResolution };

/**
 * Resolves a name: each name of the public alias chain is looked up in the longest private zone linked to the network,
 * then by the forwarding rules linked to it, then in public DNS. A zone that lacks the name ends the search, unless its
 * link redirects. The network is the one that answers: where the asking network's DNS servers lead.
 *
 * @returns never throws; an unknown network gets NXDOMAIN with its reason.
 */
export function resolveName(graph: Graph, question: NameQuestion): NameResolution {
  const { vnetId = "", server, recordType = "A" } = question;
  if (server !== undefined || recordType !== "A") return resolveAfresh(graph, question);
  const kept = resolutions(graph);
  const own = kept.byNetwork.get(vnetId);
  const known = own?.get(question.name);
  if (known !== undefined) return known;
  const found = resolveAfresh(graph, question);
  // Hosts of resources are asked for again and again; what names anybody makes up is not kept.
  if (servedHosts(graph).has(question.name)) {
    if (kept.count >= limits.keptResolutionsMax) {
      kept.byNetwork.clear();
      kept.count = 0;
    }
    const names = kept.byNetwork.get(vnetId) ?? new Map<string, NameResolution>();
    kept.byNetwork.set(vnetId, names.set(question.name, found));
    kept.count += 1;
  }
  return found;
}

const resolutions = oncePerGraph(() => ({
  byNetwork: new Map<ResourceId, Map<string, NameResolution>>(),
  count: 0,
}));

function resolveAfresh(graph: Graph, question: NameQuestion): NameResolution {
  const progress: Progress = {
    chain: [],
    reasons: [],
    zone: undefined,
    standsIn: question.vnetId,
    forwardedBy: new Set(),
  };
  let name = question.name.toLowerCase().replace(/\.$/, "");
  if (question.vnetId !== undefined && graph.get(question.vnetId) === undefined) {
    const says = `There is no virtual network ${question.vnetId}.`;
    progress.reasons.push(because("dns.unknown-network", says));
    return ended(progress, { outcome: "nxdomain", finalName: name, answeredBy: "public-dns" });
  }
  if (question.vnetId !== undefined && question.server !== "azure") {
    const resolver = resolverOf(graph, question.vnetId);
    if (!moveTo(progress, resolver)) return unanswered(progress, name);
  }
  for (let steps = 0; steps <= limits.dnsChainStepsMax; steps++) {
    const step = stepFrom(graph, name, { question, progress });
    if (step.kind === "done") return step.resolution;
    progress.chain.push({ name, cname: step.target, ttlSeconds: step.ttlSeconds });
    if (question.recordType === "CNAME") {
      return ended(progress, {
        outcome: "nodata",
        finalName: step.target,
        answeredBy: progress.zone === undefined ? "public-dns" : "private-zone",
      });
    }
    name = step.target;
    progress.forwardedBy.clear();
  }
  const says = `The aliases of ${question.name} are longer than ${limits.dnsChainStepsMax} steps.`;
  progress.reasons.push(because("dns.chain-too-long", says));
  return ended(progress, { outcome: "nxdomain", finalName: name, answeredBy: "private-zone" });
}

interface Context {
  readonly question: NameQuestion;
  readonly progress: Progress;
}

/** Goes on as the resolver that answers; false where none does. */
function moveTo(progress: Progress, resolver: Resolver): boolean {
  progress.reasons.push(...resolver.reasons);
  if (resolver.kind === "none") return false;
  progress.standsIn = resolver.vnetId;
  return true;
}

const unanswered = (progress: Progress, name: string): NameResolution =>
  ended(progress, { outcome: "servfail", finalName: name, answeredBy: "public-dns" });

/** @see learn.microsoft.com/azure/dns/dns-private-resolver-overview, "How does it work": zones, then rulesets, then public DNS */
function stepFrom(graph: Graph, name: string, context: Context): Step {
  const { progress } = context;
  for (;;) {
    const vnetId = progress.standsIn;
    if (vnetId === undefined) return publicStep(graph, name, context);
    const link = longestZone(zoneLinksOf(graph, vnetId), name);
    if (link !== undefined) {
      progress.zone = link;
      const says = `The zone ${link.zoneName} is linked to ${vnetId} and answers for ${name}.`;
      progress.reasons.push(because("dns.zone", says));
      return privateStep(graph, name, { ...context, link }) ?? publicStep(graph, name, context);
    }
    const says = `No zone linked to ${vnetId} holds ${name}.`;
    progress.reasons.push(because("dns.no-zone", says));
    const rule = forwardingRuleFor(graph, { vnetId, name });
    if (rule === undefined) return publicStep(graph, name, context);
    progress.forwardedBy.add(idKey(vnetId));
    const resolver = resolverBehind(graph, rule);
    if (!moveTo(progress, resolver)) {
      return { kind: "done", resolution: unanswered(progress, name) };
    }
    if (progress.forwardedBy.has(idKey(progress.standsIn ?? ""))) {
      progress.reasons.push(loopBackTo(progress.standsIn ?? "", rule));
      return { kind: "done", resolution: unanswered(progress, name) };
    }
  }
}

/** The linked zone that matches most labels of a name. */
function longestZone(links: readonly ZoneLinkView[], name: string): ZoneLinkView | undefined {
  let longest: ZoneLinkView | undefined;
  for (const link of links) {
    if (!isWithin(name, link.zoneName)) continue;
    if (longest === undefined || link.zoneName.length > longest.zoneName.length) longest = link;
  }
  return longest;
}

/** Whether a name is the zone's own or stands below it. */
const isWithin = (name: string, zoneName: string): boolean =>
  name.endsWith(zoneName) &&
  (name.length === zoneName.length || name.charCodeAt(name.length - zoneName.length - 1) === DOT);

const DOT = ".".charCodeAt(0);

/** Undefined when the zone lacks the name and its link redirects to public DNS. */
function privateStep(
  graph: Graph,
  name: string,
  { question, progress, link }: Context & { readonly link: ZoneLinkView },
): Step | undefined {
  const records = recordsIn(graph, link.zoneId);
  const relative = name === link.zoneName ? "@" : name.slice(0, -link.zoneName.length - 1);
  const found = lookUp(records, relative);
  if (found === "absent") {
    const says = `${link.zoneName} holds no ${relative}.`;
    progress.reasons.push(because("dns.no-record", says));
    if (link.redirects) {
      const redirected = `The link ${link.id} has NxDomainRedirect, so public DNS is asked for ${name}.`;
      progress.reasons.push(because("dns.redirected", redirected));
      return undefined;
    }
    return done(progress, { outcome: "nxdomain", finalName: name, answeredBy: "private-zone" });
  }
  if (found.cname !== undefined) {
    const says = `${link.zoneName} gives ${relative} the alias ${found.cname}.`;
    progress.reasons.push(because("dns.record-alias", says));
    return { kind: "follow", target: found.cname.replace(/\.$/, ""), ttlSeconds: found.ttlSeconds };
  }
  const addresses = addressesOf(found, question.recordType ?? "A");
  if (addresses.length === 0) {
    const says = `${link.zoneName} holds ${relative}, without a record of type ${question.recordType ?? "A"}.`;
    progress.reasons.push(because("dns.no-type", says));
    return done(progress, { outcome: "nodata", finalName: name, answeredBy: "private-zone" });
  }
  const says = `${link.zoneName} gives ${relative} the address ${addresses.join(", ")}.`;
  progress.reasons.push(because("dns.record", says));
  const strange = addresses.filter((address) => interfacesAt(graph, address).length === 0);
  if (strange.length > 0) {
    const orphan = `No network interface has ${strange.join(", ")}.`;
    progress.reasons.push(because("dns.not-an-interface", orphan));
  }
  return done(progress, {
    outcome: strange.length === 0 ? "private" : "public",
    finalName: name,
    addresses,
    ttlSeconds: found.ttlSeconds,
    answeredBy: "private-zone",
  });
}

const nothing: RecordNode = { addresses: [], addresses6: [], cname: undefined, ttlSeconds: 3600 };

/**
 * What a zone holds at a name: its records; nothing, for the apex and for parents of names; the closest wildcard's.
 * @see RFC 4592 section 3.3.1
 */
function lookUp(records: ReadonlyMap<string, RecordNode>, relative: string): RecordNode | "absent" {
  const exact = records.get(relative);
  if (exact !== undefined) return exact;
  const shape = shapeOf(records);
  if (relative === "@" || shape.parents.has(relative)) return nothing;
  if (!shape.hasWildcards) return "absent";
  for (let at = relative; ;) {
    const dot = at.indexOf(".");
    const parent = dot < 0 ? "" : at.slice(dot + 1);
    const wildcard = records.get(parent === "" ? "*" : `*.${parent}`);
    if (wildcard !== undefined) return wildcard;
    if (parent === "" || records.has(parent) || shape.parents.has(parent)) return "absent";
    at = parent;
  }
}

interface ZoneShape {
  /** Names that have names below them. */
  readonly parents: ReadonlySet<string>;
  readonly hasWildcards: boolean;
}

const shapes = new WeakMap<ReadonlyMap<string, RecordNode>, ZoneShape>();

function shapeOf(records: ReadonlyMap<string, RecordNode>): ZoneShape {
  let shape = shapes.get(records);
  if (shape === undefined) {
    const names = [...records.keys()];
    shape = {
      parents: new Set(names.flatMap(parentsOf)),
      hasWildcards: names.some((name) => name === "*" || name.startsWith("*.")),
    };
    shapes.set(records, shape);
  }
  return shape;
}

/** `b.c` and `c`, of `a.b.c`. */
function parentsOf(name: string): readonly string[] {
  const parents: string[] = [];
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
    parents.push(name.slice(dot + 1));
  }
  return parents;
}

function addressesOf(node: RecordNode, recordType: string): readonly string[] {
  if (recordType === "A") return node.addresses;
  return recordType === "AAAA" ? node.addresses6 : [];
}

function publicStep(graph: Graph, name: string, { question, progress }: Context): Step {
  const answer = publicAnswer(graph, name);
  switch (answer.kind) {
    case "cname":
      progress.reasons.push(answer.reason);
      return { kind: "follow", target: answer.target, ttlSeconds: publicTtlSeconds };
    case "address": {
      const recordType = question.recordType ?? "A";
      if (recordType === "A") {
        progress.reasons.push(...answer.reasons);
        return done(progress, {
          outcome: "public",
          finalName: name,
          addresses: [answer.address],
          ttlSeconds: publicTtlSeconds,
          answeredBy: "public-dns",
        });
      }
      const says = `Public DNS has no record of type ${recordType} for ${name}.`;
      progress.reasons.push(because("dns.no-type", says));
      return done(progress, { outcome: "nodata", finalName: name, answeredBy: "public-dns" });
    }
    case "empty":
    case "nxdomain":
      progress.reasons.push(answer.reason);
      return done(progress, {
        outcome: answer.kind === "empty" ? "nodata" : "nxdomain",
        finalName: name,
        answeredBy: "public-dns",
      });
  }
}

type Ending = Pick<NameResolution, "outcome" | "finalName" | "answeredBy"> &
  Partial<Pick<NameResolution, "addresses" | "ttlSeconds">>;

const done = (progress: Progress, ending: Ending): Step => ({
  kind: "done",
  resolution: ended(progress, ending),
});

function ended({ chain, reasons, zone }: Progress, ending: Ending): NameResolution {
  const byZone = ending.answeredBy === "private-zone" && zone !== undefined;
  return {
    chain,
    addresses: [],
    ttlSeconds: publicTtlSeconds,
    reasons,
    ...ending,
    ...(byZone
      ? {
          zone: { id: zone.zoneId, name: zone.zoneName },
          link: { id: zone.id, redirects: zone.redirects },
        }
      : {}),
  };
}
