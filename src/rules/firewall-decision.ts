/** A firewall's decision about one connection: network rules first, then application rules, then no. */
import { serviceTagCovers } from "../azure/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import type {
  ApplicationCollection,
  FirewallView,
  NetworkCollection,
  NetworkRule,
} from "./firewall-view.ts";
import { parseIpv4, parseIpv4Prefix } from "./subnet-addresses.ts";
import type { Ipv4Prefix } from "./subnet-addresses.ts";

/** A connection as a firewall sees it. */
export interface FirewallQuestion {
  /** The prefixes that the client's address may be in; a rule's sources must cover them all. */
  readonly sources: readonly Ipv4Prefix[];
  readonly address: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
  /** The name in the client's TLS greeting; undefined where it is not known yet. */
  readonly fqdn?: string | undefined;
}

export type FirewallDecision =
  | { readonly kind: "allow" | "deny"; readonly reasons: readonly Reason[] }
  /** Application rules decide by the name, which the question does not have: the greeting must be read first. */
  | { readonly kind: "inspect"; readonly reasons: readonly Reason[] };

/**
 * Decides by the first rule that matches, collections by their priority: network rules before application rules,
 * and what no rule matches is refused.
 * @see learn.microsoft.com/azure/firewall/rule-processing
 */
export function firewallDecision(
  firewall: FirewallView,
  question: FirewallQuestion,
): FirewallDecision {
  const network = firewall.networkCollections
    .flatMap((collection) => matchingNetworkRule(collection, question) ?? [])
    .at(0);
  if (network !== undefined) return decided(firewall, network.collection, network.rule, question);
  const speaking = firewall.applicationCollections.filter((collection) =>
    collection.rules.some((rule) => couldSpeak(rule, question)),
  );
  if (speaking.length > 0 && question.fqdn === undefined) {
    const says = `The application rules of ${firewall.id} decide by the name in the TLS greeting.`;
    return { kind: "inspect", reasons: [because("firewall.inspects", says)] };
  }
  for (const collection of speaking) {
    const rule = collection.rules.find(
      (one) =>
        couldSpeak(one, question) &&
        one.fqdns.some((pattern) => fqdnMatches(pattern, question.fqdn ?? "")),
    );
    if (rule !== undefined) return decided(firewall, collection, rule, question);
  }
  const what = question.fqdn ?? question.address;
  const says = `No rule of ${firewall.id} matches ${what}:${question.port}; what no rule allows is refused.`;
  return { kind: "deny", reasons: [because("firewall.no-rule", says)] };
}

function decided(
  firewall: FirewallView,
  collection: NetworkCollection | ApplicationCollection,
  rule: { readonly name: string },
  { fqdn, address, port }: FirewallQuestion,
): FirewallDecision {
  const what = `${fqdn ?? address}:${port}`;
  const by = `the rule ${rule.name} of ${collection.name} (priority ${collection.priority}) of ${firewall.id}`;
  return collection.allows
    ? { kind: "allow", reasons: [because("firewall.allows", `${what} is allowed by ${by}.`)] }
    : { kind: "deny", reasons: [because("firewall.denies", `${what} is denied by ${by}.`)] };
}

function matchingNetworkRule(
  collection: NetworkCollection,
  question: FirewallQuestion,
): { readonly collection: NetworkCollection; readonly rule: NetworkRule } | undefined {
  const rule = collection.rules.find(
    ({ protocols, sources, destinations, ports }) =>
      protocols.some((protocol) => protocol === "Any" || protocol === question.protocol) &&
      coversSources(sources, question.sources) &&
      destinations.some((destination) => coversAddress(destination, question.address)) &&
      ports.some((port) => coversPort(port, question.port)),
  );
  return rule === undefined ? undefined : { collection, rule };
}

const couldSpeak = (
  rule: ApplicationCollection["rules"][number],
  { sources, port, protocol }: FirewallQuestion,
): boolean =>
  protocol === "TCP" &&
  rule.protocols.some((one) => one.type === "Https" && one.port === port) &&
  coversSources(rule.sources, sources);

/** A client without a known address is matched only by a rule for all the addresses that it may have (inferred). */
const coversSources = (rules: readonly string[], sources: readonly Ipv4Prefix[]): boolean =>
  rules.includes("*") ||
  (sources.length > 0 &&
    sources.every((source) =>
      rules.some((rule) => {
        const range = rangeOf(rule);
        return (
          range !== undefined &&
          range.first <= source.first &&
          range.last >= source.first + source.size - 1
        );
      }),
    ));

function coversAddress(destination: string, address: string): boolean {
  if (destination === "*") return true;
  const value = parseIpv4(address);
  const range = rangeOf(destination);
  if (range === undefined) return serviceTagCovers(destination, address);
  return value !== undefined && value >= range.first && value <= range.last;
}

function coversPort(text: string, port: number): boolean {
  if (text === "*") return true;
  const [first, last = first] = text.split("-").map(Number);
  return port >= (first ?? 0) && port <= (last ?? 0);
}

/** `10.0.0.4`, `10.0.0.0/24` or `10.0.0.4-10.0.0.9` as numbers; undefined when it is none of these. */
export function rangeOf(
  text: string,
): { readonly first: number; readonly last: number } | undefined {
  const [from = "", to, ...rest] = text.split("-");
  if (rest.length > 0) return undefined;
  if (to !== undefined) {
    const first = parseIpv4(from);
    const last = parseIpv4(to);
    return first === undefined || last === undefined || last < first ? undefined : { first, last };
  }
  const prefix = parseIpv4Prefix(from.includes("/") ? from : `${from}/32`);
  return prefix === undefined
    ? undefined
    : { first: prefix.first, last: prefix.first + prefix.size - 1 };
}

/**
 * Whether a name matches a target FQDN: the name itself, or a suffix after an asterisk, of any depth. `*contoso.com`
 * matches `contoso.com` and `mycontoso.com` too; that is Azure's own rule.
 *
 * @param pattern lower case. @param fqdn any case, without the final dot.
 * @see learn.microsoft.com/azure/firewall/firewall-faq, "How do wildcards work in target URLs and target FQDNs"
 */
export function fqdnMatches(pattern: string, fqdn: string): boolean {
  const name = fqdn.toLowerCase();
  return pattern.startsWith("*") ? name.endsWith(pattern.slice(1)) : name === pattern;
}

/** What is wrong with a target FQDN, or undefined. */
export function fqdnPatternProblem(pattern: string): string | undefined {
  if (pattern === "*") return undefined;
  const rest = pattern.startsWith("*") ? pattern.slice(1) : pattern;
  if (rest.includes("*")) {
    return `'${pattern}' has an asterisk that is not its first character. An asterisk stands at the left end only, and matches names of any depth, as in *.host.example.`;
  }
  const name = rest.startsWith(".") ? rest.slice(1) : rest;
  const isName =
    name.length <= 253 &&
    name.split(".").every((label) => /^[A-Za-z0-9_](?:[\w-]{0,61}[A-Za-z0-9_])?$/.test(label));
  if (isName && (rest === name || pattern.startsWith("*"))) return undefined;
  return `'${pattern}' is no domain name. Give a name as host.example, or *.example for every name below it.`;
}
