/** How the agent in a cluster reaches Azure's hosts, proves who it is, and says how it is. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getCACertificates } from "node:tls";
import { managedIdentityClient, workloadIdentityClient } from "../client/index.ts";
import type { TokenSource, Transport } from "../client/index.ts";
import type { Clock } from "../core/index.ts";
import { serverOptions } from "../http/index.ts";
import type { ClusterAgentSettings } from "./cluster-agent-settings.ts";

/** How Azure's hosts are reached: by the proxy where there is one, and trusting the file's authorities too. */
export function azureWay({ proxy, caFile }: ClusterAgentSettings): {
  gateway?: string;
  caPem?: string;
} {
  return {
    ...(proxy === undefined ? {} : { gateway: proxy }),
    ...(caFile === undefined
      ? {}
      : { caPem: [...getCACertificates("default"), readFileSync(caFile, "utf8")].join("\n") }),
  };
}

/** Tokens of the cluster's identity: workload or managed. */
export function tokenOf(
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

/** Serves `/healthz` while the process lives, and `/readyz`: 503 with `reason()` until that is undefined. */
export async function serveHealth(
  listen: { readonly host: string; readonly port: number },
  reason: () => string | undefined,
): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer(serverOptions, (request, response) => {
    const says = reason();
    const [status, text] =
      request.url === "/healthz"
        ? [200, "ok"]
        : request.url === "/readyz"
          ? [says === undefined ? 200 : 503, says ?? "ok"]
          : [404, "not found"];
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
    response.end(`${text}\n`);
  });
  const listening = once(server, "listening");
  server.listen(listen);
  await listening;
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Resolves when the process is told to end. */
export async function untilSignal(): Promise<void> {
  const stopped = new AbortController();
  process.once("SIGTERM", () => stopped.abort());
  process.once("SIGINT", () => stopped.abort());
  await once(stopped.signal, "abort");
}
