/** What the parts of an estate's builder share: types, groups, ids by names, and a resource's shape. */
import type { ArmResource, JsonObject, ResourceId } from "../../../src/arm/index.ts";
import { wordOf } from "./estate-lines.ts";
import type { EstateLine } from "./estate-lines.ts";

/** The resource types by the kinds of lines. */
export const typesByKind: Readonly<Record<string, string>> = {
  network: "Microsoft.Network/virtualNetworks",
  cluster: "Microsoft.ContainerService/managedClusters",
  dce: "Microsoft.Insights/dataCollectionEndpoints",
  rule: "Microsoft.Insights/dataCollectionRules",
  "metrics-workspace": "Microsoft.Monitor/accounts",
  "logs-workspace": "Microsoft.OperationalInsights/workspaces",
  scope: "Microsoft.Insights/privateLinkScopes",
  endpoint: "Microsoft.Network/privateEndpoints",
  grafana: "Microsoft.Dashboard/grafana",
  component: "Microsoft.Insights/components",
  storage: "Microsoft.Storage/storageAccounts",
  "security-group": "Microsoft.Network/networkSecurityGroups",
  firewall: "Microsoft.Network/azureFirewalls",
  resolver: "Microsoft.Network/dnsResolvers",
  "on-premises": "Microsoft.Network/localNetworkGateways",
};

/** A group's id. Subscriptions are numbered. */
export const groupId = (subscription = "1", group = "estate"): ResourceId =>
  `/subscriptions/00000000-0000-4000-8000-${subscription.padStart(12, "0")}/resourceGroups/${group}`;

/** What the parts of a builder share: ids by name, and the lines. */
export interface Estate {
  readonly lines: readonly EstateLine[];
  readonly ofKind: (kind: string) => readonly EstateLine[];
  /** The id of what a line of one of the kinds names. @throws Error when there is none. */
  readonly idOf: (name: string, ...kinds: readonly string[]) => ResourceId;
  /** The number of a network: its address range is `10.(n / 16).(n % 16 * 16).0/20`. */
  readonly networkAt: (name: string) => number;
}

/** The lines as the parts of a builder ask them. */
export function estateOf(lines: readonly EstateLine[]): Estate {
  const ids = new Map<string, ResourceId>();
  const byKind = Map.groupBy(lines, ({ kind }) => kind);
  for (const line of lines) {
    const type = typesByKind[line.kind];
    const id = `${groupId(wordOf(line, "subscription"))}/providers/${type}/${line.name}`;
    if (type !== undefined) ids.set(`${line.kind} ${line.name}`, id);
  }
  const places = new Map((byKind.get("network") ?? []).map(({ name }, index) => [name, index]));
  return {
    lines,
    ofKind: (kind) => byKind.get(kind) ?? [],
    idOf: (name, ...kinds) => {
      const found = kinds.map((kind) => ids.get(`${kind} ${name}`)).find((id) => id !== undefined);
      if (found === undefined) throw new Error(`there is no ${kinds.join(" or ")} '${name}'`);
      return found;
    },
    networkAt: (name) => {
      const place = places.get(name);
      if (place === undefined) throw new Error(`there is no network '${name}'`);
      return place;
    },
  };
}

/** A full ARM resource. */
export const resource = (
  id: ResourceId,
  type: string,
  properties: JsonObject,
  top: Partial<ArmResource> = {},
): ArmResource => ({
  id,
  name: id.slice(id.lastIndexOf("/") + 1),
  type,
  properties: { provisioningState: "Succeeded", ...properties },
  ...top,
});
