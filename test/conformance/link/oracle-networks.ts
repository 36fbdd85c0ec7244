/** The oracle's networks: who resolves, what is peered, what egress lets pass. Written from the documentation alone. */
import type { Given, GivenFirewall } from "./given.ts";

/** What is asked of the public side, by the service that it belongs to. */
export type Door = "metrics" | "configuration" | "query" | "ods" | "logs" | "write-logs" | "arm";

/** Whether one network's own side of a connected peering gives it access to the other. */
export const peered = (given: Given, from: string, to: string): boolean =>
  given.peerings.some(
    (one) =>
      one.state === "Connected" &&
      ((one.name === from && one.with === to && one.access) ||
        (one.name === to && one.with === from)),
  );

/** The network whose private zones speak: a resolver's or a DNS proxy's; `nobody` where no server answers. */
export function resolvingNetwork(given: Given, vnet: string): string {
  const servers = given.vnets.find(({ name }) => name === vnet)?.dns ?? [];
  const [server] = servers;
  if (server === undefined) return vnet;
  const reached = (other: string): boolean => other === vnet || peered(given, vnet, other);
  const resolver = given.resolvers.find(({ name }) => name === server);
  if (resolver !== undefined) return reached(resolver.vnet) ? resolver.vnet : "nobody";
  const firewall = given.firewalls.find(({ name }) => name === server);
  return firewall?.proxy === true && reached(firewall.vnet) ? firewall.vnet : "nobody";
}

/** Whether a public service is reached from a network, by its default route. */
export function passesEgress(given: Given, vnet: string, door: Door): boolean {
  const route = given.routes.find(({ name, of }) => name === vnet && of === "clients");
  if (route === undefined || route.hop === "Internet") return true;
  const firewall = given.firewalls.find(({ name }) => name === route.hop);
  if (firewall === undefined) return false;
  return (firewall.vnet === vnet || peered(given, vnet, firewall.vnet)) && allows(firewall, door);
}

/** The suffix of each door's hosts. */
const suffixes: Readonly<Record<Door, string>> = {
  metrics: ".metrics.ingest.monitor.azure.com",
  configuration: ".handler.control.monitor.azure.com",
  query: ".prometheus.monitor.azure.com",
  ods: ".ods.opinsights.azure.com",
  logs: ".api.loganalytics.azure.com",
  "write-logs": ".ingest.monitor.azure.com",
  arm: ".management.azure.com",
};

/** Network rules speak first; then what is denied by name (its collection has the smaller priority); then what is allowed. */
function allows({ networks, allow, deny }: GivenFirewall, door: Door): boolean {
  const matches = (pattern: string): boolean => `x${suffixes[door]}`.endsWith(pattern.slice(1));
  if (networks.some((one) => (one === "AzureMonitor" && door !== "arm") || one === "*"))
    return true;
  return !deny.some(matches) && allow.some(matches);
}
