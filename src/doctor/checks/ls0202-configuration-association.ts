/** LS0202: a cluster behind a private link has the association by which its agents get their configuration. */
import { sameId } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { cloud } from "../../azure/index.ts";
import { configurationAccess, dcesOf, scopeLinks, servedHosts, types } from "../../rules/index.ts";
import { fail, pass, skipped, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing, presence } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { Fix } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { associateEndpoint, chainOf, eachPrivateCluster, restartAgents } from "../way/words.ts";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  if (way.isLegacy && !way.metricsOn) {
    return [
      skipped(way.id, `The agents of ${way.name} sign in with a key and ask for no configuration.`),
    ];
  }
  const why = listing(facts, way.id, types.association);
  if (why !== undefined && way.configuration === undefined) return [unknown(way.id, why)];
  const named = way.configuration?.dceId;
  const found = named === undefined ? undefined : presence(facts, named);
  if (found?.kind === "unknown") return [unknown(way.id, found.why, { chain: [named ?? ""] })];
  const access = askedPrivately(facts, way);
  if (access === undefined) return [];
  if (access.kind !== "refuse") {
    const says = `${way.name} gets its configuration at ${way.configurationDce?.name ?? ""}.`;
    return [pass(way.id, says, { reasons: access.reasons })];
  }
  return [
    fail(way.id, saysOf(way), {
      chain: chainOf(way),
      reasons: access.reasons,
      fixes: [...associationFix(facts, way), restartAgents],
    }),
  ];
}

/** What the service answers a request that comes by a private link, whether or not one does already. */
function askedPrivately({ graph }: CheckFacts, { id, scope }: ClusterWay) {
  const host = servedHosts(graph).get(cloud.globalHandlerHost);
  if (host === undefined) return undefined;
  const origin = {
    kind: "private",
    endpointId: scope?.endpoint?.id ?? "the scope's private endpoint",
    targetId: scope?.id ?? hypotheticalScope,
    connectionName: "",
  } as const;
  return configurationAccess(graph, { origin, host, clusterId: id });
}

function saysOf({ name, configuration, rules }: ClusterWay): string {
  if (configuration?.dceId !== undefined) {
    return `The configurationAccessEndpoint of ${name} names ${configuration.dceId}, which does not exist.`;
  }
  const forIngestion = rules.some(({ rule }) => rule.dceId !== undefined);
  const tail = forIngestion
    ? " The endpoint that its rule names is for ingestion, and does not serve for this."
    : "";
  return `${name} has no association named configurationAccessEndpoint, and over a private link the service gives no configuration without one.${tail}`;
}

/** Stands for a scope where none is known: only its type matters to the rule. */
const hypotheticalScope: ResourceId =
  "/subscriptions/none/resourceGroups/none/providers/Microsoft.Insights/privateLinkScopes/none";

function associationFix({ graph }: CheckFacts, way: ClusterWay): readonly Fix[] {
  const near = dcesOf(graph).filter(({ region }) => region === way.region);
  const scopeId = way.scope?.id;
  const linked = near.filter(
    ({ id }) => scopeId !== undefined && scopeLinks(graph, { scopeId, resourceId: id }),
  );
  // One endpoint serves for both: rather the one by which the cluster sends than a third.
  const own = linked.find(({ id }) => way.stations.some((station) => sameId(station.id, id)));
  const best = own ?? linked[0] ?? near[0];
  if (best !== undefined) return [associateEndpoint(way.id, best.id)];
  return [
    step(
      `Make a data collection endpoint in ${way.region}, link it to the scope, and associate it with the cluster under the name configurationAccessEndpoint.`,
    ),
  ];
}

export const configurationAssociation: Check = {
  id: "LS0202",
  title: "the cluster has a configuration access endpoint",
  severity: "error",
  phase: "control",
  dependsOn: ["LS0101"],
  failureModes: ["F01", "F19", "F20", "F37"],
  retryMs: 3 * 60 * 1000,
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
