/** The platform on real sockets as an implementation of the link cases: each question asked by a program that stands inside. */
import assert from "node:assert/strict";
import type { Graph, ResourceId } from "../../../src/arm/index.ts";
import { parseId } from "../../../src/arm/index.ts";
import { audiences } from "../../../src/azure/index.ts";
import { openSession } from "../../../src/cli/exec/index.ts";
import { endpointOf } from "../../../src/rules/index.ts";
import { encodeWriteRequest, snappyEncode } from "../../../src/wire/index.ts";
import { idOf } from "../link/case-graph.ts";
import type { Question } from "../link/case-graph.ts";
import { nothingGiven } from "../link/given.ts";
import type { Answer, LinkCase } from "../link/given.ts";
import { loadCases } from "../link/parse-cases.ts";
import { answerByRules } from "../link/rules-implementation.ts";
import type { Implementation } from "../link/run-cases.ts";
import { channelOf, dressedGraph, networksOf, recordsPath, writePath } from "./dressed-graph.ts";
import type { Errand, Finding } from "./inside-client.ts";
import { standInside } from "./inside.ts";
import type { InsideClient, InsideOptions } from "./inside.ts";
import { answerOf, linkRules } from "./read-finding.ts";
import { startSocketPlatform } from "./socket-platform.ts";
import type { SocketPlatform } from "./socket-platform.ts";
import { tryUnknownLink } from "./unknown-link.ts";

/** A platform with a client in every network of the cases, and one outside. */
export interface SocketCases {
  readonly implementation: Implementation;
  /** Fails when a client or the platform met what no case asks for. */
  readonly close: () => Promise<void>;
}

/** Where a client stands: a network's name, or outside. */
const OUTSIDE = "";

/** Starts the platform and the clients, which go in by one of the two ways and stay for all cases. */
export async function openSocketCases(way: InsideOptions["way"]): Promise<SocketCases> {
  const cases = loadCases();
  const networks = networksOf(cases);
  const empty = { given: nothingGiven };
  const platform = await startSocketPlatform(dressedGraph(empty, networks));
  const { caPem, folder, fabric } = platform;
  const stand = async (name: string): Promise<readonly [string, InsideClient]> => {
    const where =
      name === OUTSIDE ? { kind: "public" as const } : { kind: "vnet" as const, vnet: name };
    const { adminSocket } = fabric;
    const client = { name: `client-${name}`, where, way, folder, caPem, adminSocket };
    return [name, await standInside(client)];
  };
  const clients = new Map(await Promise.all([...networks.keys(), OUTSIDE].map(stand)));
  let published: { readonly linkCase: LinkCase; readonly graph: Graph } | undefined;
  const graphFor = (linkCase: LinkCase): Graph => {
    if (published?.linkCase !== linkCase) {
      published = { linkCase, graph: dressedGraph(linkCase, networks) };
      platform.publish(published.graph);
    }
    return published.graph;
  };
  return {
    implementation: (_, question, linkCase) =>
      answerBySockets({ platform, clients, way }, graphFor(linkCase), question),
    close: async () => {
      await Promise.all([...clients.values()].map((client) => client.close()));
      await platform.close();
      assert.deepEqual(platform.failures, []);
    },
  };
}

interface Means {
  readonly platform: SocketPlatform;
  readonly clients: ReadonlyMap<string, InsideClient>;
  readonly way: InsideOptions["way"];
}

async function answerBySockets(means: Means, graph: Graph, question: Question): Promise<Answer> {
  const { platform } = means;
  const place = placeOf(graph, question);
  if (place === undefined) {
    await tryUnknownLink(platform);
    return { outcome: "unreachable" };
  }
  const client = means.clients.get(place.client);
  if (client === undefined) {
    const going = openSession(platform.fabric.adminSocket, { kind: "vnet", vnet: place.client });
    await assert.rejects(going, { code: "VirtualNetworkNotFound" });
    return { outcome: "nxdomain" };
  }
  const finding = await client.ask(errandOf(means, { graph, question, ...place }));
  holdToTheRules(platform, graph, { question, finding });
  return answerOf(finding, { graph, question, entry: entryOf(platform, finding) });
}

interface Standing {
  readonly client: string;
  /** Where to connect, whatever DNS says. */
  readonly address?: string | undefined;
}

/** Who asks; undefined where the question goes through an endpoint that does not exist. */
function placeOf(graph: Graph, { from, host }: Question): Standing | undefined {
  if (from.kind === "public") return { client: OUTSIDE };
  if (from.kind === "vnet") return { client: nameOf(from.vnetId) };
  const endpoint = endpointOf(graph, from.endpointId);
  if (endpoint === undefined) return undefined;
  const own = endpoint.addresses.find(({ fqdns }) => fqdns.includes(host));
  const address = (own ?? endpoint.addresses[0])?.address;
  assert.ok(address !== undefined, `${endpoint.id} has an address`);
  return { client: nameOf(endpoint.vnetId), address };
}

const nameOf = (id: ResourceId | undefined): string => parseId(id ?? "")?.name ?? "";

function errandOf(
  { platform, way }: Means,
  asked: Standing & { readonly graph: Graph; readonly question: Question },
): Errand {
  const { question, client, graph } = asked;
  const { host, recordType } = question;
  if (question.ask === "resolve") {
    const errand = { kind: "resolve" as const, name: host, recordType };
    return way === "namespace" ? errand : { ...errand, resolver: resolverOf(platform, client) };
  }
  const request = { kind: "request" as const, host, ...requestOf(platform, graph, question) };
  return asked.address === undefined ? request : { ...request, address: asked.address };
}

