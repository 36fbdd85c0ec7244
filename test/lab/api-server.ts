/** The lab's API server: authenticate, authorize, then the one handler of what was asked. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../src/core/index.ts";
import { forbidden } from "./access.ts";
import type { Access, Attributes, User } from "./access.ts";
import { discoveryOf, openApiDocument } from "./discovery.ts";
import { readJson, sendError, sendJson, sendText } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { fieldsAt, textAt } from "./kube.ts";
import type { Kubelets } from "./kubelet.ts";
import { serveList } from "./list-watch.ts";
import type { Watches } from "./list-watch.ts";
import type { ObjectStore } from "./object-store.ts";
import { servePodLog } from "./pod-log.ts";
import type { PodLogs } from "./pod-log.ts";
import { parsePath, verbOf } from "./request-path.ts";
import type { ResourceRequest } from "./request-path.ts";
import { notFound, noSuchPath, notInLab, StatusError } from "./status.ts";
import { tableOf, wantsTable } from "./table.ts";
import type { Writer } from "./write.ts";

export interface ApiServerParts {
  readonly store: ObjectStore;
  readonly access: Access;
  readonly watches: Watches;
  readonly kubelets: Kubelets;
  readonly logs: PodLogs;
  readonly writer: Writer;
  readonly clock: Clock;
  /** Answers `/lab/…` for administrators: scenarios, cuts, compaction. */
  readonly control: (exchange: Exchange) => Promise<void>;
}

/** Serves one request to its end; every failure is a Status. */
export function apiListener(
  parts: ApiServerParts,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    serve(parts, incoming, outgoing).catch((error: unknown) => sendError(outgoing, error));
  };
}

async function serve(
  parts: ApiServerParts,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const url = incoming.url ?? "/";
  const mark = url.indexOf("?");
  const exchange: Exchange = {
    incoming,
    outgoing,
    method: incoming.method ?? "GET",
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
    user: parts.access.authenticate(incoming.headers.authorization),
    nowMs: parts.clock.nowMs(),
  };
  const review = /^\/apis\/authorization\.k8s\.io\/v1\/selfsubjectaccessreviews$/;
  if (review.test(exchange.path)) return serveAccessReview(parts, exchange);
  // Discovery paths first: `/apis/GROUP/VERSION` must not be taken for a resource.
  const document = discoveryOf(exchange.path);
  if (document !== undefined) {
    authorizePath(parts, exchange);
    return sendJson(outgoing, 200, document);
  }
  const parsed = parsePath(exchange.path);
  if (parsed.kind === "other") return serveOther(parts, exchange);
  return serveResource(parts, exchange, parsed);
}

function authorizePath({ access }: ApiServerParts, { user, path, method }: Exchange): void {
  const verb = method.toLowerCase();
  if (isDiscovery(path) || access.allows(user, path, verb)) return;
  throw forbidden(user, path, verb);
}

/** What `system:discovery` gives to every authenticated user. */
const isDiscovery = (path: string): boolean =>
  /^\/(api|apis|openapi|version|healthz|livez|readyz)(\/|$)/.test(path);

async function serveOther(parts: ApiServerParts, exchange: Exchange): Promise<void> {
  const { path, outgoing } = exchange;
  authorizePath(parts, exchange);
  if (path.startsWith("/lab/")) return parts.control(exchange);
  if (/^\/(healthz|livez|readyz)$/.test(path)) return sendText(outgoing, "ok", "text/plain");
  if (path === "/openapi/v2") {
    outgoing.writeHead(200, {
      "content-type": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
      "content-length": openApiDocument.length,
    });
    outgoing.end(openApiDocument);
    return;
  }
  throw noSuchPath();
}

async function serveResource(
  parts: ApiServerParts,
  exchange: Exchange,
  request: ResourceRequest,
): Promise<void> {
  const { method, query, outgoing } = exchange;
  const watch = /^(true|1)$/.test(query.get("watch") ?? "");
  authorize(parts, exchange.user, attributesOf(request, verbOf(method, request, watch), query));
  if (request.subresource !== "") {
    if (!request.type.subresources.includes(request.subresource)) throw noSuchPath();
    if (request.subresource === "log") return servePodLog(parts, exchange, request);
    if (request.subresource === "proxy") {
      if (method !== "GET") throw notInLab(`${method} through the node proxy`);
      return parts.kubelets.serve(request.name, `/${request.rest}`, exchange);
    }
  }
  if (method !== "GET" && method !== "HEAD") return parts.writer.serve(exchange, request);
  if (watch) return parts.watches.serve(exchange, request);
  if (request.name === "") return serveList(parts.store, exchange, request);
  if (request.subresource === "scale") return parts.writer.serve(exchange, request);
  const found = parts.store.get(request.type, request);
  if (found === undefined) throw notFound(request.type, request.name);
  const table = wantsTable(exchange.incoming.headers.accept);
  sendJson(outgoing, 200, table ? tableOf(request.type, [found], exchange.nowMs) : found);
}

/** A list or watch of one name by its field selector is authorized by that name, as by the real server. */
function attributesOf(request: ResourceRequest, verb: string, query: URLSearchParams): Attributes {
  const selected = /^metadata\.name==?([^,]+)$/.exec(query.get("fieldSelector") ?? "")?.[1];
  return {
    verb,
    group: request.type.group,
    resource: request.type.plural,
    subresource: request.subresource,
    namespace: request.namespace,
    name: request.name === "" && /^(list|watch)$/.test(verb) ? (selected ?? "") : request.name,
  };
}

function authorize({ access }: ApiServerParts, user: User, asked: Attributes): void {
  if (!access.allows(user, asked)) throw forbidden(user, asked);
}

/** `kubectl auth can-i`: the same decision, asked for. */
async function serveAccessReview(
  { access }: ApiServerParts,
  { incoming, outgoing, user, method }: Exchange,
): Promise<void> {
  if (method !== "POST") throw new StatusError(405, "MethodNotAllowed", "only create is allowed");
  const review = await readJson(incoming);
  const asked = fieldsAt(review, "spec", "resourceAttributes");
  const path = textAt(review, "spec", "nonResourceAttributes", "path");
  const allowed =
    path === ""
      ? access.allows(user, {
          verb: textAt(asked, "verb"),
          group: textAt(asked, "group"),
          resource: textAt(asked, "resource"),
          subresource: textAt(asked, "subresource"),
          namespace: textAt(asked, "namespace"),
          name: textAt(asked, "name"),
        })
      : access.allows(user, path, textAt(review, "spec", "nonResourceAttributes", "verb"));
  sendJson(outgoing, 201, {
    ...review,
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    status: { allowed },
  });
}
