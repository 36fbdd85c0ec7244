/** LS0213: nothing is left behind of what was taken down. */
import { idKey } from "../../arm/index.ts";
import { associationsWith, scopedResourcesIn } from "../../rules/index.ts";
import { pass, warn } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { presence } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { waysOf } from "../way/cluster-way.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { az, nameOf, placeOf } from "../way/words.ts";

/** Associations of a cluster whose monitoring is off: they keep rules and endpoints from being deleted. */
function associations(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  if (way.metricsOn || way.logsOn) return [];
  return associationsWith(facts.graph, way.id).map(({ id, name, dcrId, dceId }) => {
    const target = dcrId ?? dceId;
    const says =
      target === undefined
        ? `Monitoring of ${way.name} is off, and its association ${name}, which names nothing, still stands.`
        : `Monitoring of ${way.name} is off, and its association ${name} still names ${nameOf(target)}, which cannot be deleted while it does.`;
    const fixes = [
      az(`Delete the association.`, "monitor data-collection rule association delete --yes", {
        "--association-name": name,
        "--resource": way.id,
      }),
    ];
    return warn(id, says, { chain: target === undefined ? [way.id] : [way.id, target], fixes });
  });
}

/** Links of a scope to what is gone. */
function links(facts: CheckFacts, scopeId: string): readonly Finding[] {
  return scopedResourcesIn(facts.graph, scopeId).flatMap(({ id, name, linkedId }) => {
    if (presence(facts, linkedId).kind !== "absent") return [];
    const says = `${nameOf(scopeId)} links ${linkedId}, which does not exist.`;
    const fixes = [
      az("Delete the link.", "monitor private-link-scope scoped-resource delete --yes", {
        "--name": name,
        "--scope-name": nameOf(scopeId),
        ...placeOf(scopeId),
      }),
    ];
    return [warn(id, says, { chain: [scopeId, linkedId], fixes })];
  });
}

export const leftovers: Check = {
  id: "LS0213",
  title: "nothing is left behind of what was taken down",
  severity: "warning",
  phase: "control",
  dependsOn: ["LS0101"],
  failureModes: ["F35"],
  run: (facts) => {
    const ways = waysOf(facts);
    const scopes = new Map(
      ways.flatMap(({ scope }) => (scope === undefined ? [] : [[idKey(scope.id), scope.id]])),
    );
    const found = [
      ...ways.flatMap((way) => associations(facts, way)),
      ...[...scopes.values()].flatMap((id) => links(facts, id)),
    ];
    return found.length > 0
      ? found
      : ways.map(({ id, name }) => pass(id, `Nothing is left behind around ${name}.`));
  },
};
