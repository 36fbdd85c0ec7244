/** Interrupted, refused and resumed runs against the control plane in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseId, stringAt } from "../../src/arm/index.ts";
import { CodedError, limits } from "../../src/core/index.ts";
import { apply, observe } from "../../src/onboard/index.ts";
import type { ApplyOptions, Plan } from "../../src/onboard/index.ts";
import { scopeOf, workspaceOf } from "../../src/rules/index.ts";
import type { ControlPlane } from "./control-plane.ts";
import {
  access,
  applied,
  arrived,
  dceId,
  endState,
  estateOf,
  group,
  inTime,
  insights,
  planOf,
  sceneOf,
  scopeId,
} from "./scene.ts";

test("nothing closes before data has come, a time-out says what is open, and a rerun resumes", async () => {
  const scene = await sceneOf(estateOf({ closeQuery: true }));
  const asked: number[] = [];
  const outcome = await applied(scene, {
    waitMs: 60_000,
    dataArrived: (sinceMs) => {
      asked.push(sinceMs);
      return Promise.resolve({ arrived: false, says: "no sample was found yet." });
    },
  });
  assert.deepEqual([outcome.kind, outcome.exit], ["open", 3]);
  assert.match(
    outcome.says,
    /^Nothing was closed: after 60 s, no sample was found yet\. Run again/,
  );
  assert.deepEqual(
    outcome.open.map(({ id }) => parseId(id)?.name),
    ["ampls", "MSProm-westeurope-aks-prod", "amw-metrics"],
  );
  assert.ok(asked.length > 1);
  const graph = scene.plane.graph();
  assert.equal(scopeOf(graph, scopeId)?.ingestionAccessMode, "Open");
  assert.equal(access(graph, dceId), "Enabled");
  const rerun = await applied(scene);
  assert.deepEqual([rerun.kind, rerun.exit, rerun.written.length], ["done", 0, 3]);
});

test("a question about data that fails is no answer, and the wait goes on", async () => {
  const scene = await sceneOf();
  let times = 0;
  const outcome = await applied(scene, {
    dataArrived: () => {
      times += 1;
      return times < 3 ? Promise.reject(new Error("no route")) : arrived(0);
    },
  });
  assert.equal(outcome.kind, "done");
  assert.equal(times, 3);
});

test("data must be newer than the approval of the endpoint", async () => {
  const scene = await sceneOf();
  const startMs = scene.plane.clock.nowMs();
  let since = 0;
  await applied(scene, { dataArrived: (sinceMs) => ((since = sinceMs), arrived(sinceMs)) });
  assert.ok(
    since > startMs,
    "the endpoint was made in this run, so the moment of its approval counts",
  );
});

test("killed before or after any write, a rerun ends as one run would have", async () => {
  const whole = await sceneOf(estateOf({ closeShared: true, closeQuery: true }));
  const count = (await applied(whole)).written.length;
  const wanted = endState(whole.plane.graph());
  assert.ok(count > 25);
  for (const moment of ["before", "after"] as const) {
    for (let at = 1; at <= count; at += 1) {
      const scene = await sceneOf(estateOf({ closeShared: true, closeQuery: true }));
      const killed = await applied(scene, killAt(scene.plane, at, moment));
      assert.equal(killed.exit, 1, `killed ${moment} write ${at}`);
      scene.plane.beforeWrite = () => undefined;
      const rerun = await applied(scene);
      assert.equal(rerun.exit, 0, `${moment} ${at}: ${rerun.says}`);
      assert.deepEqual(endState(scene.plane.graph()), wanted, `${moment} write ${at}`);
    }
  }
});

/** Stops a run at its n-th write as a kill would: nothing after it happens, whether the write was done or not. */
function killAt(
  plane: ControlPlane,
  at: number,
  moment: "before" | "after",
): Partial<ApplyOptions> {
  let writes = 0;
  plane.beforeWrite = () => {
    writes += 1;
    const dead = moment === "before" ? writes >= at : writes > at;
    if (dead) throw new Error("killed");
  };
  // Killed after the last write, nothing is left to write: the run would end well, so it is stopped by its observer.
  return {
    onEvent: (event) => {
      if (
        moment === "after" &&
        event.kind === "change" &&
        event.state === "written" &&
        writes === at
      ) {
        throw new Error("killed");
      }
    },
  };
}

test("a plan that was written to a file can be applied, and applied again after it was done", async () => {
  const scene = await sceneOf(estateOf({ closeShared: true, closeQuery: true }));
  const plan = JSON.parse(JSON.stringify(await planOf(scene))) as Plan;
  const options = { clock: scene.plane.clock, waitMs: 0, dataArrived: arrived };
  assert.equal((await inTime(scene.plane, apply(plan, scene.plane.arm, options))).kind, "done");
  const again = await inTime(scene.plane, apply(plan, scene.plane.arm, options));
  assert.deepEqual([again.kind, again.written.length], ["unchanged", 0]);
});

