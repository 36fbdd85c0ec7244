/** Discovery and scraping as an agent does them: what changes, what is beyond a limit, and targets that mean ill. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { openTransport } from "../client/index.ts";
import type { KubernetesClient } from "../client/index.ts";
import { fakeClock, limits, seededRandom, systemClock } from "../core/index.ts";
import { startDiscovery } from "./discovery.ts";
import { jobTarget } from "./job-target.ts";
import type { JobTarget } from "./job-target.ts";
import { jobTransports } from "./job-transports.ts";
import { parseScrapeConfig } from "./scrape-config.ts";
import type { ScrapeJob } from "./scrape-job.ts";
import { jobSource } from "./scrape.ts";

const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

function jobsOf(yaml: string): readonly ScrapeJob[] {
  const parsed = parseScrapeConfig(yaml);
  assert.ok("jobs" in parsed, JSON.stringify(parsed));
  return parsed.jobs;
}

/** A cluster that answers each list with what it has, and ends watches only with the test. */
function cluster(objects: Record<string, readonly object[]>) {
  const asked: string[] = [];
  const client: KubernetesClient = {
    namespace: "own",
    token: () => Promise.resolve("t"),
    read: () => Promise.resolve({}),
    list({ path }) {
      asked.push(path);
      const items = (objects[path] ?? []) as never;
      return Promise.resolve({ items, resourceVersion: "1", next: undefined });
    },
    async *watch(_query, { signal }) {
      await new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason as Error)),
      );
      yield* [];
    },
    close: () => undefined,
  };
  return { client, asked };
}

const pod = (name: string, ip = "10.0.0.1") => ({
  metadata: { namespace: "n", name },
  spec: { containers: [{ name: "c", ports: [{ containerPort: 80 }] }] },
  status: { podIP: ip },
});
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

async function discovered(yaml: string, objects: Record<string, readonly object[]>) {
  const { client, asked } = cluster(objects);
  const clock = fakeClock();
  const given: (readonly JobTarget[])[] = [];
  const discovery = startDiscovery({
    jobs: jobsOf(yaml),
    client,
    clock,
    random: seededRandom(1),
    targets: (targets) => void given.push(targets),
  });
  await settle();
  clock.advance(limits.discoverySettleMs);
  const state = discovery.state();
  await discovery.stop();
  return { state, asked, targets: given.at(-1) ?? [] };
}

test("namespaces are lists of their own, jobs that ask for the same share them, and static targets are there at once", async () => {
  const { asked, targets, state } = await discovered(
    `scrape_configs:
- job_name: a
  kubernetes_sd_configs: [{ role: pod, namespaces: { names: [n, own], own_namespace: true } }]
- job_name: b
  kubernetes_sd_configs: [{ role: pod, namespaces: { names: [n] } }, { role: node }]
- job_name: c
  static_configs: [{ targets: ["h:1"], labels: { zone: x } }]
- job_name: d
  relabel_configs: [{ action: drop, source_labels: [__address__], regex: ".*" }]
  kubernetes_sd_configs: [{ role: pod, namespaces: { names: [n] } }]
`,
    { "/api/v1/namespaces/n/pods": [pod("p")] },
  );
  assert.deepEqual(asked.toSorted(), [
    "/api/v1/namespaces/n/pods",
    "/api/v1/namespaces/own/pods",
    "/api/v1/nodes",
  ]);
  assert.deepEqual(targets.map(({ job }) => job.name).toSorted(), ["a", "b", "c"]);
  assert.deepEqual([state.targets, state.dropped, state.invalid], [3, 1, 0]);
  assert.ok(state.lists.every(({ synced }) => synced));
});

test("target_limit and the agent's own limit hold, and what is beyond is counted", async () => {
  const pods = Array.from({ length: limits.discoveredTargetsMax + 1 }, (_, index) =>
    pod(`p${index}`, `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`),
  );
  const yaml = (limit: number): string =>
    `scrape_configs:\n- job_name: a\n  target_limit: ${limit}\n  kubernetes_sd_configs: [{ role: pod }]\n`;
  const all = await discovered(yaml(0), { "/api/v1/pods": pods });
  assert.deepEqual([all.targets.length, all.state.beyondLimit], [limits.discoveredTargetsMax, 1]);
  const two = await discovered(yaml(2), { "/api/v1/pods": pods.slice(0, 3) });
  assert.deepEqual([two.targets.length, two.state.beyondLimit], [2, 1]);
});

/** A target on a real socket, scraped once by a job. */
async function scraped(listener: RequestListener, more = "") {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const clock = systemClock();
  const plain = openTransport({ clock });
  closers.push(() => {
    plain.close();
    server.close();
    server.closeAllConnections();
  });
  const [job] = jobsOf(
    `scrape_configs:\n- job_name: j\n  scrape_interval: 1s\n  scrape_timeout: 300ms\n${more}  static_configs: [{ targets: ["127.0.0.1:${port}"] }]\n`,
  );
  assert.ok(job !== undefined);
  const outcome = jobTarget(job, new Map([["__address__", `127.0.0.1:${port}`]]));
  assert.ok(outcome.kind === "target");
  const transports = jobTransports({ plain, clock, ownToken: () => Promise.resolve(undefined) });
  return jobSource(outcome.target, { transports, clock }).read();
}

test("a target that never ends, in bytes or in time, is left at its limit", async () => {
  const dripping = await scraped((_request, response) => {
    const timer = setInterval(() => response.write("a 1\n"), 10);
    response.on("close", () => clearInterval(timer));
  });
  assert.ok(dripping.kind === "failed");
  assert.match(dripping.says, /no answer within/);
  const flooding = await scraped((_request, response) => {
    const pour = (): void =>
      void (response.writableEnded || response.write("x".repeat(64 * 1024), pour));
    response.on("error", () => undefined);
    pour();
  }, "  body_size_limit: 1MB\n");
  assert.deepEqual(
    [flooding.kind, /more than 1048576 bytes/.test(JSON.stringify(flooding))],
    ["failed", true],
  );
});

test("a compressed body is read, and one that grows beyond the limit is not", async () => {
  const zipped =
    (text: string): RequestListener =>
    (request, response) => {
      assert.equal(request.headers["accept-encoding"], "gzip");
      response
        .writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" })
        .end(gzipSync(text));
    };
  const fine = await scraped(zipped("a 1\n"));
  assert.ok(fine.kind === "scraped" && fine.samples.length === 1);
  const bomb = await scraped(
    zipped(`# ${"x".repeat(100_000)}\na 1\n`),
    "  body_size_limit: 64KB\n",
  );
  assert.deepEqual(bomb, {
    kind: "failed",
    says: "the body has more than 65536 bytes once decompressed",
  });
});

test("a redirect to another host is not followed, none is where the job says so, and a missing file fails the scrape", async () => {
  const away = await scraped((_request, response) =>
    response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
  );
  assert.deepEqual(away, { kind: "failed", says: "a redirect to another host is not followed" });
  const none = await scraped(
    (_request, response) => response.writeHead(302, { location: "/x" }).end(),
    "  follow_redirects: false\n",
  );
  assert.deepEqual(none, { kind: "failed", says: "redirects are not followed" });
  const file = await scraped(
    (_request, response) => response.end("a 1\n"),
    "  bearer_token_file: /nowhere/token\n",
  );
  assert.ok(file.kind === "failed" && /a file of the job cannot be read/.test(file.says));
});
