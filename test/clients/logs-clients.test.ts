/** Foreign clients of logs over the private link: Azure's own SDK packages, unchanged, and what a legacy agent does with openssl and curl. */
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { stringAt } from "../../src/arm/index.ts";
import { openSession } from "../../src/cli/exec/index.ts";
import { lacking, removeFolder, run } from "../support/command.ts";
import { startLogsPlatform } from "../support/logs-platform.ts";
import type { LogsPlatform } from "../support/logs-platform.ts";

/** As much of the packages as is called here. They lie in this folder's own package, whose types are not the project's. */
interface IngestionClient {
  upload(rule: string, stream: string, records: readonly object[], options?: object): Promise<void>;
}
interface QueryClient {
  queryWorkspace(
    workspaceId: string,
    query: string,
    timespan: { readonly duration: string },
    options?: object,
  ): Promise<{
    readonly status: string;
    readonly statistics?: { readonly query?: { readonly executionTime?: number } };
    readonly tables: readonly {
      readonly columnDescriptors: readonly { readonly name?: string; readonly type?: string }[];
      readonly rows: readonly (readonly unknown[])[];
    }[];
  }>;
  /** As `queryWorkspace`, over one resource's records. */
  queryResource: QueryClient["queryWorkspace"];
}
interface Credential {
  getToken(
    scopes: string | readonly string[],
  ): Promise<{ token: string; expiresOnTimestamp: number }>;
}
type Make<Client> = new (...options: readonly unknown[]) => Client;

/** The packages, or why they are not there: they are installed by `npm ci` in this folder. */
async function packages() {
  const load = (name: string): Promise<Record<string, unknown>> => import(name);
  try {
    const [ingestion, query] = await Promise.all([
      load("@azure/monitor-ingestion"),
      load("@azure/monitor-query-logs"),
    ]);
    return {
      LogsIngestionClient: ingestion["LogsIngestionClient"] as Make<IngestionClient>,
      isUploadError: ingestion["isAggregateLogsUploadError"] as (error: unknown) => boolean,
      LogsQueryClient: query["LogsQueryClient"] as Make<QueryClient>,
    };
  } catch {
    return undefined;
  }
}

const sdk = await packages();
const noTools = lacking("curl", "openssl", "awk");
const skip = sdk === undefined && "not installed: run npm ci in test/clients";
const there = (): NonNullable<typeof sdk> => sdk ?? assert.fail("the packages are not there");

let logs: LogsPlatform;
before(async () => {
  if (sdk === undefined && noTools !== false) return;
  logs = await startLogsPlatform();
  // Behind a proxy the packages take no authority but the process's own.
  setDefaultCACertificates([...getCACertificates("default"), logs.platform.caPem]);
});
after(() => logs?.close());

/** The credential of the bootstrap principal, as any TokenCredential: the scope is an audience with `/.default`. */
const credential = (): Credential => ({
  async getToken(scopes) {
    const scope = typeof scopes === "string" ? scopes : (scopes[0] ?? "");
    const token = await logs.token(scope.replace(/\/\.default$/, ""));
    return { token, expiresOnTimestamp: Date.now() + 3_000_000 };
  },
});

/** Through a gateway of the platform; nothing is asked twice. */
function through(gatewayUrl: string): object {
  const { protocol, hostname, port, username, password } = new URL(gatewayUrl);
  return {
    proxyOptions: {
      host: `${protocol}//${hostname}`,
      port: Number(port),
      username: decodeURIComponent(username),
      password: decodeURIComponent(password),
    },
    retryOptions: { maxRetries: 0 },
  };
}

const uploader = (gatewayUrl: string): IngestionClient =>
  new (there().LogsIngestionClient)(
    `https://${logs.estate.logsHost}`,
    credential(),
    through(gatewayUrl),
  );

