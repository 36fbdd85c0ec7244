/** The informers of @kubernetes/client-node as judges of list and watch. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, before, test } from "node:test";
import { CoreV1Api, KubeConfig, makeInformer } from "@kubernetes/client-node";
import type { V1Pod } from "@kubernetes/client-node";
import { fakeClock } from "../../src/core/index.ts";
import { knownType } from "./resource-types.ts";
import type { Lab } from "./start-lab.ts";
import { labFor } from "./testing.ts";

const clock = fakeClock();
const pods = knownType("pods");
let lab: Lab;
let config: KubeConfig;
before(async () => {
  lab = await labFor(clock);
  lab.scenarios.scale({ namespace: "shop", name: "worker" }, 500);
  clock.advance(10_000);
  config = new KubeConfig();
  config.loadFromFile(lab.kubeconfigPath);
});
after(() => lab.close());

/** An informer of the namespace's pods that starts again after each error, as its documents say, and what it tells. */
function informerOf(namespace: string) {
  const api = config.makeApiClient(CoreV1Api);
  const told = new EventEmitter();
  const informer = makeInformer<V1Pod>(config, `/api/v1/namespaces/${namespace}/pods`, () =>
    api.listNamespacedPod({ namespace, limit: 10_000 }),
  );
  for (const verb of ["add", "update", "delete"] as const) {
    informer.on(verb, (pod) => {
      told.emit("told", `${verb} ${pod.metadata?.name ?? ""}`);
      told.emit(`${verb} ${pod.metadata?.name ?? ""}`);
    });
  }
  informer.on("connect", () => told.emit("connect"));
  let stopped = false;
  informer.on("error", () => {
    if (!stopped) void informer.start();
  });
  const stop = (): Promise<void> => {
    stopped = true;
    return informer.stop();
  };
  return { informer, told, stop };
}

const pod = (name: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop" },
  spec: { containers: [{ name: "c", image: "lab/c:1" }] },
  status: { phase: "Pending" },
});

function put(name: string): void {
  lab.store.put(pod(name));
  lab.settle();
}

/** Resolves when `written` has reached the informer. */
async function heard(told: EventEmitter, what: string, write: () => void): Promise<void> {
  const arrived = once(told, what);
  write();
  await arrived;
}

test("an informer syncs 500 pods and hears of each pod added, updated and deleted", async () => {
  const { informer, told, stop } = informerOf("shop");
  const connected = once(told, "connect");
  await informer.start();
  await connected;
  assert.equal(informer.list("shop").length, 504);
  await heard(told, "add fresh", () => put("fresh"));
  const fresh = lab.store.get(pods, { namespace: "shop", name: "fresh" });
  assert.ok(fresh);
  await heard(told, "update fresh", () =>
    lab.store.put({ ...fresh, metadata: { ...fresh.metadata, labels: { a: "b" } } }),
  );
  assert.equal(informer.get("fresh", "shop")?.metadata?.labels?.["a"], "b");
  await heard(told, "delete fresh", () =>
    lab.store.remove(pods, { namespace: "shop", name: "fresh" }),
  );
  assert.equal(informer.get("fresh", "shop"), undefined);
  await stop();
});

test("after a cut and a compaction an informer has every object again, and none that is gone", async () => {
  const { informer, told, stop } = informerOf("shop");
  put("goes");
  const connected = once(told, "connect");
  await informer.start();
  await connected;
  assert.ok(informer.get("goes", "shop"));
  // While it is cut off: one pod comes, one goes, and the log forgets both.
  const added = once(told, "add comes");
  const deleted = once(told, "delete goes");
  lab.cut();
  put("comes");
  lab.store.remove(pods, { namespace: "shop", name: "goes" });
  lab.compact();
  await Promise.all([added, deleted]);
  const held = informer.list("shop").map(({ metadata }) => metadata?.name ?? "");
  const real = lab.store
    .list(pods)
    .filter(({ metadata }) => metadata.namespace === "shop")
    .map(({ metadata }) => metadata.name);
  assert.deepEqual(held.sort(), real.sort());
  await stop();
});
