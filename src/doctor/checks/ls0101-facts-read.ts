/** LS0101: what the checks need could be read. */
import { idKey } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { pass, unknown } from "../check.ts";
import type { Check } from "../check.ts";
import { whyUnread } from "../facts.ts";
import { command } from "../fix.ts";
import { waysOf } from "../way/cluster-way.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { chainOf } from "../way/words.ts";

/** What a cluster's way refers to, whether it was read or not. */
const referred = (way: ClusterWay): readonly ResourceId[] =>
  [
    ...chainOf(way, way.configuration?.dceId),
    ...way.missingRules.map(({ dcrId }) => dcrId),
    ...way.rules.map(({ rule }) => rule.dceId),
    ...way.workspaceIds,
    ...way.lawIds,
  ].filter((id) => id !== undefined);

/** Whether a path is a resource, or stands above or below it. */
const touches = (path: string, id: ResourceId): boolean => {
  const [a, b] = [idKey(path), idKey(id)];
  return a === b || b.startsWith(`${a}/`) || a.startsWith(`${b}/`);
};

export const factsRead: Check = {
  id: "LS0101",
  title: "what the checks need could be read",
  severity: "error",
  phase: "pre",
  dependsOn: [],
  failureModes: ["F30"],
  run: (facts) => {
    const ways = waysOf(facts);
    const unread = facts.coverage.unread.map((one) => {
      const subscription = /^\/subscriptions\/[^/]+/i.exec(one.path)?.[0] ?? one.path;
      const near = ways.filter((way) =>
        referred(way).some(
          (id) =>
            touches(one.path, id) ||
            (one.path.includes("/providers/") &&
              !one.path.includes("/resourceGroups/") &&
              touches(subscription, id)),
        ),
      );
      return unknown(one.path, whyUnread(one), {
        chain: near.flatMap((way) => chainOf(way)),
        fixes: [
          command(
            "Print the least role that reading needs, for whoever may assign it.",
            ...["./linkscope", "snapshot", "save", "--print-role"].values(),
          ),
        ],
      });
    });
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
