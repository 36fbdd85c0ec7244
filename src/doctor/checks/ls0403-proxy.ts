/** LS0403: the cluster's HTTP proxy is left out for names that lead to a private endpoint. */
import { at, listAt, stringAt } from "../../arm/index.ts";
import { cloud } from "../../azure/index.ts";
import { fail, pass, skipped } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { chainOf, eachPrivateCluster, restartAgents } from "../way/words.ts";

/**
 * Whether an entry of noProxy leaves a host out: the host itself, a suffix of it, or everything.
 * @see learn.microsoft.com/azure/aks/http-proxy
 */
export function leavesOut(entry: string, host: string): boolean {
  const word = entry
    .trim()
    .toLowerCase()
    .replace(/^\*(?=\.)/, "");
  if (word === "*") return true;
  if (word === "" || word.includes("/")) return false;
  const suffix = word.startsWith(".") ? word : `.${word}`;
  return host === word || host.endsWith(suffix);
}

function look(way: ClusterWay): readonly Finding[] {
  const config = at(way.cluster.properties, "httpProxyConfig");
  const proxy = stringAt(config, "httpsProxy") ?? stringAt(config, "httpProxy");
  if (proxy === undefined || at(config, "enabled") === false) {
    return [skipped(way.id, `${way.name} has no HTTP proxy.`)];
  }
  const entries = [...listAt(config, "noProxy"), ...listAt(config, "effectiveNoProxy")].filter(
    (entry) => typeof entry === "string",
  );
  const hosts = [cloud.globalHandlerHost, ...way.stations.flatMap((station) => station.hosts)];
  const proxied = hosts.filter((host) => !entries.some((entry) => leavesOut(entry, host)));
  if (proxied.length === 0) {
    return [pass(way.id, `The proxy of ${way.name} is left out for its telemetry.`)];
  }
  const says = `${way.name} sends ${proxied[0] ?? ""}${proxied.length > 1 ? ` and ${proxied.length - 1} more names` : ""} through its HTTP proxy, which does not stand in the private network: noProxy does not leave them out.`;
  const fixes = [
    step(
      `Add .${cloud.monitorSuffix}, .${cloud.odsSuffix} and .${cloud.omsSuffix} to noProxy (az aks update --http-proxy-config FILE); for Container insights alone, ignore_proxy_settings = "true" in its ConfigMap.`,
    ),
    restartAgents,
  ];
  return [fail(way.id, says, { chain: chainOf(way), fixes })];
}

export const proxy: Check = {
  id: "LS0403",
  title: "the cluster's HTTP proxy is left out for private names",
  severity: "error",
  phase: "network",
  dependsOn: [],
  failureModes: ["F31"],
  run: (facts) => eachPrivateCluster(facts, look),
};
