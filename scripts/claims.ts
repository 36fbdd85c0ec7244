/** What the project claims to be compatible with, each claim with the test that witnesses it. docs/compatibility.md is made from it. */

export interface Claim {
  readonly client: string;
  readonly does: string;
  /** `file :: the test's name`, or a prefix of it. */
  readonly witness: string;
}

const execClients = "test/clients/exec-clients.test.ts";
const prometheus = "test/clients/prometheus.test.ts";
const azAks = "test/scenarios/az-container-insights.test.ts";
const logsClients = "test/clients/logs-clients.test.ts";

/** Where the platform answers otherwise than Azure, told rather than met. */
export interface Difference {
  readonly of: string;
  readonly azure: string;
  readonly here: string;
  readonly witness: string;
}

const kqlCases = "test/conformance/kql/kql.test.ts";
const logsQueryApi = "src/query/logs/logs-query.test.ts";
const translator = "src/kql/translator.test.ts";
const ods = "src/edge/ods.test.ts";
const ingestion = "src/edge/logs-ingestion.test.ts";
const legacy = "src/edge/legacy-agents.test.ts";
const badLogs = "test/scenarios/logs-bad-input.test.ts";
const laws = "src/providers/microsoft.operationalinsights/workspaces.test.ts";

const inventory = "src/providers/inventory.test.ts";

export const differences: readonly Difference[] = [
  {
    of: "Log Analytics workspaces",
    azure: "a deleted workspace can be recovered for 14 days, and its name is kept for it",
    here: "it is gone at once, with its data and its name; there are no deleted workspaces to list",
    witness: `${laws} :: a linked workspace shows the scope, cannot be deleted, and has a member for each of its hosts`,
  },
  {
    of: "Log Analytics workspaces",
    azure: "shows when the daily cap is reset, and whether it is reached",
    here: "neither is in the resource; the edge's metrics and the table Operation tell it",
    witness: `${laws} :: the daily cap is written as a double, whatever the version`,
  },
  {
    of: "tables",
    azure:
      "plans Basic and Auxiliary, archives beyond the retention, columns of one's own on Azure's tables",
    here: "refused by name",
    witness: `${laws} :: a workspace has the tables of Azure, whose retention is its own or the workspace's`,
  },
  {
    of: "Application Insights components",
    azure: "take telemetry, and have an instrumentation key and a connection string",
    here: "stored, linked by scopes and judged; there is no key, and their shared hosts serve nothing",
    witness: `${inventory} :: a component has its flags and ids, and neither key nor connection string`,
  },
  {
    of: "Managed Grafana",
    azure: "runs; its managed private endpoints show their state after a refresh",
    here: "stored and judged; it has no address. A managed private endpoint waits for its target's owner, and shows the state at once",
    witness: `${inventory} :: a managed private endpoint waits at its target until the owner approves, and goes with its connection`,
  },
  {
    of: "storage accounts",
    azure: "serve blobs, and have keys and private endpoints of their own",
    here: "stored, so that the doctor sees whose names a blob zone hides; their names do not resolve publicly",
    witness: `${inventory} :: a storage account has its name in the blob zone's domain, no keys, and resolves nowhere here`,
  },
  {
    of: "network security groups",
    azure:
      "speak for network interfaces too, with application security groups, ICMP and every service tag",
    here: "speak for subnets, on TCP and UDP, with the service tags that firewalls know; the rest is refused by name",
    witness: `${inventory} :: rules with addresses, tags, ports or priorities that cannot be held to are refused, each by its name`,
  },
  {
    of: "scoped resources",
    azure: "a write takes half a minute",
    here: "a tenth of a second; of two writes to one scope at the same time one is refused, as in Azure",
    witness:
      "src/control/operations.test.ts :: where the lock ends with the answer, writes one after the other pass, and of two together one is refused",
  },
  {
    of: "ODS",
    azure:
      "blobs and the HTTP Data Collector API stand at the same host; what it says to bad bodies is in no document",
    here: "PostJsonDataItems only, the rest refused by name; bad bodies get 400 with a code and a sentence of ours",
    witness: `${ods} :: what ODS does not take is named: paths, methods, versions, encodings, data types and bodies`,
  },
  {
    of: "ODS",
    azure: "what a rule without a flow for a data type does to its records is in no document",
    here: "403 without a body; the access log says why. A heartbeat needs no flow",
    witness: `${ods} :: 403 without a body: the wrong way in, another workspace's token, a rule that is gone or has no such stream`,
  },
  {
    of: "Logs Ingestion API",
    azure: "the codes of its 400s are in no document",
    here: "InvalidPayload with the first wrong byte, InvalidContentEncoding, UnknownStream: ours",
    witness: `${ingestion} :: a body that is no array of records is refused with what is wrong and where`,
  },
  {
    of: "Logs Ingestion API",
    azure: "a stream goes to one Log Analytics workspace, a rule to ten",
    here: "a stream to one; a request is kept whole or not at all, also where it fills several tables",
    witness: `${ingestion} :: one stream into two tables is kept in both or in none; into two workspaces it is refused by name`,
  },
  {
    of: "the daily cap",
    azure:
      "collection stops for the rest of the day; what a sender is told meanwhile is in no document",
    here: "records are accepted and dropped, counted, and told in Operation",
    witness: `${badLogs} :: past the daily cap records are taken and dropped, and the workspace says so in Operation`,
  },
  {
    of: "the table Usage",
    azure: "has a record for each table and hour, with the size that is billed",
    here: "the same; the size is that of the records' JSON, and what was counted in the hour of a crash is not told",
    witness:
      "src/store/logs/logs-store.test.ts :: the Usage table tells each hour what each table took, and once what the end of the process left",
  },
  {
    of: "legacy agents",
    azure: "ended on 2026-09-30; certificates are renewed, management packs and DSC are served",
    here: "registration by the shared key, and ODS by the certificate; the rest refused by name: an agent registers anew",
    witness: `${legacy} :: what else OMS and the agent service have is refused by name`,
  },
  {
    of: "KQL",
    azure: "the whole language",
    here: "where, project and its kin, extend, summarize, sort, top, take, distinct and count, with some 150 functions and operators; the rest is refused by its name",
    witness: `${kqlCases} :: every sample of Container insights is translated over a workspace's tables, and runs`,
  },
  {
    of: "KQL",
    azure: "`dcount` and `percentile` estimate",
    here: "they are exact",
    witness: `${translator} :: distinct values are counted and percentiles taken exactly`,
  },
  {
    of: "KQL",
    azure: "datetimes and timespans in steps of 100 ns",
    here: "in steps of a microsecond; a timespan that is finer is refused by name",
    witness: `${translator} :: a timespan finer than a microsecond is refused, and a microsecond is not`,
  },
  {
    of: "log queries",
    azure: "several workspaces at once, batches, metadata, `render`",
    here: "refused by name",
    witness: `${logsQueryApi} :: a request that is wrong is a BadArgumentError that says how`,
  },
  {
    of: "log queries",
    azure: "problems of a query carry the engine's codes (`SEM0100`)",
    here: "those of Microsoft's parser (`KS142`), every problem among the details",
    witness: `${logsQueryApi} :: problems of a query nest as the service nests them, each with its line and position`,
  },
];

