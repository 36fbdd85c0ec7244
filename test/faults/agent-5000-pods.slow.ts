/**
 * An agent in a cluster that grows to 5,000 annotated pods: all are found and scraped at the default interval, within the
 * processor time and memory that are stated here. The cluster is a process of its own; the figures are the agent's alone.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:https";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { configurationOf } from "../../src/agent/testing/receiver.ts";
import { scriptedTransport } from "../../src/client/testing/servers.ts";
import { jobsOfSettings, startLabAgent } from "../agent/lab-agent.ts";

const PODS = 5_000;
const CORES_MAX = 0.8;
const RSS_BYTES_MAX = 700 * 1024 * 1024;

interface LabProcess {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
  readonly kubeconfig: string;
}

function post(lab: LabProcess, path: string, body: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${lab.url}${path}`,
      {
        method: "POST",
        ca: readFileSync(lab.ca),
        headers: { authorization: `Bearer ${lab.token}`, "content-type": "application/json" },
      },
      (response) => {
        response.resume();
        if ((response.statusCode ?? 0) < 300) resolve();
        else reject(new Error(`${path}: ${response.statusCode}`));
      },
    );
    asked.once("error", reject);
    asked.end(JSON.stringify(body));
  });
}

/** Azure's side, which takes all and reads nothing: its work must not be counted as the agent's. */
const azure = scriptedTransport(({ url }) => {
  if (url.includes("/issueIngestionToken")) {
    return { headers: { "cache-control": "max-age=86400" }, body: { ingestionAuthToken: "t" } };
  }
  if (url.includes("/agentConfigurations")) return { body: configurationOf("metrics") };
  azure.sent.length = 0;
  return { status: 204 };
});

test(
  "5,000 pods are found and scraped, within 0.8 of a core and 700 MiB",
  { timeout: 300_000 },
  async () => {
    const child = spawn(process.execPath, ["test/lab/main.ts", "--pod-start-ms", "0"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = (await once(createInterface(child.stdout), "line")) as [string];
      const lab = JSON.parse(line) as LabProcess;
      const jobs = jobsOfSettings(`kind: ConfigMap
data:
  default-scrape-settings-enabled: |-
    nodeexporter = false
  pod-annotation-based-scraping: |-
    podannotationnamespaceregex = "shop"
`);
      const { agent, until, close } = await startLabAgent(
        { kubeconfigPath: lab.kubeconfig },
        jobs,
        {
          transport: azure,
          waitMs: 180_000,
        },
      );
      try {
        await post(lab, "/lab/scale", { namespace: "shop", name: "web", replicas: PODS });
        const pods = () => agent.state().targets.filter(({ job }) => job === "kubernetes-pods");
        await until("all pods found", () => pods().length >= PODS);
        await until("all pods scraped", () => pods().every(({ up }) => up === true));
        const before = { cpu: process.cpuUsage(), scrapes: scrapesOf(pods()), atMs: Date.now() };
        await until("as many scrapes again", () => scrapesOf(pods()) >= before.scrapes + PODS);
        const { user, system } = process.cpuUsage(before.cpu);
        const seconds = (Date.now() - before.atMs) / 1000;
        const cores = (user + system) / 1e6 / seconds;
        const scrapes = (scrapesOf(pods()) - before.scrapes) / seconds;
        const { rss } = process.memoryUsage();
        const { seriesKept, sender, discovery, samplesNotQueued } = agent.state();
        const samples = pods().reduce((sum, { lastSamples }) => sum + lastSamples, 0);
        process.stdout.write(
          `# ${pods().length} pods, ${seriesKept} series: ${scrapes.toFixed(0)} scrapes and ` +
            `${((samples / pods().length) * scrapes).toFixed(0)} samples a second, ${cores.toFixed(2)} cores, ${(rss / 2 ** 20).toFixed(0)} MiB\n`,
        );
        assert.ok(cores <= CORES_MAX, `${cores} cores`);
        assert.ok(rss <= RSS_BYTES_MAX, `${rss} bytes`);
        assert.deepEqual(
          [samplesNotQueued, sender.failure, discovery?.beyondLimit],
          [0, undefined, 0],
        );
      } finally {
        await close();
      }
    } finally {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
  },
);

const scrapesOf = (targets: readonly { readonly scrapes: number }[]): number =>
  targets.reduce((sum, { scrapes }) => sum + scrapes, 0);
