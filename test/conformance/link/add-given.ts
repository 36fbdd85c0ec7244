/** Reads the lines of `given`: resources first, then networks and what stands in them. */
import type { Access, ConnectionState, EndpointDns, Mode } from "./given.ts";
import type { Draft } from "./parse-cases.ts";

/** Ends the reading with file and line. */
export type Fail = (says: string) => never;

/** Reads `key=value` words; a key that nobody asked for is an error. */
export function reader(
  words: readonly string[],
  fail: Fail,
): ((key: string, absent: string) => string) & { close: () => void } {
  const left = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals < 1) fail(`'${word}' is not key=value`);
    left.set(word.slice(0, equals), word.slice(equals + 1));
  }
  const read = (key: string, absent: string): string => {
    const found = left.get(key);
    left.delete(key);
    return found ?? absent;
  };
  return Object.assign(read, {
    close: () => {
      for (const key of left.keys()) fail(`'${key}' is not a key here`);
    },
  });
}

export function oneOf<Word extends string>(word: string, words: readonly Word[], fail: Fail): Word {
  return words.find((known) => known === word) ?? fail(`'${word}' is none of ${words.join(", ")}`);
}

/** The words of a line, by kind of value. */
export interface Words {
  readonly text: (key: string, absent: string) => string;
  readonly one: <Word extends string>(key: string, words: readonly [Word, ...Word[]]) => Word;
  readonly names: (key: string) => string[];
  readonly yes: (key: string, absent: "yes" | "no") => boolean;
}

export const wordsOf = (value: (key: string, absent: string) => string, fail: Fail): Words => ({
  text: value,
  one: (key, words) => oneOf(value(key, words[0]), words, fail),
  names: (key) =>
    value(key, "")
      .split(",")
      .filter((part) => part !== ""),
  yes: (key, absent) => oneOf(value(key, absent), ["yes", "no"], fail) === "yes",
});

interface Line {
  readonly given: Draft["given"];
  readonly kind: string;
  readonly name: string;
  readonly words: Words;
}

/** Adds a resource of Azure Monitor, an endpoint or a zone; false where the line is none. */
export function addResource({ given, kind, name, words }: Line): boolean {
  const region = (): string => words.text("region", "westeurope");
  const access = (): Access => words.one("public", ["Enabled", "Disabled", "SecuredByPerimeter"]);
  const mode = (key: string): Mode => words.one(key, ["Open", "PrivateOnly"]);
  switch (kind) {
    case "dce":
      given.dces.push({ name, region: region(), public: access() });
      return true;
    case "workspace":
      given.workspaces.push({ name, region: region(), public: access() });
      return true;
    case "law":
      given.laws.push({
        name,
        region: region(),
        ingestion: words.one("ingestion", ["Enabled", "Disabled", "SecuredByPerimeter"]),
        query: words.one("query", ["Enabled", "Disabled", "SecuredByPerimeter"]),
      });
      return true;
    case "scope":
      given.scopes.push({
        name,
        links: words.names("links"),
        ingestion: mode("ingestion"),
        query: mode("query"),
        exclusions: (["Open", "PrivateOnly"] as const).flatMap((query) =>
          words.names(`own${query}`).map((endpoint) => ({ endpoint, query })),
        ),
      });
      return true;
    case "cluster":
      given.clusters.push({ name, configuration: words.text("configuration", "") || undefined });
      return true;
    case "endpoint":
      given.endpoints.push({
        name,
        vnet: words.text("vnet", ""),
        to: words.text("to", ""),
        state: words.one<ConnectionState>("state", [
          "Approved",
          "Pending",
          "Rejected",
          "Disconnected",
        ]),
        dns: words.one<EndpointDns>("dns", ["linked", "own", "records", "none"]),
      });
      return true;
    case "zone":
      given.zones.push({
        name,
        links: words.names("links"),
        policy: words.one("policy", ["Default", "NxDomainRedirect"]),
      });
      return true;
    default:
      return false;
  }
}

/** Adds a network, or what joins and routes networks; false where the line is none. */
export function addNetwork({ given, kind, name, words }: Line): boolean {
  switch (kind) {
    case "vnet":
      given.vnets.push({
        name,
        prefix: words.text("prefix", `10.${given.vnets.length + 1}.0.0/16`),
        dns: words.names("dns"),
      });
      return true;
    case "peering":
      given.peerings.push({
        name,
        with: words.text("with", ""),
        access: words.yes("access", "yes"),
        forwarded: words.yes("forwarded", "no"),
        state: words.one("state", ["Connected", "Initiated", "Disconnected"]),
      });
      return true;
    case "firewall":
      given.firewalls.push({
        name,
        vnet: words.text("vnet", ""),
        allow: words.names("allow"),
        deny: words.names("deny"),
        networks: words.names("networks"),
        proxy: words.yes("proxy", "no"),
        servers: words.names("servers"),
      });
      return true;
    case "route":
      given.routes.push({
        name,
        of: words.one("of", ["clients", "firewall"]),
        to: words.text("to", "0.0.0.0/0"),
        hop: words.text("hop", "None"),
      });
      return true;
    case "resolver":
      given.resolvers.push({ name, vnet: words.text("vnet", "") });
      return true;
    case "forward":
      given.forwards.push({
        name,
        networks: words.names("networks"),
        to: words.text("to", ""),
        by: words.text("by", ""),
      });
      return true;
    default:
      return false;
  }
}
