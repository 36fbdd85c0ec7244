/**
 * An oracle for the cases: answers from what is given, by names, and from the documentation's decision table. It shares
 * no code with the rules, and the rules know nothing of it, so that agreement means something.
 *
 * The table, as pseudo-code (lines marked * are inferred):
 *
 *   resolve(host, network): the public chain always has the privatelink alias for Azure Monitor names, and for a
 *     workspace once it has an endpoint. For each name of the chain under a private zone linked to the network:
 *     record -> its address; else NxDomainRedirect -> go on in public DNS; else NXDOMAIN.
 *     The network that resolves is where the asking one's DNS servers lead; a server that is unknown or out of reach: SERVFAIL.
 *   A public address is reached by the network's default route: none -> open; to a firewall -> by its rules.
 *   An endpoint is reached from its own network and from those peered with it, not further.
 *   ingest(dce, private through S): dce in S -> allow; else as public*.    ingest(dce, public): Enabled -> allow, else deny.
 *   configuration(cluster, global): associated -> redirect, whatever the way*; else private -> refuse, public -> serve.
 *   configuration(cluster, dce): not the associated one -> refuse*; else as ingest(dce).
 *   send(law, private through S): law in S -> allow; else as public*.      send(law, public): by its ingestion flag.
 *   logs(law, private through S by C): law in S -> allow; else by C's mode, else S's: PrivateOnly -> deny, Open -> as public.
 *   logs(law, public): by its query flag.   arm-logs(law): by its query flag, whatever the way.
 *   query(workspace, private): its own endpoint -> allow, another's -> deny*.   query(workspace, public): by its flag.
 */
import type { Ask, Given, GivenDce, GivenEndpoint, GivenLaw, GivenZone, Where } from "./given.ts";
import { passesEgress, peered, resolvingNetwork } from "./oracle-networks.ts";
import type { Door } from "./oracle-networks.ts";

export interface OracleAnswer {
  readonly outcome: string;
  readonly detail?: string | undefined;
}

/** A name as the oracle sees it: what it belongs to, instead of its spelling. */
type Named =
  | { readonly of: "shared"; readonly zone: string }
  | { readonly of: "dce"; readonly name: string; readonly zone: string }
  | { readonly of: "law"; readonly name: string; readonly zone: string }
  /** ARM: no private link leads there. */
  | { readonly of: "none"; readonly zone: "" }
  | { readonly of: "workspace"; readonly name: string; readonly zone: string };

const monitorZone = "privatelink.monitor.azure.com";
const odsZone = "privatelink.ods.opinsights.azure.com";
/** The zones of a workspace's own hosts. */
const lawZones: Readonly<Record<string, string>> = {
  ods: odsZone,
  oms: "privatelink.oms.opinsights.azure.com",
  agentService: "privatelink.agentsvc.azure-automation.net",
};

/** Answers a question about what is given. */
export function askOracle(given: Given, ask: Ask): OracleAnswer {
  switch (ask.ask) {
    case "resolve":
      return resolve(given, named(given, ask.name), { from: ask.from, wanted: ask.recordType });
    case "ingest": {
      const dce = given.dces.find(({ name }) => name === ask.to) as GivenDce;
      const host: Named = { of: "dce", name: ask.to, zone: monitorZone };
      const way = arrive(given, ask.from, { host, door: "metrics" });
      return { outcome: way === "nowhere" ? "unreachable" : ingest(given, way, dce) };
    }
    case "query": {
      const workspace = given.workspaces.find(({ name }) => name === ask.to) as GivenDce;
      const zone = `privatelink.${workspace.region}.prometheus.monitor.azure.com`;
      const host: Named = { of: "workspace", name: ask.to, zone };
      const way = arrive(given, ask.from, { host, door: "query" });
      if (way === "nowhere") return { outcome: "unreachable" };
      if (way !== "public") return { outcome: way.to === workspace.name ? "allow" : "deny" };
      return { outcome: byFlag(workspace.public) };
    }
    case "configuration":
      return configuration(given, ask);
    case "write-logs": {
      const dce = given.dces.find(({ name }) => name === ask.to) as GivenDce;
      const host: Named = { of: "dce", name: ask.to, zone: monitorZone };
      const way = arrive(given, ask.from, { host, door: "write-logs" });
      return { outcome: way === "nowhere" ? "unreachable" : ingest(given, way, dce) };
    }
    case "send":
    case "logs":
    case "arm-logs":
      return logs(given, ask);
  }
}

