/** Scenes for onboarding logs: an estate with both halves in the control plane, and runs of each half over it. */
import assert from "node:assert/strict";
import {
  apply,
  buildEstate,
  estateLogsRequests,
  estateRequests,
  observe,
  planLogs,
  planMetrics,
} from "../../src/onboard/index.ts";
import type {
  ApplyOptions,
  ApplyOutcome,
  Estate,
  EstateLogs,
  LogsRequest,
  MetricsRequest,
  Plan,
} from "../../src/onboard/index.ts";
import { controlPlane, subscriptionId } from "./control-plane.ts";
import type { ControlPlane } from "./control-plane.ts";
import { arrived, estateOf, inTime } from "./scene.ts";

const logs: EstateLogs = {
  workspace: "law-logs",
  scope: "ampls",
  subnet: "snet-private-endpoints",
  auth: "managed-identity",
  highLogScale: false,
  syslog: false,
  ingestionAccessMode: "PrivateOnly",
  queryAccessMode: "Open",
  closeShared: false,
  closeQuery: false,
};

export const bothHalves = (
  given: Partial<EstateLogs> = {},
  regions: { readonly workspace?: string; readonly group?: string } = {},
): Estate => {
  const estate = estateOf({ closeShared: given.closeShared ?? false });
  return {
    ...estate,
    region: regions.group ?? estate.region,
    logAnalyticsWorkspaces: [{ name: "law-logs", region: regions.workspace ?? "westeurope" }],
    clusters: estate.clusters.map((cluster) => ({ ...cluster, logs: { ...logs, ...given } })),
  };
};

export interface LogsScene {
  readonly plane: ControlPlane;
  readonly request: LogsRequest;
  readonly metrics: MetricsRequest;
}

export async function logsSceneOf(estate: Estate = bothHalves()): Promise<LogsScene> {
  const plane = controlPlane();
  await buildEstate(estate, { arm: plane.arm, subscriptionId });
  const [request] = estateLogsRequests(estate, { subscriptionId });
  const [metrics] = estateRequests(estate, { subscriptionId });
  assert.ok(request !== undefined && metrics !== undefined);
  return { plane, request, metrics };
}

export async function logsPlanOf({ plane, request }: LogsScene): Promise<Plan> {
  const { clusterId, scopeId } = request;
  return planLogs(request, await observe(plane.arm, { clusterId, scopeId, logs: request }));
}

export const logsApplied = async (
  scene: LogsScene,
  options: Partial<ApplyOptions> = {},
): Promise<ApplyOutcome> => carriedOut(scene, await logsPlanOf(scene), options);

export const metricsApplied = async (scene: LogsScene): Promise<ApplyOutcome> =>
  carriedOut(scene, planMetrics(scene.metrics, await observe(scene.plane.arm, scene.metrics)), {});

function carriedOut(
  { plane }: LogsScene,
  plan: Plan,
  options: Partial<ApplyOptions>,
): Promise<ApplyOutcome> {
  assert.deepEqual(plan.blockers, []);
  return inTime(
    plane,
    apply(plan, plane.arm, {
      clock: plane.clock,
      waitMs: 900_000,
      dataArrived: arrived,
      ...options,
    }),
  );
}