/** The gateway carries no DNS: a program that needs it asks the listener of its network. */
function resolverOf({ fabric }: SocketPlatform, client: string): string {
  const key = idOf.vnet(client).toLowerCase();
  const port = fabric
    .resolverPorts()
    .find(({ place }) =>
      place.kind === "vnet" ? place.vnetId.toLowerCase() === key : client === OUTSIDE,
    );
  assert.ok(port !== undefined, `there is a resolver for '${client}'`);
  return `${port.host}:${port.port}`;
}

type RequestParts = Omit<Extract<Errand, { kind: "request" }>, "kind" | "host" | "address">;

function requestOf(platform: SocketPlatform, graph: Graph, question: Question): RequestParts {
  const authorized = (audience: string) => ({
    authorization: `Bearer ${platform.token(audience)}`,
  });
  switch (question.ask) {
    case "ingest": {
      const headers = {
        ...authorized(audiences.monitor),
        "content-type": "application/x-protobuf",
        "content-encoding": "snappy",
        "x-prometheus-remote-write-version": "0.1.0",
      };
      const path = writePath(graph, question.targetId ?? "");
      const bodyBase64 = Buffer.from(snappyEncode(encodeWriteRequest([]))).toString("base64");
      return { method: "POST", path, headers, bodyBase64 };
    }
    case "query": {
      const headers = authorized(audiences.prometheus);
      return { method: "GET", path: "/api/v1/query?query=vector(1)", headers, bodyBase64: "" };
    }
    case "write-logs": {
      const headers = { ...authorized(audiences.monitor), "content-type": "application/json" };
      const path = recordsPath(graph, question.targetId ?? "");
      return { method: "POST", path, headers, bodyBase64: base64(`[${record}]`) };
    }
    case "send": {
      const token = platform.odsToken(channelOf(graph, question.targetId ?? ""));
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const path = "/OperationalData.svc/PostJsonDataItems?api-version=2016-04-01";
      const body = `{"DataType":"CONTAINERINSIGHTS_CONTAINERLOGV2","IPName":"ContainerInsights","DataItems":[${record}]}`;
      return { method: "POST", path, headers, bodyBase64: base64(body) };
    }
    case "logs": {
      const { workspaceId } = channelOf(graph, question.targetId ?? "");
      const path = `/v1/workspaces/${workspaceId}/query?query=ContainerLogV2`;
      const headers = authorized(audiences.logAnalytics);
      return { method: "GET", path, headers, bodyBase64: "" };
    }
    case "arm-logs": {
      const path = `${question.targetId}/providers/microsoft.insights/logs?api-version=2018-03-01-preview&query=ContainerLogV2`;
      return { method: "GET", path, headers: authorized(audiences.arm), bodyBase64: "" };
    }
    case "configuration": {
      const path = `/locations/westeurope${question.clusterId}/agentConfigurations?api-version=2022-06-02&platform=linux`;
      const headers = authorized(audiences.monitor);
      return { method: "GET", path, headers, bodyBase64: "" };
    }
    case "resolve":
      return assert.fail("names are not asked of HTTPS");
  }
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
/** A record as agents send it. */
const record = JSON.stringify({
  TimeGenerated: "2026-01-01T00:00:00Z",
  Computer: "node-1",
  LogMessage: "a line",
});

const entryOf = (platform: SocketPlatform, finding: Finding) =>
  finding.kind === "answered"
    ? platform.explain(finding.headers["x-ms-request-id"] ?? "")
    : undefined;

/** How a client meets the last rule of a chain that ends before the edge answers: by a namespace, or by the gateway. */
const failures: Readonly<Record<string, RegExp>> = {
  // No address; getaddrinfo says EAI_AGAIN where no resolver answers.
  dns: /^ENOTFOUND|^EAI_AGAIN|NameNotResolved/,
  // Nothing there: the relay of a namespace takes the connection before it knows, and resets it.
  reach: /^ECONNRESET|AddressNotReachable/,
  route: /^ECONNRESET|AddressNotReachable/,
  peering: /^ECONNRESET|AddressNotReachable/,
  // A firewall with application rules takes the connection, reads the greeting, and resets it.
  firewall: /^ECONNRESET|FirewallDenied/,
  // The edge closes a link that carries nothing before it says a word.
  endpoint: /^ECONNRESET/,
};

/** What happened is what the rules say of this graph, and the edge decided with the same chain: there is one why. */
function holdToTheRules(
  platform: SocketPlatform,
  graph: Graph,
  { question, finding }: { readonly question: Question; readonly finding: Finding },
): void {
  const { rules = [] } = answerByRules(graph, question);
  if (question.ask === "resolve") return;
  if (finding.kind === "failed") {
    const last = rules.at(-1) ?? "";
    const expected = failures[last.split(".")[0] ?? ""];
    assert.ok(expected !== undefined, `${last} ends no way before the edge; ${finding.says}`);
    assert.match(`${finding.code} ${finding.says}`, expected);
    return;
  }
  const entry = entryOf(platform, finding);
  assert.ok(entry !== undefined, `the access log has the request of ${question.host}`);
  // A cluster that is not there is not told from one whose identity somebody else has, in the log either.
  if (rules.includes("configuration.unknown-resource")) return;
  const beforeTheEdge = /^(dns|reach|route|peering|firewall)\./;
  assert.deepEqual(
    linkRules(entry),
    rules.filter((rule) => !beforeTheEdge.test(rule)),
  );
}
