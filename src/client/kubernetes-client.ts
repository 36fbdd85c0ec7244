/** A small client of the Kubernetes API: pages of a list, and the events of a watch, both bounded. */
import { Agent as PlainAgent, request as plainRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request as secureRequest } from "node:https";
import { isObject, listAt, stringAt } from "../arm/index.ts";
import type { Json, JsonObject } from "../arm/index.ts";
import { CodedError, limits, messageOf } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { clientError } from "./errors.ts";
import type { KubernetesAccess } from "./kubernetes-config.ts";
import { kubernetesToken } from "./kubernetes-credential.ts";
import { splitLines } from "./line-splitter.ts";

export interface KubernetesClientOptions {
  readonly access: KubernetesAccess;
  readonly clock: Clock;
  /** What a credential's program runs in. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What to ask for: `/api/v1/pods`, with selectors as the API writes them. */
export interface KubernetesQuery {
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface KubernetesPage {
  readonly items: readonly JsonObject[];
  readonly resourceVersion: string;
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
}

export interface KubernetesEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: JsonObject;
}

export interface KubernetesClient {
  readonly namespace: string;
  /**
   * The bearer token of its requests; undefined where they have none.
   *
   * @throws CodedError KubernetesCredentialFailed.
   */
  token(): Promise<string | undefined>;
  /**
   * One page of a list.
   *
   * @throws CodedError KubernetesRefused with the server's status, AnswerTooLarge, AnswerUnreadable, ConnectionFailed,
   *   RequestTimedOut, KubernetesCredentialFailed.
   */
  list(
    query: KubernetesQuery,
    options: { next?: string; signal: AbortSignal },
  ): Promise<KubernetesPage>;
  /**
   * One object, or what a node's proxy answers as JSON.
   *
   * @throws CodedError as `list`.
   */
  read(path: string, options: { readonly signal?: AbortSignal }): Promise<JsonObject>;
  /**
   * Gives events from `resourceVersion` on until the server ends the watch.
   *
   * @throws CodedError as `list`; 410 where the version is too old to watch from.
   */
  watch(
    query: KubernetesQuery,
    options: { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncGenerator<KubernetesEvent>;
  /** Ends idle connections. */
  close(): void;
}

/** A client of one API server. Redirects are never followed; nothing is sent to another host. */
export function kubernetesClient(options: KubernetesClientOptions): KubernetesClient {
  const { access } = options;
  const agent = agentFor(access);
  const token = kubernetesToken(access.credential, options);
  const way: Way = { ...options, agent, token };
  return {
    namespace: access.namespace,
    token: () => token.read(),
    async list(query, { next, signal }) {
      const url = urlOf(access, query);
      url.searchParams.set("limit", String(limits.kubernetesListPage));
      if (next !== undefined) url.searchParams.set("continue", next);
      const response = await send(url, { ...way, signal, timeoutMs: limits.clientTimeoutMs });
      return pageOf(await readObject(response, url));
    },
    async read(path, { signal = new AbortController().signal }) {
      const url = urlOf(access, { path });
      const response = await send(url, { ...way, signal, timeoutMs: limits.clientTimeoutMs });
      return readObject(response, url);
    },
    async *watch(query, { resourceVersion, signal }) {
      const url = urlOf(access, query);
      url.searchParams.set("watch", "1");
      url.searchParams.set("allowWatchBookmarks", "true");
      url.searchParams.set("resourceVersion", resourceVersion);
      url.searchParams.set("timeoutSeconds", String(limits.kubernetesWatchMs / 1000));
      const timeoutMs = limits.kubernetesWatchMsMax;
      const response = await send(url, { ...way, signal, timeoutMs });
      yield* readEvents(response, url);
    },
    close: () => agent.destroy(),
  };
}

type Way = KubernetesClientOptions & {
  readonly agent: Agent | PlainAgent;
  readonly token: ReturnType<typeof kubernetesToken>;
};

function agentFor({
  server,
  caPem,
  clientCertificate,
  serverName,
  verify,
}: KubernetesAccess): Agent | PlainAgent {
  const sockets = { keepAlive: true, maxSockets: limits.clientConnectionsMax };
  if (server.startsWith("http:")) return new PlainAgent(sockets);
  return new Agent({
    ...sockets,
    minVersion: "TLSv1.2",
    rejectUnauthorized: verify,
    ...(caPem === undefined ? {} : { ca: caPem }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(clientCertificate === undefined
      ? {}
      : { cert: clientCertificate.certPem, key: clientCertificate.keyPem }),
  });
}

function urlOf({ server }: KubernetesAccess, query: KubernetesQuery): URL {
  const url = new URL(`${server}${query.path}`);
  const { labelSelector = "", fieldSelector = "" } = query;
  if (labelSelector !== "") url.searchParams.set("labelSelector", labelSelector);
  if (fieldSelector !== "") url.searchParams.set("fieldSelector", fieldSelector);
  return url;
}

/** The answer's head; 401 asks for a new token once. */
async function send(
  url: URL,
  way: Way & { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<IncomingMessage> {
  for (let tries = 1; ; tries += 1) {
    const token = await way.token.read();
    const response = await open(url, { ...way, token });
    if (response.statusCode === 200) return response;
    const refusal = await refusalOf(response, url);
    if (response.statusCode !== 401 || tries > 1) throw refusal;
    way.token.forget();
  }
}

function open(
  url: URL,
  way: {
    readonly agent: Agent | PlainAgent;
    readonly token: string | undefined;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
  },
): Promise<IncomingMessage> {
  const { agent, token, clock, signal, timeoutMs } = way;
  return new Promise((resolve, reject) => {
    const headers = {
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": "linkscope",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const ask = url.protocol === "https:" ? secureRequest : plainRequest;
    const request: ClientRequest = ask(url, { method: "GET", headers, agent, signal });
    const end = (): void =>
      void request.destroy(
        clientError("RequestTimedOut", `${placeOf(url)}: no answer within ${timeoutMs} ms.`),
      );
    const timer = clock.after(timeoutMs, end);
    request.once("error", (error) => {
      timer.cancel();
      reject(signal.aborted ? signal.reason : failureOf(url, error));
    });
    request.once("response", (response) => {
      // From here on the time is for the body: it ends with the connection.
      response.once("close", () => timer.cancel());
      resolve(response);
    });
    request.end();
  });
}

function failureOf(url: URL, error: Error): Error {
  if (error instanceof CodedError) return error;
  const code = "code" in error ? String(error.code) : "";
  const certificate = /^(ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_SSL_)/.test(code);
  const says = `${placeOf(url)}: ${messageOf(error)}.`;
  return clientError(certificate ? "CertificateRefused" : "ConnectionFailed", says, {
    cause: error,
  });
}

/** Without the query, which may hold a long continue token. */
const placeOf = (url: URL): string => `GET ${url.origin}${url.pathname}`;

/** The server's Status as an error. */
async function refusalOf(response: IncomingMessage, url: URL): Promise<CodedError> {
  const status = response.statusCode ?? 0;
  const body = await readBody(response, url).catch(() => Buffer.alloc(0));
  const object = objectOf(body);
  const message = object === undefined ? undefined : stringAt(object, "message");
  return statusError(status, message ?? body.toString("utf8").slice(0, 200).trim(), url);
}

function statusError(status: number, message: string, url: URL): CodedError {
  const says = `${placeOf(url)}: ${status}${message === "" ? "" : ` ${message}`}.`;
  return clientError("KubernetesRefused", says, { status });
}

async function readBody(response: IncomingMessage, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limits.kubernetesAnswerBytesMax)
        throw tooLarge(url, limits.kubernetesAnswerBytesMax);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Error ? failureOf(url, error) : error;
  }
  return Buffer.concat(chunks, size);
}

const tooLarge = (url: URL, bytes: number): CodedError =>
  clientError("AnswerTooLarge", `${placeOf(url)}: the answer has more than ${bytes} bytes.`);

async function readObject(response: IncomingMessage, url: URL): Promise<JsonObject> {
  const object = objectOf(await readBody(response, url));
  if (object !== undefined) return object;
  throw clientError("AnswerUnreadable", `${placeOf(url)}: the answer is no JSON object.`);
}

function objectOf(body: Buffer): JsonObject | undefined {
  try {
    const value = JSON.parse(body.toString("utf8")) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function pageOf(list: JsonObject): KubernetesPage {
  const items = listAt(list, "items").filter((item) => isObject(item));
  const next = stringAt(list, "metadata", "continue") ?? "";
  return {
    items,
    resourceVersion: stringAt(list, "metadata", "resourceVersion") ?? "",
    next: next === "" ? undefined : next,
  };
}

const EVENT_TYPES: ReadonlySet<string> = new Set(["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]);

async function* readEvents(response: IncomingMessage, url: URL): AsyncGenerator<KubernetesEvent> {
  const bytesMax = limits.kubernetesWatchLineBytesMax;
  try {
    for await (const line of splitLines(response as AsyncIterable<Buffer>, bytesMax)) {
      if (line === undefined) throw tooLarge(url, bytesMax);
      if (line.length > 0) yield eventOf(line, url);
    }
  } catch (error) {
    throw error instanceof Error ? failureOf(url, error) : error;
  } finally {
    response.destroy();
  }
}

function eventOf(line: Buffer, url: URL): KubernetesEvent {
  const event = objectOf(line);
  const type = event === undefined ? undefined : stringAt(event, "type");
  const object = event?.["object"];
  if (isObject(object)) {
    if (type === "ERROR") {
      throw statusError(Number(object["code"] ?? 500), stringAt(object, "message") ?? "", url);
    }
    if (type !== undefined && EVENT_TYPES.has(type)) {
      return { type: type as KubernetesEvent["type"], object };
    }
  }
  throw clientError("AnswerUnreadable", `${placeOf(url)}: a line of the watch is no event.`);
}
