/** The portal's listener: who may read it, from where, what every answer carries, and what moves. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { graphFrom, graphSource } from "../arm/index.ts";
import { fakeClock, limits, seededRandom } from "../core/index.ts";
import { requestListener, serverOptions, json } from "../http/index.ts";
import { topologyOf } from "../topology/index.ts";
import { estate, ids, resource } from "../topology/testing/estate.ts";
import { closeServer, listenLocal } from "./listen.ts";
import { openPortal } from "./open-portal.ts";
import { openPortalToken, portalAccess } from "./portal-access.ts";
import { portalAssets } from "./portal-assets.ts";
import { localText, readingOf, watchRates } from "./portal-rates.ts";
import { portalHandler, portalHeaders } from "./portal.ts";

const TOKEN = "secret-of-forty-three-characters-0123456789";

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly code: string | undefined;
}

function ask(
  port: number,
  { method = "GET", path = "/", headers = {}, body }: Asked,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, method, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const code = /"code":"(\w+)"/.exec(text)?.[1];
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, code });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "portal-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A portal over the example estate, with a page of one line. */
async function portal(t: TestContext, graph = estate()) {
  const root = folderOf(t);
  mkdirSync(join(root, "portal/dist"), { recursive: true });
  writeFileSync(join(root, "portal/index.html"), "<!doctype html><title>page</title>");
  writeFileSync(join(root, "portal/dist/app.js"), "0;");
  let port = 0;
  const publication = { graph, jwks: { keys: [] }, tenantId: "t" };
  const handler = portalHandler({
    source: graphSource(publication),
    access: portalAccess(TOKEN, () => port),
    assets: portalAssets(root),
    rates: { rates: () => ({ flows: [], workspaces: [], windowMs: 0 }) },
  });
  const server = createServer(
    serverOptions,
    requestListener(handler, ({ status, code, message }) =>
      json(status, { error: { code, message } }, portalHeaders),
    ),
  );
  port = await listenLocal(server);
  t.after(() => closeServer(server));
  return port;
}

const bearer = { authorization: `Bearer ${TOKEN}` };

test("the topology is for who shows the token, and for nobody else", async (t) => {
  const port = await portal(t);
  const path = "/api/topology";
  const shown = await ask(port, { path, headers: bearer });
  assert.equal(shown.status, 200);
  const { topology } = JSON.parse(shown.text) as { topology: { flows: unknown[] } };
  assert.equal(topology.flows.length, 5);
  for (const headers of [
    {},
    { authorization: "Bearer " },
    { authorization: `Bearer ${TOKEN}x` },
    { authorization: `Bearer ${TOKEN.slice(0, -1)}` },
    { authorization: `Basic ${TOKEN}` },
    { cookie: `linkscope-portal-${port}=${TOKEN}` },
    { cookie: `linkscope-portal-${port}=` },
  ]) {
    const refused = await ask(port, { path, headers });
    assert.deepEqual([refused.status, refused.code], [401, "PortalUnauthorized"]);
    assert.ok(!refused.text.includes("amw"));
  }
});

/** Trades the token for the two halves of a session. */
async function sessionOf(port: number): Promise<{ cookie: string; proof: string; set: string }> {
  const traded = await ask(port, { method: "POST", path: "/api/session", body: TOKEN });
  assert.equal(traded.status, 200);
  const [set = ""] = traded.headers["set-cookie"] ?? [];
  const { proof } = JSON.parse(traded.text) as { proof: string };
  return { cookie: set.split(";")[0] ?? "", proof, set };
}

