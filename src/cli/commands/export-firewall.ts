/** `export firewall`: the rules that a firewall needs so that a cluster is monitored, with a private link and without. */
import { listAt, regionKey, sameId, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../../arm/index.ts";
import {
  firewallClouds,
  firewallNames,
  firewallNamesWithPrivateLink,
  groupIds,
} from "../../azure/index.ts";
import type { FirewallCloud, FirewallName, FirewallPurpose } from "../../azure/index.ts";
import { CodedError } from "../../core/index.ts";
import type { Command } from "../command.ts";
import { connect, findResource, listOfType, vnetOfCluster } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { types } from "../types.ts";
import { tableLines } from "../views/table.ts";

const purposes: readonly FirewallPurpose[] = ["metrics", "logs", "cluster"];

export const exportFirewall: Command = {
  name: "export firewall",
  summary:
    "Print the firewall rules that a monitored cluster needs, with a private link and without, per cloud.",
  options: [
    { flags: "--cluster <id>", help: "the cluster, by id or name", required: true },
    {
      flags: "--cloud <name>",
      help: "whose names",
      choices: [...firewallClouds],
      default: "public",
    },
    {
      flags: "--for <purposes>",
      help: "metrics, logs, cluster (AKS itself), with commas",
      default: purposes.join(","),
    },
    { flags: "--private-link", help: "with -o arm: the rules that are left with a private link" },
    {
      flags: "-o, --output <format>",
      help: "how to print it; arm gives the rule collections of an azureFirewalls body",
      choices: ["text", "json", "arm"],
      default: "text",
    },
  ],
  exitCodes: { 0: "printed", 1: "the cluster was not found", 2: "wrong use" },
  examples: ["./linkscope export firewall --cluster aks-one --for metrics -o arm"],
  async run(input, context) {
    const wanted = (input.text("for") ?? "").split(",").map((word) => word.trim());
    const unknown = wanted.find((word) => !purposes.some((purpose) => purpose === word));
    if (unknown !== undefined) {
      const says = `'${unknown}' is no purpose. There are: ${purposes.join(", ")}.`;
      throw new CodedError("WrongUse", says);
    }
    const connection = connect(input, context);
    try {
      const cluster = await observeCluster(connection, input.text("cluster") ?? "");
      const cloudName = (input.text("cloud") ?? "public") as FirewallCloud;
      const rules = firewallRules(cluster, { cloud: cloudName, wanted });
      const output = input.text("output");
      const text =
        output === "json"
          ? JSON.stringify(rules)
          : output === "arm"
            ? JSON.stringify(
                input.flag("private-link")
                  ? armCollections(rules, "withPrivateLink")
                  : armCollections(rules, "withoutPrivateLink"),
                undefined,
                2,
              )
            : rulesLines(rules).join("\n");
      context.out(`${text}\n`);
      return 0;
    } finally {
      connection.close();
    }
  },
};

interface ClusterNetwork {
  readonly clusterId: ResourceId;
  readonly region: string;
  /** Of the cluster's subnet; `*` where the cluster does not say which it has. */
  readonly sources: readonly string[];
  /** Of the private endpoints to scopes, in the cluster's network and in those peered with it. */
  readonly endpoints: readonly { readonly id: ResourceId; readonly addresses: readonly string[] }[];
}

export interface FirewallRules extends ClusterNetwork {
  readonly cloud: FirewallCloud;
  readonly withoutPrivateLink: readonly FirewallName[];
  readonly withPrivateLink: readonly FirewallName[];
}

/** Chooses the names of a cloud and the purposes wanted. */
const firewallRules = (
  cluster: ClusterNetwork,
  asked: { readonly cloud: FirewallCloud; readonly wanted: readonly string[] },
): FirewallRules => {
  const of = { cloud: asked.cloud, region: cluster.region };
  const chosen = (names: readonly FirewallName[]): readonly FirewallName[] =>
    names.filter(({ purpose }) => asked.wanted.includes(purpose));
  return {
    ...cluster,
    cloud: asked.cloud,
    withoutPrivateLink: chosen(firewallNames(of)),
    withPrivateLink: chosen(firewallNamesWithPrivateLink(of)),
  };
};

async function observeCluster(connection: Connection, named: string): Promise<ClusterNetwork> {
  const clusterId = await findResource(connection, types.cluster.type, named);
  const cluster = (await connection.arm.get(clusterId, types.cluster.apiVersion)) ?? {};
  const region = regionKey(stringAt(cluster, "location") ?? "");
  const vnetId = vnetOfCluster(cluster);
  const vnet =
    vnetId === undefined
      ? undefined
      : await connection.arm.get(vnetId, types.vnet.apiVersion).catch(() => undefined);
  const pools = listAt(cluster, "properties", "agentPoolProfiles");
  const subnetIds = pools.flatMap((pool) => stringAt(pool, "vnetSubnetID") ?? []);
  const sources = listAt(vnet, "properties", "subnets")
    .filter((subnet) => subnetIds.some((id) => sameId(id, stringAt(subnet, "id"))))
    .flatMap((subnet) => stringAt(subnet, "properties", "addressPrefix") ?? []);
  return {
    clusterId,
    region,
    sources: sources.length === 0 ? ["*"] : sources,
    endpoints: vnetId === undefined ? [] : await endpointsNear(connection, vnetId, vnet),
  };
}

async function endpointsNear(
  connection: Connection,
  vnetId: ResourceId,
  vnet: JsonObject | undefined,
): Promise<ClusterNetwork["endpoints"]> {
  const near = [
    vnetId,
    ...listAt(vnet, "properties", "virtualNetworkPeerings").flatMap(
      (peering) => stringAt(peering, "properties", "remoteVirtualNetwork", "id") ?? [],
    ),
  ];
  const found: { id: ResourceId; addresses: readonly string[] }[] = [];
  for (const item of await listOfType(connection, types.endpoint.type)) {
    const id = stringAt(item, "id") ?? "";
    const endpoint = await connection.arm.get(id, types.endpoint.apiVersion);
    const subnetId = stringAt(endpoint, "properties", "subnet", "id") ?? "";
    const isNear = near.some((one) => sameId(one, subnetId.split("/").slice(0, -2).join("/")));
    if (!isNear || !leadsToScope(endpoint)) continue;
    const addresses = listAt(endpoint, "properties", "customDnsConfigs").flatMap((config) =>
      listAt(config, "ipAddresses").map(String),
    );
    found.push({ id, addresses: [...new Set(addresses)] });
  }
  return found;
}

const leadsToScope = (endpoint: Json | undefined): boolean =>
  ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"].some((list) =>
    listAt(endpoint, "properties", list, 0, "properties", "groupIds").some(
      (group) => String(group).toLowerCase() === groupIds.azureMonitor,
    ),
  );

