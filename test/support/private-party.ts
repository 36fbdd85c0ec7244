/** A cluster whose metrics go by a private link of its own and by nothing else, made by the product's own command. */
import assert from "node:assert/strict";
import { stringAt } from "../../src/arm/index.ts";
import type { Json } from "../../src/arm/index.ts";
import { articleEstate } from "./arm.ts";
import type { TestArm } from "./arm.ts";
import type { TestPlatform } from "./command.ts";
import { wireAt } from "./wire.ts";
import type { Wire } from "./wire.ts";

const version = { dce: "2022-06-01", workspace: "2023-04-03" };

/** One cluster on its own private link, closed to the public. */
export interface Party {
  readonly estate: Awaited<ReturnType<typeof articleEstate>>;
  /** Inside its network, as its cluster. */
  readonly inside: Wire;
  readonly scope: string;
  readonly dce: string;
  readonly hosts: {
    readonly configuration: string;
    readonly metrics: string;
    readonly query: string;
  };
  readonly ruleId: string;
  /** The address of the private endpoint to its workspace. */
  readonly queryAddress: string;
}

/** Makes a cluster's estate, enables its metrics, and closes what the public could reach. The caller closes `inside`. */
export async function openParty(
  platform: TestPlatform,
  access: TestArm,
  { name, prefix }: { readonly name: string; readonly prefix: string },
): Promise<Party> {
  const region = "eastus";
  const estate = await articleEstate(access, { name, region, workspaceRegion: region, prefix });
  // Without an agent the wait ends with nothing closed; the closing is done here.
  const words = ["enable", "metrics", "--cluster", `aks-${name}`, "--workspace", `amw-${name}`];
  const enabled = await platform.linkscope([...words, "--scope", `ampls-${name}`, "--wait", "5s"]);
  assert.equal(enabled.code, 3, enabled.note);
  const insights = (type: string, resource: string): string =>
    estate.id(`Microsoft.Insights/${type}`, resource);
  const dceId = insights("dataCollectionEndpoints", `MSProm-${region}-aks-${name}`);
  const disabled = { publicNetworkAccess: "Disabled" };
  const dce = await estate.put(dceId, version.dce, {
    location: region,
    kind: "Linux",
    properties: { networkAcls: disabled },
  });
  const workspace = await estate.put(estate.workspace, version.workspace, {
    location: region,
    properties: disabled,
  });
  const rule = await access.arm.get(
    insights("dataCollectionRules", `MSProm-${region}-aks-${name}`),
    version.dce,
  );
  const host = (resource: Json, ...path: readonly string[]): string =>
    new URL(stringAt(resource, "properties", ...path) ?? "").hostname;
  const query = host(workspace, "metrics", "prometheusQueryEndpoint");
  const inside = await wireAt(platform.ready, {
    kind: "vnet",
    vnet: estate.vnet,
    as: estate.cluster,
  });
  const printed = await platform.linkscope(["resolve", query, "--vnet", estate.vnet, "-o", "json"]);
  return {
    estate,
    inside,
    scope: insights("privateLinkScopes", `ampls-${name}`),
    dce: dceId,
    hosts: {
      configuration: host(dce, "configurationAccess", "endpoint"),
      metrics: host(dce, "metricsIngestion", "endpoint"),
      query,
    },
    ruleId: stringAt(rule, "properties", "immutableId") ?? "",
    queryAddress: stringAt(JSON.parse(printed.out) as Json, "addresses", 0) ?? "",
  };
}
