/** The agent as a pod's one process: settings from its environment, health over HTTP, an end by signal. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getCACertificates } from "node:tls";
import { createAgent } from "../agent/index.ts";
import type { Agent } from "../agent/index.ts";
import { managedIdentityClient, openTransport, workloadIdentityClient } from "../client/index.ts";
import type { TokenSource, Transport } from "../client/index.ts";
import { messageOf, systemClock, systemRandom } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { serverOptions } from "../http/index.ts";
import { ownClusterScraping } from "./cluster-agent-scraping.ts";
import { readClusterAgentSettings } from "./cluster-agent-settings.ts";
import type { ClusterAgentSettings } from "./cluster-agent-settings.ts";
import { lockFile } from "./file-lock.ts";

const read = readClusterAgentSettings(process.env);
if ("problems" in read) fail(read.problems);
try {
  await run(read.settings);
} catch (error) {
  fail([messageOf(error)]);
}

function fail(problems: readonly string[]): never {
  process.stderr.write(problems.map((problem) => `linkscope agent: ${problem}\n`).join(""));
  process.exit(1);
}

/** Runs until SIGTERM or SIGINT. */
async function run(settings: ClusterAgentSettings): Promise<void> {
  const clock = systemClock();
  const scraping = await ownClusterScraping({
    folder: settings.serviceAccountFolder,
    environment: process.env,
    clock,
  });
  const { kubernetes, jobs } = scraping;
  for (const target of scraping.notScraped) {
    process.stderr.write(`linkscope agent: the settings switch ${target} on; it is not scraped\n`);
  }
  const cluster = scraping.clusterAlias || settings.clusterName;
  const transport = openTransport({ clock, ...azureWay(settings) });
  const targetTransport = openTransport({ clock });
  const agent = createAgent({
    clusterId: settings.clusterId,
    region: settings.region,
    externalLabels: { cluster, ...scraping.externalLabels },
    transport,
    targetTransport,
    token: tokenOf(settings, { transport, targetTransport, clock }),
    ...(settings.configurationEndpoint === undefined
      ? {}
      : { configurationEndpoint: settings.configurationEndpoint }),
    targets: [],
    sources: [],
    jobs,
    kubernetes,
    folder: settings.data,
    lockFile,
    clock,
    random: systemRandom(),
  });
  const server = healthServer(agent);
  const listening = once(server, "listening");
  server.listen(settings.listen);
  await listening;
  const port = (server.address() as AddressInfo).port;
  process.stdout.write(`${JSON.stringify({ ready: true, cluster, port })}\n`);
  const stopped = new AbortController();
  process.once("SIGTERM", () => stopped.abort());
  process.once("SIGINT", () => stopped.abort());
  await once(stopped.signal, "abort");
  await agent.stop();
  kubernetes.close();
  server.closeAllConnections();
  server.close();
  transport.close();
  targetTransport.close();
}

/** How Azure's hosts are reached: by the proxy where there is one, and trusting the file's authorities too. */
function azureWay({ proxy, caFile }: ClusterAgentSettings): { gateway?: string; caPem?: string } {
  return {
    ...(proxy === undefined ? {} : { gateway: proxy }),
    ...(caFile === undefined
      ? {}
      : { caPem: [...getCACertificates("default"), readFileSync(caFile, "utf8")].join("\n") }),
  };
}

function tokenOf(
  { identity }: ClusterAgentSettings,
  {
    transport,
    targetTransport,
    clock,
  }: { readonly transport: Transport; readonly targetTransport: Transport; readonly clock: Clock },
): TokenSource {
  if (identity.kind === "managed") {
    // The metadata service is the node's own: it is never asked by way of a proxy.
    return managedIdentityClient({
      transport: targetTransport,
      clock,
      ...(identity.clientId === undefined ? {} : { clientId: identity.clientId }),
    });
  }
  const { tenantId, clientId, tokenFile, authorityHost } = identity;
  return workloadIdentityClient({
    transport,
    clock,
    tenantId,
    clientId,
    assertion: () => readFile(tokenFile, "utf8"),
    ...(authorityHost === undefined ? {} : { endpoint: authorityHost.replace(/\/+$/, "") }),
  });
}

/** `/healthz` while the process lives; `/readyz` once its configuration was read, else why not. */
function healthServer(agent: Agent): Server {
  return createServer(serverOptions, (request, response) => {
    const { channel, sender } = agent.state();
    const ready = channel.readAtMs !== undefined;
    const [status, text] =
      request.url === "/healthz"
        ? [200, "ok"]
        : request.url === "/readyz"
          ? [ready ? 200 : 503, ready ? "ok" : (sender.failure ?? "no configuration yet")]
          : [404, "not found"];
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
    response.end(`${text}\n`);
  });
}
