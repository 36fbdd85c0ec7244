/** The manifests of the agent of logs: judged by the schemas, by the lab's API server, and by the process that they start. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { systemClock } from "../../src/core/index.ts";
import { readClusterAgentSettings } from "../../src/bin/cluster-agent-settings.ts";
import { projectRoot, run } from "../support/command.ts";
import { podEnvironment, startAgentProcess, writeServiceAccount } from "./cluster-agent.ts";
import { nodeNames } from "./cluster.ts";
import { fieldsAt, listAt, textAt } from "./kube.ts";
import type { Fields, KubeObject } from "./kube.ts";
import { debianKubectl } from "./kubectl.ts";
import type { Lab } from "./start-lab.ts";
import { ask, labFor } from "./testing.ts";

const kubectl = debianKubectl();
const skip = kubectl === undefined && "not installed: Debian's kubernetes-client";
const folder = mkdtempSync(join(tmpdir(), "linkscope-logs-manifests-"));
const agent = join(projectRoot, "deploy/agent/logs");
const overlays = [
  "base",
  ...readdirSync(join(agent, "overlays")).map((name) => `overlays/${name}`),
];
const node = nodeNames[0] ?? "";
let lab: Lab;
before(async () => {
  lab = await labFor(systemClock(), { podStartMs: 0, logFolder: join(folder, "nodes") });
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

const podOf = (objects: readonly KubeObject[], kind: string): Fields =>
  fieldsAt(
    objects.find((object) => object.kind === kind),
    "spec",
    "template",
    "spec",
  );

/** The environment that the container would have on a node: the ConfigMap's values, then its own, fields resolved. */
function environmentOf(objects: readonly KubeObject[], kind: string): Record<string, string> {
  const container = listAt(podOf(objects, kind), "containers")[0];
  const values = objects.find(
    (object) => object.kind === "ConfigMap" && object.metadata.name === "linkscope-logs",
  );
  const fields: Readonly<Record<string, string>> = {
    "spec.nodeName": node,
    "metadata.name": "agent-pod",
  };
  const own = listAt(container, "env").map((entry) => [
    textAt(entry, "name"),
    textAt(entry, "value") || fields[textAt(entry, "valueFrom", "fieldRef", "fieldPath")],
  ]);
  return { ...(fieldsAt(values, "data") as Record<string, string>), ...Object.fromEntries(own) };
}

for (const overlay of overlays) {
  test(
    `logs/${overlay} is valid by the schemas, applies again without a change, and its environments are taken`,
    { skip },
    async () => {
      const objects = await objectsOf(overlay);
      for (const object of objects) {
        const path = `kubernetes-models/${object.apiVersion}/${object.kind}`;
        const models = (await import(path)) as Record<string, unknown>;
        const Model = models[object.kind] as new (fields: KubeObject) => { validate: () => void };
        new Model(object).validate();
      }
      for (const [kind, role] of [
        ["DaemonSet", "node-logs"],
        ["Deployment", "cluster-logs"],
      ] as const) {
        const read = readClusterAgentSettings(environmentOf(objects, kind));
        assert.ok("settings" in read, JSON.stringify(read));
        assert.equal(read.settings.role, role);
      }
      const file = join(folder, "applied.yaml");
      writeFileSync(file, await k("kustomize", join(agent, overlay)));
      await k("apply", "-f", file);
      const again = await k("apply", "-f", file);
      assert.match(again, /daemonset\.apps\/linkscope-logs-node unchanged/);
      assert.match(again, /deployment\.apps\/linkscope-logs-cluster unchanged/);
    },
  );
}

test(
  "a node's folders are mounted read-only, but for the agent's own state; nothing is privileged",
  { skip },
  async () => {
    const objects = await objectsOf("base");
    const daemon = podOf(objects, "DaemonSet");
    const paths = new Map(
      listAt(daemon, "volumes").flatMap((volume) => {
        const path = textAt(volume, "hostPath", "path");
        return path === "" ? [] : [[textAt(volume, "name"), path] as const];
      }),
    );
    const mounts = listAt(daemon, "containers", 0, "volumeMounts").flatMap((mount) => {
      const path = paths.get(textAt(mount, "name"));
      return path === undefined ? [] : [`${path} ${textAt(mount, "readOnly") || "writable"}`];
    });
    assert.deepEqual(mounts.sort(), ["/var/lib/linkscope-logs writable", "/var/log true"]);
    assert.equal(podOf(objects, "Deployment")["hostNetwork"], undefined);
    assert.ok(
      !listAt(podOf(objects, "Deployment"), "volumes").some(
        (volume) => textAt(volume, "hostPath", "path") !== "",
      ),
    );
    for (const kind of ["DaemonSet", "Deployment"]) {
      const security = fieldsAt(podOf(objects, kind), "containers", 0, "securityContext");
      assert.deepEqual(
        [
          security["privileged"],
          security["allowPrivilegeEscalation"],
          security["readOnlyRootFilesystem"],
        ],
        [undefined, false, true],
      );
      assert.deepEqual(fieldsAt(security, "capabilities"), { drop: ["ALL"] });
    }
  },
);

