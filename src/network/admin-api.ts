/** The fabric's administration API on a Unix socket: sessions, resolution with its reasons, virtual networks, counters. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { idKey, idProblem, isObject, listAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, JsonObject, ResourceId } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { json, requestListener, serverOptions } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { networkTypes, pathOf, resolveName, subnetsIn } from "../rules/index.ts";
import type { RouteOrigin } from "../rules/index.ts";
import { networkError } from "./dial.ts";
import type { ResolverAddress } from "./resolvers.ts";
import type { Place } from "./route.ts";

/** What a client of a session needs, however it goes in. */
export interface SessionAnswer {
  readonly id: string;
  /** The place, as a virtual network's id; null outside of all. */
  readonly vnetId: ResourceId | null;
  readonly identityId: ResourceId | null;
  readonly secret: string;
  /** With the session's id and secret in it: the value of the proxy variables. */
  readonly gatewayUrl: string;
  /** Null where more networks exist than there may be listeners. */
  readonly resolver: ResolverAddress | null;
  readonly relaySocket: string;
  /** Every IPv4 prefix that a namespace must send to its relay. */
  readonly prefixes: readonly string[];
  /** The resolver's address inside a namespace. */
  readonly dns: string;
  /** The managed-identity endpoint's. */
  readonly instanceMetadata: string;
  /** Folders of sockets that a command in a namespace must not see. */
  readonly hiddenFolders: readonly string[];
}

export interface AdminOptions {
  readonly graph: () => Graph;
  readonly beginSession: (
    place: Place,
    identityId: ResourceId | undefined,
  ) => Promise<SessionAnswer>;
  readonly endSession: (id: string) => boolean;
  readonly resolverOf: (place: Place) => ResolverAddress | undefined;
  readonly counters: () => object;
}

/**
 * Makes the server; the caller listens. Every answer is JSON, errors as `{"error":{"code","message"}}`.
 *
 * - `POST /sessions` `{"vnetId": id or unique name} | {"public": true}`, with `"identityId"` optional: 201 and a `SessionAnswer`.
 *   The session ends with the connection that this request came on, or by `DELETE /sessions/ID` (204).
 * - `GET /resolve?name=N[&vnet=id or name]`: the whole `NameResolution`; without `vnet`, public DNS's.
 * - `GET /trace?name=N&vnet=id, name, or name/subnet`: the whole `PathOf`, hop by hop.
 * - `GET /vnets`: the virtual networks with their prefixes and resolvers. `GET /counters`.
 */
export function adminServer(options: AdminOptions): Server {
  const server = createServer({ ...serverOptions, keepAliveTimeout: 0 }, (incoming, outgoing) => {
    requestListener(
      (request) => answer(request, incoming.socket, options),
      (error) => json(error.status, { error: { code: error.code, message: error.message } }),
    )(incoming, outgoing);
  });
  return server;
}

async function answer(
  request: HttpRequest,
  connection: Socket,
  options: AdminOptions,
): Promise<HttpResponse> {
  const { method, path } = request;
  switch (`${method} ${path}`) {
    case "POST /sessions":
      return beginSession(request, connection, options);
    case "GET /resolve":
      return resolve(request, options.graph());
    case "GET /trace":
      return trace(request, options.graph());
    case "GET /vnets":
      return json(200, { vnets: vnetsOf(options) });
    case "GET /counters":
      return json(200, options.counters());
    default:
      break;
  }
  const id = /^\/sessions\/([0-9a-f]{16})$/.exec(path)?.[1];
  if (method === "DELETE" && id !== undefined) {
    if (options.endSession(id)) return { status: 204 };
    throw networkError("SessionNotFound", `No session ${id} is open.`);
  }
  throw networkError("AdminRequestUnknown", `The fabric has no operation ${method} ${path}.`);
}

