/** The means of a proof: real DNS, TLS and HTTP from inside a cluster's network and from the public internet. */
import {
  dnsClient,
  makeLegacyAgent,
  managedIdentityClient,
  openTransport,
  prometheusClient,
  registerLegacyAgent,
} from "../../client/index.ts";
import type { LegacyAgent, TokenSource } from "../../client/index.ts";
import { at, stringAt } from "../../arm/index.ts";
import type { Json } from "../../arm/index.ts";
import { audiences } from "../../azure/index.ts";
import { CodedError, messageOf } from "../../core/index.ts";
import type { Clock, Random } from "../../core/index.ts";
import type {
  LegacyWorkspace,
  LogsQuestion,
  NameEvidence,
  ProbeRequest,
  Probes,
  RequestEvidence,
} from "../../onboard/index.ts";
import type { Where } from "../exec/index.ts";
import type { Connection, Standing } from "./connect.ts";

const BODY_EXCERPT_CHARS = 300;
const SHARED_KEYS_VERSION = "2020-08-01";
/** How far a query for the newest record looks back. */
const NEWEST_TIMESPAN = "PT1H";

/** Probes that stand in a network and outside; the caller closes them. */
export interface OpenProbes extends Probes {
  readonly close: () => Promise<void>;
}

/** Stands inside, and outside. Every request makes a connection of its own, so that no old one answers. */
export async function openProbes(
  connection: Connection,
  options: {
    /** Where inside is; as a cluster, where its identity's tokens are asked for. */
    readonly inside: Where;
    readonly clock: Clock;
    readonly random: Random;
  },
): Promise<OpenProbes> {
  const { clock, random } = options;
  const inside = await connection.stand(options.inside);
  const outside = await connection.stand({ kind: "public" });
  const identity = managedIdentityClient({ transport: inside.transport, clock });
  const ingestionTokens = new Map<string, Promise<string>>();
  const tokenFor = async (request: ProbeRequest): Promise<string> => {
    const token = await (request.asCluster === undefined ? connection.token : identity)(
      request.audience,
    );
    const channel = request.ingestionToken;
    if (channel === undefined) return token;
    const url = `https://${channel.host}${channel.path}`;
    const issued = ingestionTokens.get(url) ?? ingestionToken(inside, url, token);
    ingestionTokens.set(url, issued);
    return issued;
  };
  const legacyAgents = new Map<string, Promise<LegacyAgent>>();
  const signIn = async (request: ProbeRequest): Promise<SignIn> => {
    const { legacyAgent: workspace } = request;
    if (workspace === undefined) {
      return { headers: { authorization: `Bearer ${await tokenFor(request)}` } };
    }
    const key = workspace.customerId;
    const made =
      legacyAgents.get(key) ?? registeredAgent(connection, { inside, workspace, clock, random });
    legacyAgents.set(key, made);
    const { certPem, keyPem } = await made;
    return { headers: {}, clientCertificate: { certPem, keyPem } };
  };
  const from = (standing: Standing): Place => ({
    standing,
    clock,
    random,
    caPem: connection.caPem,
    signIn,
  });
  return {
    resolveInside: (name) => resolveAt(from(inside), name),
    resolvePublic: (name) => resolveAt(from(outside), name),
    requestInside: (request) => requestAt(from(inside), request),
    requestPublic: (request) => requestAt(from(outside), request),
    newestSampleMs: (query) => newestAt(inside, connection.token, query),
    newestRecordMs: (question) => newestRecordAt(inside, connection.token, question),
    close: async () => {
      await inside.close();
      await outside.close();
    },
  };
}

interface Place {
  readonly standing: Standing;
  readonly clock: Clock;
  readonly random: Random;
  readonly caPem: string;
  readonly signIn: (request: ProbeRequest) => Promise<SignIn>;
}

/** By a token, or by a certificate in the handshake. */
interface SignIn {
  readonly headers: Readonly<Record<string, string>>;
  readonly clientCertificate?: { readonly certPem: string; readonly keyPem: string };
}

async function resolveAt({ standing, clock, random }: Place, name: string): Promise<NameEvidence> {
  const { resolver } = standing.session.doors;
  const nothing = { name, aliases: [], addresses: [] };
  if (resolver === null) return { ...nothing, error: "The network has no resolver to ask." };
  try {
    const client = dnsClient({ host: resolver.host, port: resolver.port, clock, random });
    const answer = await client.resolve(name);
    return {
      name,
      aliases: answer.chain.slice(1),
      addresses: answer.addresses,
      rcode: answer.rcode,
    };
  } catch (error) {
    return { ...nothing, error: messageOf(error) };
  }
}

