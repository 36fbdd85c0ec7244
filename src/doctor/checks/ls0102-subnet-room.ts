/** LS0102: the subnet of a scope's private endpoint has addresses for all members, and for the next. */
import { idKey, parseId } from "../../arm/index.ts";
import { groupIds } from "../../azure/index.ts";
import {
  addressesIn,
  endpointMembers,
  parseIpv4Prefix,
  subnetPrefix,
  usableAddresses,
} from "../../rules/index.ts";
import { fail, pass, warn } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import { waysOf } from "../way/cluster-way.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { endpointsOfScope } from "../way/find-scope.ts";
import { chainOf, nameOf } from "../way/words.ts";

/** What one more data collection endpoint, or the first workspace of a region, takes. */
const addressesOfNext = 3;
const source = "learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-design";

function look(facts: CheckFacts, scopeId: string, ways: readonly ClusterWay[]): readonly Finding[] {
  const { graph } = facts;
  const names = new Set(
    endpointMembers(graph, scopeId, groupIds.azureMonitor).map(({ memberName }) => memberName),
  );
  return endpointsOfScope(graph, scopeId).flatMap((endpoint) => {
    const { subnetId } = endpoint;
    const text = subnetId === undefined ? undefined : subnetPrefix(graph, subnetId);
    const prefix = text === undefined ? undefined : parseIpv4Prefix(text);
    if (subnetId === undefined || prefix === undefined) return [];
    const has = new Set(endpoint.addresses.map(({ memberName }) => memberName ?? ""));
    const lacking = [...names].filter((name) => !has.has(name));
    const free = usableAddresses(prefix) - addressesIn(graph, subnetId).length;
    const details = {
      chain: [subnetId, scopeId, ...ways.flatMap((way) => chainOf(way))],
      fixes: [
        step(
          `Give the endpoint a subnet of at least /27: ${names.size} members now, and ${addressesOfNext} for each data collection endpoint and each workspace region to come (${source}). An endpoint does not move: make it anew there.`,
        ),
      ],
    };
    const room = `${text} of ${nameOf(parseId(subnetId)?.parentId ?? "")}/${nameOf(subnetId)} has ${Math.max(0, free)} free addresses`;
    // Addresses that are free, and members without: they are on their way, and the records' check speaks of them.
    if (lacking.length > 0 && free < lacking.length) {
      const says = `${lacking.length} of ${names.size} members of ${nameOf(scopeId)} have no address at ${endpoint.name}, for ${room}.`;
      return [fail(endpoint.id, says, details)];
    }
    if (free < addressesOfNext) {
      return [
        warn(
          endpoint.id,
          `${room}; the next resource in the scope takes ${addressesOfNext}.`,
          details,
        ),
      ];
    }
    return [pass(endpoint.id, `${room}.`, { chain: details.chain })];
  });
}

export const subnetRoom: Check = {
  id: "LS0102",
  title: "the subnet of the scope's private endpoint has room",
  severity: "error",
  phase: "pre",
  dependsOn: [],
  failureModes: ["F25"],
  run: (facts) => {
    const byScope = Map.groupBy(
      waysOf(facts).filter(({ scope }) => scope !== undefined),
      ({ scope }) => idKey(scope?.id ?? ""),
    );
    return [...byScope.values()].flatMap((ways) => look(facts, ways[0]?.scope?.id ?? "", ways));
  },
};