/**
 * The rule collections of an azureFirewalls body. With a private link no monitoring name is left; a network rule lets
 * the endpoints' addresses pass, for the case that a route sends them through the firewall.
 */
function armCollections(
  rules: FirewallRules,
  kind: "withPrivateLink" | "withoutPrivateLink",
): JsonObject {
  const { sources, endpoints } = rules;
  const addresses = kind === "withPrivateLink" ? endpoints.flatMap((one) => one.addresses) : [];
  return {
    applicationRuleCollections: purposes.flatMap((purpose, index): readonly JsonObject[] => {
      const names = rules[kind].filter((one) => one.purpose === purpose);
      if (names.length === 0) return [];
      const properties = {
        priority: 200 + index * 10,
        action: { type: "Allow" },
        rules: names.map(({ fqdn, use }) => ({
          name: fqdn.replace(/^\*\./, "").replaceAll(".", "-"),
          description: use,
          sourceAddresses: sources,
          protocols: [{ protocolType: "Https", port: 443 }],
          targetFqdns: [fqdn],
        })),
      };
      return [{ name: `linkscope-${purpose}`, properties }];
    }),
    networkRuleCollections:
      addresses.length === 0
        ? []
        : [
            {
              name: "linkscope-private-endpoints",
              properties: {
                priority: 200,
                action: { type: "Allow" },
                rules: [
                  {
                    name: "private-endpoints",
                    protocols: ["TCP"],
                    sourceAddresses: sources,
                    destinationAddresses: addresses,
                    destinationPorts: ["443"],
                  },
                ],
              },
            },
          ],
  };
}

function rulesLines(rules: FirewallRules): readonly string[] {
  const { clusterId, region, cloud, sources, endpoints } = rules;
  const table = (names: readonly FirewallName[]): readonly string[] =>
    names.length === 0
      ? ["  none"]
      : tableLines([
          ["name", "for", "use", "source"],
          ...names.map(({ fqdn, purpose, use, optional, source }) => [
            fqdn,
            purpose,
            optional ? `${use} (optional)` : use,
            source,
          ]),
        ]).map((line) => `  ${line}`);
  const addresses = endpoints.flatMap((one) =>
    one.addresses.length === 0 ? [] : [`  ${one.id}: ${one.addresses.join(", ")}`],
  );
  return [
    `Application rules for ${clusterId} (${region}, cloud ${cloud}), sources ${sources.join(", ")}, HTTPS 443`,
    "",
    "without a private link:",
    ...table(rules.withoutPrivateLink),
    "",
    "with a private link:",
    ...table(rules.withPrivateLink),
    "",
    "with a private link, addresses to allow where a route sends them through the firewall (network rule, TCP 443):",
    ...(addresses.length === 0
      ? ["  no private endpoint to a scope is near the cluster"]
      : addresses),
  ];
}
