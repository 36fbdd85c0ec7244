/** Scenes for onboarding's tests: an estate built in the control plane, plans and runs over it, and what stands in the end. */
import assert from "node:assert/strict";
import type { Graph, JsonObject } from "../../src/arm/index.ts";
import {
  apply,
  buildEstate,
  estateRequests,
  observe,
  planMetrics,
} from "../../src/onboard/index.ts";
import type {
  ApplyOptions,
  ApplyOutcome,
  Estate,
  EstateMetrics,
  MetricsRequest,
  Plan,
} from "../../src/onboard/index.ts";
import { dceOf } from "../../src/rules/index.ts";
import { controlPlane, subscriptionId } from "./control-plane.ts";
import type { ControlPlane } from "./control-plane.ts";

const metrics: EstateMetrics = {
  workspace: "amw-metrics",
  scope: "ampls",
  subnet: "snet-private-endpoints",
  ingestionAccessMode: "PrivateOnly",
  queryAccessMode: "Open",
  closeShared: false,
  closeQuery: false,
};
export const estateOf = (
  given: Partial<EstateMetrics> = {},
  regions: { readonly cluster?: string; readonly workspace?: string } = {},
): Estate => ({
  resourceGroup: "rg",
  region: "westeurope",
  networks: [
    {
      name: "vnet-aks",
      addressSpace: ["10.42.0.0/16"],
      subnets: [{ name: "snet-nodes", prefix: "10.42.0.0/22" }],
    },
  ],
  workspaces: [{ name: "amw-metrics", region: regions.workspace ?? "westeurope" }],
  clusters: [
    {
      name: "aks-prod",
      region: regions.cluster ?? "westeurope",
      private: true,
      network: "vnet-aks",
      subnet: "snet-nodes",
      metrics: { ...metrics, ...given },
    },
  ],
});

export const group = `/subscriptions/${subscriptionId}/resourceGroups/rg`;
export const insights = `${group}/providers/Microsoft.Insights`;
export const scopeId = `${insights}/privateLinkScopes/ampls`;
export const dceId = `${insights}/dataCollectionEndpoints/MSProm-westeurope-aks-prod`;

export interface Scene {
  readonly plane: ControlPlane;
  readonly request: MetricsRequest;
}

export async function sceneOf(estate: Estate = estateOf()): Promise<Scene> {
  const plane = controlPlane();
  await buildEstate(estate, { arm: plane.arm, subscriptionId });
  const [request] = estateRequests(estate, { subscriptionId });
  assert.ok(request !== undefined);
  return { plane, request };
}

export const planOf = async ({ plane, request }: Scene): Promise<Plan> =>
  planMetrics(request, await observe(plane.arm, request));

export const arrived: ApplyOptions["dataArrived"] = () =>
  Promise.resolve({ arrived: true, says: "it came." });

export async function applied(
  scene: Scene,
  options: Partial<ApplyOptions> = {},
): Promise<ApplyOutcome> {
  const plan = await planOf(scene);
  assert.deepEqual(plan.blockers, []);
  return inTime(
    scene.plane,
    apply(plan, scene.plane.arm, {
      clock: scene.plane.clock,
      waitMs: 900_000,
      dataArrived: arrived,
      ...options,
    }),
  );
}

/** Lets the fake clock run until a promise settles. */
export async function inTime<Value>(
  { clock }: ControlPlane,
  promise: Promise<Value>,
): Promise<Value> {
  const state = { settled: false };
  const done = promise.finally(() => void (state.settled = true));
  done.catch(() => undefined); // It is awaited below; until then nobody listens.
  for (let turn = 0; !state.settled && turn < 100_000; turn += 1) {
    await new Promise((resolve) => void setImmediate(resolve));
    if (!state.settled) clock.advance(500);
  }
  return done;
}

/** What stands in the end, without what is random or tells of time. */
export function endState(graph: Graph): readonly string[] {
  const normal = (text: string): string =>
    text
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "GUID")
      .replaceAll(/(dce|dcr)-[0-9a-f]{32}/g, "$1-IMMUTABLE");
  return [...graph.all()]
    .map(({ id, location, tags, properties }) =>
      normal(JSON.stringify({ id, location, tags, properties: withoutEtags(properties) })),
    )
    .sort();
}

const withoutEtags = (value: JsonObject): JsonObject =>
  JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => (key === "etag" ? undefined : inner)),
  ) as JsonObject;

export const access = (graph: Graph, id: string): string | undefined =>
  dceOf(graph, id)?.publicNetworkAccess;
