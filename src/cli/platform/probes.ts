/** The means of a proof: real DNS, TLS and HTTP from inside a cluster's network and from the public internet. */
import {
  dnsClient,
  managedIdentityClient,
  openTransport,
  prometheusClient,
} from "../../client/index.ts";
import type { TokenSource } from "../../client/index.ts";
import { at } from "../../arm/index.ts";
import { CodedError, messageOf } from "../../core/index.ts";
import type { Clock, Random } from "../../core/index.ts";
import type { NameEvidence, ProbeRequest, Probes, RequestEvidence } from "../../onboard/index.ts";
import type { Where } from "../exec/index.ts";
import type { Connection, Standing } from "./connect.ts";

const BODY_EXCERPT_CHARS = 300;

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
  const tokenFor = (request: ProbeRequest): Promise<string> =>
    (request.asCluster === undefined ? connection.token : identity)(request.audience);
  const from = (standing: Standing): Place => ({
    standing,
    clock,
    random,
    caPem: connection.caPem,
    tokenFor,
  });
  return {
    resolveInside: (name) => resolveAt(from(inside), name),
    resolvePublic: (name) => resolveAt(from(outside), name),
    requestInside: (request) => requestAt(from(inside), request),
    requestPublic: (request) => requestAt(from(outside), request),
    newestSampleMs: (query) => newestAt(inside, connection.token, query),
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
  readonly tokenFor: (request: ProbeRequest) => Promise<string>;
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
  const { standing, clock, caPem, tokenFor } = place;
  const name = await resolveAt(place, request.host);
  const [address] = name.addresses;
  if (address === undefined) {
    const says =
      name.error ?? `${request.host} has no address there (${name.rcode ?? "no answer"}).`;
    return { kind: "unreachable", address, code: "NameNotFound", says };
  }
  let token: string;
  try {
    token = await tokenFor(request);
  } catch (error) {
    return { kind: "untried", says: `no token: ${messageOf(error)}` };
  }
  const transport = openTransport({
    clock,
    caPem,
    gateway: standing.session.doors.gatewayUrl,
    addressOf: (host) => (host === request.host ? address : undefined),
  });
  try {
    const response = await transport.send({
      method: request.method,
      url: `https://${request.host}${request.path}`,
      headers: { ...request.headers, authorization: `Bearer ${token}` },
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
