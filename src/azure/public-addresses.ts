/** Public addresses: one per service (and region) in 203.0.113.0/24, which is routed nowhere, so that a leak goes nowhere. */
import { cloud, logsQueryHosts } from "./cloud.ts";
import { regions } from "./regions.ts";
import { scopeZones } from "./zones.ts";

/** A service as public DNS tells them apart. */
export type PublicService =
  | "arm"
  | "login"
  | "configuration-global"
  | "logs-query"
  | "application-insights"
  | "solution-packs"
  | "log-analytics"
  | "agent-management"
  | "agent-service"
  | "data-collection-endpoints"
  | "workspace-query";

export interface PublicServiceAddress {
  readonly service: PublicService;
  /** For the regional services. */
  readonly region?: string;
}

const prefix = "203.0.113.";
/** The documentation block of RFC 5737 that public answers come from. */
export const publicAddressPrefix = `${prefix}0/24`;

/** Names of a scope's zone that serve Application Insights and the diagnostics; shared by everyone. */
const applicationInsightsNames: readonly string[] = [
  "global.in.ai",
  "live",
  "profiler",
  "snapshot",
  "diagservices-query",
];

const fixedOctets: readonly (readonly [PublicService, number])[] = [
  ["arm", 1],
  ["login", 2],
  ["configuration-global", 3],
  ["logs-query", 4],
  ["application-insights", 5],
  ["solution-packs", 6],
  ["log-analytics", 7],
  ["agent-management", 8],
  ["agent-service", 9],
];
const dceOctet = 16;
const workspaceOctet = 128;

const fixedServices: ReadonlyMap<string, PublicService> = new Map<string, PublicService>([
  [cloud.armHost, "arm"],
  [cloud.loginHost, "login"],
  [cloud.globalHandlerHost, "configuration-global"],
  ...logsQueryHosts.map((host): [string, PublicService] => [host, "logs-query"]),
  [cloud.solutionPackHost, "solution-packs"],
  ...applicationInsightsNames.map((name): [string, PublicService] => [
    `${name}.${cloud.monitorSuffix}`,
    "application-insights",
  ]),
]);

const workspaceSuffixes: readonly (readonly [string, PublicService])[] = [
  [`.${cloud.odsSuffix}`, "log-analytics"],
  [`.${cloud.omsSuffix}`, "agent-management"],
  [`.${cloud.agentServiceSuffix}`, "agent-service"],
];

const dceDoors: readonly string[] = ["handler.control", "ingest", "metrics.ingest"];

/** Hosts that exist in public DNS whatever the resources are. */
export const publicFixedHosts: readonly string[] = [...fixedServices.keys()];

/**
 * The service that a public name belongs to by its shape alone, or undefined when it is no name of ours.
 * Says nothing about whether such a resource exists.
 */
export function publicServiceOfHost(host: string): PublicServiceAddress | undefined {
  const name = host.toLowerCase();
  const fixed = fixedServices.get(name);
  if (fixed !== undefined) return { service: fixed };
  for (const [suffix, service] of workspaceSuffixes) {
    if (name.endsWith(suffix) && isOneLabel(name.slice(0, -suffix.length))) return { service };
  }
  const labels = name.split(".");
  const region = labels[1] ?? "";
  const rest = labels.slice(2).join(".");
  if (rest === cloud.prometheusSuffix) return regional("workspace-query", region);
  const door = rest.endsWith(`.${cloud.monitorSuffix}`)
    ? rest.slice(0, -cloud.monitorSuffix.length - 1)
    : "";
  if (!dceDoors.includes(door) || !region.endsWith("-1")) return undefined;
  return regional("data-collection-endpoints", region.slice(0, -2));
}

/**
 * The public address of a host, or undefined when it is no name of ours. The same host has the same address for ever.
 * @param host a public name (not its `privatelink` alias), any case.
 */
export function publicAddressOf(host: string): string | undefined {
  const found = publicServiceOfHost(host);
  if (found === undefined) return undefined;
  const fixed = fixedOctets.find(([service]) => service === found.service);
  if (fixed !== undefined) return `${prefix}${fixed[1]}`;
  const base = found.service === "workspace-query" ? workspaceOctet : dceOctet;
  return `${prefix}${base + regions.findIndex(({ name }) => name === found.region)}`;
}

const unlistedOctet = 15;
/** Stands for the public address of a resource in a region that is not listed: snapshots of other clouds have such; the platform makes none. */
export const unlistedRegionAddress = `${prefix}${unlistedOctet}`;

/** The service behind a public address, or undefined when the address is none of ours. */
export function publicServiceOf(address: string): PublicServiceAddress | undefined {
  if (!address.startsWith(prefix)) return undefined;
  const octet = Number(address.slice(prefix.length));
  const fixed = fixedOctets.find(([, number]) => number === octet);
  if (fixed !== undefined) return { service: fixed[0] };
  if (octet === unlistedOctet) return { service: "data-collection-endpoints" };
  const service = octet >= workspaceOctet ? "workspace-query" : "data-collection-endpoints";
  const region = regions[octet - (octet >= workspaceOctet ? workspaceOctet : dceOctet)];
  return region === undefined ? undefined : { service, region: region.name };
}

/** Every public address in use, for listeners and routes. */
export const publicAddresses: readonly string[] = [
  ...fixedOctets.map(([, octet]) => octet),
  ...regions.map((_, index) => dceOctet + index),
  ...regions.map((_, index) => workspaceOctet + index),
].map((octet) => `${prefix}${octet}`);

/** The names that a scope's private endpoint always takes over, with their zones. @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-configure */
export const sharedScopeHosts: readonly string[] = [
  cloud.logsQueryHost,
  ...applicationInsightsNames.map((name) => `${name}.${cloud.monitorSuffix}`),
  cloud.globalHandlerHost,
  cloud.solutionPackHost,
];

/** Whether a zone is one of the five of a scope's endpoint. */
export const isScopeZone = (zone: string): boolean => scopeZones.includes(zone.toLowerCase());

const isOneLabel = (text: string): boolean => text !== "" && !text.includes(".");

function regional(service: PublicService, region: string): PublicServiceAddress | undefined {
  return regions.some(({ name }) => name === region) ? { service, region } : undefined;
}
