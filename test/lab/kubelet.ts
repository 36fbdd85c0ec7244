/** The kubelets of the lab: one HTTPS listener a node, and the same pages behind the API server's node proxy. */
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../src/core/index.ts";
import type { LeafPem } from "../../src/tls/index.ts";
import type { Access } from "./access.ts";
import { sendError, sendJson, sendText } from "./exchange.ts";
import { negotiate, renderFamilies } from "./exposition.ts";
import type { Family } from "./exposition.ts";
import { cadvisorFamilies, kubeletFamilies, probeFamilies, statsSummary } from "./kubelet-pages.ts";
import type { NodeView } from "./kubelet-pages.ts";
import { textAt } from "./kube.ts";
import type { ObjectStore } from "./object-store.ts";
import { knownType } from "./resource-types.ts";
import { notFound, noSuchPath, StatusError } from "./status.ts";

export interface KubeletAnswer {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

export interface Kubelets {
  /** Answers a kubelet's path for a node, whoever asked was authorized. @throws StatusError 404, 502. */
  readonly serve: (node: string, path: string, answer: KubeletAnswer) => void;
  /** Opens the node's listener; answers its port. */
  readonly listen: (node: string) => Promise<number>;
  /** A node that is down answers nobody: its connections are refused. */
  readonly stop: (node: string) => Promise<void>;
  readonly start: (node: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface KubeletParts {
  readonly store: ObjectStore;
  readonly access: Access;
  readonly clock: Clock;
  readonly leaf: LeafPem;
}

export function createKubelets(parts: KubeletParts): Kubelets {
  const servers = new Map<string, { server: Server | undefined; port: number }>();
  const serve = (name: string, path: string, { incoming, outgoing }: KubeletAnswer): void => {
    const view = viewOf(parts, name);
    const families = pages[path.replace(/\/$/, "")];
    if (families !== undefined) {
      const form = negotiate(incoming.headers.accept);
      return sendText(outgoing, renderFamilies(families(view), form), form);
    }
    if (path === "/stats/summary") return sendJson(outgoing, 200, statsSummary(view));
    if (path === "/healthz") return sendText(outgoing, "ok", "text/plain");
    if (path === "/pods" || path === "/pods/") {
      return sendJson(outgoing, 200, { kind: "PodList", apiVersion: "v1", items: view.pods });
    }
    throw noSuchPath();
  };
  const open = async (name: string, port: number): Promise<number> => {
    const server = createServer({ ...parts.leaf }, (incoming, outgoing) => {
      try {
        const path = (incoming.url ?? "/").split("?")[0] ?? "/";
        authorize(parts, incoming.headers.authorization, { name, path });
        serve(name, path, { incoming, outgoing });
      } catch (error) {
        sendError(outgoing, error);
      }
    });
    await new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen(port, "127.0.0.1", done);
    });
    const bound = (server.address() as AddressInfo).port;
    servers.set(name, { server, port: bound });
    return bound;
  };
  const stop = async (name: string): Promise<void> => {
    const entry = servers.get(name);
    if (entry?.server === undefined) return;
    const { server } = entry;
    entry.server = undefined;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return {
    serve(name, path, answer) {
      if (servers.has(name) && servers.get(name)?.server === undefined) {
        throw new StatusError(
          502,
          "ServiceUnavailable",
          `error trying to reach service: dial tcp: connect: connection refused`,
        );
      }
      serve(name, path, answer);
    },
    listen: (name) => open(name, 0),
    stop,
    async start(name) {
      const entry = servers.get(name);
      if (entry !== undefined && entry.server === undefined) await open(name, entry.port);
    },
    async close() {
      for (const name of servers.keys()) await stop(name);
    },
  };
}

const pages: Readonly<Record<string, (view: NodeView) => readonly Family[]>> = {
  "/metrics": kubeletFamilies,
  "/metrics/cadvisor": cadvisorFamilies,
  "/metrics/probes": probeFamilies,
};

function viewOf({ store, clock }: KubeletParts, name: string): NodeView {
  const node = store.get(knownType("nodes"), { name });
  if (node === undefined) throw notFound(knownType("nodes"), name);
  const pods = store
    .list(knownType("pods"))
    .filter((pod) => textAt(pod, "spec", "nodeName") === name);
  return { node, pods, nowMs: clock.nowMs() };
}

/** A kubelet asks the API server: `get` on nodes/metrics, nodes/stats, or nodes/proxy for all else. */
function authorize(
  { access }: KubeletParts,
  authorization: string | undefined,
  { name, path }: { readonly name: string; readonly path: string },
): void {
  const user = access.authenticate(authorization);
  const subresource = path.startsWith("/metrics")
    ? "metrics"
    : path.startsWith("/stats/")
      ? "stats"
      : "proxy";
  const asked = { verb: "get", group: "", resource: "nodes", subresource, namespace: "", name };
  if (!access.allows(user, asked)) {
    throw new StatusError(
      403,
      "Forbidden",
      `Forbidden (user=${user.name}, verb=get, resource=nodes, subresource=${subresource})`,
    );
  }
}