const refusing = (plane: ControlPlane, error: CodedError, times: number): void => {
  let left = times;
  plane.beforeWrite = (path) => {
    if (!path.includes("/scopedResources/") || left === 0) return;
    left -= 1;
    throw error;
  };
};

const busy = new CodedError(
  "Conflict",
  "Cannot modify resource while in provisioning state: 'Provisioning'",
  { status: 409 },
);

test("a scope that is provisioning is waited for, as long as it takes", async () => {
  const scene = await sceneOf();
  refusing(scene.plane, busy, 20);
  const retries: string[] = [];
  const outcome = await applied(scene, {
    onEvent: (event) => void (event.kind === "retry" && retries.push(event.says)),
  });
  assert.equal(outcome.kind, "done");
  assert.equal(retries.length, 20);
});

test("a link whose write failed is written again, under the name it has", async () => {
  const scene = await sceneOf();
  const { arm } = scene.plane;
  await arm.put(scopeId, {
    apiVersion: "2021-09-01",
    body: {
      location: "global",
      properties: { accessModeSettings: { ingestionAccessMode: "Open", queryAccessMode: "Open" } },
    },
  });
  const network = `${group}/providers/Microsoft.Network`;
  await arm.put(`${network}/virtualNetworks/full`, {
    apiVersion: "2022-01-01",
    body: {
      location: "westeurope",
      properties: {
        addressSpace: { addressPrefixes: ["10.99.0.0/24"] },
        subnets: [{ name: "s", properties: { addressPrefix: "10.99.0.0/28" } }],
      },
    },
  });
  const blocking = `${network}/privateEndpoints/pe-full`;
  const connections = [
    { name: "c", properties: { privateLinkServiceId: scopeId, groupIds: ["azuremonitor"] } },
  ];
  await arm.put(blocking, {
    apiVersion: "2022-01-01",
    body: {
      location: "westeurope",
      properties: {
        subnet: { id: `${network}/virtualNetworks/full/subnets/s` },
        privateLinkServiceConnections: connections,
      },
    },
  });
  const other = `${insights}/dataCollectionEndpoints/other`;
  await arm.put(other, { apiVersion: "2022-06-01", body: { location: "westeurope" } });
  await arm.put(`${scopeId}/scopedResources/other`, {
    apiVersion: "2021-09-01",
    body: { properties: { linkedResourceId: other } },
  });
  const workspace = workspaceOf(scene.plane.graph(), scene.request.workspaceId);
  const link = `${scopeId}/scopedResources/by-hand`;
  const linkedResourceId = workspace?.defaultDceId ?? "";
  const body = { properties: { linkedResourceId } };
  await arm.put(link, { apiVersion: "2021-09-01", body });
  const stateOf = () => stringAt(scene.plane.graph().get(link)?.properties, "provisioningState");
  assert.equal(stateOf(), "Failed");
  await scene.plane.remove(blocking);
  const change = (await planOf(scene)).changes.find(({ id }) => id === link);
  assert.deepEqual([change?.action, change?.because], ["update", "failed"]);
  assert.equal((await applied(scene)).kind, "done");
  assert.equal(stateOf(), "Succeeded");
});

test("between two tries at a scope that is provisioning lies its wait", async () => {
  const scene = await sceneOf();
  refusing(scene.plane, busy, 1);
  const atMs: number[] = [];
  await applied(scene, {
    onEvent: ({ kind }) => void (kind === "retry" && atMs.push(scene.plane.clock.nowMs())),
  });
  const [retried = 0] = atMs;
  const { clock } = scene.plane;
  assert.equal(atMs.length, 1);
  assert.ok(clock.nowMs() - retried >= limits.onboardProvisioningWaitMs);
});

test("a failure that may pass is tried a few times, and one time more is a failure", async () => {
  const down = new CodedError("ServiceUnavailable", "Try again.", { status: 503 });
  const outcomeAfter = async (failures: number) => {
    const scene = await sceneOf();
    refusing(scene.plane, down, failures);
    return (await applied(scene)).kind;
  };
  assert.equal(await outcomeAfter(limits.onboardTriesMax - 1), "done");
  assert.equal(await outcomeAfter(limits.onboardTriesMax), "failed");
});

test("a scope that never stops provisioning ends the run after ten minutes", async () => {
  const scene = await sceneOf();
  refusing(scene.plane, busy, Number.POSITIVE_INFINITY);
  const startMs = scene.plane.clock.nowMs();
  const outcome = await applied(scene);
  assert.equal(outcome.kind, "failed");
  const tookMs = scene.plane.clock.nowMs() - startMs;
  assert.ok(tookMs > limits.onboardWriteMs - 20_000 && tookMs < limits.onboardWriteMs + 60_000);
});

