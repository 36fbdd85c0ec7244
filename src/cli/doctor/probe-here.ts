/** The probe from this process: the system's resolver, TLS and HTTPS as any program here would use them. */
import { lookup, Resolver } from "node:dns/promises";
import { existsSync, globSync } from "node:fs";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { stringAt } from "../../arm/index.ts";
import type { Json } from "../../arm/index.ts";
import { openTransport } from "../../client/index.ts";
import type { TokenSource, Transport } from "../../client/index.ts";
import { CodedError, messageOf } from "../../core/index.ts";
import type { Clock } from "../../core/index.ts";
import type { PlannedRequest, ProbePlan } from "../../doctor/index.ts";
import type {
  ConnectionSeen,
  NameSeen,
  ProbeFragment,
  RequestSeen,
  SampleSeen,
} from "../../snapshot/index.ts";
import type { CliContext } from "../command.ts";
import { probeTokens } from "./probe-tokens.ts";
import type { BroughtTokens, ProbeTokens } from "./probe-tokens.ts";

type Plan = Pick<ProbePlan, "hosts"> & Partial<ProbePlan>;

interface Standing {
  readonly place: ProbeFragment["place"];
  readonly context: CliContext;
  /** Names as the plan's cloud spells them. */
  readonly spell: (text: string) => string;
  /** Tokens of this machine's own credential, where it is to sign in. */
  readonly signIn?: TokenSource;
  /** Tokens of the cluster's identity, where they were brought here. */
  readonly brought?: BroughtTokens;
}

const CONNECT_MS = 10_000;

/** Probes everything of the plan, one after the other, and answers with what was seen, and the tokens that agents used. */
export async function probeHere(
  plan: Plan,
  standing: Standing,
): Promise<{ readonly fragment: ProbeFragment; readonly tokens: BroughtTokens }> {
  const { place, context, spell } = standing;
  const inside = place === "inside";
  const proxy = proxyOf(context.environment);
  const transport = openTransport({
    clock: context.clock,
    ...(proxy.url === undefined ? {} : { gateway: proxy.url }),
  });
  const token = probeTokens({
    ...standing,
    clientIds: plan.clientIds ?? [],
    transport,
    clock: context.clock,
  });
  try {
    const names: NameSeen[] = [];
    const connections: ConnectionSeen[] = [];
    for (const host of plan.hosts.map(spell)) {
      const seen = await resolveHere(host);
      names.push(seen);
      const [address] = seen.addresses;
      if (address !== undefined && proxy.url === undefined) {
        connections.push(await connectHere(host, address, context.clock));
      }
    }
    const requests: RequestSeen[] = [];
    for (const planned of plan.requests ?? []) {
      requests.push(await requestHere(planned, { transport, token, spell }));
    }
    const means = { transport, token, spell };
    const samples = [await sampleHere(plan, means), await recordHere(plan, means)];
    const fragment: ProbeFragment = {
      place,
      clusterId: inside ? plan.clusterId : undefined,
      vnetId: inside ? plan.vnetId : undefined,
      takenAtMs: context.clock.nowMs(),
      proxy: { used: proxy.url !== undefined, exempt: proxy.exempt },
      names,
      connections,
      requests,
      files:
        inside && existsSync(agentFolder)
          ? (plan.files ?? []).map((path) => ({ path, present: isThere(path) }))
          : [],
      samples: samples.filter((one) => one !== undefined),
    };
    return { fragment, tokens: token.own() };
  } finally {
    transport.close();
  }
}

/** Where an agent keeps its configuration: where it is not, no agent is. */
const agentFolder = "/etc/mdsd.d";

const isThere = (pattern: string): boolean =>
  pattern.includes("*") ? globSync(pattern).length > 0 : existsSync(pattern);

function proxyOf(environment: CliContext["environment"]): {
  readonly url: string | undefined;
  readonly exempt: readonly string[];
} {
  const value = (name: string): string =>
    environment[name] ?? environment[name.toLowerCase()] ?? "";
  const url = value("HTTPS_PROXY") || value("ALL_PROXY");
  const exempt = value("NO_PROXY")
    .split(",")
    .map((one) => one.trim());
  return {
    url: URL.canParse(url) ? url : undefined,
    exempt: exempt.filter((one) => one !== ""),
  };
}

async function resolveHere(name: string): Promise<NameSeen> {
  const base = { name, resolver: "system", aliases: await aliasesOf(name) };
  try {
    const found = await lookup(name, { all: true, family: 4 });
    const addresses = found.map(({ address }) => address);
    return { ...base, outcome: "addresses", addresses, says: "" };
  } catch (error) {
    return { ...base, addresses: [], ...(await absenceOf(name, error)) };
  }
}

/** Whether a name without addresses is there at all: the resolver tells, `lookup` does not. */
async function absenceOf(
  name: string,
  error: unknown,
): Promise<Pick<NameSeen, "outcome" | "says">> {
  try {
    await new Resolver({ timeout: 2_000, tries: 1 }).resolve4(name);
    return { outcome: "none", says: messageOf(error) };
  } catch (second) {
    const code = second instanceof Error && "code" in second ? String(second.code) : "";
    if (code === "ENOTFOUND") return { outcome: "nxdomain", says: "" };
    if (code === "ENODATA") return { outcome: "nodata", says: "" };
    return { outcome: "error", says: messageOf(error) };
  }
}

const ALIASES_MAX = 8;

async function aliasesOf(name: string): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  const aliases: string[] = [];
  let at = name;
  try {
    while (aliases.length < ALIASES_MAX) {
      const [next] = await resolver.resolveCname(at);
      if (next === undefined) break;
      aliases.push(next);
      at = next;
    }
  } catch {
    // The end of the chain, or a resolver that does not answer: the addresses tell which.
  }
  return aliases;
}