test(
  "@azure/monitor-ingestion uploads in chunks of 1 MB over the private link, and @azure/monitor-query-logs counts them",
  { skip },
  async () => {
    const { LogsQueryClient } = there();
    const TimeGenerated = new Date().toISOString();
    // More than one chunk, uncompressed: 20,000 records of some 150 bytes.
    const Name = "x".repeat(80);
    const records = Array.from({ length: 20_000 }, (_, Number) => ({
      TimeGenerated,
      Number,
      Name,
    }));
    await uploader(logs.gatewayUrl).upload(
      logs.estate.orders.immutableId,
      "Custom-Orders",
      records,
      {
        maxConcurrency: 4,
      },
    );
    const client = new LogsQueryClient(credential(), through(logs.gatewayUrl));
    const query =
      "Orders_CL | summarize N = count(), D = dcount(Number), Low = min(Number), High = max(Number)";
    const answer = await client.queryWorkspace(logs.estate.customerId, query, { duration: "PT1H" });
    assert.equal(answer.status, "Success");
    const [table] = answer.tables;
    assert.deepEqual(table?.rows, [[20_000, 20_000, 0, 19_999]]);
    assert.deepEqual(
      table.columnDescriptors.map(({ name, type }) => `${name}:${type}`),
      ["N:long", "D:long", "Low:long", "High:long"],
    );
  },
);

test(
  "@azure/monitor-query-logs reads a query's problems, its statistics, and a resource's own records",
  { skip },
  async () => {
    const client = new (there().LogsQueryClient)(credential(), through(logs.gatewayUrl));
    const { customerId, clusterId } = logs.estate;
    const hour = { duration: "PT1H" };
    await assert.rejects(client.queryWorkspace(customerId, "Orders_CL | wher x", hour), {
      statusCode: 400,
      code: "BadArgumentError",
    });
    const options = { includeQueryStatistics: true, serverTimeoutInSeconds: 20 };
    const kql = "KubeEvents | summarize N = count()";
    const all = await client.queryWorkspace(customerId, kql, hour, options);
    assert.equal(typeof all.statistics?.query?.executionTime, "number");
    const items = JSON.stringify([{ CollectionTime: new Date().toISOString(), Reason: "BackOff" }]);
    assert.equal((await logs.ods("KUBE_EVENTS_BLOB", items)).status, 200);
    const own = await client.queryResource(clusterId, kql, hour);
    assert.deepEqual(own.tables[0]?.rows, [[1]]);
    const none = await client.queryResource(clusterId, "Orders_CL | count", hour);
    assert.deepEqual(none.tables[0]?.rows, [[0]]);
  },
);

test("what a rule refuses reaches the SDK's caller with the service's code", { skip }, async () => {
  await assert.rejects(
    uploader(logs.gatewayUrl).upload(logs.estate.orders.immutableId, "Custom-Other", [
      { Number: 1 },
    ]),
    (error: { readonly errors?: readonly { readonly cause: { readonly code: string } }[] }) => {
      assert.ok(there().isUploadError(error), String(error));
      assert.equal(error.errors?.[0]?.cause.code, "UnknownStream");
      return true;
    },
  );
});

test(
  "outside of the network the same upload and the same query are refused",
  { skip },
  async () => {
    const session = await openSession(logs.platform.adminSocket, { kind: "public" });
    const { gatewayUrl } = session.doors;
    try {
      const records = [{ Number: 1 }];
      await assert.rejects(
        uploader(gatewayUrl).upload(logs.estate.orders.immutableId, "Custom-Orders", records),
        (error: {
          readonly errors?: readonly { readonly cause: { readonly statusCode: number } }[];
        }) => error.errors?.[0]?.cause.statusCode === 403,
      );
      const client = new (there().LogsQueryClient)(credential(), through(gatewayUrl));
      const asked = client.queryWorkspace(logs.estate.customerId, "Orders_CL | count", {
        duration: "PT1H",
      });
      await assert.rejects(asked, { statusCode: 403, code: "InsufficientAccessError" });
    } finally {
      await session.close();
    }
  },
);