test("the token is traded for a cookie that no script reads, and a proof that goes to this port only", async (t) => {
  const port = await portal(t);
  const { cookie, proof, set } = await sessionOf(port);
  assert.match(set, /; Path=\/api; HttpOnly; SameSite=Strict$/);
  assert.ok(!set.includes(TOKEN) && !set.includes(proof) && proof !== TOKEN);
  const read = (headers: Readonly<Record<string, string>>) =>
    ask(port, { path: "/api/topology", headers });
  const both = { cookie: `other=1; ${cookie}; more=2`, "x-linkscope-proof": proof };
  assert.equal((await read(both)).status, 200);
  assert.equal((await read({ cookie })).status, 401);
  assert.equal((await read({ "x-linkscope-proof": proof })).status, 401);
  assert.equal((await read({ cookie, "x-linkscope-proof": `${proof}x` })).status, 401);
  const wrong = await ask(port, { method: "POST", path: "/api/session", body: "wrong" });
  assert.deepEqual([wrong.status, wrong.headers["set-cookie"]], [401, undefined]);
});

test("a cookie of another platform's portal opens nothing", async (t) => {
  const [one, other] = [await portal(t), await portal(t)];
  const { cookie, proof } = await sessionOf(one);
  const headers = { cookie, "x-linkscope-proof": proof };
  assert.equal((await ask(other, { path: "/api/topology", headers })).status, 401);
});

test("a session's body at the limit is read and one past it is refused", async (t) => {
  const port = await portal(t);
  const post = (size: number) =>
    ask(port, { method: "POST", path: "/api/session", body: "x".repeat(size) });
  assert.equal((await post(limits.portalBodyBytesMax)).code, "PortalUnauthorized");
  assert.equal((await post(limits.portalBodyBytesMax + 1)).code, "BodyTooLarge");
});

test("a name that someone else leads here is refused, whatever is asked", async (t) => {
  const port = await portal(t);
  for (const host of [
    "evil.example",
    `evil.example:${port}`,
    "127.0.0.1",
    `127.0.0.1:${port + 1}`,
  ]) {
    for (const path of ["/", "/api/topology"]) {
      const refused = await ask(port, { path, headers: { ...bearer, host } });
      assert.deepEqual([refused.status, refused.code], [421, "PortalHostRefused"]);
    }
  }
  const headers = { ...bearer, host: `LOCALHOST:${port}` };
  assert.equal((await ask(port, { path: "/api/topology", headers })).status, 200);
});

test("a page of another origin may not ask, even with the cookie", async (t) => {
  const port = await portal(t);
  for (const headers of [
    { "sec-fetch-site": "cross-site" },
    // Another port of this machine is the same site, and another origin.
    { "sec-fetch-site": "same-site" },
    { origin: "http://evil.example" },
    { origin: `http://127.0.0.1:${port + 1}` },
    { origin: "null" },
  ] as Readonly<Record<string, string>>[]) {
    const refused = await ask(port, { path: "/api/topology", headers: { ...bearer, ...headers } });
    assert.deepEqual([refused.status, refused.code], [403, "PortalOriginRefused"]);
  }
  const own = { "sec-fetch-site": "same-origin", origin: `http://127.0.0.1:${port}` };
  const headers = { ...bearer, ...own };
  assert.equal((await ask(port, { path: "/api/topology", headers })).status, 200);
});

test("every answer forbids foreign scripts, frames and guessing, refusals too", async (t) => {
  const port = await portal(t);
  for (const path of ["/", "/app.js", "/api/topology", "/nowhere"]) {
    const { headers } = await ask(port, { path });
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.ok(!policy.includes("unsafe"));
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cache-control"], "no-store");
  }
});

test("the portal only reads: other methods and unknown paths are refused by name", async (t) => {
  const port = await portal(t);
  const deleted = await ask(port, { method: "DELETE", path: "/api/topology", headers: bearer });
  assert.deepEqual([deleted.status, deleted.code], [405, "PortalMethodRefused"]);
  assert.equal((await ask(port, { method: "POST", path: "/" })).code, "PortalMethodRefused");
  for (const path of [
    "/api/x",
    "/../package.json",
    "/dist/app.js",
    "/%2e%2e/secret",
    "/index.html",
  ]) {
    const refused = await ask(port, { path });
    assert.deepEqual([refused.status, refused.code], [404, "PortalNotFound"], path);
  }
});