function configuration(given: Given, ask: Ask & { ask: "configuration" }): OracleAnswer {
  const host: Named =
    ask.at === "global"
      ? { of: "shared", zone: monitorZone }
      : { of: "dce", name: ask.at, zone: monitorZone };
  const way = arrive(given, ask.from, { host, door: "configuration" });
  if (way === "nowhere") return { outcome: "unreachable" };
  const cluster = given.clusters.find(({ name }) => name === ask.cluster);
  if (cluster === undefined) return { outcome: "refuse" };
  const throughWorkspace = way !== "public" && !given.scopes.some(({ name }) => name === way.to);
  if (throughWorkspace) return { outcome: "refuse" };
  const associated = cluster.configuration;
  if (ask.at === "global") {
    if (associated === undefined) return { outcome: way === "public" ? "serve" : "refuse" };
    const exists = given.dces.some(({ name }) => name === associated);
    return exists ? { outcome: "redirect", detail: associated } : { outcome: "refuse" };
  }
  const dce = given.dces.find(({ name }) => name === ask.at);
  if (associated !== ask.at || dce === undefined) return { outcome: "refuse" };
  return { outcome: ingest(given, way, dce) === "allow" ? "serve" : "refuse" };
}

type LogsAsk = Extract<Ask, { ask: "send" | "logs" | "arm-logs" | "write-logs" }>;

function logs(given: Given, ask: LogsAsk): OracleAnswer {
  const law = (given.laws ?? []).find(({ name }) => name === ask.to) as GivenLaw;
  const asked: Readonly<Record<string, { readonly host: Named; readonly door: Door }>> = {
    send: { host: { of: "law", name: ask.to, zone: odsZone }, door: "ods" },
    logs: { host: { of: "shared", zone: monitorZone }, door: "logs" },
    "arm-logs": { host: { of: "none", zone: "" }, door: "arm" },
  };
  const way = arrive(
    given,
    ask.from,
    asked[ask.ask] ?? { host: { of: "none", zone: "" }, door: "arm" },
  );
  if (way === "nowhere") return { outcome: "unreachable" };
  const flag = ask.ask === "send" ? law.ingestion : law.query;
  if (way === "public" || ask.ask === "arm-logs") return { outcome: byFlag(flag) };
  const scope = given.scopes.find(({ name }) => name === way.to);
  if (scope === undefined) return { outcome: "deny" };
  if (scope.links.includes(law.name)) return { outcome: "allow" };
  const own = scope.exclusions?.find(({ endpoint }) => endpoint === way.name)?.query;
  const closed = ask.ask === "logs" && (own ?? scope.query) === "PrivateOnly";
  return { outcome: closed ? "deny" : byFlag(flag) };
}

const byFlag = (flag: GivenDce["public"]): string =>
  ({ Enabled: "allow", Disabled: "deny", SecuredByPerimeter: "unknown" })[flag];

function ingest(given: Given, way: "public" | GivenEndpoint, dce: GivenDce): string {
  if (way === "public") return byFlag(dce.public);
  const scope = given.scopes.find(({ name }) => name === way.to);
  if (scope === undefined) return "deny";
  return scope.links.includes(dce.name) ? "allow" : byFlag(dce.public);
}

