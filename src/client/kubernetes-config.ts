/** Where a Kubernetes API server is and who asks: read from a kubeconfig, or from a pod's own service account. */
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { isObject } from "../arm/index.ts";
import type { Json, JsonObject } from "../arm/index.ts";
import { limits, messageOf } from "../core/index.ts";
import { clientError } from "./errors.ts";

/** What a client needs. Secrets are here as text: it is never printed. */
export interface KubernetesAccess {
  /** `https://host:port`, without a final slash. */
  readonly server: string;
  readonly caPem: string | undefined;
  /** The name that the server's certificate must have, where it is not the host's. */
  readonly serverName: string | undefined;
  readonly verify: boolean;
  readonly clientCertificate: { readonly certPem: string; readonly keyPem: string } | undefined;
  readonly credential: KubernetesCredential;
  /** The namespace of the context, or of the service account. */
  readonly namespace: string;
}

export type KubernetesCredential =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  /** Read again as it is renewed. */
  | { readonly kind: "token-file"; readonly path: string }
  | { readonly kind: "exec"; readonly plugin: ExecPlugin };

/** A program that prints a credential. @see kubernetes.io/docs/reference/config-api/client-authentication.v1 */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface KubeconfigOptions {
  /** The context to use; the file's `current-context` where absent. */
  readonly context?: string;
  /** Whether a program that the file names may be run. */
  readonly allowExec: boolean;
}

/**
 * Reads a kubeconfig. What it says that is not supported is refused by name: `proxy-url`, `auth-provider`, impersonation,
 * user names and passwords, and programs unless they are allowed.
 *
 * @throws CodedError KubeconfigInvalid with line and column, KubeconfigExecRefused.
 * @see kubernetes.io/docs/reference/config-api/kubeconfig.v1
 */
export async function readKubeconfig(
  path: string,
  options: KubeconfigOptions,
): Promise<KubernetesAccess> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw clientError("KubeconfigInvalid", `${path}: ${messageOf(error)}.`, { cause: error });
  });
  const file = openKubeconfig(text, path);
  const context = file.entry("contexts", "context", options.context ?? file.currentContext());
  const cluster = file.entry("clusters", "cluster", context.text("cluster") ?? "");
  const user = file.entry("users", "user", context.text("user") ?? "");
  const folder = dirname(path);
  const material = (part: Part, name: string): Promise<string | undefined> =>
    dataOrFile(part, name, folder);
  const server = checkedServer(cluster);
  cluster.refuse("proxy-url", "certificate-authority-data-file");
  user.refuse(
    "auth-provider",
    "as",
    "as-groups",
    "as-uid",
    "as-user-extra",
    "username",
    "password",
  );
  const certPem = await material(user, "client-certificate");
  const keyPem = await material(user, "client-key");
  if ((certPem === undefined) !== (keyPem === undefined)) {
    throw user.invalid("client-certificate", "a certificate and its key are given together");
  }
  return {
    server,
    caPem: await material(cluster, "certificate-authority"),
    serverName: cluster.text("tls-server-name"),
    verify: cluster.value("insecure-skip-tls-verify") !== true,
    clientCertificate:
      certPem === undefined || keyPem === undefined ? undefined : { certPem, keyPem },
    credential: credentialOf(user, folder, options),
    namespace: context.text("namespace") ?? "default",
  };
}

/** Where every pod finds its service account. */
export const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The access of a pod: the service account's files in `folder`, the server by the environment that every pod has.
 *
 * @throws CodedError KubeconfigInvalid where this is no pod.
 */
export async function inClusterAccess(options: {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Promise<KubernetesAccess> {
  const { folder, environment } = options;
  const host = environment["KUBERNETES_SERVICE_HOST"];
  const port = environment["KUBERNETES_SERVICE_PORT"];
  if (host === undefined || port === undefined) {
    const says =
      "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod. Name a kubeconfig.";
    throw clientError("KubeconfigInvalid", says);
  }
  const read = (name: string): Promise<string> =>
    readFile(join(folder, name), "utf8").catch((error: unknown) => {
      const says = `The service account has no ${name}: ${messageOf(error)}.`;
      throw clientError("KubeconfigInvalid", says, { cause: error });
    });
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    caPem: await read("ca.crt"),
    serverName: undefined,
    verify: true,
    clientCertificate: undefined,
    credential: { kind: "token-file", path: join(folder, "token") },
    namespace: (await read("namespace")).trim(),
  };
}

/** A named entry of the file, with the places of its fields. */
interface Part {
  readonly value: (name: string) => Json | undefined;
  readonly text: (name: string) => string | undefined;
  readonly refuse: (...names: readonly string[]) => void;
  readonly invalid: (name: string, says: string) => Error;
}

interface Kubeconfig {
  readonly currentContext: () => string;
  readonly entry: (list: string, kind: string, name: string) => Part;
}

function openKubeconfig(text: string, path: string): Kubeconfig {
  if (Buffer.byteLength(text) > limits.kubeconfigBytesMax) {
    const says = `${path} has more than ${limits.kubeconfigBytesMax} bytes.`;
    throw clientError("KubeconfigInvalid", says);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, maxAliasCount: 0 } as object);
  const placeOf = (at: number): string => {
    const { line, col } = lines.linePos(at);
    return `${path}:${line}:${col}`;
  };
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    const says = `${placeOf(mistake.pos[0])}: ${mistake.message.split("\n")[0]}`;
    throw clientError("KubeconfigInvalid", says);
  }
  const root: unknown = document.toJS({ maxAliasCount: 0 });
  const fields = isObject(root as Json) ? (root as JsonObject) : {};
  const invalid = (keys: readonly (string | number)[], says: string): Error => {
    const node: unknown = document.getIn(keys, true);
    const range = isNode(node) ? node.range[0] : 0;
    return clientError("KubeconfigInvalid", `${placeOf(range)}: ${says}.`);
  };
  return {
    currentContext: () => {
      const name = fields["current-context"];
      if (typeof name === "string" && name !== "") return name;
      throw invalid(["current-context"], "there is no current-context; name a context");
    },
    entry(list, kind, name) {
      const entries = Array.isArray(fields[list]) ? fields[list] : [];
      const index = entries.findIndex((one) => isObject(one) && one["name"] === name);
      const found = entries[index];
      const part = isObject(found) ? found[kind] : undefined;
      if (!isObject(part)) throw invalid([list], `${list} has no "${name}"`);
      const at = (field: string, says: string): Error => invalid([list, index, kind, field], says);
      return {
        value: (field) => (Object.hasOwn(part, field) ? part[field] : undefined),
        text(field) {
          const value = Object.hasOwn(part, field) ? part[field] : undefined;
          if (value === undefined || value === null || value === "") return undefined;
          if (typeof value === "string") return value;
          throw at(field, `${field} must be text`);
        },
        refuse(...names) {
          for (const field of names) {
            if (Object.hasOwn(part, field)) throw at(field, `${field} is not supported`);
          }
        },
        invalid: at,
      };
    },
  };
}

