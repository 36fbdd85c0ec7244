/** The files of `agent`: what they make, and that nothing starts while one of them is wrong. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CodedError, fakeClock } from "../../core/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { clusterScraping } from "./agent-scraping.ts";

const folder = mkdtempSync(join(tmpdir(), "linkscope-scraping-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const kubeconfig = (user: string): string => `current-context: m
contexts: [{ name: m, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "https://10.0.0.1" } }]
users: [{ name: u, user: ${user} }]
`;

function scraping(options: Readonly<Record<string, string | true>>) {
  const notes: string[] = [];
  const input: CommandInput = {
    words: [],
    text: (name) => {
      const value = options[name];
      return typeof value === "string" ? value : undefined;
    },
    flag: (name) => options[name] === true,
    texts: () => [],
  };
  const context = {
    clock: fakeClock(),
    environment: {},
    note: (text: string) => void notes.push(text),
  } as unknown as CliContext;
  return clusterScraping(input, context).then((made) => ({ ...made, notes }));
}

const refused = (code: string, says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CodedError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, says);
  return true;
};

test("without files there is nothing to discover; a configuration of static targets needs no cluster", async () => {
  assert.deepEqual((await scraping({})).jobs, []);
  const config = file(
    "static.yaml",
    "scrape_configs: [{ job_name: a, static_configs: [{ targets: ['h:1'] }] }]\n",
  );
  const { jobs, kubernetes } = await scraping({ "scrape-config": config });
  assert.deepEqual([jobs.map(({ name }) => name), kubernetes], [["a"], undefined]);
});

test("a cluster has the default jobs as the settings leave them, then those of the file", async () => {
  const made = await scraping({
    kubeconfig: file("kube", kubeconfig("{ token: t }")),
    settings: file(
      "settings.yaml",
      `kind: ConfigMap
data:
  prometheus-collector-settings: cluster_alias = "my alias"
  default-scrape-settings-enabled: |-
    cadvisor = false
    kappiebasic = true
`,
    ),
    "scrape-config": file(
      "config.yaml",
      "scrape_configs: [{ job_name: a, kubernetes_sd_configs: [{ role: pod }] }]\n",
    ),
  });
  assert.deepEqual(
    made.jobs.map(({ name }) => name),
    ["kubelet", "kube-state-metrics", "node", "a"],
  );
  assert.equal(made.clusterAlias, "my_alias");
  assert.match(made.notes.join(""), /kappiebasic on, which this agent does not scrape/);
  made.kubernetes?.close();
});

test("WrongUse: what scrapes a cluster needs one", async () => {
  const pods = file(
    "pods.yaml",
    "scrape_configs: [{ job_name: a, kubernetes_sd_configs: [{ role: pod }] }]\n",
  );
  await assert.rejects(
    scraping({ "scrape-config": pods }),
    refused("WrongUse", /the job "a" scrapes a Kubernetes cluster/),
  );
  const settings = file("empty.yaml", "kind: ConfigMap\ndata: {}\n");
  await assert.rejects(scraping({ settings }), refused("WrongUse", /--settings scrapes/));
});

test("ScrapeConfigInvalid: each mistake stands with its file, line and column", async () => {
  const bad = file(
    "bad.yaml",
    "scrape_configs:\n  - job_name: a\n    scheme: ftp\n    colour: red\n",
  );
  await assert.rejects(
    scraping({ "scrape-config": bad }),
    refused(
      "ScrapeConfigInvalid",
      /bad\.yaml:3:5: scheme "ftp".*\n.*bad\.yaml:4:5: colour is no field/,
    ),
  );
  await assert.rejects(
    scraping({ settings: bad }),
    refused("ScrapeConfigInvalid", /bad\.yaml:1:1: This is no ConfigMap/),
  );
  await assert.rejects(
    scraping({ settings: "/nowhere" }),
    refused("ScrapeConfigInvalid", /ENOENT/),
  );
  const twice = file("twice.yaml", "scrape_configs: [{ job_name: kubelet }]\n");
  await assert.rejects(
    scraping({ kubeconfig: file("kube", kubeconfig("{ token: t }")), "scrape-config": twice }),
    refused("ScrapeConfigInvalid", /"kubelet" has the name of a default job/),
  );
});

test("a kubeconfig that runs a program is refused until it is allowed; in-cluster needs a pod", async () => {
  const exec = file(
    "exec",
    kubeconfig("{ exec: { apiVersion: client.authentication.k8s.io/v1, command: evil } }"),
  );
  await assert.rejects(scraping({ kubeconfig: exec }), refused("KubeconfigExecRefused", /"evil"/));
  const allowed = await scraping({ kubeconfig: exec, "kubeconfig-exec": true });
  assert.ok(allowed.kubernetes !== undefined);
  allowed.kubernetes.close();
  await assert.rejects(
    scraping({ kubeconfig: "in-cluster" }),
    refused("KubeconfigInvalid", /this is no pod/),
  );
});