async function beginSession(
  request: HttpRequest,
  connection: Socket,
  options: AdminOptions,
): Promise<HttpResponse> {
  const body = parseBody(await request.body(limits.adminBodyBytesMax));
  const vnet = body["vnetId"];
  if ((typeof vnet === "string") === (body["public"] === true)) {
    throw networkError("InvalidSession", 'A session needs "vnetId" or "public": true, not both.');
  }
  const identityId = body["identityId"];
  const problem = identityId === undefined ? undefined : idProblem(identityId);
  if (problem !== undefined) {
    throw networkError("InvalidSession", `The session's identity is not valid: ${problem}.`);
  }
  const place: Place =
    typeof vnet === "string"
      ? { kind: "vnet", vnetId: findVnet(options.graph(), vnet).id }
      : { kind: "public" };
  const session = await options.beginSession(
    place,
    typeof identityId === "string" ? identityId : undefined,
  );
  // The session lives as long as the connection: a client that is killed leaves none behind.
  if (connection.destroyed) options.endSession(session.id);
  else connection.once("close", () => options.endSession(session.id));
  return json(201, session);
}

function parseBody(bytes: Buffer): JsonObject {
  try {
    const value = JSON.parse(bytes.toString("utf8")) as Json;
    if (isObject(value)) return value;
  } catch {
    // Told below: what is no JSON and what is no object get the same answer.
  }
  throw networkError("InvalidSession", "The body is not a JSON object.");
}

function nameIn({ query }: HttpRequest): string {
  const name = query.get("name") ?? "";
  if (name !== "" && name.length <= limits.dnsNameCharsMax) return name;
  const says = `A name has 1 to ${limits.dnsNameCharsMax} characters; this one has ${name.length}.`;
  throw networkError("InvalidName", says);
}

function trace(request: HttpRequest, graph: Graph): HttpResponse {
  const name = nameIn(request);
  const from = findPlace(graph, request.query.get("vnet") ?? "");
  return json(200, pathOf(graph, { from, name }));
}

/** A network, or one of its subnets as `NETWORK/SUBNET` or by its id. */
function findPlace(graph: Graph, word: string): RouteOrigin {
  const cut = word.lastIndexOf("/");
  const isId = word.startsWith("/");
  const network = isId ? word.replace(/\/subnets\/[^/]*$/i, "") : word.slice(0, cut);
  const isSubnet = isId ? network !== word : cut > 0;
  if (!isSubnet) return { vnetId: findVnet(graph, word).id };
  const vnet = findVnet(graph, network);
  const name = word.slice(cut + 1).toLowerCase();
  const subnets = subnetsIn(graph, vnet.id);
  const subnet = subnets.find((one) => one.name.toLowerCase() === name);
  if (subnet !== undefined) return { subnetId: subnet.id };
  const known = subnets.map((one) => one.name).slice(0, 20);
  throw networkError(
    "VirtualNetworkNotFound",
    `${vnet.name} has no subnet '${name}'. There are: ${known.join(", ")}.`,
  );
}

function resolve(request: HttpRequest, graph: Graph): HttpResponse {
  const { query } = request;
  const name = nameIn(request);
  const vnet = query.get("vnet");
  const recordType = query.get("type");
  const vnetId = vnet === null ? undefined : findVnet(graph, vnet).id;
  const asked = { name, vnetId, ...(recordType === null ? {} : { recordType }) };
  return json(200, { name, vnetId: vnetId ?? null, ...resolveName(graph, asked) });
}

/** A virtual network by its id, or by a name that only one has. */
function findVnet(graph: Graph, word: string): ArmResource {
  const vnets = graph.ofType(networkTypes.vnet);
  const found = vnets.filter(
    ({ id, name }) => idKey(id) === idKey(word) || name.toLowerCase() === word.toLowerCase(),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(", ");
    throw networkError(
      "InvalidSession",
      `${found.length} virtual networks are named ${word}: ${ids}. Use an id.`,
    );
  }
  const names = vnets.slice(0, 20).map(({ name }) => name);
  const known = names.length === 0 ? "There is none" : `There are: ${names.join(", ")}`;
  throw networkError("VirtualNetworkNotFound", `No virtual network is '${word}'. ${known}.`);
}

function vnetsOf({ graph, resolverOf }: AdminOptions): readonly JsonObject[] {
  return graph()
    .ofType(networkTypes.vnet)
    .map((vnet) => {
      const resolver = resolverOf({ kind: "vnet", vnetId: vnet.id });
      return {
        id: vnet.id,
        name: vnet.name,
        prefixes: listAt(vnet.properties, "addressSpace", "addressPrefixes"),
        resolver: resolver === undefined ? null : { host: resolver.host, port: resolver.port },
      };
    });
}
