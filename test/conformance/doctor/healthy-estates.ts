/** Healthy estates by a seed: hubs and spokes, regions, subscriptions, shared DNS, clouds, public clusters, several scopes, one's own DNS. */
import { seededRandom } from "../../../src/core/index.ts";
import { parseEstateLine } from "./estate-lines.ts";
import type { EstateLine } from "./estate-lines.ts";

export interface HealthyEstate {
  readonly cloud: "AzureCloud" | "AzureUSGovernment" | "AzureChinaCloud";
  /** What it is made of, for the tests that each kind occurs. */
  readonly traits: ReadonlySet<string>;
  readonly lines: readonly EstateLine[];
}

const regionsOf: Readonly<Record<HealthyEstate["cloud"], readonly string[]>> = {
  AzureCloud: ["westeurope", "eastus", "northeurope", "japaneast"],
  AzureUSGovernment: ["usgovvirginia", "usgovarizona"],
  AzureChinaCloud: ["chinaeast2", "chinanorth3"],
};

interface Making {
  readonly lines: string[];
  readonly traits: Set<string>;
  readonly pick: <Value>(...values: readonly Value[]) => Value;
  readonly regions: readonly string[];
}

/** One healthy estate; the same seed gives the same. */
export function healthyEstate(seed: number): HealthyEstate {
  const random = seededRandom((seed + 1) * 2_654_435_761);
  const pick = <Value>(...values: readonly Value[]): Value => {
    const value = values[Math.floor(((random.bytes(1)[0] ?? 0) / 256) * values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  };
  const cloud = pick<HealthyEstate["cloud"]>(
    "AzureCloud",
    "AzureCloud",
    "AzureCloud",
    "AzureUSGovernment",
    "AzureChinaCloud",
  );
  const making = { lines: [], traits: new Set<string>([cloud]), pick, regions: regionsOf[cloud] };
  const boundaries = pick(1, 1, 2, 3);
  if (boundaries > 1) making.traits.add("several scopes");
  for (let number = 0; number < boundaries; number++) boundary(making, `b${number}`);
  if (pick(true, false)) publicCluster(making);
  return { cloud, traits: making.traits, lines: making.lines.map(parseEstateLine) };
}

/** Networks that share one DNS, one scope and its private endpoint, with their clusters. */
function boundary(making: Making, of: string): void {
  const { lines, pick, traits, regions } = making;
  const shape = pick("alone", "resolver", "linked", "firewall", "own-dns");
  traits.add(shape);
  const scopeSubscription = pick("1", "2");
  if (scopeSubscription === "2") traits.add("cross-subscription");
  const hub = shape === "alone" || shape === "own-dns" ? `${of}-net` : `${of}-hub`;
  const spokes = hubAndSpokes(making, of, { shape, hub });
  const workspaceRegion = pick(...regions);
  const links: string[] = [];
  lines.push(
    `metrics-workspace ${of}-amw region=${workspaceRegion} public=${pick("Disabled", "Enabled")}`,
  );
  const hasLogs = pick(true, false);
  if (hasLogs) {
    traits.add("logs");
    lines.push(`logs-workspace ${of}-law region=${workspaceRegion}`);
    lines.push(`rule ${of}-logs kind=logs workspace=${of}-law region=${workspaceRegion}`);
    links.push(`${of}-law`);
  }
  for (const [index, network] of spokes.entries()) {
    const cluster = `${of}-aks${index}`;
    const region = pick(workspaceRegion, pick(...regions));
    if (region !== workspaceRegion) traits.add("cross-region");
    const ingest = `${cluster}-ingest`;
    lines.push(`dce ${ingest} region=${workspaceRegion}`);
    lines.push(`rule ${cluster}-prom dce=${ingest} workspace=${of}-amw region=${workspaceRegion}`);
    const configuration = region === workspaceRegion ? ingest : `${cluster}-config`;
    if (configuration !== ingest) lines.push(`dce ${configuration} region=${region}`);
    links.push(...new Set([ingest, configuration]));
    const logs = hasLogs ? ` logs=${of}-logs` : "";
    const subscription = pick("1", "3");
    lines.push(
      `cluster ${cluster} network=${network} region=${region} private=${pick("yes", "no")} metrics=${cluster}-prom${logs} configuration=${configuration} subscription=${subscription}`,
    );
  }
  const mode = pick("Open", "PrivateOnly");
  lines.push(
    `scope ${of}-scope links=${links.join(",")} ingestion=${mode} subscription=${scopeSubscription}`,
  );
  const linked = shape === "linked" || shape === "firewall" ? [hub, ...spokes].join(",") : hub;
  lines.push(`endpoint ${of}-pe network=${hub} to=${of}-scope dns=${of}-dns linked=${linked}`);
  lines.push(`endpoint ${of}-query network=${hub} to=${of}-amw dns=${of}-dns linked=${linked}`);
  extras(making, of);
}

/** The networks of a boundary: the clusters' are answered. */
function hubAndSpokes(
  { lines, pick, traits }: Making,
  of: string,
  { shape, hub }: { readonly shape: string; readonly hub: string },
): readonly string[] {
  if (shape === "alone") {
    lines.push(`network ${hub}`);
    return [hub];
  }
  if (shape === "own-dns") {
    // What servers of one's own answer is not to be read: unknown, and neither warning nor failure.
    lines.push(`network ${hub} dns=192.168.0.10`, `on-premises ${of}-office hub=${hub}`);
    return [hub];
  }
  traits.add("hub and spoke");
  lines.push(`network ${hub}`);
  if (shape === "resolver") lines.push(`resolver ${of}-dnspr network=${hub}`);
  if (shape === "firewall") {
    lines.push(`firewall ${of}-fw network=${hub} allow=login.microsoftonline.com proxy=yes`);
  }
  const spokes = Array.from({ length: pick(1, 2, 3) }, (_, index) => `${of}-spoke${index}`);
  for (const spoke of spokes) {
    const dns = { resolver: ` dns=${of}-dnspr`, firewall: ` dns=${of}-fw` }[shape] ?? "";
    lines.push(`network ${spoke}${dns}`, `peering ${spoke} with=${hub}`);
    // Endpoints' own routes go past a route of everything.
    if (shape === "firewall") lines.push(`route ${spoke} hop=${of}-fw`);
  }
  return spokes;
}

/** What stands beside, and must not be taken for a fault. */
function extras({ lines, pick, traits }: Making, of: string): void {
  if (pick(true, false)) {
    traits.add("grafana");
    lines.push(`grafana ${of}-graf workspace=${of}-amw`);
  }
  if (pick(true, false)) {
    traits.add("component");
    lines.push(`component ${of}-shop ingestion=Disabled query=Disabled`);
  }
  if (pick(true, false)) {
    traits.add("storage");
    lines.push(`storage ${of}data`.replaceAll("-", ""));
  }
}

/** A cluster that nobody wanted on a private link, beside the others. */
function publicCluster({ lines, pick, traits, regions }: Making): void {
  traits.add("public cluster");
  const region = pick(...regions);
  const network = pick(true, false);
  if (network) lines.push("network open-net");
  lines.push(
    `metrics-workspace open-amw region=${region} public=Enabled`,
    `dce open-dce region=${region} public=Enabled`,
    `rule open-prom dce=open-dce workspace=open-amw region=${region}`,
    `logs-workspace open-law region=${region} ingestion=Enabled`,
    `rule open-logs kind=logs workspace=open-law region=${region}`,
    `cluster open network=${network ? "open-net" : "-"} private=no region=${region} metrics=open-prom logs=open-logs`,
  );
}
