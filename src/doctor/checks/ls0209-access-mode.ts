/** LS0209: a scope that is PrivateOnly takes nothing from those who share its DNS. */
import { idKey } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import type { Verdict } from "../../core/index.ts";
import {
  componentAccess,
  componentsOf,
  lawsOf,
  logsQueryAccess,
  publicOrigin,
  scopedResourcesOf,
  scopeOf,
} from "../../rules/index.ts";
import type { Origin } from "../../rules/index.ts";
import { pass, warn } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { waysOf } from "../way/cluster-way.ts";
import type { FoundScope } from "../way/find-scope.ts";
import { az, linkToScope, nameOf, placeOf } from "../way/words.ts";

interface Loser {
  readonly id: ResourceId;
  readonly what: "telemetry" | "queries";
  readonly verdict: Verdict;
}

const loses = (by: (origin: Origin) => Verdict, through: Origin): Verdict | undefined => {
  const verdict = by(through);
  return verdict.outcome === "deny" && by(publicOrigin).outcome === "allow" ? verdict : undefined;
};

interface Outsiders {
  readonly components: readonly ResourceId[];
  readonly laws: readonly ResourceId[];
}

const made = new WeakMap<Graph, Outsiders>();

/** What no scope links. What another scope links belongs to another network, and is left to it. */
function outsidersOf(graph: Graph): Outsiders {
  let outsiders = made.get(graph);
  if (outsiders === undefined) {
    const linked = new Set(scopedResourcesOf(graph).map(({ linkedId }) => idKey(linkedId)));
    const outside = (all: readonly { readonly id: ResourceId }[]): readonly ResourceId[] =>
      all.map(({ id }) => id).filter((id) => !linked.has(idKey(id)));
    outsiders = { components: outside(componentsOf(graph)), laws: outside(lawsOf(graph)) };
    made.set(graph, outsiders);
  }
  return outsiders;
}

/** What public networks reach and the scope's networks do not. */
function losersOf(graph: Graph, scopeId: ResourceId, connectionName: string): readonly Loser[] {
  const through: Origin = {
    kind: "private",
    endpointId: scopeId,
    targetId: scopeId,
    connectionName,
  };
  const { components, laws } = outsidersOf(graph);
  const found = (id: ResourceId, what: Loser["what"], by: (origin: Origin) => Verdict) => {
    const verdict = loses(by, through);
    return verdict === undefined ? [] : [{ id, what, verdict }];
  };
  return [
    ...components.flatMap((componentId) => [
      ...found(componentId, "telemetry", (origin) =>
        componentAccess(graph, { origin, componentId, door: "ingestion" }),
      ),
      ...found(componentId, "queries", (origin) =>
        componentAccess(graph, { origin, componentId, door: "query" }),
      ),
    ]),
    ...laws.flatMap((workspaceId) =>
      found(workspaceId, "queries", (origin) =>
        logsQueryAccess(graph, { origin, workspaceId, way: "direct" }),
      ),
    ),
  ];
}

const shown = 5;

function look({ graph }: CheckFacts, { id, connections }: FoundScope): Finding {
  const scope = scopeOf(graph, id);
  const modes = `ingestion ${scope?.ingestionAccessMode ?? "Open"}, queries ${scope?.queryAccessMode ?? "Open"}`;
  const losers = losersOf(graph, id, connections[0]?.name ?? "");
  if (losers.length === 0)
    return pass(id, `The access modes of ${nameOf(id)} (${modes}) shut nothing out.`);
  const names = losers.map((one) => `${one.what} of ${nameOf(one.id)}`);
  const more = names.length > shown ? ` and ${names.length - shown} more` : "";
  const says = `The access modes of ${nameOf(id)} (${modes}) hold for every network that shares its DNS, and shut out what is not in it: ${names.slice(0, shown).join(", ")}${more}.`;
  const open = az(
    "Or open the scope until everything is in it.",
    "monitor private-link-scope update",
    {
      "--name": nameOf(id),
      "--ingestion-access-mode": "Open",
      "--query-access-mode": "Open",
      ...placeOf(id),
    },
  );
  return warn(id, says, {
    chain: losers.map((one) => one.id),
    reasons: losers.slice(0, shown).flatMap(({ verdict }) => verdict.reasons),
    fixes: [...losers.slice(0, shown).map((one) => linkToScope(id, one.id)), open],
  });
}

export const accessMode: Check = {
  id: "LS0209",
  title: "the scope's access modes shut nobody out who shares its DNS",
  severity: "warning",
  phase: "control",
  dependsOn: ["LS0101"],
  failureModes: ["F08", "F28"],
  retryMs: 10 * 60 * 1000,
  run: (facts) => {
    const scopes = new Map(
      waysOf(facts).flatMap(({ scope }) => (scope === undefined ? [] : [[idKey(scope.id), scope]])),
    );
    return [...scopes.values()].map((scope) => look(facts, scope));
  },
};
