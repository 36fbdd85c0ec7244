/** The paths of a cluster's logs as they are seen: ingestion by ODS and by an endpoint, queries at the query host and by ARM. */
import { audiences } from "../../azure/index.ts";
import { messageOf } from "../../core/index.ts";
import type { PathEvidence, ProbeRequest, Probes } from "../evidence.ts";
import { probePath, withNewest } from "../probe-path.ts";
import type { Newest } from "../probe-path.ts";
import type { ProofTarget } from "../proof-target.ts";
import type { LogsTarget } from "./logs-target.ts";

type Target = ProofTarget & { readonly logs: LogsTarget };

/** What is seen of each path of logs, in the order of the data's way. */
export async function collectLogs(
  probes: Probes,
  target: Target,
): Promise<readonly PathEvidence[]> {
  const [newest, ingestion, query] = await Promise.all([
    newestRecords(probes, target),
    collectLogsIngestion(probes, target),
    collectLogsQuery(probes, target),
  ]);
  // Records arrive by ingestion and are seen by queries, so their age speaks of both.
  return [...ingestion, ...query].map((evidence) =>
    withNewest(evidence, evidence.id === "logs-ingestion-dce" ? newest.byEndpoint : newest.byHost),
  );
}

/** The ways in: the workspace's own host, and the endpoint that container logs take at high scale. */
export async function collectLogsIngestion(
  probes: Probes,
  target: Target,
): Promise<readonly PathEvidence[]> {
  const { logs } = target;
  const asked = { missing: logs.missing };
  const ods = probePath(probes, asked, {
    id: "logs-ingestion",
    host: logs.odsHost,
    request: odsRequest(target),
    also: [],
  });
  if (logs.highScale === undefined) return [await ods];
  const dce = probePath(probes, asked, {
    id: "logs-ingestion-dce",
    host: logs.highScale.host,
    request: highScaleRequest(target, logs.highScale),
    also: [],
  });
  return Promise.all([ods, dce]);
}

function collectLogsQuery(probes: Probes, { logs }: Target): Promise<readonly PathEvidence[]> {
  const { customerId, workspaceId, queryHost, armHost, missing } = logs;
  const byArm = `${workspaceId}/providers/microsoft.insights/logs?api-version=2018-03-01-preview`;
  return Promise.all([
    probePath(
      probes,
      { missing },
      {
        id: "logs-query",
        host: customerId === undefined ? undefined : queryHost,
        request: queryRequest(`/v1/workspaces/${customerId}/query`, audiences.logAnalytics),
        also: [],
      },
    ),
    probePath(
      probes,
      { missing },
      {
        id: "logs-query-arm",
        host: workspaceId === undefined ? undefined : armHost,
        request: queryRequest(byArm, audiences.arm),
        also: [],
      },
    ),
  ]);
}

/** Tables that a cluster's agent fills, the most telling first. */
const containerLogs = ["ContainerLogV2", "ContainerLog"] as const;
const inventory = ["KubePodInventory", "Heartbeat"] as const;

/** The newest record that each way in brought: at high scale container logs come by the endpoint, and all else by the host. */
export interface NewestRecords {
  readonly byHost: Newest;
  readonly byEndpoint: Newest;
}

/** What each way in brought last; of the endpoint only where there is one. */
export async function newestRecords(probes: Probes, target: Target): Promise<NewestRecords> {
  if (target.logs.highScale === undefined) {
    const byHost = await newestRecord(probes, target, [...containerLogs, ...inventory]);
    return { byHost, byEndpoint: {} };
  }
  const [byHost, byEndpoint] = await Promise.all([
    newestRecord(probes, target, inventory),
    newestRecord(probes, target, containerLogs.slice(0, 1)),
  ]);
  return { byHost, byEndpoint };
}

