/** The synthetic cluster: its endpoints of metrics and logs, and the scenarios on its clock. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fakeClock } from "../../src/core/index.ts";
import { nodeNames, SYNTHETIC } from "./cluster.ts";
import { at, listAt, numberAt, textAt } from "./kube.ts";
import { knownType } from "./resource-types.ts";
import type { Lab } from "./start-lab.ts";
import { ask, labFor, nextEvent, openStream } from "./testing.ts";

const clock = fakeClock();
const pods = "/api/v1/namespaces/shop/pods";
let lab: Lab;
before(async () => {
  lab = await labFor(clock);
  clock.advance(60_000);
});
after(() => lab.close());

const node = nodeNames[0] ?? "";
const items = async (path: string): Promise<readonly unknown[]> =>
  listAt((await ask(lab, path)).body, "items");
const kubelet = async (name: string): Promise<string> => {
  const { body } = await ask(lab, `/api/v1/nodes/${name}`);
  return `https://127.0.0.1:${numberAt(body, "status", "daemonEndpoints", "kubeletEndpoint", "Port")}`;
};
const statusOf = async (name: string): Promise<unknown> => (await ask(lab, `${pods}/${name}`)).body;

test("nodes and namespaces say that they are synthetic", async () => {
  for (const object of [
    ...(await items("/api/v1/nodes")),
    ...(await items("/api/v1/namespaces")),
  ]) {
    const label = Object.entries(SYNTHETIC)[0] ?? ["", ""];
    assert.equal(at(object, "metadata", "annotations", label[0]), label[1]);
  }
});

test("a kubelet answers its pages to whom RBAC lets, on its own port and through the node proxy", async () => {
  const own = await kubelet(node);
  for (const path of ["/metrics", "/metrics/cadvisor", "/metrics/probes", "/stats/summary"]) {
    const direct = await ask(lab, `${own}${path}`, { accept: "*/*" });
    const proxied = await ask(lab, `/api/v1/nodes/${node}/proxy${path}`, { accept: "*/*" });
    assert.equal(direct.status, 200, path);
    assert.equal(direct.text, proxied.text, path);
  }
  assert.match(
    (await ask(lab, `${own}/metrics/cadvisor`)).text,
    /container_cpu_usage_seconds_total\{[^}]*namespace="shop"/,
  );
  assert.match((await ask(lab, `${own}/metrics`)).text, /^kubelet_running_pods \d+$/m);
  assert.equal((await ask(lab, `${own}/metrics`, { token: "" })).status, 401);
  const token = lab.access.issueForServiceAccount("shop", "default");
  assert.equal((await ask(lab, `${own}/metrics`, { token })).status, 403);
});

