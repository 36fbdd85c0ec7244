/** Private DNS: the zones of private endpoints, and the `privatelink` alias of each public name. */
import { cloud } from "./cloud.ts";

/** Where a public name leads when a private link is possible for it. */
export interface PrivateAlias {
  /** The CNAME's target: `global.handler.control.privatelink.monitor.azure.com`. */
  readonly alias: string;
  /** The private zone that can hold it: `privatelink.monitor.azure.com`. */
  readonly zone: string;
  /** Its name within the zone: `global.handler.control`. */
  readonly recordName: string;
  /** `scope`: reached through a private link scope, and public DNS always has the alias. `workspace`: reached through the workspace's own endpoint, and the alias exists only once it has one. */
  readonly kind: "scope" | "workspace";
}

const zoneOf = (suffix: string): string => `privatelink.${suffix}`;

/**
 * The five zones of a private link scope's endpoint; a zone group holds five at most.
 * @see learn.microsoft.com/azure/private-link/private-endpoint-dns
 */
export const scopeZones: readonly string[] = [
  cloud.monitorSuffix,
  cloud.omsSuffix,
  cloud.odsSuffix,
  cloud.agentServiceSuffix,
  cloud.blobSuffix,
].map(zoneOf);

/** The zone of an Azure Monitor workspace's endpoint: it carries the workspace's region. */
export const workspaceZone = (region: string): string =>
  zoneOf(`${region.replaceAll(" ", "").toLowerCase()}.${cloud.prometheusSuffix}`);

/**
 * The `privatelink` alias of a public name, or undefined where the service has none (ARM, sign-in, other names).
 * Says what the alias would be; whether public DNS has it is decided by `kind`.
 *
 * @param host any case, without the final dot.
 */
export function privateAlias(host: string): PrivateAlias | undefined {
  const name = host.toLowerCase();
  if (name.endsWith(`.${cloud.prometheusSuffix}`)) return workspaceAlias(name);
  if (name.endsWith(`.${cloud.blobSuffix}`) && name !== cloud.solutionPackHost) return undefined;
  for (const zone of scopeZones) {
    const suffix = `.${zone.slice("privatelink.".length)}`;
    if (!name.endsWith(suffix)) continue;
    const recordName = name.slice(0, -suffix.length);
    if (recordName === "privatelink" || recordName.endsWith(".privatelink")) return undefined;
    return { alias: `${recordName}.${zone}`, zone, recordName, kind: "scope" };
  }
  return undefined;
}

function workspaceAlias(name: string): PrivateAlias | undefined {
  const labels = name.slice(0, -cloud.prometheusSuffix.length - 1).split(".");
  const [recordName, region] = labels;
  if (labels.length !== 2 || recordName === undefined || region === undefined) return undefined;
  if (recordName === "privatelink" || recordName === "query") return undefined;
  const zone = workspaceZone(region);
  return { alias: `${recordName}.${zone}`, zone, recordName, kind: "workspace" };
}

/** The public name behind a `privatelink` name, or undefined when it is none: the inverse of `privateAlias`. */
export function publicNameOf(alias: string): string | undefined {
  const labels = alias.toLowerCase().split(".");
  const at = labels.indexOf("privatelink");
  if (at < 1) return undefined;
  const host = labels.toSpliced(at, 1).join(".");
  return privateAlias(host)?.alias === alias.toLowerCase() ? host : undefined;
}

/**
 * The other public name that public DNS sends a name to before any `privatelink` alias, or undefined: the hosts of Log
 * Analytics queries lead to the one of them that a private link takes over.
 * @see learn.microsoft.com/azure/azure-monitor/fundamentals/azure-monitor-network-access
 */
export function publicAlias(host: string): string | undefined {
  const name = host.toLowerCase();
  return name === cloud.logAnalyticsHost || name === cloud.logAnalyticsClassicHost
    ? cloud.logsQueryHost
    : undefined;
}
