/** The fabric's administration API on a Unix socket: sessions, resolution with its reasons, virtual networks, counters. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { idKey, idProblem, isObject, listAt } from "../arm/index.ts";
import type { Graph, Json, JsonObject, ResourceId } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { json, requestListener, serverOptions } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import {
  networkTypes,
  onPremisesNetworks,
  pathOf,
  resolveFrom,
  subnetsIn,
} from "../rules/index.ts";
import type { RouteOrigin } from "../rules/index.ts";
import { networkError } from "./dial.ts";
import type { ResolverAddress } from "./resolvers.ts";
import type { Place } from "./route.ts";

/** What a client of a session needs, however it goes in. */
export interface SessionAnswer {
  readonly id: string;
  /** The place, as a virtual network's id; null outside of all. */
  readonly vnetId: ResourceId | null;
  /** The place, as an on-premises network's id; null elsewhere. */
  readonly networkId: ResourceId | null;
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
 * - `POST /sessions` `{"vnetId": id or unique name} | {"networkId": an on-premises network's} | {"public": true}`, with
 *   `"identityId"` optional: 201 and a `SessionAnswer`.
 *   The session ends with the connection that this request came on, or by `DELETE /sessions/ID` (204).
 * - `GET /resolve?name=N[&vnet=id or name | &network=id or name]`: the whole `NameResolution`; with neither, public DNS's.
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
  const network = body["networkId"];
  const said = [typeof vnet === "string", typeof network === "string", body["public"] === true];
  if (said.filter((one) => one).length !== 1) {
    const says = 'A session needs "vnetId", "networkId" or "public": true, one of them.';
    throw networkError("InvalidSession", says);
  }
  const identityId = body["identityId"];
  const problem = identityId === undefined ? undefined : idProblem(identityId);
  if (problem !== undefined) {
    throw networkError("InvalidSession", `The session's identity is not valid: ${problem}.`);
  }
  const place = placeNamed(options.graph(), {
    ...(typeof vnet === "string" ? { vnet } : {}),
    ...(typeof network === "string" ? { network } : {}),
  });
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
  const network = query.get("network");
  const recordType = query.get("type");
  const place = placeNamed(graph, {
    ...(vnet === null ? {} : { vnet }),
    ...(network === null ? {} : { network }),
  });
  const vnetId = place.kind === "vnet" ? place.vnetId : null;
  const networkId = place.kind === "on-premises" ? place.networkId : null;
  const asked = { name, ...(recordType === null ? {} : { recordType }) };
  return json(200, { name, vnetId, networkId, ...resolveFrom(graph, place, asked) });
}

/** The place that a caller names: one network, or with none outside of all. */
function placeNamed(
  graph: Graph,
  { vnet, network }: { readonly vnet?: string; readonly network?: string },
): Place {
  if (network !== undefined) {
    return { kind: "on-premises", networkId: findNetwork(graph, network).id };
  }
  return vnet === undefined
    ? { kind: "public" }
    : { kind: "vnet", vnetId: findVnet(graph, vnet).id };
}

/** An on-premises network by the id of what describes it, or by a name that only one has. */
const findNetwork = (graph: Graph, word: string): NamedNetwork =>
  onlyNamed(onPremisesNetworks(graph), word, "on-premises network");

/** A virtual network by its id, or by a name that only one has. */
const findVnet = (graph: Graph, word: string): NamedNetwork =>
  onlyNamed(graph.ofType(networkTypes.vnet), word, "virtual network");

interface NamedNetwork {
  readonly id: ResourceId;
  readonly name: string;
}

function onlyNamed(networks: readonly NamedNetwork[], word: string, what: string): NamedNetwork {
  const found = networks.filter(
    ({ id, name }) => idKey(id) === idKey(word) || name.toLowerCase() === word.toLowerCase(),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(", ");
    throw networkError(
      "InvalidSession",
      `${found.length} ${what}s are named ${word}: ${ids}. Use an id.`,
    );
  }
  const names = networks.slice(0, 20).map(({ name }) => name);
  const known = names.length === 0 ? "There is none" : `There are: ${names.join(", ")}`;
  throw networkError("VirtualNetworkNotFound", `No ${what} is '${word}'. ${known}.`);
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