const isNode = (value: unknown): value is { readonly range: readonly [number, number, number] } =>
  typeof value === "object" && value !== null && "range" in value && Array.isArray(value.range);

function checkedServer(cluster: Part): string {
  const server = cluster.text("server") ?? "";
  const url = URL.canParse(server) ? new URL(server) : undefined;
  const local = url?.hostname === "127.0.0.1" || url?.hostname === "localhost";
  if (url === undefined || (url.protocol !== "https:" && !(url.protocol === "http:" && local))) {
    throw cluster.invalid("server", "the server must be an https URL (http only on this machine)");
  }
  if (url.username !== "" || url.search !== "" || url.hash !== "") {
    throw cluster.invalid("server", "the server's URL must have no user, query or fragment");
  }
  return url.href.replace(/\/+$/, "");
}

/** `NAME-data` in base64, or the file that `NAME` names, beside the kubeconfig. */
async function dataOrFile(part: Part, name: string, folder: string): Promise<string | undefined> {
  const data = part.text(`${name}-data`);
  if (data !== undefined) {
    const text = Buffer.from(data, "base64").toString("utf8");
    if (!text.includes("-----BEGIN "))
      throw part.invalid(`${name}-data`, `${name}-data is no PEM in base64`);
    return text;
  }
  const path = part.text(name);
  if (path === undefined) return undefined;
  return readFile(isAbsolute(path) ? path : join(folder, path), "utf8").catch((error: unknown) => {
    throw part.invalid(name, messageOf(error));
  });
}

function credentialOf(
  user: Part,
  folder: string,
  { allowExec }: KubeconfigOptions,
): KubernetesCredential {
  const exec = user.value("exec");
  if (exec !== undefined && exec !== null) {
    const plugin = execPlugin(user, exec, folder);
    if (!allowExec) {
      throw clientError(
        "KubeconfigExecRefused",
        `${user.invalid("exec", `this user runs the program "${plugin.command}" for its credential`).message} ` +
          "Allow it with --kubeconfig-exec if you trust the file.",
      );
    }
    return { kind: "exec", plugin };
  }
  const path = user.text("tokenFile");
  if (path !== undefined) {
    return { kind: "token-file", path: isAbsolute(path) ? path : join(folder, path) };
  }
  const token = user.text("token");
  return token === undefined ? { kind: "none" } : { kind: "token", token };
}

const EXEC_VERSIONS: readonly string[] = [
  "client.authentication.k8s.io/v1",
  "client.authentication.k8s.io/v1beta1",
];

function execPlugin(user: Part, exec: Json, folder: string): ExecPlugin {
  const invalid = (says: string): Error => user.invalid("exec", says);
  if (!isObject(exec)) throw invalid("exec must be an object");
  const { apiVersion, command, args = [], env = [] } = exec;
  if (typeof apiVersion !== "string" || !EXEC_VERSIONS.includes(apiVersion)) {
    throw invalid(`exec.apiVersion must be ${EXEC_VERSIONS.join(" or ")}`);
  }
  if (typeof command !== "string" || command === "") throw invalid("exec.command is missing");
  refuseModes(exec, invalid);
  const texts = Array.isArray(args ?? []) ? ((args ?? []) as readonly Json[]) : [args];
  const words = texts.filter((word) => typeof word === "string");
  if (words.length < texts.length) throw invalid("exec.args must be texts");
  // As client-go: a command with a slash is found from the kubeconfig's folder, one without in the path.
  const found = command.includes("/") && !isAbsolute(command) ? join(folder, command) : command;
  return {
    apiVersion,
    command: found,
    arguments: words,
    environment: execEnvironment(env, invalid),
  };
}

function refuseModes(exec: JsonObject, invalid: (says: string) => Error): void {
  if (exec["interactiveMode"] === "Always") {
    throw invalid("exec.interactiveMode Always is not supported: nobody is there to answer");
  }
  if (exec["provideClusterInfo"] === true) {
    throw invalid("exec.provideClusterInfo is not supported");
  }
}

function execEnvironment(
  env: Json,
  invalid: (says: string) => Error,
): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const pair of Array.isArray(env) ? env : []) {
    const { name, value } = isObject(pair) ? pair : {};
    if (typeof name !== "string" || typeof value !== "string") {
      throw invalid("exec.env must be pairs of name and value");
    }
    environment[name] = value;
  }
  return environment;
}