/** The steps of the agent's own onboarding, with its headers, in a shell: a certificate, the signed request, then records by the certificate. */
const onboarding = `
set -eu
openssl req -x509 -newkey rsa:2048 -nodes -keyout oms.key -out oms.crt -days 365 \\
  -subj "/CN=$WORKSPACE_ID/CN=$AGENT_GUID/OU=Linux Monitoring Agent/O=Microsoft" 2>/dev/null
cert=$(awk 'NR>2 { print line } { line = $0 }' oms.crt)
printf '<?xml version="1.0"?>\\n<AgentTopologyRequest xmlns="http://schemas.microsoft.com/WorkloadMonitoring/HealthServiceProtocol/2014/09/"><FullyQualfiedDomainName>n1</FullyQualfiedDomainName><EntityTypeId>%s</EntityTypeId><AuthenticationCertificate>%s</AuthenticationCertificate></AgentTopologyRequest>' "$AGENT_GUID" "$cert" > body.xml
date=$(date +%Y-%m-%dT%T.%N%:z)
hash=$(openssl dgst -sha256 -binary body.xml | openssl base64)
key=$(printf %s "$SHARED_KEY" | openssl base64 -d -A | od -An -vtx1 | tr -d ' \\n')
signature=$(printf '%s\\n%s\\n' "$date" "$hash" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64)
ask() { curl -s --http1.1 --cacert ca.pem --proxy "$GATEWAY" --cert oms.crt --key oms.key --output answer --write-out '%{http_code}\\n' "$@"; }
ods="https://$WORKSPACE_ID.ods.opinsights.azure.com/OperationalData.svc/PostJsonDataItems?api-version=2016-04-01"
records='{"DataType":"KUBE_EVENTS_BLOB","IPName":"ContainerInsights","DataItems":[{"Reason":"Legacy"}]}'
ask --data-binary "$records" "$ods"
ask --data-binary @body.xml -H "x-ms-Date: $date" -H "x-ms-version: August, 2014" -H "x-ms-SHA256_Content: $hash" \\
  -H "Authorization: $WORKSPACE_ID; $signature" "https://$WORKSPACE_ID.oms.opinsights.azure.com/AgentService.svc/LinuxAgentTopologyRequest"
cat answer; echo
ask --data-binary "$records" "$ods"
ask --data-binary @body.xml "https://$WORKSPACE_ID.oms.opinsights.azure.com/AgentService.svc/LinuxAgentTopologyRequest"
`;

test(
  "openssl and curl register a legacy agent as its own script does, and its certificate opens ODS",
  { skip: noTools },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "legacy-agent-"));
    t.after(() => removeFolder(folder));
    const { lawId, customerId } = logs.estate;
    const keys = await logs.arm.post(`${lawId}/sharedKeys`, { apiVersion: "2020-08-01" });
    writeFileSync(join(folder, "ca.pem"), logs.platform.caPem);
    writeFileSync(join(folder, "onboard.sh"), onboarding);
    const environment = {
      WORKSPACE_ID: customerId,
      AGENT_GUID: "00000000-0000-4000-8000-0000000000a1",
      SHARED_KEY: stringAt(keys, "primarySharedKey") ?? "",
      GATEWAY: logs.gatewayUrl,
    };
    const { code, out, note } = await run("sh", ["onboard.sh"], {
      environment,
      workingFolder: folder,
    });
    assert.equal(code, 0, note);
    const [before, registered, answer = "", sent, topology] = out.trim().split("\n");
    assert.deepEqual([before, registered, sent, topology], ["401", "200", "200", "200"], out);
    // What the agent's own expressions read of it.
    assert.match(
      answer,
      /<CertificateUpdateEndpoint.*updateCertificate="false".*https.*RenewCertificate.*CertificateUpdateEndpoint>/,
    );
    assert.match(answer, /<DscConfiguration.*<Endpoint>.*<\/Endpoint>.*DscConfiguration>/);
    const { rows } = await logs.logs.query("KubeEvents | where Reason == 'Legacy' | count");
    assert.deepEqual(rows, [[1]]);
  },
);