test("each service account may read what its role reads, and nothing else", { skip }, async () => {
  await k("apply", "-k", join(agent, "base"));
  const node0 = fieldsAt((await ask(lab, "/api/v1/nodes")).body, "items", 0);
  const port = textAt(node0, "status", "daemonEndpoints", "kubeletEndpoint", "Port");
  const settings = "/api/v1/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3D";
  const paths: readonly (readonly [string, node: boolean, cluster: boolean])[] = [
    ["/api/v1/nodes", true, true],
    ["/api/v1/pods", true, true],
    ["/api/v1/services", false, true],
    ["/api/v1/persistentvolumes", false, true],
    ["/api/v1/events", false, true],
    ["/apis/apps/v1/deployments", false, true],
    [`https://127.0.0.1:${port}/stats/summary`, true, false],
    [`https://127.0.0.1:${port}/metrics/cadvisor`, false, false],
    [`https://127.0.0.1:${port}/pods`, false, false],
    [`${settings}container-azm-ms-agentconfig`, true, true],
    [`${settings}other`, false, false],
    ["/api/v1/secrets", false, false],
  ];
  for (const [at, name] of ["linkscope-logs-node", "linkscope-logs-cluster"].entries()) {
    const token = lab.access.issueForServiceAccount("linkscope-logs", name);
    for (const [path, ...allowed] of paths) {
      const { status } = await ask(lab, path, { token });
      assert.equal(status, allowed[at] === true ? 200 : 403, `${name} ${path}`);
    }
    const { status } = await ask(lab, "/api/v1/namespaces/linkscope-logs/configmaps", {
      token,
      method: "POST",
      body: {},
    });
    assert.equal(status, 403);
  }
});

test(
  "the process runs in both roles with its account's rights, and says what is wrong with its settings",
  { skip },
  async () => {
    await k("apply", "-k", join(agent, "base"));
    const objects = await objectsOf("base");
    const program = [process.execPath, join(projectRoot, "src/bin/cluster-agent.ts")];
    const logs = join(folder, "nodes", node);
    appendFileSync(join(logs, "containers", "nothing.txt"), "");
    const environmentFor = (kind: string, name: string): Record<string, string> => {
      const serviceAccount = join(folder, name);
      writeServiceAccount(
        lab,
        serviceAccount,
        lab.access.issueForServiceAccount("linkscope-logs", name),
      );
      return {
        ...environmentOf(objects, kind),
        ...podEnvironment(lab, { serviceAccount, data: join(folder, `${name}-data`) }),
        LINKSCOPE_LOG_FOLDER: logs,
      };
    };
    for (const [kind, name] of [
      ["DaemonSet", "linkscope-logs-node"],
      ["Deployment", "linkscope-logs-cluster"],
    ] as const) {
      const running = await startAgentProcess(program, environmentFor(kind, name));
      const healthy = await fetch(`http://127.0.0.1:${running.port}/healthz`);
      assert.equal(healthy.status, 200);
      assert.equal((await fetch(`http://127.0.0.1:${running.port}/readyz`)).status, 503);
      assert.equal(await running.stop(), 0);
    }
    lab.store.put({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "container-azm-ms-agentconfig", namespace: "kube-system" },
      data: {
        "log-data-collection-settings": "[log_collection_settings.stdout]\nenabled = perhaps",
      },
    });
    const wrong = await run(program[0] ?? "", program.slice(1), {
      environment: environmentFor("Deployment", "linkscope-logs-cluster"),
    });
    assert.equal(wrong.code, 1);
    assert.match(
      wrong.note,
      /kube-system\/container-azm-ms-agentconfig:\d+:\d+: The value of enabled cannot be read/,
    );
  },
);