/** When the newest record of the cluster was taken, or why it could not be asked for. */
async function newestRecord(
  probes: Probes,
  { clusterId, logs }: Target,
  tables: readonly string[],
): Promise<Newest> {
  const { customerId, queryHost: host } = logs;
  const ask = probes.newestRecordMs?.bind(probes);
  if (ask === undefined || customerId === undefined) {
    return { error: "The newest record could not be asked for." };
  }
  try {
    for (const table of tables) {
      const kql = newestRecordQuery(table, clusterId);
      const newestSampleMs = await ask({ host, workspace: customerId, kql });
      if (newestSampleMs !== null) return { newestSampleMs };
    }
    return { newestSampleMs: null };
  } catch (error) {
    return { error: `The newest record could not be asked for: ${messageOf(error)}` };
  }
}

/** The query by which the newest record of a cluster in a table is found. Ids in `_ResourceId` are in lower case. */
export const newestRecordQuery = (table: string, clusterId: string): string =>
  `${table} | where _ResourceId =~ ${JSON.stringify(clusterId)} | summarize max(TimeGenerated)`;

/** A write without records: refused or taken, it stores nothing. @see microsoft/Docker-Provider source/plugins/go/src/oms.go */
function odsRequest(target: Target): Omit<ProbeRequest, "host"> | undefined {
  const { clusterId, logs } = target;
  const signIn = logs.auth === "legacy" ? legacySignIn(logs) : identitySignIn(target);
  if (signIn === undefined) return undefined;
  return {
    method: "POST",
    path: "/OperationalData.svc/PostJsonDataItems?api-version=2016-04-01",
    headers: { "content-type": "application/json", "x-ms-azureresourceid": clusterId },
    body: Buffer.from(JSON.stringify({ ...logs.odsProbe, DataItems: [] })),
    audience: audiences.monitor,
    ...signIn,
  };
}

function identitySignIn(
  target: Target,
): Pick<ProbeRequest, "asCluster" | "ingestionToken"> | undefined {
  const { customerId } = target.logs;
  const channel = customerId === undefined ? undefined : `ods-${customerId}`;
  const ingestionToken = channelToken(target, channel);
  return ingestionToken && { asCluster: target.clusterId, ingestionToken };
}

function legacySignIn({
  workspaceId,
  customerId,
  omsHost,
}: LogsTarget): Pick<ProbeRequest, "legacyAgent"> | undefined {
  if (workspaceId === undefined || customerId === undefined || omsHost === undefined) {
    return undefined;
  }
  return { legacyAgent: { workspaceId, customerId, omsHost } };
}

function highScaleRequest(
  target: Target,
  { dceImmutableId, stream }: NonNullable<LogsTarget["highScale"]>,
): Omit<ProbeRequest, "host"> | undefined {
  const { clusterId, logs } = target;
  const token = channelToken(
    target,
    dceImmutableId === undefined ? undefined : `gigl-${dceImmutableId}`,
  );
  if (token === undefined) return undefined;
  return {
    method: "POST",
    path: `/dataCollectionRules/${logs.ruleImmutableId}/streams/${stream}?api-version=2023-01-01`,
    headers: { "content-type": "application/json" },
    body: Buffer.from("[]"),
    audience: audiences.monitor,
    asCluster: clusterId,
    ingestionToken: token,
  };
}

/** Where the agent asks for the token of a channel; undefined where the resources do not say it. */
function channelToken(
  { clusterId, clusterRegion, configurationHost, logs }: Target,
  channel: string | undefined,
): ProbeRequest["ingestionToken"] {
  const { ruleImmutableId } = logs;
  if (configurationHost === undefined || ruleImmutableId === undefined) return undefined;
  if (channel === undefined) return undefined;
  const path = `${clusterId}/agentConfigurations/${ruleImmutableId}/channels/${channel}/issueIngestionToken`;
  const query = `operatingLocation=${clusterRegion}&platform=linux&api-version=2020-04-01-preview`;
  return { host: configurationHost, path: `${path}?${query}` };
}

const queryRequest = (path: string, audience: string): Omit<ProbeRequest, "host"> => ({
  method: "POST",
  path,
  headers: { "content-type": "application/json", accept: "application/json" },
  body: Buffer.from(JSON.stringify({ query: "Heartbeat | take 1", timespan: "PT5M" })),
  audience,
});
