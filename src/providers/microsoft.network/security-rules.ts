/** What is wrong with a security rule, and the six rules that every network security group has of itself. */
import { at, listAt, stringAt } from "../../arm/index.ts";
import type { Json, Problem, ResourceId } from "../../arm/index.ts";
import { isServiceTag, serviceTags } from "../../azure/index.ts";
import { parseIpv4, parseIpv4Prefix } from "../../rules/index.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";

interface NamedRule {
  readonly name: string;
  readonly properties: Json | undefined;
}

const texts = (properties: Json | undefined, one: string, many: string): readonly string[] => {
  const single = stringAt(properties, one);
  const list = listAt(properties, many).filter((value) => typeof value === "string");
  return single === undefined ? list : [single, ...list];
};

/** Tags that speak of networks, and not of services. */
const networkTags: ReadonlySet<string> = new Set(["*", "virtualnetwork", "internet"]);

function isPrefix(text: string): boolean {
  if (networkTags.has(text.toLowerCase()) || isServiceTag(text.split(".")[0] ?? "")) return true;
  return text.includes("/") ? parseIpv4Prefix(text) !== undefined : parseIpv4(text) !== undefined;
}

function isPortRange(text: string): boolean {
  if (text === "*") return true;
  if (!/^\d{1,5}(-\d{1,5})?$/.test(text)) return false;
  const [from = 0, to = from] = text.split("-").map(Number);
  return from <= to && to <= 65_535;
}

/** Prefixes that are none and tags that are not known, ports that are none, and a priority or name that another rule has. */
export function ruleProblems(
  { name, properties }: NamedRule,
  { target, others }: { readonly target: string; readonly others: readonly NamedRule[] },
): readonly Problem[] {
  const found: Problem[] = [];
  for (const side of ["source", "destination"] as const) {
    const prefixes = texts(properties, `${side}AddressPrefix`, `${side}AddressPrefixes`);
    const wrong = prefixes.filter((prefix) => !isPrefix(prefix));
    if (wrong.length > 0) {
      const message = `The rule '${name}' has the ${side} '${wrong.join("', '")}': an IPv4 address or prefix, '*', VirtualNetwork, Internet or one of ${serviceTags.join(", ")} is taken.`;
      found.push(
        problem("FeatureNotEmulated", message, { target: `${target}.${side}AddressPrefix` }),
      );
    }
    const ports = texts(properties, `${side}PortRange`, `${side}PortRanges`);
    const strange = ports.filter((port) => !isPortRange(port));
    if (prefixes.length === 0 || ports.length === 0 || strange.length > 0) {
      const what =
        strange.length > 0
          ? `the ${side} port range '${strange.join("', '")}'`
          : `no ${side} address prefix or no ${side} port range`;
      const message = `The rule '${name}' has ${what}. Give addresses, and ports of 0 to 65535 such as 443, 1024-2048 or *.`;
      found.push(
        problem("InvalidRequestContent", message, { target: `${target}.${side}PortRange` }),
      );
    }
  }
  const clash = others.find(
    (other) =>
      at(other.properties, "priority") === at(properties, "priority") &&
      stringAt(other.properties, "direction") === stringAt(properties, "direction"),
  );
  if (clash !== undefined) {
    const message = `The rules '${clash.name}' and '${name}' have the same priority (${String(at(properties, "priority"))}) and direction. Give each its own.`;
    found.push(problem("SecurityRuleConflict", message, { target: `${target}.priority` }));
  }
  if (others.some((other) => other.name.toLowerCase() === name.toLowerCase())) {
    found.push(problem("InvalidRequestContent", `The rule '${name}' is given twice.`, { target }));
  }
  return found;
}

const defaults: readonly (readonly [
  name: string,
  direction: string,
  priority: number,
  access: string,
  source: string,
  destination: string,
])[] = [
  ["AllowVnetInBound", "Inbound", 65_000, "Allow", "VirtualNetwork", "VirtualNetwork"],
  ["AllowAzureLoadBalancerInBound", "Inbound", 65_001, "Allow", "AzureLoadBalancer", "*"],
  ["DenyAllInBound", "Inbound", 65_500, "Deny", "*", "*"],
  ["AllowVnetOutBound", "Outbound", 65_000, "Allow", "VirtualNetwork", "VirtualNetwork"],
  ["AllowInternetOutBound", "Outbound", 65_001, "Allow", "*", "Internet"],
  ["DenyAllOutBound", "Outbound", 65_500, "Deny", "*", "*"],
];

/** @see learn.microsoft.com/azure/virtual-network/network-security-groups-overview, default security rules */
export const defaultRules = (groupId: ResourceId): readonly Json[] =>
  defaults.map(([name, direction, priority, access, source, destination]) => ({
    name,
    id: `${groupId}/defaultSecurityRules/${name}`,
    type: `${typeNames.networkSecurityGroups}/defaultSecurityRules`,
    properties: {
      provisioningState: "Succeeded",
      protocol: "*",
      access,
      direction,
      priority,
      sourcePortRange: "*",
      destinationPortRange: "*",
      sourceAddressPrefix: source,
      destinationAddressPrefix: destination,
    },
  }));
