/** Debian's kubectl as a judge of the lab, which runs as a process of its own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { projectRoot, run } from "../support/command.ts";
import { debianKubectl } from "./kubectl.ts";

const kubectl = debianKubectl();
const skip = kubectl === undefined && "not installed: Debian's kubernetes-client";
const folder = mkdtempSync(join(tmpdir(), "linkscope-kubectl-"));
let lab: ChildProcess;
let environment: Record<string, string> = {};

before(async () => {
  if (kubectl === undefined) return;
  const main = join(projectRoot, "test/lab/main.ts");
  const words = [main, "--folder", join(folder, "lab"), "--pod-start-ms", "50"];
  lab = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  assert.ok(lab.stdout);
  const [line] = (await once(createInterface(lab.stdout), "line")) as [string];
  const ready = JSON.parse(line) as { readonly kubeconfig: string };
  // A home of its own: discovery is cached there.
  environment = { KUBECONFIG: ready.kubeconfig, HOME: folder };
});
after(async () => {
  if (lab !== undefined && lab.exitCode === null) {
    lab.kill("SIGTERM");
    await once(lab, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

async function k(...words: readonly string[]): Promise<string> {
  const { code, out, note } = await run(kubectl ?? "", words, { environment, timeoutMs: 30_000 });
  assert.equal(code, 0, `kubectl ${words.join(" ")}: ${note}`);
  return out;
}

test("get lists by full and by short names, in one namespace and in all", { skip }, async () => {
  assert.match(
    await k("get", "deploy", "-n", "shop"),
    /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\n/,
  );
  assert.match(
    await k("get", "pods", "-A", "-o", "wide"),
    /kube-system +ama-metrics-ksm-\S+ +1\/1 +Running +0 +127\.0\.0\.1/,
  );
  assert.match(await k("get", "no,svc,ds", "-A"), /daemonset\.apps\/node-exporter +3 +3 +3/);
  const names = await k("get", "po", "-n", "shop", "-l", "app=web", "-o", "name");
  assert.equal(names.trim().split("\n").length, 3);
  const many = await k("get", "pods", "-A", "--chunk-size=4", "-o", "name");
  assert.ok(many.trim().split("\n").length >= 16);
});

test("describe shows nodes, pods and deployments", { skip }, async () => {
  assert.match(await k("describe", "node"), /Non-terminated Pods: +\(\d+ in total\)/);
  assert.match(
    await k("describe", "deploy", "web", "-n", "shop"),
    /NewReplicaSet: +web-\w+ \(3\/3 replicas created\)\nEvents:[\s\S]+ScalingReplicaSet/,
  );
  assert.match(await k("describe", "pod", "-l", "app=web", "-n", "shop"), /Ready +True/);
});

const manifest = (image: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: hello, namespace: shop }
spec:
  replicas: 2
  selector: { matchLabels: { app: hello } }
  template:
    metadata: { labels: { app: hello } }
    spec:
      containers:
        - { name: hello, image: "${image}", env: [{ name: A, value: "1" }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: hello, namespace: shop }
data: { image: "${image}" }
`;

test(
  "apply creates, leaves alone and changes; rollout status, scale and delete follow",
  { skip },
  async () => {
    const file = join(folder, "hello.yaml");
    writeFileSync(file, manifest("lab/hello:1"));
    assert.match(
      await k("apply", "-f", file),
      /deployment\.apps\/hello created\nconfigmap\/hello created/,
    );
    assert.match(await k("apply", "-f", file), /hello unchanged\nconfigmap\/hello unchanged/);
    writeFileSync(file, manifest("lab/hello:2"));
    assert.match(await k("apply", "-f", file), /hello configured\nconfigmap\/hello configured/);
    assert.match(
      await k("rollout", "status", "deploy/hello", "-n", "shop"),
      /successfully rolled out/,
    );
    await k("set", "image", "deploy/hello", "hello=lab/hello:3", "-n", "shop");
    await k("rollout", "undo", "deploy/hello", "-n", "shop");
    await k("rollout", "status", "deploy/hello", "-n", "shop");
    const shown = [
      "-n",
      "shop",
      "-o",
      "jsonpath={.spec.template.spec.containers[*].image} {.spec.replicas}",
    ];
    assert.equal(await k("get", "deploy", "hello", ...shown), "lab/hello:2 2");
    await k("scale", "deploy/hello", "-n", "shop", "--replicas=4");
    await k("rollout", "status", "deploy/hello", "-n", "shop");
    assert.match(await k("get", "deploy", "hello", "-n", "shop"), /hello +4\/4/);
    await k("delete", "-f", file);
    assert.equal(await k("get", "po", "-n", "shop", "-l", "app=hello", "-o", "name"), "");
  },
);

/** Starts kubectl, and ends it when its output shows `wanted`. */
async function until(wanted: RegExp, words: readonly string[], meanwhile?: () => Promise<unknown>) {
  const child = spawn(kubectl ?? "", words, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 30_000,
  });
  const ended = once(child, "exit");
  let shown = "";
  let asked = false;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    shown += chunk.toString();
    if (wanted.test(shown)) child.kill("SIGTERM");
    else if (!asked && meanwhile !== undefined) {
      asked = true;
      await meanwhile();
    }
  }
  await ended;
  assert.match(shown, wanted);
}

test(
  "get -w shows a change as it comes, and logs -f a line as it is written",
  { skip },
  async () => {
    await until(
      /\nbatch-\S+[^\n]*\n(?:.*\n)*batch-\S+[^\n]*Running/,
      ["get", "po", "-n", "shop", "-l", "app=batch", "-w"],
      () => k("label", "pod", "-n", "shop", "-l", "app=batch", "seen=yes"),
    );
    await until(/(GET \/item\/\d+ 200\n){2}/, [
      "logs",
      "-f",
      "-n",
      "shop",
      "deploy/web",
      "--tail=1",
    ]);
  },
);

test(
  "auth can-i, an unknown type and a missing object are answered as by a cluster",
  { skip },
  async () => {
    assert.equal((await k("auth", "can-i", "list", "pods")).trim(), "yes");
    const missing = await run(kubectl ?? "", ["get", "pod", "none"], { environment });
    assert.match(missing.note, /Error from server \(NotFound\): pods "none" not found/);
    const unknown = await run(kubectl ?? "", ["get", "nothing"], { environment });
    assert.match(unknown.note, /doesn't have a resource type "nothing"/);
  },
);
