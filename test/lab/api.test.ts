/** The lab's API server, asked as the Kubernetes API's documents say. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fakeClock } from "../../src/core/index.ts";
import { at, listAt, textAt } from "./kube.ts";
import { BOOKMARK_INTERVAL_MS } from "./list-watch.ts";
import type { Lab } from "./start-lab.ts";
import { ask, configMap, labFor, nextEvent, openStream } from "./testing.ts";

const clock = fakeClock();
const maps = "/api/v1/namespaces/default/configmaps";
let lab: Lab;
before(async () => {
  lab = await labFor(clock);
});
after(() => lab.close());

const names = (body: unknown): readonly string[] =>
  listAt(body, "items").map((item) => textAt(item, "metadata", "name"));
const create = (name: string, data = {}, labels = {}) =>
  ask(lab, maps, { method: "POST", body: configMap(name, data, labels) });
const versionNow = async (): Promise<string> =>
  textAt((await ask(lab, maps)).body, "metadata", "resourceVersion");

test("a list comes in pages of one moment, whatever is written between them", async () => {
  for (const name of ["page-a", "page-b", "page-c"]) await create(name, {}, { page: "yes" });
  const first = (await ask(lab, `${maps}?limit=2&labelSelector=page%3Dyes`)).body;
  await ask(lab, `${maps}/page-c`, { method: "DELETE" });
  await create("page-b2", {}, { page: "yes" });
  const next = encodeURIComponent(textAt(first, "metadata", "continue"));
  const second = (await ask(lab, `${maps}?limit=2&labelSelector=page%3Dyes&continue=${next}`)).body;
  assert.deepEqual([names(first), names(second)], [["page-a", "page-b"], ["page-c"]]);
  assert.equal(at(second, "metadata", "continue"), undefined);
  lab.compact();
  const late = await ask(lab, `${maps}?limit=2&continue=${next}`);
  assert.equal(late.status, 410);
  assert.equal(textAt(late.body, "reason"), "Expired");
});

test("label and field selectors choose, and one that does not parse is refused", async () => {
  const pods = "/api/v1/namespaces/shop/pods";
  const count = async (selector: string): Promise<number> =>
    listAt((await ask(lab, `${pods}?${selector}`)).body, "items").length;
  assert.equal(await count("labelSelector=app%3Dweb"), 3);
  assert.equal(await count("labelSelector=app%20in%20(web,worker),app!%3Dworker"), 3);
  assert.equal(await count("labelSelector=!app"), 0);
  assert.equal(await count("fieldSelector=status.phase%3DPending"), 0);
  const nodes = textAt((await ask(lab, `${pods}?limit=1`)).body, "items", 0, "spec", "nodeName");
  assert.notEqual(await count(`fieldSelector=spec.nodeName%3D${nodes}`), 0);
  assert.equal((await ask(lab, `${pods}?labelSelector=a%20in%20web`)).status, 400);
  assert.equal((await ask(lab, `${pods}?fieldSelector=spec.hostname%3Dx`)).status, 400);
});

test("a watch replays what came after its version, goes on live, and is told when an object leaves its selection", async () => {
  const from = await versionNow();
  await create("seen", {}, { watched: "yes" });
  const stream = await openStream(
    lab,
    `${maps}?watch=1&labelSelector=watched%3Dyes&resourceVersion=${from}`,
  );
  assert.equal(await nextEvent(stream), "ADDED seen");
  const patch = (labels: object) =>
    ask(lab, `${maps}/seen`, {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      body: { metadata: { labels } },
    });
  await patch({ more: "yes" });
  assert.equal(await nextEvent(stream), "MODIFIED seen");
  await patch({ watched: null });
  assert.equal(await nextEvent(stream), "DELETED seen");
  await patch({ watched: "yes" });
  assert.equal(await nextEvent(stream), "ADDED seen");
  await ask(lab, `${maps}/seen`, { method: "DELETE" });
  assert.equal(await nextEvent(stream), "DELETED seen");
  stream.close();
});

test("a watch gets bookmarks when it allows them, and ends at its timeout", async () => {
  const stream = await openStream(
    lab,
    `${maps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=15&resourceVersion=${await versionNow()}`,
  );
  clock.advance(BOOKMARK_INTERVAL_MS);
  const bookmark: unknown = JSON.parse((await stream.next()) ?? "");
  assert.equal(textAt(bookmark, "type"), "BOOKMARK");
  assert.equal(textAt(bookmark, "object", "metadata", "resourceVersion"), await versionNow());
  clock.advance(15_000 - BOOKMARK_INTERVAL_MS);
  assert.equal(await nextEvent(stream), "END");
});

test("a watch that ends in the moment of a bookmark ends, and the laboratory goes on", async () => {
  const stream = await openStream(
    lab,
    `${maps}?watch=true&allowWatchBookmarks=true&timeoutSeconds=20&resourceVersion=${await versionNow()}`,
  );
  clock.advance(BOOKMARK_INTERVAL_MS);
  const bookmark: unknown = JSON.parse((await stream.next()) ?? "");
  assert.equal(textAt(bookmark, "type"), "BOOKMARK");
  assert.equal(textAt(bookmark, "object", "metadata", "resourceVersion"), await versionNow());
  clock.advance(20_000 - BOOKMARK_INTERVAL_MS);
  assert.equal(await nextEvent(stream), "END");
});

test("sendInitialEvents gives what there is, then a bookmark that says so", async () => {
  await create("initial", {}, { initial: "yes" });
  const selector = "labelSelector=initial%3Dyes";
  const ways = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  const stream = await openStream(lab, `${maps}?watch=1&${selector}&${ways}`);
  assert.equal(await nextEvent(stream), "ADDED initial");
  const bookmark: unknown = JSON.parse((await stream.next()) ?? "");
  const mark = at(bookmark, "object", "metadata", "annotations", "k8s.io/initial-events-end");
  assert.equal(mark, "true");
  stream.close();
  const refused = await ask(lab, `${maps}?watch=1&sendInitialEvents=true`);
  assert.equal(refused.status, 422);
});

test("after a compaction an old version is Gone in the stream, and a version of the future is too large", async () => {
  const from = await versionNow();
  await create("compacted");
  lab.compact();
  const stream = await openStream(lab, `${maps}?watch=1&resourceVersion=${from}`);
  assert.equal(await nextEvent(stream), "ERROR 410");
  assert.equal(await nextEvent(stream), "END");
  const future = await ask(lab, `${maps}?resourceVersion=99999999`);
  assert.equal(future.status, 504);
  assert.equal(textAt(future.body, "details", "causes", 0, "reason"), "ResourceVersionTooLarge");
  assert.equal((await ask(lab, `${maps}?resourceVersion=abc`)).status, 400);
  assert.equal((await ask(lab, `${maps}?continue=abc`)).status, 400);
});

test("a cut ends every open watch", async () => {
  const stream = await openStream(lab, `${maps}?watch=1&resourceVersion=${await versionNow()}`);
  assert.equal(lab.watchCount(), 1);
  lab.cut();
  assert.equal(await nextEvent(stream), "END");
});

test("writes check kind, name, namespace, version and selector, and say every cause", async () => {
  const post = (body: unknown, path = maps) => ask(lab, path, { method: "POST", body });
  assert.equal((await post({ kind: "Secret", apiVersion: "v1" })).status, 400);
  assert.equal((await post("{")).status, 400);
  assert.equal((await post(configMap("Not_A_Name"))).status, 422);
  assert.equal((await post(configMap("x"), "/api/v1/namespaces/none/configmaps")).status, 404);
  assert.equal((await post(configMap("twice"))).status, 201);
  assert.equal(textAt((await post(configMap("twice"))).body, "reason"), "AlreadyExists");
  const stale = configMap("twice", { a: "b" });
  const put = await ask(lab, `${maps}/twice`, {
    method: "PUT",
    body: { ...stale, metadata: { name: "twice", resourceVersion: "1" } },
  });
  assert.equal(textAt(put.body, "reason"), "Conflict");
  const bad = await post(
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "bad" },
      spec: { replicas: -1, selector: { matchLabels: { a: "b" } }, template: { spec: {} } },
    },
    "/apis/apps/v1/namespaces/default/deployments",
  );
  assert.equal(bad.status, 422);
  assert.deepEqual(
    listAt(bad.body, "details", "causes")
      .map((cause) => textAt(cause, "field"))
      .sort(),
    ["spec.replicas", "spec.template.metadata.labels", "spec.template.spec.containers"],
  );
});

test("a write that changes nothing makes no new version", async () => {
  await create("same", { a: "b" });
  const before = await versionNow();
  const patched = await ask(lab, `${maps}/same`, {
    method: "PATCH",
    contentType: "application/merge-patch+json",
    body: { data: { a: "b" } },
  });
  assert.equal(patched.status, 200);
  assert.equal(await versionNow(), before);
  const dry = await ask(lab, `${maps}/same?dryRun=All`, { method: "DELETE" });
  assert.equal(dry.status, 200);
  assert.equal(await versionNow(), before);
});

test("server-side apply and protobuf bodies are refused by name", async () => {
  const apply = await ask(lab, `${maps}/same`, {
    method: "PATCH",
    contentType: "application/apply-patch+yaml",
    body: "{}",
  });
  assert.equal(apply.status, 415);
  assert.match(textAt(apply.body, "message"), /application\/apply-patch\+yaml/);
  const proto = await ask(lab, maps, {
    method: "POST",
    contentType: "application/vnd.kubernetes.protobuf",
    body: "k8s",
  });
  const token = await ask(lab, "/api/v1/namespaces/shop/serviceaccounts/default/token", {
    method: "POST",
    contentType: "application/vnd.kubernetes.protobuf",
    body: "k8s",
  });
  assert.equal(token.status, 415);
  assert.equal(proto.status, 415);
});

test("an object with finalizers stays until they are gone", async () => {
  const body = configMap("kept");
  await ask(lab, maps, {
    method: "POST",
    body: { ...body, metadata: { ...body.metadata, finalizers: ["lab/hold"] } },
  });
  const waiting = await ask(lab, `${maps}/kept`, { method: "DELETE" });
  assert.notEqual(textAt(waiting.body, "metadata", "deletionTimestamp"), "");
  assert.equal((await ask(lab, `${maps}/kept`)).status, 200);
  await ask(lab, `${maps}/kept`, {
    method: "PATCH",
    contentType: "application/merge-patch+json",
    body: { metadata: { finalizers: null } },
  });
  assert.equal((await ask(lab, `${maps}/kept`)).status, 404);
});

test("without a token, or with a wrong one, the answer is 401; without a role, 403 in the server's words", async () => {
  assert.equal((await ask(lab, "/api/v1/pods", { token: "" })).status, 401);
  assert.equal((await ask(lab, "/api/v1/pods", { token: "wrong" })).status, 401);
  const made = await ask(lab, "/api/v1/namespaces/shop/serviceaccounts/default/token", {
    method: "POST",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
  });
  const token = textAt(made.body, "status", "token");
  const refused = await ask(lab, "/api/v1/pods", { token });
  assert.equal(refused.status, 403);
  assert.equal(
    textAt(refused.body, "message"),
    'pods is forbidden: User "system:serviceaccount:shop:default" cannot list resource "pods" in API group "" at the cluster scope',
  );
  const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop";
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" };
  await ask(lab, `${rbac}/roles`, {
    method: "POST",
    body: {
      metadata: { name: "reader" },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }],
    },
  });
  await ask(lab, `${rbac}/rolebindings`, {
    method: "POST",
    body: {
      metadata: { name: "reader" },
      roleRef,
      subjects: [{ kind: "ServiceAccount", name: "default" }],
    },
  });
  assert.equal((await ask(lab, "/api/v1/namespaces/shop/pods", { token })).status, 200);
  assert.equal((await ask(lab, "/api/v1/pods", { token })).status, 403);
  assert.equal((await ask(lab, "/api/v1/namespaces/shop/pods?watch=1", { token })).status, 403);
});

test("what the lab has not is 404 or 405 with a Status", async () => {
  for (const path of ["/api/v1/bindings", "/apis/none/v1/x", "/nothing", "/api/v1/pods/x"]) {
    const answer = await ask(lab, path);
    assert.deepEqual([answer.status, textAt(answer.body, "kind")], [404, "Status"], path);
  }
  assert.equal((await ask(lab, maps, { method: "PUT", body: {} })).status, 405);
});

test("a kubectl-shaped Accept header gets a Table", async () => {
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  const { body } = await ask(lab, "/api/v1/namespaces/shop/pods?labelSelector=app%3Dbatch", {
    accept,
  });
  assert.equal(textAt(body, "kind"), "Table");
  assert.deepEqual(listAt(body, "rows", 0, "cells").slice(1, 4), ["1/1", "Running", 0]);
});

test("an administrator alone tells the lab its scenarios over HTTP", async () => {
  const scale = (replicas: unknown, token?: string) =>
    ask(lab, "/lab/scale", {
      method: "POST",
      body: { namespace: "shop", name: "web", replicas },
      ...(token === undefined ? {} : { token }),
    });
  const token = lab.access.issueForServiceAccount("shop", "default");
  assert.equal((await scale(1, token)).status, 403);
  assert.equal((await scale(-1)).status, 400);
  assert.equal((await scale(20_000)).status, 200);
  assert.equal((await scale(20_001)).status, 400);
  assert.equal((await scale(1)).status, 200);
  assert.equal((await ask(lab, "/lab/none", { method: "POST" })).status, 404);
});
