/** A large healthy estate: many boundaries of DNS, each with a scope, networks, clusters and data collection endpoints. */
import type { EstateLine } from "./estate-lines.ts";
import { parseEstateLine } from "./estate-lines.ts";

export interface BigEstate {
  readonly scopes: number;
  readonly clusters: number;
  readonly dces: number;
  readonly zoneLinks: number;
}

/** The estate that `check` is promised for. */
export const promisedEstate: BigEstate = {
  scopes: 200,
  clusters: 1_000,
  dces: 5_000,
  zoneLinks: 2_000,
};

const zonesOfScope = 5;
const regions = ["westeurope", "eastus", "northeurope", "japaneast"];

/** The lines of an estate in which scopes have their even share of everything. */
export function bigEstate({ scopes, clusters, dces, zoneLinks }: BigEstate): readonly EstateLine[] {
  const lines: string[] = [];
  const networksPerScope = Math.round(zoneLinks / scopes / zonesOfScope);
  const clustersPerScope = Math.round(clusters / scopes);
  const dcesPerScope = Math.round(dces / scopes);
  for (let scope = 0; scope < scopes; scope++) {
    const of = `s${scope}`;
    const region = regions[scope % regions.length] ?? "";
    const subscription = String((scope % 7) + 1);
    const networks = Array.from({ length: networksPerScope }, (_, index) => `${of}-net${index}`);
    for (const [index, network] of networks.entries()) {
      lines.push(`network ${network} region=${region} subscription=${subscription}`);
      if (index > 0) lines.push(`peering ${network} with=${networks[0] ?? ""}`);
    }
    lines.push(
      `metrics-workspace ${of}-amw region=${region} public=Enabled subscription=${subscription}`,
      `logs-workspace ${of}-law region=${region} subscription=${subscription}`,
      `rule ${of}-logs kind=logs workspace=${of}-law region=${region} subscription=${subscription}`,
    );
    const own = Array.from({ length: dcesPerScope }, (_, index) => `${of}-dce${index}`);
    for (const dce of own) lines.push(`dce ${dce} region=${region} subscription=${subscription}`);
    for (let index = 0; index < clustersPerScope; index++) {
      const dce = own[index % own.length] ?? "";
      const rule = `${of}-prom${index}`;
      const network = networks[index % networks.length] ?? "";
      lines.push(
        `rule ${rule} dce=${dce} workspace=${of}-amw region=${region} subscription=${subscription}`,
        `cluster ${of}-aks${index} network=${network} region=${region} metrics=${rule} logs=${of}-logs configuration=${dce} subscription=${subscription}`,
      );
    }
    lines.push(
      `scope ${of}-scope links=${[...own, `${of}-law`].join(",")} subscription=${subscription}`,
      `endpoint ${of}-pe network=${networks[0] ?? ""} to=${of}-scope dns=${of}-dns linked=${networks.join(",")} subscription=${subscription}`,
    );
  }
  return lines.map(parseEstateLine);
}
