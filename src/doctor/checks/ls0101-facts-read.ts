/** LS0101: what the checks need could be read. */
import { idKey, listAt, stringAt } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { peeringsOf, zoneLinksOf } from "../../rules/index.ts";
import { pass, unknown } from "../check.ts";
import type { Check } from "../check.ts";
import { whyUnread } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { command } from "../fix.ts";
import { waysOf } from "../way/cluster-way.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { chainOf } from "../way/words.ts";

/** What a cluster's way refers to, whether it was read or not; and the zones and networks around it. */
function referred({ graph }: CheckFacts, way: ClusterWay): readonly ResourceId[] {
  const endpoint = graph.get(way.scope?.endpoint?.id ?? "");
  return [
    ...chainOf(way, way.configuration?.dceId),
    ...way.missingRules.map(({ dcrId }) => dcrId),
    ...way.rules.map(({ rule }) => rule.dceId),
    ...way.workspaceIds,
    ...way.lawIds,
    ...listAt(endpoint?.properties, "networkInterfaces").map((one) => stringAt(one, "id")),
    ...way.vnetIds.flatMap((vnetId) => [
      ...peeringsOf(graph, vnetId).map(({ remoteVnetId }) => remoteVnetId),
      ...zoneLinksOf(graph, vnetId).map(({ zoneId }) => zoneId),
    ]),
  ].filter((id) => id !== undefined);
}

/** Whether a list of a whole subscription is one that a resource of a way would be in. */
function isNear(path: string, id: ResourceId): boolean {
  if (touches(path, id)) return true;
  const isList = path.includes("/providers/") && !path.toLowerCase().includes("/resourcegroups/");
  const subscription = /^\/subscriptions\/[^/]+/i.exec(path)?.[0];
  return isList && subscription !== undefined && touches(subscription, id);
}

/** Whether a path is a resource, or stands above or below it. */
const touches = (path: string, id: ResourceId): boolean => {
  const [a, b] = [idKey(path), idKey(id)];
  return a === b || b.startsWith(`${a}/`) || a.startsWith(`${b}/`);
};

const leastRole = command(
  "Print the least role that reading needs, for whoever may assign it.",
  "./linkscope",
  "snapshot",
  "save",
  "--print-role",
);

export const factsRead: Check = {
  id: "LS0101",
  title: "what the checks need could be read",
  severity: "error",
  phase: "pre",
  dependsOn: [],
  failureModes: ["F30"],
  run: (facts) => {
    const ways = waysOf(facts);
    const unread = facts.coverage.unread.map((one) =>
      unknown(one.path, whyUnread(one), {
        chain: ways.flatMap((way) => {
          const ids = referred(facts, way);
          return ids.some((id) => isNear(one.path, id)) ? ids : [];
        }),
        fixes: [leastRole],
      }),
    );
    const gone = facts.clusters
      .filter((id) => facts.graph.get(id) === undefined)
      .filter((id) => !facts.coverage.unread.some(({ path }) => idKey(path) === idKey(id)))
      .map((id) => unknown(id, `The cluster ${id} is not among what was read.`));
    if (unread.length + gone.length > 0) return [...gone, ...unread];
    return ways.map(({ id, name }) =>
      pass(id, `Everything on the way of ${name}'s telemetry was read.`),
    );
  },
};
