/** Kubeconfigs and service accounts: what they give, and what is refused by name and place. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CodedError, fakeClock, limits } from "../core/index.ts";
import { inClusterAccess, readKubeconfig } from "./kubernetes-config.ts";
import { kubernetesToken } from "./kubernetes-credential.ts";
import { testFolder } from "./testing/servers.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

function kubeconfig(parts: {
  readonly cluster?: string;
  readonly user?: string;
  readonly end?: string;
}): string {
  const { cluster = "server: https://10.0.0.1:6443/", user = "token: secret", end = "" } = parts;
  return `apiVersion: v1
kind: Config
current-context: main
contexts:
- name: main
  context: { cluster: c, user: u, namespace: shop }
- name: other
  context: { cluster: missing, user: u }
clusters:
- name: c
  cluster:
    ${cluster.replaceAll("\n", "\n    ")}
users:
- name: u
  user:
    ${user.replaceAll("\n", "\n    ")}
${end}`;
}

async function read(text: string, options: { allowExec?: boolean; context?: string } = {}) {
  const folder = testFolder();
  const path = join(folder, "config");
  writeFileSync(path, text);
  writeFileSync(join(folder, "ca.pem"), PEM);
  return readKubeconfig(path, { allowExec: false, ...options });
}

const refused = (code: string, says: RegExp) => (error: unknown) =>
  error instanceof CodedError && error.code === code && says.test(error.message)
    ? true
    : assert.fail(String(error));

test("a kubeconfig gives server, authority, name and credential; files lie beside it", async () => {
  const access = await read(
    kubeconfig({
      cluster:
        "server: https://10.0.0.1:6443/\ncertificate-authority: ca.pem\ntls-server-name: kube",
    }),
  );
  assert.deepEqual(access, {
    server: "https://10.0.0.1:6443",
    caPem: PEM,
    serverName: "kube",
    verify: true,
    clientCertificate: undefined,
    credential: { kind: "token", token: "secret" },
    namespace: "shop",
  });
  const data = Buffer.from(PEM).toString("base64");
  const certificate = await read(
    kubeconfig({
      cluster: "server: http://127.0.0.1:8001\ninsecure-skip-tls-verify: true",
      user: `client-certificate-data: ${data}\nclient-key-data: ${data}\ntokenFile: /t`,
    }),
  );
  assert.deepEqual(certificate.clientCertificate, { certPem: PEM, keyPem: PEM });
  assert.deepEqual(
    [certificate.verify, certificate.credential],
    [false, { kind: "token-file", path: "/t" }],
  );
});

test("KubeconfigInvalid: what is missing, wrong or not supported is told with line and column", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["a: [", /config:\d+:\d+: /],
    ["a: 1", /there is no current-context/],
    [kubeconfig({ cluster: "server: ftp://x" }), /config:12:13: the server must be an https URL/],
    [kubeconfig({ cluster: "server: http://10.0.0.1" }), /must be an https URL/],
    [kubeconfig({ cluster: "server: https://u@x" }), /must have no user/],
    [
      kubeconfig({ cluster: "server: https://x\nproxy-url: http://p" }),
      /config:13:16: proxy-url is not supported/,
    ],
    [kubeconfig({ cluster: "server: https://x\ncertificate-authority: none.pem" }), /ENOENT/],
    [
      kubeconfig({ cluster: "server: https://x\ncertificate-authority-data: QUJD" }),
      /no PEM in base64/,
    ],
    [kubeconfig({ user: "username: a\npassword: b" }), /username is not supported/],
    [kubeconfig({ user: "auth-provider: { name: azure }" }), /auth-provider is not supported/],
    [kubeconfig({ user: "as: root" }), /as is not supported/],
    [kubeconfig({ user: "token: [1]" }), /token must be text/],
    [
      kubeconfig({ user: `client-key-data: ${Buffer.from(PEM).toString("base64")}` }),
      /given together/,
    ],
    [kubeconfig({ end: "#".repeat(limits.kubeconfigBytesMax) }), /has more than 1048576 bytes/],
  ];
  for (const [text, says] of cases)
    await assert.rejects(read(text), refused("KubeconfigInvalid", says));
  await assert.rejects(
    read(kubeconfig({}), { context: "none" }),
    refused("KubeconfigInvalid", /contexts has no "none"/),
  );
  await assert.rejects(
    read(kubeconfig({}), { context: "other" }),
    refused("KubeconfigInvalid", /clusters has no "missing"/),
  );
  await assert.rejects(
    readKubeconfig("/nowhere", { allowExec: false }),
    refused("KubeconfigInvalid", /ENOENT/),
  );
});

const exec = (command: string, more = ""): string =>
  `exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: ${command}\n  args: [get-token]\n  env: [{ name: A, value: b }]\n${more}`;

test("KubeconfigExecRefused: a program is run only where that is allowed", async () => {
  const text = kubeconfig({ user: exec("./login") });
  await assert.rejects(
    read(text),
    refused(
      "KubeconfigExecRefused",
      /config:\d+:\d+: this user runs the program ".*\/login" for its credential.*--kubeconfig-exec/s,
    ),
  );
  const { credential } = await read(text, { allowExec: true });
  assert.ok(credential.kind === "exec");
  assert.match(credential.plugin.command, /\/login$/);
  const bad: readonly (readonly [string, RegExp])[] = [
    [
      "exec: { apiVersion: client.authentication.k8s.io/v1alpha1, command: x }",
      /exec.apiVersion must be/,
    ],
    ["exec: { apiVersion: client.authentication.k8s.io/v1 }", /exec.command is missing/],
    [exec("x", "  interactiveMode: Always"), /interactiveMode Always is not supported/],
    [exec("x", "  provideClusterInfo: true"), /provideClusterInfo is not supported/],
    ["exec: []", /exec must be an object/],
  ];
  for (const [user, says] of bad) {
    await assert.rejects(
      read(kubeconfig({ user }), { allowExec: true }),
      refused("KubeconfigInvalid", says),
    );
  }
});

function program(body: string): {
  readonly kind: "exec";
  readonly plugin: Parameters<typeof pluginOf>[0];
} {
  const path = join(testFolder(), "plugin");
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o700);
  return { kind: "exec", plugin: pluginOf({ command: path }) };
}
const pluginOf = (one: { readonly command: string }) => ({
  apiVersion: "client.authentication.k8s.io/v1",
  arguments: ["get-token"],
  environment: { A: "b" },
  ...one,
});

test("a program's token is kept until shortly before its end, and one that is refused is asked for anew", async () => {
  const clock = fakeClock();
  const count = join(testFolder(), "count");
  const end = new Date(clock.nowMs() + 600_000).toISOString();
  const credential = program(
    `echo x >> ${count}
n=$(wc -l < ${count})
case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 3;; esac
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s%s%s","expirationTimestamp":"${end}"}}' $n "$1" "$A"`,
  );
  const token = kubernetesToken(credential as never, {
    clock,
    environment: { PATH: "/usr/bin:/bin" },
  });
  assert.equal(await token.read(), "t1get-tokenb");
  assert.equal(await token.read(), "t1get-tokenb");
  token.forget();
  assert.equal(await token.read(), "t2get-tokenb");
  clock.advance(600_000 - limits.kubernetesTokenReadMs);
  assert.equal(await token.read(), "t3get-tokenb");
});

test("KubernetesCredentialFailed: a program that fails or prints no token, a file that is gone", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["echo secret; exit 7", /ended with 7/],
    ["echo no", /printed no JSON/],
    ["echo '{}'", /printed no ExecCredential/],
    [
      `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'`,
      /printed no token/,
    ],
    [
      `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":"x"}}'`,
      /client certificate, which is not supported/,
    ],
    ["head -c 1100000 /dev/zero", /ended with ERR_CHILD_PROCESS_STDIO_MAXBUFFER/],
  ];
  const options = { clock: fakeClock(), environment: { PATH: "/usr/bin:/bin" } };
  for (const [body, says] of cases) {
    await assert.rejects(kubernetesToken(program(body) as never, options).read(), (error) => {
      assert.ok(!String(error).includes("secret"));
      return refused("KubernetesCredentialFailed", says)(error);
    });
  }
  const gone = kubernetesToken({ kind: "token-file", path: "/nowhere" }, options);
  await assert.rejects(gone.read(), refused("KubernetesCredentialFailed", /cannot be read/));
});

test("a pod's service account gives its access, and its token is read again as it is renewed", async () => {
  const folder = join(testFolder(), "account");
  mkdirSync(folder);
  for (const [name, text] of [
    ["ca.crt", PEM],
    ["namespace", "kube-system\n"],
    ["token", "one\n"],
  ] as const) {
    writeFileSync(join(folder, name), text);
  }
  const environment = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  const access = await inClusterAccess({ folder, environment });
  assert.deepEqual(
    [access.server, access.namespace, access.verify],
    ["https://[fd00::1]:443", "kube-system", true],
  );
  const clock = fakeClock();
  const token = kubernetesToken(access.credential, { clock, environment: {} });
  assert.equal(await token.read(), "one");
  writeFileSync(join(folder, "token"), "two\n");
  assert.equal(await token.read(), "one");
  clock.advance(limits.kubernetesTokenReadMs);
  assert.equal(await token.read(), "two");
  await assert.rejects(
    inClusterAccess({ folder, environment: {} }),
    refused("KubeconfigInvalid", /this is no pod/),
  );
  await assert.rejects(
    inClusterAccess({ folder: "/nowhere", environment }),
    refused("KubeconfigInvalid", /has no ca.crt/),
  );
});