test("a name that looks like markup is JSON text, which no browser takes for a page", async (t) => {
  const name = "<img src=x onerror=alert(1)>";
  const graph = graphFrom([{ ...resource(ids.workspace, {}), name }]);
  const port = await portal(t, graph);
  const { headers, text } = await ask(port, { path: "/api/topology", headers: bearer });
  assert.match(headers["content-type"] ?? "", /^application\/json/);
  assert.ok(text.includes(name));
});

test("a page that cannot be bundled is refused by name, and the topology goes on", async (t) => {
  const root = folderOf(t);
  mkdirSync(join(root, "portal/src"), { recursive: true });
  mkdirSync(join(root, "src/topology"), { recursive: true });
  writeFileSync(join(root, "portal/index.html"), "x");
  writeFileSync(join(root, "portal/build.ts"), "throw new Error('no bundler here');");
  await assert.rejects(portalAssets(root).read("/"), {
    code: "PortalNotBuilt",
    message: /no bundler here/,
  });
});

test("the token is made once, in a file that only its owner reads", async (t) => {
  const path = join(folderOf(t), "keys", "portal-token");
  const first = await openPortalToken(path, seededRandom(1));
  assert.equal(first.length, 43);
  assert.equal(await openPortalToken(path, seededRandom(2)), first);
  if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("a portal opens on its port and says where its token lies", async (t) => {
  const data = folderOf(t);
  const source = graphSource({ graph: estate(), jwks: { keys: [] }, tenantId: "t" });
  const parts = { source, clock: fakeClock(), random: seededRandom(3) };
  const part = await openPortal({ data, sockets: data, ports: {} }, parts);
  t.after(() => part.close());
  const token = await openPortalToken(String(part.ready["portalToken"]), parts.random);
  const headers = { authorization: `Bearer ${token}` };
  const { status } = await ask(Number(part.ready["portalPort"]), {
    path: "/api/topology",
    headers,
  });
  assert.equal(status, 200);
});

const metrics = (taken: number): string =>
  [
    `linkscope_edge_ways_total{kind="metrics-ingestion",resource="${ids.dce}",way="${ids.scopeEndpoint}",outcome="taken"} ${taken}`,
    `linkscope_edge_ways_total{kind="metrics-ingestion",resource="${ids.dce}",way="public",outcome="strange"} 9`,
    `linkscope_edge_samples_appended_total{workspace="${ids.workspace}"} ${taken * 7}`,
    "",
  ].join("\n");

test("the edge's counters are read every five seconds, over a minute", async () => {
  const clock = fakeClock();
  let taken = 0;
  let isThere = true;
  const watch = watchRates({
    clock,
    metricsText: async () => (isThere ? metrics((taken += 10)) : undefined),
  });
  const { flows } = topologyOf(estate());
  const perSecond = () => watch.rates(flows).workspaces[0]?.perSecond;
  assert.equal(perSecond(), undefined);
  for (let step = 0; step < 20; step++) {
    clock.advance(5_000);
    await new Promise(setImmediate);
  }
  assert.equal(watch.rates(flows).windowMs, 60_000);
  assert.equal(perSecond(), 14);
  // An edge that is gone leaves no rate behind.
  isThere = false;
  for (let step = 0; step < 13; step++) {
    clock.advance(5_000);
    await new Promise(setImmediate);
  }
  assert.equal(perSecond(), undefined);
  watch.close();
});

test("counters without a known outcome, and lines that are none, are left out", () => {
  const reading = readingOf(`${metrics(3)}not a metric line {\n`, 1);
  assert.deepEqual(
    reading.ways.map(({ outcome, value }) => [outcome, value]),
    [["taken", 3]],
  );
});

test("the edge's text is read from this machine only", async (t) => {
  assert.equal(await localText("http://192.0.2.1:80/metrics"), undefined);
  assert.equal(await localText("no url"), undefined);
  const server = createServer((_, response) => response.end("text"));
  const port = await listenLocal(server);
  t.after(() => closeServer(server));
  assert.equal(await localText(`http://127.0.0.1:${port}/metrics`), "text");
});
