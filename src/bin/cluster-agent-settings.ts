/** What the environment tells the agent that runs in a cluster: all of it read at once, every problem named. Pure. */
import { idProblem, parseId } from "../arm/index.ts";
import { serviceAccountFolder } from "../client/index.ts";

/**
 * What the process is: the agent of metrics; the agent of logs of one node, a pod of a daemon set; or the agent of logs
 * that takes the cluster's inventory, a deployment's one pod.
 */
export type AgentRole = "metrics" | "node-logs" | "cluster-logs";

export interface ClusterAgentSettings {
  readonly role: AgentRole;
  /** Of the role `node-logs`: the node's name, and its `/var/log` as the pod has it. */
  readonly node: { readonly name: string; readonly logFolder: string } | undefined;
  /** Where the agent of logs takes syslog: `tcp:HOST:PORT` and the like. */
  readonly syslogListen: readonly string[];
  /** The agent's own pod; empty where it is not said. */
  readonly podName: string;
  readonly clusterId: string;
  /** The label `cluster` of every series. */
  readonly clusterName: string;
  readonly region: string;
  /** The queue's folder. */
  readonly data: string;
  readonly configurationEndpoint: string | undefined;
  /** `http://HOST:PORT` of a proxy for Azure's hosts; never for the cluster's own. */
  readonly proxy: string | undefined;
  /** A file of authorities that are trusted beside Node's own. */
  readonly caFile: string | undefined;
  /** Where the pod finds its service account. */
  readonly serviceAccountFolder: string;
  readonly identity: ClusterIdentity;
  readonly listen: { readonly host: string; readonly port: number };
}

export type ClusterIdentity =
  | { readonly kind: "managed"; readonly clientId: string | undefined }
  | {
      readonly kind: "workload";
      readonly tenantId: string;
      readonly clientId: string;
      readonly tokenFile: string;
      readonly authorityHost: string | undefined;
    };

export type Environment = Readonly<Record<string, string | undefined>>;

export type ReadSettings =
  { readonly settings: ClusterAgentSettings } | { readonly problems: readonly string[] };

/**
 * Reads the agent's variables. Those that begin with AZURE_ are what Azure's workload identity webhook sets in a pod.
 *
 * @see azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
 */
export function readClusterAgentSettings(environment: Environment): ReadSettings {
  const problems: string[] = [];
  const given = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const required = (name: string, what: string): string => {
    const value = given(name);
    if (value === undefined) problems.push(`${name} is not set; it is ${what}.`);
    return value ?? "";
  };
  const clusterId = required("LINKSCOPE_CLUSTER_ID", "the resource id of the cluster");
  const problem = clusterId === "" ? undefined : idProblem(clusterId);
  if (problem !== undefined) problems.push(`LINKSCOPE_CLUSTER_ID: ${problem}.`);
  const region = required("LINKSCOPE_REGION", "the region of the cluster, such as westeurope");
  const urlIn = (name: string, scheme: "http:" | "https:"): string | undefined => {
    const text = given(name);
    if (text === undefined) return undefined;
    if (URL.canParse(text) && new URL(text).protocol === scheme) return text;
    problems.push(`${name} is '${withoutSecret(text)}'; it must be an ${scheme}// address.`);
    return undefined;
  };
  const role = roleIn(given("LINKSCOPE_ROLE") ?? "metrics", problems);
  const settings: ClusterAgentSettings = {
    role,
    node:
      role === "node-logs"
        ? {
            name: required("LINKSCOPE_NODE", "the name of the node that the pod runs on"),
            logFolder: given("LINKSCOPE_LOG_FOLDER") ?? "/var/log",
          }
        : undefined,
    podName: given("LINKSCOPE_POD") ?? "",
    syslogListen: (given("LINKSCOPE_SYSLOG_LISTEN") ?? "").split(",").filter((one) => one !== ""),
    clusterId,
    clusterName: given("LINKSCOPE_CLUSTER_NAME") ?? parseId(clusterId)?.name ?? "",
    region,
    data: given("LINKSCOPE_DATA") ?? "/var/lib/linkscope",
    configurationEndpoint: urlIn("LINKSCOPE_CONFIGURATION_ENDPOINT", "https:"),
    proxy: urlIn("HTTPS_PROXY", "http:"),
    caFile: given("LINKSCOPE_CA_FILE"),
    serviceAccountFolder: given("LINKSCOPE_SERVICE_ACCOUNT_FOLDER") ?? serviceAccountFolder,
    identity: identityIn(given, required),
    listen: listenIn(given("LINKSCOPE_LISTEN") ?? "127.0.0.1:8080", problems),
  };
  return problems.length === 0 ? { settings } : { problems };
}

const roles: readonly AgentRole[] = ["metrics", "node-logs", "cluster-logs"];

function roleIn(text: string, problems: string[]): AgentRole {
  const role = roles.find((one) => one === text);
  if (role === undefined)
    problems.push(`LINKSCOPE_ROLE is '${text}'; it is one of ${roles.join(", ")}.`);
  return role ?? "metrics";
}

/** A proxy's address may carry a password: it is not repeated. */
const withoutSecret = (text: string): string => text.replace(/\/\/[^@/]*@/, "//…@");

/** The federated token's file tells that there is a workload identity; else the node's managed identity is asked. */
function identityIn(
  given: (name: string) => string | undefined,
  required: (name: string, what: string) => string,
): ClusterIdentity {
  const tokenFile = given("AZURE_FEDERATED_TOKEN_FILE");
  if (tokenFile === undefined) return { kind: "managed", clientId: given("AZURE_CLIENT_ID") };
  return {
    kind: "workload",
    tokenFile,
    tenantId: required("AZURE_TENANT_ID", "the tenant of the workload identity"),
    clientId: required("AZURE_CLIENT_ID", "the client id of the workload identity"),
    authorityHost: given("AZURE_AUTHORITY_HOST"),
  };
}

function listenIn(text: string, problems: string[]): { host: string; port: number } {
  const parts = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[2]);
  if (parts !== null && port <= 65_535) return { host: parts[1] ?? "", port };
  problems.push(`LINKSCOPE_LISTEN is '${text}'; it must be HOST:PORT, such as 0.0.0.0:8080.`);
  return { host: "", port: 0 };
}
