/** The agent's manifests: what Debian's kustomize makes of each overlay, judged by the schemas and by the lab's API server. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { systemClock } from "../../src/core/index.ts";
import { readClusterAgentSettings } from "../../src/bin/cluster-agent-settings.ts";
import { projectRoot, run } from "../support/command.ts";
import { fieldsAt, isFields, listAt, textAt } from "./kube.ts";
import type { Fields, KubeObject } from "./kube.ts";
import { debianKubectl } from "./kubectl.ts";
import type { Lab } from "./start-lab.ts";
import { ask, labFor } from "./testing.ts";

const kubectl = debianKubectl();
const skip = kubectl === undefined && "not installed: Debian's kubernetes-client";
const folder = mkdtempSync(join(tmpdir(), "linkscope-manifests-"));
const agent = join(projectRoot, "deploy/agent");
const overlays = [
  "base",
  ...readdirSync(join(agent, "overlays")).map((name) => `overlays/${name}`),
];
let lab: Lab;
before(async () => {
  lab = await labFor(systemClock(), { podStartMs: 0 });
});
after(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

async function k(...words: readonly string[]): Promise<string> {
  const environment = { KUBECONFIG: lab.kubeconfigPath, HOME: folder };
  const { code, out, note } = await run(kubectl ?? "", words, { environment, timeoutMs: 30_000 });
  assert.equal(code, 0, `kubectl ${words.join(" ")}: ${note}`);
  return out;
}

async function objectsOf(overlay: string): Promise<readonly KubeObject[]> {
  const text = await k("kustomize", join(agent, overlay));
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

const deploymentOf = (objects: readonly KubeObject[]): Fields =>
  fieldsAt(
    objects.find(({ kind }) => kind === "Deployment"),
    "spec",
    "template",
  );

/** The environment that the container would have: the ConfigMap's values, then its own. */
function environmentOf(objects: readonly KubeObject[]): Readonly<Record<string, string>> {
  const container = listAt(deploymentOf(objects), "spec", "containers")[0];
  const map = textAt(container, "envFrom", 0, "configMapRef", "name");
  const values = objects.find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === map,
  );
  const own = listAt(container, "env").map((entry) => [
    textAt(entry, "name"),
    textAt(entry, "value"),
  ]);
  return { ...(fieldsAt(values, "data") as Record<string, string>), ...Object.fromEntries(own) };
}

for (const overlay of overlays) {
  test(
    `${overlay} is valid by the schemas, and gives the agent an environment that it takes`,
    { skip },
    async () => {
      const objects = await objectsOf(overlay);
      assert.ok(objects.length >= 8);
      for (const object of objects) {
        const path = `kubernetes-models/${object.apiVersion}/${object.kind}`;
        const models = (await import(path)) as Record<string, unknown>;
        const Model = models[object.kind] as new (fields: KubeObject) => { validate: () => void };
        new Model(object).validate();
      }
      const read = readClusterAgentSettings(environmentOf(objects));
      assert.ok("settings" in read, JSON.stringify(read));
    },
  );

  test(`${overlay} applies to an API server, and again without a change`, { skip }, async () => {
    const file = join(folder, "applied.yaml");
    writeFileSync(file, await k("kustomize", join(agent, overlay)));
    assert.match(
      await k("apply", "-f", file),
      /deployment\.apps\/linkscope-agent (created|configured)/,
    );
    assert.match(await k("apply", "-f", file), /deployment\.apps\/linkscope-agent unchanged/);
    assert.match(
      await k("rollout", "status", "deploy/linkscope-agent", "-n", "linkscope"),
      /successfully rolled out/,
    );
  });
}

test("the schemas would find a field that does not exist", async () => {
  const models = (await import("kubernetes-models/v1/ConfigMap")) as Record<string, unknown>;
  const Model = models["ConfigMap"] as new (fields: object) => { validate: () => void };
  assert.throws(() => new Model({ metadata: { name: "a" }, data: { a: 1 } }).validate());
});

test("what each overlay adds arrives in the pod", { skip }, async () => {
  const proxy = environmentOf(await objectsOf("overlays/proxy"));
  assert.match(proxy["HTTPS_PROXY"] ?? "", /^http:\/\//);
  const authorities = await objectsOf("overlays/custom-ca");
  const path = environmentOf(authorities)["LINKSCOPE_CA_FILE"] ?? "";
  const pod = fieldsAt(deploymentOf(authorities), "spec");
  const mount = listAt(pod, "containers", 0, "volumeMounts").find(
    (entry) =>
      path.startsWith(`${textAt(entry, "mountPath")}/`) && textAt(entry, "name") === "authorities",
  );
  assert.ok(isFields(mount));
  const volume = listAt(pod, "volumes").find((entry) => textAt(entry, "name") === "authorities");
  const map = authorities.find(
    ({ metadata }) => metadata.name === textAt(volume, "configMap", "name"),
  );
  assert.deepEqual(Object.keys(fieldsAt(map, "data")), ["ca.pem"]);
  const identity = await objectsOf("overlays/workload-identity");
  const labels = fieldsAt(deploymentOf(identity), "metadata", "labels");
  assert.equal(labels["azure.workload.identity/use"], "true");
});

test(
  "the agent's service account may read what discovery reads, and nothing else",
  { skip },
  async () => {
    await k("apply", "-k", join(agent, "base"));
    const made = await ask(
      lab,
      "/api/v1/namespaces/linkscope/serviceaccounts/linkscope-agent/token",
      {
        method: "POST",
        body: { spec: {} },
      },
    );
    const token = textAt(made.body, "status", "token");
    const status = async (path: string, method = "GET"): Promise<number> =>
      (await ask(lab, path, { token, method, ...(method === "GET" ? {} : { body: {} }) })).status;
    for (const path of [
      "/api/v1/nodes",
      "/api/v1/pods",
      "/api/v1/services",
      "/api/v1/endpoints",
      "/apis/discovery.k8s.io/v1/endpointslices",
    ]) {
      assert.equal(await status(path), 200, path);
    }
    const node = fieldsAt((await ask(lab, "/api/v1/nodes")).body, "items", 0);
    const port = textAt(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port");
    assert.equal(await status(`https://127.0.0.1:${port}/metrics/cadvisor`), 200);
    assert.equal(await status(`https://127.0.0.1:${port}/pods`), 403);
    // There is no such map, but it may be asked for; all others may not.
    assert.equal(
      await status("/api/v1/namespaces/kube-system/configmaps/ama-metrics-settings-configmap"),
      404,
    );
    assert.equal(await status("/api/v1/namespaces/kube-system/configmaps/other"), 403);
    assert.equal(await status("/api/v1/secrets"), 403);
    assert.equal(await status("/api/v1/namespaces/linkscope/configmaps", "POST"), 403);
  },
);
