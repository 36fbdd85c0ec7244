/** The agent as a pod's process in the laboratory's cluster, with the rights that its manifests give. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { systemClock } from "../../src/core/index.ts";
import { projectRoot, run } from "../support/command.ts";
import { podEnvironment, startAgentProcess, writeServiceAccount } from "./cluster-agent.ts";
import type { KubeObject } from "./kube.ts";
import { startLoginStandIn } from "./login-stand-in.ts";
import { knownType } from "./resource-types.ts";
import type { Lab } from "./start-lab.ts";
import { labFor } from "./testing.ts";

const folder = mkdtempSync(join(tmpdir(), "linkscope-cluster-agent-"));
const program = [process.execPath, join(projectRoot, "src/bin/cluster-agent.ts")];
const settingsMap = { name: "ama-metrics-settings-configmap", namespace: "kube-system" };
let lab: Lab;
let environment: Record<string, string>;
before(async () => {
  lab = await labFor(systemClock());
  const roles = readFileSync(join(projectRoot, "deploy/agent/base/roles.yaml"), "utf8");
  for (const document of parseAllDocuments(roles)) lab.store.put(document.toJS() as KubeObject);
  const serviceAccount = join(folder, "account");
  const token = lab.access.issueForServiceAccount("linkscope", "linkscope-agent");
  writeServiceAccount(lab, serviceAccount, token);
  environment = podEnvironment(lab, { serviceAccount, data: join(folder, "data") });
});
after(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

const putSettings = (data: Readonly<Record<string, string>>): void => {
  lab.store.put({ apiVersion: "v1", kind: "ConfigMap", metadata: settingsMap, data });
};

test("it discovers its cluster, says that it lives and why it is not ready, and ends at SIGTERM", async () => {
  putSettings({
    "schema-version": "v1",
    "prometheus-collector-settings": 'cluster_alias = "by_settings"',
  });
  const agent = await startAgentProcess(program, environment);
  assert.equal(agent.cluster, "by_settings");
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${agent.port}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  assert.deepEqual(await ask("/healthz"), { status: 200, text: "ok\n" });
  assert.equal((await ask("/readyz")).status, 503);
  assert.equal((await ask("/none")).status, 404);
  // It follows the nodes, once it has listed them.
  while (lab.watchCount() === 0) await ask("/healthz");
  assert.equal(await agent.stop(), 0);
});

test("settings that are wrong end it with every problem, by name and line", async () => {
  putSettings({
    "schema-version": "v1",
    "default-scrape-settings-enabled": "kubelet = perhaps\nnothing = true",
  });
  const { code, note } = await run(program[0] ?? "", program.slice(1), { environment });
  assert.equal(code, 1);
  assert.match(note, /kube-system\/ama-metrics-settings-configmap/);
  assert.match(note, /kubelet cannot be read[\s\S]*nothing is no key/);
  lab.store.remove(knownType("configmaps"), settingsMap);
});

test("outside of a pod it says so, and without its variables it names them", async () => {
  const { KUBERNETES_SERVICE_HOST: _host, ...noPod } = environment;
  const outside = await run(program[0] ?? "", program.slice(1), {
    environment: { ...noPod, KUBERNETES_SERVICE_HOST: "", KUBERNETES_SERVICE_PORT: "" },
  });
  assert.equal(outside.code, 1);
  const bare = await run(program[0] ?? "", program.slice(1), {
    environment: { LINKSCOPE_REGION: "" },
  });
  assert.equal(bare.code, 1);
  assert.match(
    bare.note,
    /LINKSCOPE_CLUSTER_ID is not set[^\n]*\n[^\n]*LINKSCOPE_REGION is not set/,
  );
});

test("by the overlays' proxy and authorities it proves its workload identity with its own token", async () => {
  const standIn = await startLoginStandIn(lab);
  const tokenFile = join(folder, "federated");
  writeFileSync(tokenFile, "signed-by-the-cluster");
  const agent = await startAgentProcess(program, {
    ...environment,
    HTTPS_PROXY: standIn.proxyUrl,
    LINKSCOPE_CA_FILE: lab.caPath,
    AZURE_AUTHORITY_HOST: `${standIn.loginUrl}/`,
    AZURE_TENANT_ID: "tenant",
    AZURE_CLIENT_ID: "client",
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
  });
  try {
    const { path, form } = await standIn.nextForm();
    assert.equal(path, "/tenant/oauth2/v2.0/token");
    assert.equal(form.get("client_id"), "client");
    assert.equal(form.get("client_assertion"), "signed-by-the-cluster");
    assert.deepEqual([...new Set(standIn.connects)], [new URL(standIn.loginUrl).host]);
  } finally {
    assert.equal(await agent.stop(), 0);
    standIn.close();
  }
});
