/** A case's graph with what a request needs besides the link: rules, identities and roles. None of it decides about a link. */
import { stringAt, withChanges } from "../../../src/arm/index.ts";
import type { ArmResource, Graph, JsonObject, ResourceId } from "../../../src/arm/index.ts";
import { roleDefinitions } from "../../../src/azure/index.ts";
import { networkTypes, types } from "../../../src/rules/index.ts";
import { graphOfCase, idOf } from "../link/case-graph.ts";
import type { LinkCase } from "../link/given.ts";

/** Who asks every question: the clusters' own identity, with the roles to write and to read metrics. */
export const asker = "00000000-0000-4000-8000-0000000000aa";

const numbered = (prefix: string, index: number): string =>
  `${prefix}${String(index + 1).padStart(32, "0")}`;

/** The immutable id of the rule that writes through the `index`-th endpoint of a graph. */
const ruleName = (dce: ArmResource): string => `writes-${dce.name}`;

/** The network of every case, by name, with every prefix that it has in one. */
export function networksOf(cases: readonly LinkCase[]): ReadonlyMap<string, readonly string[]> {
  const networks = new Map<string, Set<string>>();
  for (const { name, prefix } of cases.flatMap(({ given }) => given.vnets)) {
    networks.set(name, (networks.get(name) ?? new Set()).add(prefix));
  }
  return new Map([...networks].map(([name, prefixes]) => [name, [...prefixes]]));
}

/**
 * The graph of a case, dressed. Networks of other cases stand in it too, empty and linked to nothing, so that the
 * clients in them need not go out and in again between cases.
 */
export function dressedGraph(
  linkCase: Pick<LinkCase, "given">,
  networks: ReadonlyMap<string, readonly string[]>,
): Graph {
  const graph = graphOfCase(linkCase);
  const dces = graph.ofType(types.dce);
  const added: readonly ArmResource[] = [
    ...[...networks]
      .filter(([name]) => graph.get(idOf.vnet(name)) === undefined)
      .map(([name, addressPrefixes]) =>
        resource(idOf.vnet(name), networkTypes.vnet, { addressSpace: { addressPrefixes } }),
      ),
    resource(sink, types.workspace, { accountId: "00000000-0000-4000-8000-0000000000bb" }),
    resource(logSink, types.law, { customerId: "00000000-0000-4000-8000-0000000000bc" }),
    ...dces.map((dce, index) => rule(dce, numbered("dcr-", index))),
    ...dces.map((dce) => roleOn(ruleId(dce), "Monitoring Metrics Publisher")),
    ...graph.ofType(types.workspace).flatMap((workspace, index) => [
      {
        ...workspace,
        properties: { ...workspace.properties, accountId: accountId(index) },
      },
      roleOn(workspace.id, "Monitoring Data Reader"),
    ]),
    ...graph
      .ofType(types.law)
      .flatMap((law, index) => [
        sendingRule(law, numbered("dcr-", SENDING + index)),
        roleOn(law.id, "Reader"),
      ]),
    ...graph.ofType(types.cluster).map((cluster) => ({
      ...cluster,
      identity: { type: "SystemAssigned", principalId: asker },
    })),
  ];
  return withChanges(
    graph,
    added.map((one) => ({ kind: "put", resource: one })),
  );
}

/** The path at which the asker may write through an endpoint. */
export function writePath(graph: Graph, dceId: ResourceId): string {
  const index = graph.ofType(types.dce).findIndex(({ id }) => id === dceId);
  return `/dataCollectionRules/${numbered("dcr-", index)}/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24`;
}

/** The path at which the asker may write records through an endpoint. */
export const recordsPath = (graph: Graph, dceId: ResourceId): string =>
  `${writePath(graph, dceId).split("/streams/")[0]}/streams/${logStream}?api-version=2023-01-01`;

/** What the token of a workspace's `ods` channel is for. */
export function channelOf(
  graph: Graph,
  lawId: ResourceId,
): { readonly ruleImmutableId: string; readonly workspaceId: string } {
  const laws = graph.ofType(types.law);
  const index = laws.findIndex(({ id }) => id === lawId);
  const workspaceId = stringAt(laws[index]?.properties, "customerId") ?? "";
  return { ruleImmutableId: numbered("dcr-", SENDING + index), workspaceId };
}

const logStream = "Microsoft-ContainerLogV2";
/** Rules that send to workspaces are numbered from here; those of endpoints from 0. */
const SENDING = 1000;
const logSink = idOf.law("keeps-records-that-are-written");
const sink = idOf.workspace("keeps-what-is-written");
const accountId = (index: number): string =>
  `00000000-0000-4000-8001-${String(index + 1).padStart(12, "0")}`;
const ruleId = (dce: ArmResource): ResourceId =>
  idOf.dce(dce.name).replace(/dataCollectionEndpoints\/.*/, `dataCollectionRules/${ruleName(dce)}`);

const resource = (id: ResourceId, type: string, properties: JsonObject): ArmResource => ({
  id,
  name: id.slice(id.lastIndexOf("/") + 1),
  type,
  location: "westeurope",
  properties: { provisioningState: "Succeeded", ...properties },
});

const rule = (dce: ArmResource, immutableId: string): ArmResource =>
  resource(ruleId(dce), types.dcr, {
    immutableId,
    dataCollectionEndpointId: dce.id,
    destinations: {
      monitoringAccounts: [{ accountResourceId: sink, name: "sink" }],
      logAnalytics: [{ workspaceResourceId: logSink, name: "records" }],
    },
    dataFlows: [
      { streams: ["Microsoft-PrometheusMetrics"], destinations: ["sink"] },
      { streams: [logStream], destinations: ["records"] },
    ],
  });

const sendingRule = (law: ArmResource, immutableId: string): ArmResource =>
  resource(
    idOf
      .dce(law.name)
      .replace(/dataCollectionEndpoints\/.*/, `dataCollectionRules/sends-${law.name}`),
    types.dcr,
    {
      immutableId,
      destinations: { logAnalytics: [{ workspaceResourceId: law.id, name: "la" }] },
      dataFlows: [{ streams: [logStream], destinations: ["la"] }],
    },
  );

function roleOn(scope: ResourceId, roleName: string): ArmResource {
  const role = roleDefinitions.find((one) => one.roleName === roleName);
  const id = `${scope}/providers/${types.roleAssignment}/00000000-0000-4000-8000-0000000000cc`;
  return resource(id, types.roleAssignment, {
    principalId: asker,
    roleDefinitionId: `${scope.split("/resourceGroups/")[0]}/providers/Microsoft.Authorization/roleDefinitions/${role?.id}`,
  });
}