function connectHere(host: string, address: string, clock: Clock): Promise<ConnectionSeen> {
  return new Promise((resolve) => {
    const socket = connect({
      host: address,
      port: 443,
      servername: host,
      rejectUnauthorized: false,
    });
    const seen = (outcome: ConnectionSeen["outcome"], says: string): void => {
      timer.cancel();
      resolve({ host, address, outcome, ...certificateOf(socket), says });
      socket.destroy();
    };
    const timer = clock.after(CONNECT_MS, () =>
      seen("timeout", `no answer within ${CONNECT_MS} ms`),
    );
    socket.once("secureConnect", () =>
      socket.authorized
        ? seen("connected", "")
        : seen("untrusted", String(socket.authorizationError)),
    );
    socket.once("error", (error: NodeJS.ErrnoException) =>
      seen(outcomes.get(error.code ?? "") ?? "error", messageOf(error)),
    );
  });
}

const outcomes: ReadonlyMap<string, ConnectionSeen["outcome"]> = new Map([
  ["ECONNREFUSED", "refused"],
  ["ECONNRESET", "reset"],
  ["ETIMEDOUT", "timeout"],
]);

function certificateOf(
  socket: TLSSocket,
): Pick<ConnectionSeen, "issuer" | "subjectAltName" | "validTo"> {
  const certificate = socket.getPeerX509Certificate();
  return {
    issuer: certificate?.issuer.replaceAll("\n", ", ") ?? "",
    subjectAltName: certificate?.subjectAltName ?? "",
    validTo: certificate?.validTo ?? "",
  };
}

/** Refusals of a service's own authorization. */
const roleRefusals: ReadonlySet<string> = new Set(["OperationFailed", "AuthorizationFailed"]);

interface Means {
  readonly transport: Transport;
  readonly token: ProbeTokens;
  readonly spell: (text: string) => string;
}

async function requestHere(
  { purpose, request }: PlannedRequest,
  { transport, token, spell }: Means,
): Promise<RequestSeen> {
  const { method, headers, body } = request;
  const host = spell(request.host);
  const base = { host, method, purpose, redirect: "", says: "" };
  const isOwn = request.asCluster !== undefined;
  const bearer = await token.for(request);
  const authenticated = bearer !== undefined;
  try {
    const answer = await transport.send({
      method,
      url: `https://${host}${request.path}`,
      headers: {
        ...headers,
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const code = codeIn(answer.body.toString("utf8"));
    // Whoever asked need not have the role: that refusal says nothing of the way.
    const lacksRole = !isOwn && answer.status === 403 && roleRefusals.has(code);
    return {
      ...base,
      authenticated: authenticated && !lacksRole,
      says: lacksRole ? "who asked has no role there" : "",
      code,
      address: answer.peer.address ?? "",
      status: answer.status,
      redirect: answer.headers["x-ms-agent-config-endpoint"] ?? "",
    };
  } catch (error) {
    const code = error instanceof CodedError ? error.code : "ConnectionFailed";
    return { ...base, authenticated, address: "", status: 0, code, says: messageOf(error) };
  }
}

const codeIn = (text: string): string => stringAt(jsonIn(text), "error", "code") ?? "";

function jsonIn(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** The newest sample of the cluster, where this place's identity may ask. */
async function sampleHere(
  { clusterId, promql, requests = [] }: Plan,
  { transport, token, spell }: Means,
): Promise<SampleSeen | undefined> {
  const query = requests.find(({ purpose }) => purpose === "metrics-query");
  if (clusterId === undefined || promql === undefined || query === undefined) return undefined;
  const bearer = await token.other(spell(query.request.audience));
  if (bearer === undefined) return undefined;
  try {
    const answer = await transport.send({
      method: "GET",
      url: `https://${spell(promql.host)}/api/v1/query?query=${encodeURIComponent(promql.query)}`,
      headers: { authorization: `Bearer ${bearer}` },
    });
    const body = jsonIn(answer.body.toString("utf8"));
    if (answer.status !== 200 || stringAt(body, "status") !== "success") return undefined;
    const seconds = Number(stringAt(body, "data", "result", 0, "value", 1));
    const newestMs = Number.isFinite(seconds) ? Math.round(seconds * 1000) : null;
    return { clusterId, path: "metrics-query", newestMs };
  } catch {
    return undefined;
  }
}

/** How far back the newest record is looked for. */
const RECORDS_BACK = "P1D";

/** The newest record of the cluster's logs, by the first table that has one, where this place's identity may ask. */
async function recordHere(
  { clusterId, kql = [], requests = [] }: Plan,
  { transport, token, spell }: Means,
): Promise<SampleSeen | undefined> {
  const audience = requests.find(({ purpose }) => purpose === "logs-query")?.request.audience;
  if (clusterId === undefined || audience === undefined || kql.length === 0) return undefined;
  const bearer = await token.other(spell(audience));
  if (bearer === undefined) return undefined;
  try {
    for (const { host, workspace, kql: query } of kql) {
      const answer = await transport.send({
        method: "POST",
        url: `https://${spell(host)}/v1/workspaces/${workspace}/query`,
        headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
        body: JSON.stringify({ query, timespan: RECORDS_BACK }),
      });
      if (answer.status !== 200) return undefined;
      const newest = stringAt(jsonIn(answer.body.toString("utf8")), "tables", 0, "rows", 0, 0);
      const newestMs = Date.parse(newest ?? "");
      if (!Number.isNaN(newestMs)) return { clusterId, path: "logs-query", newestMs };
    }
    return { clusterId, path: "logs-query", newestMs: null };
  } catch {
    return undefined;
  }
}
