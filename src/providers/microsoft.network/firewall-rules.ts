/** The rules of a firewall: their shape, and what is wrong with them. */
import { limits } from "../../core/index.ts";
import {
  integer,
  list,
  listAt,
  object,
  oneOf,
  readOnly,
  refused,
  required,
  string,
  stringAt,
} from "../../arm/index.ts";
import type { Json, JsonObject, Problem } from "../../arm/index.ts";
import { isServiceTag, serviceTags } from "../../azure/index.ts";
import { fqdnPatternProblem, rangeOf } from "../../rules/index.ts";
import { problem } from "../problems.ts";

const words = () => list(string({ charsMax: 260 }), { countMin: 1 });
const noGroups = refused("IP groups are not emulated; give addresses.");

const collectionsOf = (rule: ReturnType<typeof object>) =>
  list(
    object({
      name: required(string({ charsMax: 80 })),
      id: readOnly(),
      etag: readOnly(),
      properties: required(
        object({
          priority: required(integer({ min: 100, max: 65_000 })),
          action: required(object({ type: required(oneOf(["Allow", "Deny"])) })),
          rules: required(list(rule, { countMin: 1, countMax: limits.firewallRulesMax })),
          provisioningState: readOnly(),
        }),
      ),
    }),
    { countMax: 200, default: [] },
  );

/** @see learn.microsoft.com/azure/templates/microsoft.network/azurefirewalls */
export const applicationCollections = collectionsOf(
  object({
    name: required(string({ charsMax: 80 })),
    description: string({ charsMax: 1024 }),
    sourceAddresses: required(words()),
    protocols: required(
      list(
        object({
          protocolType: required(
            oneOf(["Http", "Https"], { refused: { Mssql: "there are no databases." } }),
          ),
          port: integer({ min: 1, max: 64_000 }),
        }),
        { countMin: 1, countMax: 10 },
      ),
    ),
    targetFqdns: words(),
    fqdnTags: list(refused("FQDN tags are not emulated; give targetFqdns.")),
    sourceIpGroups: list(noGroups),
  }),
);

export const networkCollections = collectionsOf(
  object({
    name: required(string({ charsMax: 80 })),
    description: string({ charsMax: 1024 }),
    protocols: required(list(oneOf(["TCP", "UDP", "ICMP", "Any"]), { countMin: 1, countMax: 4 })),
    sourceAddresses: required(words()),
    destinationAddresses: words(),
    destinationPorts: required(words()),
    destinationFqdns: list(
      refused("network rules go by address; name hosts in application rules."),
    ),
    sourceIpGroups: list(noGroups),
    destinationIpGroups: list(noGroups),
  }),
);

interface Rule {
  readonly name: string;
  readonly value: Json;
  readonly target: string;
}

function rulesIn(properties: JsonObject, key: string): readonly Rule[] {
  return listAt(properties, key).flatMap((collection, at) =>
    listAt(collection, "properties", "rules").map((value, index) => ({
      name: stringAt(value, "name") ?? "",
      value,
      target: `properties.${key}[${at}].properties.rules[${index}]`,
    })),
  );
}

/** What is wrong with the rules: names given twice, bad wildcards, addresses, tags and ports. */
export function firewallRuleProblems(properties: JsonObject): readonly Problem[] {
  const application = rulesIn(properties, "applicationRuleCollections");
  const network = rulesIn(properties, "networkRuleCollections");
  return [
    ...repeatedCollections(properties),
    ...tooMany(application.length + network.length),
    ...application.flatMap(applicationProblems),
    ...network.flatMap(networkProblems),
  ];
}

function tooMany(count: number): readonly Problem[] {
  if (count <= limits.firewallRulesMax) return [];
  const message = `The firewall has ${count} rules; the limit is ${limits.firewallRulesMax}. Join some.`;
  return [problem("FirewallRuleLimitExceeded", message)];
}

function repeatedCollections(properties: JsonObject): readonly Problem[] {
  return ["applicationRuleCollections", "networkRuleCollections"].flatMap((key) => {
    const all = listAt(properties, key);
    const seen = new Set<string>();
    return all.flatMap((collection, index) => {
      const name = (stringAt(collection, "name") ?? "").toLowerCase();
      const target = `properties.${key}[${index}].name`;
      if (!seen.has(name)) {
        seen.add(name);
        return [];
      }
      return [
        problem("InvalidRequestContent", `The collection '${name}' is given twice.`, { target }),
      ];
    });
  });
}

function applicationProblems({ name, value, target }: Rule): readonly Problem[] {
  const fqdns = listAt(value, "targetFqdns").map(String);
  const found = sourceProblems({ name, value, target });
  if (fqdns.length === 0) {
    const message = `The application rule '${name}' names no targetFqdns. Give some.`;
    found.push(problem("InvalidRequestContent", message, { target: `${target}.targetFqdns` }));
  }
  for (const [index, fqdn] of fqdns.entries()) {
    const says = fqdnPatternProblem(fqdn);
    if (says === undefined) continue;
    const message = `The application rule '${name}' has an invalid target FQDN: ${says}`;
    found.push(
      problem("AzureFirewallRuleInvalidFqdn", message, {
        target: `${target}.targetFqdns[${index}]`,
      }),
    );
  }
  return found;
}

function networkProblems({ name, value, target }: Rule): readonly Problem[] {
  const found = sourceProblems({ name, value, target });
  const destinations = listAt(value, "destinationAddresses").map(String);
  if (destinations.length === 0) {
    const message = `The network rule '${name}' names no destinationAddresses. Give some.`;
    found.push(
      problem("InvalidRequestContent", message, { target: `${target}.destinationAddresses` }),
    );
  }
  for (const [index, word] of destinations.entries()) {
    if (word === "*" || rangeOf(word) !== undefined || isServiceTag(word)) continue;
    const isTag = /^[A-Za-z][\w.]*$/.test(word);
    const message = isTag
      ? `The network rule '${name}' has the service tag '${word}', which is not emulated. There are ${serviceTags.join(", ")}.`
      : `The network rule '${name}' has the destination '${word}', which is no IPv4 address, prefix or range.`;
    const code = isTag ? "FeatureNotEmulated" : "AzureFirewallRuleInvalidAddress";
    found.push(problem(code, message, { target: `${target}.destinationAddresses[${index}]` }));
  }
  for (const [index, port] of listAt(value, "destinationPorts").map(String).entries()) {
    if (isPort(port)) continue;
    const message = `The network rule '${name}' has the port '${port}', which is no port, range or '*'.`;
    found.push(
      problem("AzureFirewallRuleInvalidPort", message, {
        target: `${target}.destinationPorts[${index}]`,
      }),
    );
  }
  return found;
}

function sourceProblems({ name, value, target }: Rule): Problem[] {
  return listAt(value, "sourceAddresses").flatMap((word, index) => {
    const text = String(word);
    if (text === "*" || rangeOf(text) !== undefined) return [];
    const message = `The rule '${name}' has the source '${text}', which is no IPv4 address, prefix or range.`;
    return [
      problem("AzureFirewallRuleInvalidAddress", message, {
        target: `${target}.sourceAddresses[${index}]`,
      }),
    ];
  });
}

function isPort(text: string): boolean {
  if (text === "*") return true;
  const [first, last = first, ...rest] = text.split("-");
  const inRange = (word: string | undefined): boolean =>
    /^[1-9]\d{0,4}$/.test(word ?? "") && Number(word) <= 65_535;
  return rest.length === 0 && inRange(first) && inRange(last) && Number(first) <= Number(last);
}
