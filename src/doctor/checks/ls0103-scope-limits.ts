/** LS0103: the scope has room for another private endpoint. */
import { idKey } from "../../arm/index.ts";
import { pass, warn } from "../check.ts";
import type { Check } from "../check.ts";
import { step } from "../fix.ts";
import { waysOf } from "../way/cluster-way.ts";
import { nameOf } from "../way/words.ts";

/** Private endpoints of one scope at most. @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-design, limits */
const endpointsPerScope = 10;

export const scopeLimits: Check = {
  id: "LS0103",
  title: "the scope has room for another private endpoint",
  severity: "warning",
  phase: "pre",
  dependsOn: [],
  failureModes: ["F25"],
  run: (facts) => {
    const scopes = new Map(
      waysOf(facts).flatMap(({ scope }) => (scope === undefined ? [] : [[idKey(scope.id), scope]])),
    );
    return [...scopes.values()].map(({ id, connections }) => {
      const says = `${nameOf(id)} has ${connections.length} private endpoint connections; a scope has ${endpointsPerScope} at most.`;
      if (connections.length < endpointsPerScope) return pass(id, says);
      return warn(id, says, {
        fixes: [
          step(
            "Share one endpoint in the hub among networks that are peered with it, and remove the others.",
          ),
        ],
      });
    });
  },
};