export const claims: readonly Claim[] = [
  {
    client: "curl",
    does: "remote write through a private endpoint in a namespace; refused outside with the same token",
    witness: `${execClients} :: curl writes through the private endpoint, and the same token is refused outside`,
  },
  {
    client: "curl",
    does: "the same by the gateway, through the proxy variables",
    witness: `${execClients} :: curl writes through the private endpoint by the gateway, and is refused outside by it`,
  },
  {
    client: "curl",
    does: "verifies certificates by the bundle that exec mounts over the system's",
    witness: `${execClients} :: curl verifies by the bundle that stands over the system's, and by no other`,
  },
  {
    client: "getent hosts (glibc)",
    does: "finds private addresses in a network and public ones outside",
    witness: `${execClients} :: getent hosts finds the private address inside, and the public one outside`,
  },
  {
    client: "openssl s_client",
    does: "verifies chain and name by SNI; an alert for a name that is not served",
    witness: `${execClients} :: openssl s_client verifies the chain by SNI, and gets an alert for a name that is not served`,
  },
  {
    client: "dig",
    does: "asks a network's resolver over UDP and TCP: aliases, NODATA and NXDOMAIN with their SOA",
    witness: `${execClients} :: dig asks a network's resolver from outside of it, over UDP and TCP`,
  },
  {
    client: "dig",
    does: "asks the resolver of resolv.conf in a namespace",
    witness: `${execClients} :: dig in a namespace asks the resolver of resolv.conf, which is the network's`,
  },
  {
    client: "Node's fetch",
    does: "by the gateway with NODE_USE_ENV_PROXY, which exec sets",
    witness: `${execClients} :: Node's fetch goes by the gateway's proxy variables, to served names and nothing else`,
  },
  {
    client: "Node's fetch",
    does: "in a namespace, without a proxy",
    witness: `${execClients} :: Node's fetch in a namespace reaches the endpoint without a proxy`,
  },
  {
    client: "Prometheus (agent mode, 2.42)",
    does: "remote write as `enable remote-write` prints it, from a virtual and from an on-premises network, by a namespace and by the gateway",
    witness: `test/clients/remote-write.test.ts :: Prometheus writes over the private link from a virtual and from an on-premises network`,
  },
  {
    client: "Prometheus (agent mode, 2.42)",
    does: "remote write in a namespace with `authorization.credentials_file` and with `oauth2`, queried back",
    witness: `${prometheus} :: Prometheus writes through the private endpoint from a namespace, with credentials_file and with oauth2`,
  },
  {
    client: "Prometheus (agent mode, 2.42)",
    does: "remote write by the gateway with `proxy_url`, queried back",
    witness: `${prometheus} :: Prometheus writes through the private endpoint by the gateway, which its file names as proxy_url`,
  },
  {
    client: "az 2.45",
    does: "sign in as a service principal, groups, private link scopes, in a namespace on its built-in cloud",
    witness:
      "test/clients/az.test.ts :: az signs in as a service principal, makes a group and a private link scope",
  },
  {
    client: "az 2.45",
    does: "the article's commands that it has: networks, endpoint, zones, scope, `log-analytics workspace create` and `update --ingestion-access Disabled`, `aks create` and `aks enable-addons` with both authentications (with a shim for what Debian's packages lack)",
    witness:
      "test/faults/az-commands.slow.ts :: az builds the private link, closes the workspace and turns monitoring on",
  },
  {
    client: "az 2.61 and newer (recorded requests)",
    does: "`az aks enable-addons` and `az aks create --enable-addons monitoring` with `--ampls-resource-id`, with an existing and with the default workspace: afterwards the logs flow over the private link",
    witness: `${azAks} :: enable-addons of 2.61 and of today, with an existing workspace, on existing private clusters`,
  },
  {
    client: "az 2.61 and newer (recorded requests)",
    does: "`--enable-msi-auth-for-monitoring false`: the legacy agent registers by the shared key and writes by its certificate",
    witness: `${azAks} :: legacy: the workspace closed, the scope open until its endpoint stands, and then the add-on without a managed identity`,
  },
  {
    client: "az 2.61 and newer (recorded requests)",
    does: "what it made is found and kept by `enable logs`: rule, endpoints, associations, links and add-on",
    witness:
      "test/onboard/enable-logs.test.ts :: what az made is found as it is: rule, endpoint, associations, links and add-on stay",
  },
  {
    client: "@azure/monitor-ingestion 1.2.0",
    does: "uploads in chunks of 1 MB, compressed, over the private link; sees the service's code where a rule refuses; refused outside",
    witness: `${logsClients} :: @azure/monitor-ingestion uploads in chunks of 1 MB over the private link, and @azure/monitor-query-logs counts them`,
  },
  {
    client: "@azure/monitor-query-logs 1.0.0",
    does: "queries a workspace over the private link; refused outside",
    witness: `${logsClients} :: outside of the network the same upload and the same query are refused`,
  },
  {
    client: "@azure/monitor-query-logs 1.0.0",
    does: "reads a query's problems, its statistics, and the records of one cluster by its resource id",
    witness: `${logsClients} :: @azure/monitor-query-logs reads a query's problems, its statistics, and a resource's own records`,
  },
  {
    client: "curl, as the legacy agent's script",
    does: "registers at OMS by the shared key with a certificate that openssl made, then writes to ODS by it",
    witness: `${logsClients} :: openssl and curl register a legacy agent as its own script does, and its certificate opens ODS`,
  },
  {
    client: "kubectl 1.20.2 (kustomize)",
    does: "reads the overlays of the agent of logs and applies them; each of its accounts gets no right beyond what it reads",
    witness:
      "test/lab/logs-manifests.test.ts :: each service account may read what its role reads, and nothing else",
  },
  {
    client: "kubectl 1.20.2 (kustomize)",
    does: "reads the agent's overlays and applies them; the agent gets no right beyond what it reads",
    witness:
      "test/lab/agent-manifests.test.ts :: the agent's service account may read what discovery reads, and nothing else",
  },
  {
    client: "@azure/identity 4.14.1, @azure/core-rest-pipeline 1.25.0",
    does: "sign in and read an estate at Azure's own host names, in a namespace and by the gateway's proxy",
    witness:
      "test/faults/doctor.slow.ts :: the same is read through Azure's own credential, pipeline and host names, by a namespace or a proxy",
  },
  {
    client: "dash, bash, busybox sh",
    does: "run the script of `probe --emit sh`, with and without the programs that it uses",
    witness:
      "src/doctor/probe/probe-script.test.ts :: at least one POSIX shell was there to run it",
  },
  {
    client: "openssl pkeyutl",
    does: "verifies the signature of a proof's report",
    witness:
      "test/faults/doctor.slow.ts :: prove over fragments tells what they cover; its report is signed and verified by openssl",
  },
];
