/** What a rule may read of a firewall: its address, its rules in the order in which they speak, and its DNS settings. */
import { at, listAt, parseId, stringAt } from "../arm/index.ts";
import type { ArmResource, Json, ResourceId } from "../arm/index.ts";
import { oncePerGraph } from "./memo.ts";
import { networkTypes } from "./network-view.ts";

/** The keys of a firewall's additional properties that are in force. @see az network firewall create --enable-dns-proxy --dns-servers */
export const firewallDnsKeys = {
  proxy: "Network.DNS.EnableProxy",
  servers: "Network.DNS.Servers",
} as const;

export interface FirewallView {
  readonly id: ResourceId;
  readonly name: string;
  readonly subnetId: ResourceId;
  readonly vnetId: ResourceId;
  readonly address: string;
  readonly dnsProxy: boolean;
  /** Where its DNS proxy asks; none is Azure's own. */
  readonly dnsServers: readonly string[];
  /** By priority. */
  readonly networkCollections: readonly NetworkCollection[];
  /** By priority. */
  readonly applicationCollections: readonly ApplicationCollection[];
}

export interface NetworkCollection {
  readonly name: string;
  readonly priority: number;
  readonly allows: boolean;
  readonly rules: readonly NetworkRule[];
}

export interface NetworkRule {
  readonly name: string;
  readonly protocols: readonly string[];
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly ports: readonly string[];
}

export interface ApplicationCollection {
  readonly name: string;
  readonly priority: number;
  readonly allows: boolean;
  readonly rules: readonly ApplicationRule[];
}

export interface ApplicationRule {
  readonly name: string;
  readonly protocols: readonly { readonly type: string; readonly port: number }[];
  readonly sources: readonly string[];
  readonly fqdns: readonly string[];
}

const texts = (value: Json | undefined, key: string): readonly string[] =>
  listAt(value, key).filter((text) => typeof text === "string");

const byPriority = <Collection extends { readonly priority: number }>(
  collections: readonly Collection[],
): readonly Collection[] => collections.toSorted((a, b) => a.priority - b.priority);

const head = (
  collection: Json,
): { readonly name: string; readonly priority: number; readonly allows: boolean } => {
  const priority = at(collection, "properties", "priority");
  return {
    name: stringAt(collection, "name") ?? "",
    priority: typeof priority === "number" ? priority : Number.MAX_SAFE_INTEGER,
    allows: stringAt(collection, "properties", "action", "type") === "Allow",
  };
};

const networkRule = (rule: Json): NetworkRule => ({
  name: stringAt(rule, "name") ?? "",
  protocols: texts(rule, "protocols"),
  sources: texts(rule, "sourceAddresses"),
  destinations: texts(rule, "destinationAddresses"),
  ports: texts(rule, "destinationPorts"),
});

const applicationRule = (rule: Json): ApplicationRule => ({
  name: stringAt(rule, "name") ?? "",
  protocols: listAt(rule, "protocols").map((protocol) => {
    const port = at(protocol, "port");
    const type = stringAt(protocol, "protocolType") ?? "";
    return { type, port: typeof port === "number" ? port : type === "Http" ? 80 : 443 };
  }),
  sources: texts(rule, "sourceAddresses"),
  fqdns: texts(rule, "targetFqdns").map((fqdn) => fqdn.toLowerCase()),
});

function firewallView(resource: ArmResource): readonly FirewallView[] {
  const { properties } = resource;
  const configuration = at(properties, "ipConfigurations", 0);
  const subnetId = stringAt(configuration, "properties", "subnet", "id");
  const address = stringAt(configuration, "properties", "privateIPAddress");
  if (subnetId === undefined || address === undefined) return [];
  const servers = stringAt(properties, "additionalProperties", firewallDnsKeys.servers) ?? "";
  const proxy = stringAt(properties, "additionalProperties", firewallDnsKeys.proxy) ?? "";
  return [
    {
      id: resource.id,
      name: resource.name,
      subnetId,
      vnetId: parseId(subnetId)?.parentId ?? "",
      address,
      dnsProxy: proxy.toLowerCase() === "true",
      dnsServers: servers
        .split(",")
        .map((server) => server.trim())
        .filter((server) => server !== ""),
      networkCollections: byPriority(
        listAt(properties, "networkRuleCollections").map((collection) => ({
          ...head(collection),
          rules: listAt(collection, "properties", "rules").map(networkRule),
        })),
      ),
      applicationCollections: byPriority(
        listAt(properties, "applicationRuleCollections").map((collection) => ({
          ...head(collection),
          rules: listAt(collection, "properties", "rules").map(applicationRule),
        })),
      ),
    },
  ];
}

/** All firewalls that stand in a network, oldest first. */
export const firewallsOf = oncePerGraph((graph): readonly FirewallView[] =>
  graph.ofType(networkTypes.firewall).flatMap(firewallView),
);
