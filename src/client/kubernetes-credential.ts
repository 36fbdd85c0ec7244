/** The bearer token of a Kubernetes client: given, read from its file as it is renewed, or printed by a program. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { isObject, stringAt } from "../arm/index.ts";
import type { Json, JsonObject } from "../arm/index.ts";
import { limits, messageOf } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { clientError } from "./errors.ts";
import type { ExecPlugin, KubernetesCredential } from "./kubernetes-config.ts";

export interface KubernetesToken {
  /** The token, or undefined where requests go without one. */
  read(): Promise<string | undefined>;
  /** The server refused it: the next read asks anew. */
  forget(): void;
}

/**
 * @param environment for a program: what it runs in, beside what the kubeconfig adds.
 * @throws CodedError (of `read`) KubernetesCredentialFailed.
 */
export function kubernetesToken(
  credential: KubernetesCredential,
  options: {
    readonly clock: Clock;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
): KubernetesToken {
  const { clock } = options;
  let kept: { readonly token: string | undefined; readonly untilMs: number } | undefined;
  const fetchToken = async (): Promise<{ token: string | undefined; untilMs: number }> => {
    switch (credential.kind) {
      case "none":
        return { token: undefined, untilMs: Infinity };
      case "token":
        return { token: credential.token, untilMs: Infinity };
      case "token-file":
        return {
          token: await tokenOfFile(credential.path),
          untilMs: clock.nowMs() + limits.kubernetesTokenReadMs,
        };
      case "exec":
        return tokenOfProgram(credential.plugin, options);
    }
  };
  return {
    async read() {
      if (kept === undefined || clock.nowMs() >= kept.untilMs) kept = await fetchToken();
      return kept.token;
    },
    forget: () => void (kept = undefined),
  };
}

async function tokenOfFile(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const says = `The token's file cannot be read: ${messageOf(error)}.`;
    throw clientError("KubernetesCredentialFailed", says, { cause: error });
  });
  const token = text.trim();
  if (token === "") throw clientError("KubernetesCredentialFailed", `${path} is empty.`);
  return token;
}

/** @see kubernetes.io/docs/reference/access-authn-authz/authentication/#input-and-output-formats */
async function tokenOfProgram(
  plugin: ExecPlugin,
  options: {
    readonly clock: Clock;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
): Promise<{ token: string; untilMs: number }> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: "ExecCredential",
    spec: { interactive: false },
  };
  const output = await run(plugin, {
    ...options.environment,
    ...plugin.environment,
    KUBERNETES_EXEC_INFO: JSON.stringify(info),
  });
  const failed = (says: string): Error =>
    clientError("KubernetesCredentialFailed", `The program ${plugin.command} ${says}.`);
  let answer: JsonObject;
  try {
    const value = JSON.parse(output) as Json;
    answer = isObject(value) ? value : {};
  } catch {
    throw failed("printed no JSON");
  }
  if (answer["kind"] !== "ExecCredential" || answer["apiVersion"] !== plugin.apiVersion) {
    throw failed(`printed no ExecCredential of ${plugin.apiVersion}`);
  }
  if (stringAt(answer, "status", "clientCertificateData") !== undefined) {
    throw failed("printed a client certificate, which is not supported; a token is");
  }
  const token = stringAt(answer, "status", "token");
  if (token === undefined || token === "") throw failed("printed no token");
  const end = Date.parse(stringAt(answer, "status", "expirationTimestamp") ?? "");
  return { token, untilMs: Number.isNaN(end) ? Infinity : end - limits.kubernetesTokenReadMs };
}

function run(
  plugin: ExecPlugin,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const bounds = {
      env: environment,
      timeout: limits.kubernetesExecTimeoutMs,
      maxBuffer: limits.kubernetesExecOutputBytesMax,
      killSignal: "SIGKILL",
    } as const;
    const child = execFile(plugin.command, plugin.arguments, bounds, (error, output) => {
      if (error === null) return resolve(output);
      // What it printed may hold a secret, and is not repeated.
      const how = error.code === undefined ? String(error.signal) : String(error.code);
      const says = `The program ${plugin.command} ended with ${how}.`;
      reject(clientError("KubernetesCredentialFailed", says, { cause: error }));
    });
    child.stdin?.end();
  });
}
