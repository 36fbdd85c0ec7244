/** Changes of the endpoints and the rule that carry a cluster's logs, and the association with the rule. */
import { parseId } from "../../arm/index.ts";
import type { JsonObject, ResourceId } from "../../arm/index.ts";
import { dceOf } from "../../rules/index.ts";
import { apiVersions } from "../arm-access.ts";
import { ensure, keep } from "../change.ts";
import { nameOf } from "../desired-collection.ts";
import type { Change } from "../plan-types.ts";
import type { LogsCollection } from "./desired-logs.ts";
import { logsRuleBody, streamsOf, askedStreams } from "./logs-rule.ts";
import type { LogsContext } from "./logs-context.ts";

const at = { step: "collection", apiVersion: apiVersions.dataCollection } as const;

/** The body of an endpoint as Azure's tooling makes it for a private link: closed from the first, since nothing uses it yet. */
export const closedDceBody = (region: string): JsonObject => ({
  location: region,
  kind: "Linux",
  properties: { networkAcls: { publicNetworkAccess: "Disabled" } },
});

/** The endpoint for configuration, the one for ingestion at high scale, and the rule. */
export function planLogsCollection(context: LogsContext, logs: LogsCollection): readonly Change[] {
  const { cluster, workspace } = context;
  const { configurationDceId, ingestionDceId } = logs;
  const configuration = planDce(context, configurationDceId, {
    region: cluster.region,
    purpose: "agents get their configuration",
  });
  const ingestion =
    ingestionDceId === undefined
      ? []
      : [
          planDce(context, ingestionDceId, {
            region: workspace.region,
            purpose: "container logs come in at high scale",
          }),
        ];
  return [configuration, ...ingestion, planRule(context, logs)];
}

function planDce(
  { graph }: LogsContext,
  id: ResourceId,
  { region, purpose }: { readonly region: string; readonly purpose: string },
): Change {
  const standing = dceOf(graph, id);
  if (standing !== undefined) {
    const says = `The endpoint ${standing.name} in ${standing.region} is there; ${purpose} by it.`;
    return keep({ ...at, id }, "asWanted", says);
  }
  const says = `Make the endpoint ${nameOf(id)} in ${region}, closed to the public, by which ${purpose}.`;
  return ensure({ ...at, id, current: undefined, body: closedDceBody(region), says });
}

function planRule({ graph, request, workspace }: LogsContext, logs: LogsCollection): Change {
  const { ruleId, keptRule, ingestionDceId } = logs;
  const name = nameOf(ruleId);
  const standing = graph.get(ruleId);
  const has = new Set(streamsOf(standing));
  // Whoever made it may have added flows, transformations and settings: what collects all that is asked for stays.
  if (keptRule !== undefined && askedStreams(request).every((stream) => has.has(stream))) {
    return keep(
      { ...at, id: ruleId },
      "kept",
      `The cluster's Container insights rule ${name} is kept.`,
    );
  }
  return ensure({
    ...at,
    id: ruleId,
    current: standing,
    body: logsRuleBody(request, {
      region: workspace.region,
      workspaceId: workspace.id,
      ingestionDceId,
      standing,
    }),
    says: `${standing === undefined ? "Make" : "Change"} the rule ${name}: Container insights to ${workspace.name}${ingestionDceId === undefined ? "" : `, container logs by ${nameOf(ingestionDceId)}`}.`,
    standsSays: `The rule ${name} sends Container insights to ${workspace.name}.`,
    dependsOn: [workspace.id, ...(ingestionDceId === undefined ? [] : [ingestionDceId])],
  });
}

/** The association of the cluster with the rule. */
export function planLogsRuleAssociation(
  { graph, cluster }: LogsContext,
  { ruleAssociationId: id, ruleId, keptRule }: LogsCollection,
): Change {
  const where = { id, step: "associations", apiVersion: apiVersions.dataCollection } as const;
  const says = `${cluster.name} is associated with the rule ${nameOf(ruleId)}.`;
  if (keptRule !== undefined) return keep(where, "kept", says);
  return ensure({
    ...where,
    current: graph.get(id),
    body: {
      properties: {
        dataCollectionRuleId: ruleId,
        description: "Sends the cluster's logs and inventory by the rule.",
      },
    },
    says: `Associate ${cluster.name} with the rule ${parseId(ruleId)?.name}.`,
    standsSays: says,
    dependsOn: [cluster.id, ruleId],
  });
}