test("every endpoint of metrics is a listener that answers in text and in OpenMetrics", async () => {
  const ports = [
    lab.targets.appPort,
    lab.targets.kubeStatePort,
    ...Object.values(lab.targets.nodeExporterPorts),
  ];
  for (const port of ports) {
    const url = `http://127.0.0.1:${port}/metrics`;
    const text = await (await fetch(url)).text();
    assert.match(text, /^# TYPE \w+ (counter|gauge|histogram)$/m);
    const accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
    const open = await fetch(url, { headers: { accept } });
    assert.match(open.headers.get("content-type") ?? "", /openmetrics/);
    assert.match(await open.text(), /\n# EOF\n$/);
  }
  const app = await fetch(`http://127.0.0.1:${lab.targets.appPort}/metrics`, {
    headers: { accept: "application/openmetrics-text" },
  });
  assert.match(await app.text(), /_bucket\{le="0.1"\} \d+ # \{trace_id="[0-9a-f]{32}"\}/);
});

test("services have endpoints and slices of their ready pods, with the ports where they answer", async () => {
  const endpoints = await ask(lab, "/api/v1/namespaces/kube-system/endpoints/node-exporter");
  const found = listAt(endpoints.body, "subsets").flatMap((subset) =>
    listAt(subset, "ports").map((port) => numberAt(port, "port")),
  );
  assert.deepEqual(found.sort(), Object.values(lab.targets.nodeExporterPorts).sort());
  const slices = await items(
    "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io/service-name%3Dweb",
  );
  assert.deepEqual(
    slices.flatMap((slice) =>
      listAt(slice, "endpoints").map((entry) => textAt(entry, "targetRef", "kind")),
    ),
    ["Pod", "Pod", "Pod"],
  );
});

test("a pod's log is read from its tail, with its times, and followed", async () => {
  const name = textAt((await items(`${pods}?labelSelector=app%3Dweb`))[0], "metadata", "name");
  const log = `${pods}/${name}/log`;
  const tail = await ask(lab, `${log}?tailLines=2&timestamps=true`);
  assert.match(
    tail.text,
    /^\d{4}-\d\d-\d\dT[\d:.]+Z GET \/item\/\d+ 200\n.+ GET \/item\/\d+ 200\n$/,
  );
  assert.equal((await ask(lab, `${log}?sinceSeconds=0`)).text.split("\n").length, 2);
  const stream = await openStream(lab, `${log}?follow=true&tailLines=0`);
  clock.advance(1000);
  assert.match((await stream.next()) ?? "", /^GET \/item/);
  stream.close();
  assert.equal((await ask(lab, `${log}?container=none`)).status, 400);
  assert.equal((await ask(lab, `${log}?tailLines=-1`)).status, 422);
  assert.equal((await ask(lab, `${log}?previous=true`)).status, 400);
});

test("a rollout replaces pods step by step and never falls below what it must keep", async () => {
  const selector = `${pods}?labelSelector=app%3Dweb`;
  const stream = await openStream(
    lab,
    `${selector}&watch=1&resourceVersion=${lab.store.revision()}`,
  );
  lab.scenarios.rollout({ namespace: "shop", name: "web" }, "lab/web:2");
  const images = new Set(
    (await items(selector)).map((pod) => textAt(pod, "spec", "containers", 0, "image")),
  );
  assert.deepEqual([...images], ["lab/web:2"]);
  let alive = 3;
  let fewest = 3;
  for (let seen = 0; seen < 3;) {
    const event = await nextEvent(stream);
    if (event.startsWith("ADDED")) alive++;
    if (event.startsWith("DELETED")) {
      alive--;
      seen++;
    }
    fewest = Math.min(fewest, alive);
  }
  assert.equal(fewest, 3);
  stream.close();
});

test("a crash loop waits longer each time, counts its restarts, and recovers", async () => {
  const name = textAt((await items(`${pods}?labelSelector=app%3Dworker`))[0], "metadata", "name");
  const pod = { namespace: "shop", name };
  lab.scenarios.crashLoop(pod);
  const waiting = await statusOf(name);
  assert.equal(
    textAt(waiting, "status", "containerStatuses", 0, "state", "waiting", "reason"),
    "CrashLoopBackOff",
  );
  const restarts = async (): Promise<number> =>
    numberAt(await statusOf(name), "status", "containerStatuses", 0, "restartCount");
  clock.advance(10_000);
  assert.equal(await restarts(), 1);
  clock.advance(1_000 + 19_999);
  assert.equal(await restarts(), 1);
  clock.advance(1);
  assert.equal(await restarts(), 2);
  const events = await items(
    `/api/v1/namespaces/shop/events?fieldSelector=involvedObject.name%3D${name}`,
  );
  assert.equal(textAt(events[0], "reason"), "BackOff");
  lab.scenarios.recover(pod);
  clock.advance(3_600_000);
  assert.equal(await restarts(), 2);
});

test("a node that is not ready refuses connections, loses its pods after a while, and comes back", async () => {
  const own = await kubelet(node);
  await lab.scenarios.nodeNotReady(node, 5_000);
  await assert.rejects(ask(lab, `${own}/healthz`), /ECONNREFUSED/);
  assert.equal((await ask(lab, `/api/v1/nodes/${node}/proxy/healthz`)).status, 502);
  const onNode = async (): Promise<number> =>
    (await items(`/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`)).length;
  const before = await onNode();
  clock.advance(5_000);
  assert.equal(await onNode(), 2);
  assert.ok(before > 2);
  assert.equal((await items(`${pods}?labelSelector=app%3Dweb`)).length, 3);
  await lab.scenarios.nodeReady(node);
  assert.equal((await ask(lab, `${own}/healthz`)).text, "ok");
});

test("scaling to 5,000 pods takes its steps on the clock, and back again", async () => {
  const worker = { namespace: "shop", name: "worker" };
  const count = (): number =>
    lab.store.list(knownType("pods")).filter((pod) => pod.metadata.labels?.["app"] === "worker")
      .length;
  lab.scenarios.scale(worker, 5000);
  assert.ok(count() < 5000);
  clock.advance(10_000);
  assert.equal(count(), 5000);
  const { body } = await ask(lab, "/apis/apps/v1/namespaces/shop/deployments/worker");
  assert.equal(at(body, "status", "readyReplicas"), 5000);
  lab.scenarios.scale(worker, 2);
  clock.advance(10_000);
  assert.equal(count(), 2);
});