test("a run that is stopped throws, and a rerun ends it", async () => {
  const scene = await sceneOf();
  const stop = new AbortController();
  const running = applied(scene, {
    signal: stop.signal,
    onEvent: (event) => void (event.kind === "step" && event.step === "network" && stop.abort()),
  });
  await assert.rejects(running, { name: "AbortError" });
  assert.equal((await applied(scene)).kind, "done");
});

test("what may not be read is noted, and decides nothing in silence", async () => {
  const scene = await sceneOf();
  scene.plane.refuse(/dataCollectionRules\/read/i);
  const plan = await planOf(scene);
  assert.deepEqual(plan.blockers, []);
  assert.ok(
    plan.notes.some(({ says }) =>
      /dataCollectionRules.* cannot be read \(AuthorizationFailed/.test(says),
    ),
  );
  scene.plane.refuse(/privateLinkScopes\/read/i);
  assert.deepEqual(
    (await planOf(scene)).blockers.map(({ code }) => code),
    ["ResourceUnreadable"],
  );
});

test("a failure of ARM while reading is no observation", async () => {
  const scene = await sceneOf();
  const broken = new CodedError("ServiceUnavailable", "Later.", { status: 503 });
  const arm = { ...scene.plane.arm, list: () => Promise.reject(broken) };
  await assert.rejects(observe(arm, scene.request), broken);
});

test("a passing failure gets four tries, and a fifth one ends the run with what ARM said", async () => {
  const failing = new CodedError("InternalServerError", "Something broke.", { status: 500 });
  const patient = await sceneOf();
  refusing(patient.plane, failing, 3);
  assert.equal((await applied(patient)).kind, "done");
  const ended = await sceneOf();
  refusing(ended.plane, failing, 4);
  const outcome = await applied(ended);
  assert.deepEqual([outcome.kind, outcome.exit], ["failed", 1]);
  assert.ok(outcome.error instanceof CodedError && outcome.error.code === "WriteFailed");
  assert.match(
    outcome.says,
    /Could not create .*-connection .*InternalServerError: Something broke\./,
  );
  assert.ok(outcome.open.length > 20);
});

test("what changed after the plan was made is not overwritten", async () => {
  const scene = await sceneOf(estateOf({ closeQuery: true }));
  await applied({ ...scene, request: { ...scene.request, closeQuery: false } });
  const plan = await planOf(scene);
  const workspace = scene.request.workspaceId;
  const before = await scene.plane.arm.get(workspace, "2023-04-03");
  assert.ok(before !== undefined);
  const stale: Plan = {
    ...plan,
    changes: plan.changes.map((change) =>
      change.id === workspace && change.step === "close"
        ? { ...change, before: { properties: { publicNetworkAccess: "SecuredByPerimeter" } } }
        : change,
    ),
  };
  const outcome = await inTime(
    scene.plane,
    apply(stale, scene.plane.arm, { clock: scene.plane.clock, waitMs: 0, dataArrived: arrived }),
  );
  assert.ok(
    outcome.error instanceof CodedError && outcome.error.code === "PlanStale",
    outcome.says,
  );
  assert.equal(workspaceOf(scene.plane.graph(), workspace)?.publicNetworkAccess, "Enabled");
});

test("a plan with blockers writes nothing", async () => {
  const scene = await sceneOf();
  const plan = await planOf({
    ...scene,
    request: { ...scene.request, workspaceId: `${scene.request.workspaceId}-2` },
  });
  assert.deepEqual(
    plan.blockers.map(({ code }) => code),
    ["ResourceMissing"],
  );
  const before = scene.plane.writes.length;
  const outcome = await apply(plan, scene.plane.arm, {
    clock: scene.plane.clock,
    waitMs: 0,
    dataArrived: arrived,
  });
  assert.deepEqual([outcome.kind, outcome.exit], ["blocked", 1]);
  assert.equal(scene.plane.writes.length, before);
});

test("an endpoint that waits for approval stops the run, with what its owner must do", async () => {
  const scene = await sceneOf();
  scene.plane.refuse(/PrivateEndpointConnectionsApproval/i);
  const outcome = await applied(scene, { waitMs: 30_000 });
  assert.deepEqual([outcome.kind, outcome.exit], ["open", 3]);
  assert.match(outcome.says, /is Pending; its owner must approve it/);
  assert.ok(!scene.plane.writes.some((path) => path.includes("configurationAccessEndpoint")));
  const [connection] = await scene.plane.arm.list(
    `${scopeId}/privateEndpointConnections`,
    "2021-09-01",
  );
  const body = {
    properties: { privateLinkServiceConnectionState: { status: "Approved", description: "yes" } },
  };
  scene.plane.refuse(undefined);
  await scene.plane.arm.put(stringAt(connection, "id") ?? "", { apiVersion: "2021-09-01", body });
  assert.equal((await applied(scene)).kind, "done");
});