/** By which way a request arrives: publicly, by an endpoint, or not at all. */
function arrive(
  given: Given,
  from: Where,
  { host, door }: { readonly host: Named; readonly door: Door },
): "public" | GivenEndpoint | "nowhere" {
  if (from.kind === "public") return "public";
  if (from.kind === "through") {
    const endpoint = given.endpoints.find(({ name }) => name === from.endpoint);
    return endpoint?.state === "Approved" ? endpoint : "nowhere";
  }
  const found = resolve(given, host, { from, wanted: "A" });
  if (found.outcome === "public")
    return passesEgress(given, from.vnet, door) ? "public" : "nowhere";
  const endpoint = given.endpoints.find(({ name }) => name === found.detail);
  if (found.outcome !== "private" || endpoint === undefined) return "nowhere";
  const reached = endpoint.vnet === from.vnet || peered(given, from.vnet, endpoint.vnet);
  return reached && endpoint.state === "Approved" ? endpoint : "nowhere";
}

function named(given: Given, text: string): Named {
  const [, door, name = ""] = /^\{(\w+):([^}|]+)\}$/.exec(text) ?? [];
  if (door === undefined) return { of: "shared", zone: monitorZone };
  const lawZone = lawZones[door];
  if (lawZone !== undefined) return { of: "law", name, zone: lawZone };
  if (door !== "query") return { of: "dce", name, zone: monitorZone };
  const region = given.workspaces.find((one) => one.name === name)?.region;
  return { of: "workspace", name, zone: `privatelink.${region}.prometheus.monitor.azure.com` };
}

function resolve(
  given: Given,
  name: Named,
  { from, wanted }: { readonly from: Where; readonly wanted: string },
): OracleAnswer {
  const found = withoutType(given, name, from);
  // A type that the name lacks is no data; that a name does not exist stays so.
  const isFinal = found.outcome === "nxdomain" || found.outcome === "servfail";
  return wanted === "A" || isFinal ? found : { outcome: "nodata" };
}

function withoutType(given: Given, name: Named, from: Where): OracleAnswer {
  const aliased =
    (name.of !== "workspace" && name.of !== "none") ||
    given.endpoints.some(
      ({ to, state }) => name.of === "workspace" && to === name.name && state !== "Disconnected",
    );
  const asking = from.kind === "vnet" ? from.vnet : undefined;
  const vnet = asking === undefined ? undefined : resolvingNetwork(given, asking);
  if (vnet === "nobody") return { outcome: "servfail" };
  if (!aliased || vnet === undefined) return { outcome: "public" };
  const zone = given.zones.find((one) => one.name === name.zone);
  if (!linkedZone(given, zone, { name, vnet })) return { outcome: "public" };
  const writers = given.endpoints.filter((endpoint) => writes(given, endpoint, name));
  const last = writers.at(-1);
  if (last !== undefined) return { outcome: "private", detail: last.name };
  return { outcome: zone?.policy === "NxDomainRedirect" ? "public" : "nxdomain" };
}

/** Whether the zone of a name is linked to a network: by hand, or by an endpoint that makes zones and links them. */
function linkedZone(
  given: Given,
  zone: GivenZone | undefined,
  { name, vnet }: { readonly name: Named; readonly vnet: string },
): boolean {
  if (zone?.links.includes(vnet) === true) return true;
  return given.endpoints.some(
    (endpoint) =>
      endpoint.vnet === vnet && endpoint.dns === "linked" && hasZone(given, endpoint, name),
  );
}

const isScope = (given: Given, name: string): boolean =>
  given.scopes.some((scope) => scope.name === name);

function hasZone(given: Given, endpoint: GivenEndpoint, name: Named): boolean {
  if (name.of !== "workspace") return isScope(given, endpoint.to);
  const region = given.workspaces.find((one) => one.name === endpoint.to)?.region;
  return name.zone === `privatelink.${region}.prometheus.monitor.azure.com`;
}

/** Whether an endpoint writes the record of a name. */
function writes(given: Given, endpoint: GivenEndpoint, name: Named): boolean {
  if (endpoint.dns === "none") return false;
  const scope = given.scopes.find((one) => one.name === endpoint.to);
  switch (name.of) {
    case "shared":
      return scope !== undefined;
    case "none":
      return false;
    case "law":
    case "dce":
      return scope?.links.includes(name.name) === true;
    case "workspace":
      return endpoint.to === name.name;
  }
}