async function requestAt(place: Place, request: ProbeRequest): Promise<RequestEvidence> {
  const { standing, clock, caPem, signIn } = place;
  const name = await resolveAt(place, request.host);
  const [address] = name.addresses;
  if (address === undefined) {
    const says =
      name.error ?? `${request.host} has no address there (${name.rcode ?? "no answer"}).`;
    return { kind: "unreachable", address, code: "NameNotFound", says };
  }
  let signedIn: SignIn;
  try {
    signedIn = await signIn(request);
  } catch (error) {
    return { kind: "untried", says: `no way to sign in: ${messageOf(error)}` };
  }
  const { headers, ...certificate } = signedIn;
  const transport = openTransport({
    ...certificate,
    clock,
    caPem,
    gateway: standing.session.doors.gatewayUrl,
    addressOf: (host) => (host === request.host ? address : undefined),
  });
  try {
    const response = await transport.send({
      method: request.method,
      url: `https://${request.host}${request.path}`,
      headers: { ...request.headers, ...headers },
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    return {
      kind: "answered",
      address: response.peer.address,
      certificate: response.peer.certificate,
      status: response.status,
      bodyExcerpt: response.body.toString("utf8").slice(0, BODY_EXCERPT_CHARS),
    };
  } catch (error) {
    const code = error instanceof CodedError ? error.code : "ConnectionFailed";
    return { kind: "unreachable", address, code, says: messageOf(error) };
  } finally {
    transport.close();
  }
}

async function newestAt(
  inside: Standing,
  token: TokenSource,
  { host, promql }: { readonly host: string; readonly promql: string },
): Promise<number | null> {
  const client = prometheusClient({
    transport: inside.transport,
    token,
    endpoint: `https://${host}`,
  });
  const { result } = await client.query(promql);
  const seconds = Number(at(result, 0, "value", 1));
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}

/** The token of an ingestion channel, as the agent gets it. @see microsoft/Docker-Provider ingestion_token_utils.go */
async function ingestionToken(inside: Standing, url: string, token: string): Promise<string> {
  const answer = await inside.transport.send({
    method: "GET",
    url,
    headers: { authorization: `Bearer ${token}` },
  });
  const text = answer.body.toString("utf8");
  const issued = answer.status === 200 ? stringAt(jsonOf(text), "ingestionAuthToken") : undefined;
  if (issued !== undefined) return issued;
  const says = `${new URL(url).host} issued no ingestion token: ${answer.status}: ${text.slice(0, BODY_EXCERPT_CHARS)}`;
  throw new CodedError("ConnectionFailed", says);
}

/** A probe's agent is good for as long as a proof takes; the workspace forgets it when its certificate has ended. */
const PROBE_AGENT_LIFE_MS = 10 * 60_000;

/** An agent that is registered with a workspace, from inside, by the key that ARM gives to whoever may read it. */
async function registeredAgent(
  { arm, caPem }: Connection,
  asked: {
    readonly inside: Standing;
    readonly workspace: LegacyWorkspace;
    readonly clock: Clock;
    readonly random: Random;
  },
): Promise<LegacyAgent> {
  const { inside, workspace, clock, random } = asked;
  const { workspaceId, customerId, omsHost: host } = workspace;
  const keys = await arm.post(`${workspaceId}/sharedKeys`, { apiVersion: SHARED_KEYS_VERSION });
  const sharedKey = stringAt(keys, "primarySharedKey") ?? "";
  const agent = await makeLegacyAgent({ clock, random, lifeMs: PROBE_AGENT_LIFE_MS });
  const transport = openTransport({
    clock,
    caPem,
    gateway: inside.session.doors.gatewayUrl,
    clientCertificate: agent,
  });
  try {
    const way = { transport, clock, host, customerId, sharedKey, computer: "linkscope-probe" };
    await registerLegacyAgent(agent, way);
    return agent;
  } finally {
    transport.close();
  }
}

async function newestRecordAt(
  inside: Standing,
  token: TokenSource,
  { host, workspace, kql }: LogsQuestion,
): Promise<number | null> {
  const answer = await inside.transport.send({
    method: "POST",
    url: `https://${host}/v1/workspaces/${workspace}/query`,
    headers: {
      authorization: `Bearer ${await token(audiences.logAnalytics)}`,
      "content-type": "application/json",
    },
    body: Buffer.from(JSON.stringify({ query: kql, timespan: NEWEST_TIMESPAN })),
  });
  const text = answer.body.toString("utf8");
  if (answer.status !== 200) {
    const says = `${host} answered ${answer.status}: ${text.slice(0, BODY_EXCERPT_CHARS)}`;
    throw new CodedError("ConnectionFailed", says);
  }
  const value = at(jsonOf(text), "tables", 0, "rows", 0, 0);
  const newestMs = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(newestMs) ? null : newestMs;
}

/** What was said, or null where it is no JSON. */
function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
