/** Reads from Azure Resource Manager: throttled as it asks, tried again when it fails, pages followed, refusals noted. */
import { isObject, listAt, stringAt } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { objectOf, retryAfterMs } from "../client/index.ts";
import { CodedError, limits, messageOf, sleep } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import type { Unread } from "./coverage.ts";

/** One exchange with ARM. `target` is a path with its query; redirects are not followed. */
export type ArmSend = (request: {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly body?: JsonObject;
}) => Promise<ArmAnswer>;

export interface ArmAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type ReadOutcome<Value> =
  | { readonly kind: "read"; readonly value: Value }
  | { readonly kind: "absent" }
  | { readonly kind: "unread"; readonly unread: Unread };

/** Reads; each is one operation of ARM. They throw only when ARM cannot be reached or takes no credential (401). */
export interface Reads {
  readonly get: (id: string, apiVersion: string) => Promise<ReadOutcome<JsonObject>>;
  readonly list: (path: string, apiVersion: string) => Promise<ReadOutcome<readonly JsonObject[]>>;
  /** A query that reads by POST, as Azure Resource Graph's. */
  readonly query: (
    path: string,
    apiVersion: string,
    body: JsonObject,
  ) => Promise<ReadOutcome<JsonObject>>;
}

export interface ReadsOptions {
  readonly send: ArmSend;
  readonly clock: Clock;
  /** ARM's origin: links to further pages lead nowhere else. */
  readonly origin: string;
  /** Told of each wait, for whoever looks on. */
  readonly note?: (says: string) => void;
}

/** Opens reads over one way to ARM; at most `limits.snapshotReadsAtOnce` are under way. */
export function openReads(options: ReadsOptions): Reads {
  const turn = turns(limits.snapshotReadsAtOnce);
  const send: ArmSend = (request) => turn(() => sendPatiently(options, request));
  return {
    async get(id, apiVersion) {
      const answer = await send({ method: "GET", target: versioned(id, apiVersion) });
      return outcome(answer, id, () => objectOf(asResponse(answer)));
    },
    list: (path, apiVersion) => pages(options, send, { path, apiVersion }),
    async query(path, apiVersion, body) {
      const answer = await send({ method: "POST", target: versioned(path, apiVersion), body });
      return outcome(answer, path, () => objectOf(asResponse(answer)));
    },
  };
}

const versioned = (path: string, apiVersion: string): string =>
  `${path}${path.includes("?") ? "&" : "?"}api-version=${encodeURIComponent(apiVersion)}`;

/** What `objectOf` reads of a response; there is no peer to speak of. */
const asResponse = (answer: ArmAnswer) => ({
  ...answer,
  peer: { address: undefined, throughGateway: false, certificate: undefined },
});

async function pages(
  { origin }: ReadsOptions,
  send: ArmSend,
  asked: { readonly path: string; readonly apiVersion: string },
): Promise<ReadOutcome<readonly JsonObject[]>> {
  const items: JsonObject[] = [];
  let target: string | undefined = versioned(asked.path, asked.apiVersion);
  for (let page = 0; target !== undefined; page += 1) {
    const unread = (code: string, says: string) =>
      ({ kind: "unread", unread: { path: asked.path, status: 0, code, says } }) as const;
    if (page >= limits.listPagesMax) {
      return unread("TooManyPages", `The list has more than ${limits.listPagesMax} pages.`);
    }
    const answer = await send({ method: "GET", target });
    const read = outcome(answer, asked.path, () => objectOf(asResponse(answer)));
    if (read.kind !== "read") return page === 0 ? read : partial(read, asked.path, page);
    items.push(...listAt(read.value, "value").filter(isObject));
    const next = stringAt(read.value, "nextLink");
    target = next === undefined || next === "" ? undefined : pathOf(next, origin);
    if (next !== undefined && next !== "" && target === undefined) {
      return unread("UrlRefused", "The next page is said to be at another host.");
    }
  }
  return { kind: "read", value: items };
}

/** A page that is not there is no proof that the list has ended. */
const partial = (
  read: Exclude<ReadOutcome<JsonObject>, { kind: "read" }>,
  path: string,
  page: number,
): ReadOutcome<never> =>
  read.kind === "unread"
    ? read
    : {
        kind: "unread",
        unread: { path, status: 404, code: "PageNotFound", says: `Page ${page + 1} is not there.` },
      };

/** The path of a URL of ARM's own; undefined for one of another host, which must not get the token. */
function pathOf(link: string, origin: string): string | undefined {
  if (!URL.canParse(link, origin)) return undefined;
  const url = new URL(link, origin);
  return url.origin === new URL(origin).origin ? `${url.pathname}${url.search}` : undefined;
}

function outcome<Value>(answer: ArmAnswer, path: string, value: () => Value): ReadOutcome<Value> {
  const { status } = answer;
  if (status >= 200 && status < 300) return readable(path, status, value);
  const { code, says } = refusalOf(answer);
  // Another tenant's subscription is a refusal like others; a credential that nothing takes ends the reading.
  if (status === 401 && code !== "InvalidAuthenticationTokenTenant")
    throw new CodedError(code, `${path}: ${says}`, { status });
  if (isAbsence(status, code)) return { kind: "absent" };
  return { kind: "unread", unread: { path, status, code, says } };
}

function readable<Value>(path: string, status: number, value: () => Value): ReadOutcome<Value> {
  try {
    return { kind: "read", value: value() };
  } catch (error) {
    const says = messageOf(error);
    return { kind: "unread", unread: { path, status, code: "AnswerUnreadable", says } };
  }
}

const absences: ReadonlySet<string> = new Set([
  "ResourceNotFound",
  "ResourceGroupNotFound",
  "NotFound",
  "ParentResourceNotFound",
  "InvalidResourceType",
  "InvalidResourceNamespace",
  "NoRegisteredProviderFound",
]);

/**
 * What is not there is an answer. A subscription that is not found (or that this credential may not see: ARM says the
 * same of both) is none, and neither is a body that ARM did not write.
 * A provider that is not registered has no resources in the subscription (inferred).
 */
const isAbsence = (status: number, code: string): boolean =>
  (status === 404 && absences.has(code)) ||
  (status === 409 && code === "MissingSubscriptionRegistration");

function refusalOf(answer: ArmAnswer): { readonly code: string; readonly says: string } {
  try {
    const body = objectOf(asResponse(answer));
    const code = stringAt(body, "error", "code") ?? stringAt(body, "code");
    const says = stringAt(body, "error", "message") ?? stringAt(body, "message") ?? "no message";
    if (code !== undefined) return { code, says: says.slice(0, limits.snapshotStringCharsMax) };
  } catch {
    // A body that is no JSON says nothing that could be relied on.
  }
  return { code: "AnswerUnreadable", says: `${answer.status} without an error of ARM's form` };
}

const backoffMs = (attempt: number): number => Math.min(1_000 * 2 ** (attempt - 1), 30_000);

/**
 * Sends, waits as long as ARM asks (429, 503), and tries again what failed on its side (5xx) or on the way. A wait of
 * more than `limits.snapshotWaitMsMax` is not waited for: the refusal stands.
 * @see learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
async function sendPatiently(
  options: ReadsOptions,
  request: Parameters<ArmSend>[0],
): Promise<ArmAnswer> {
  const { send, clock, note } = options;
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt >= limits.snapshotTriesMax;
    let waitMs = backoffMs(attempt);
    let why = "";
    try {
      const answer = await send(request);
      if (answer.status !== 429 && answer.status < 500) return answer;
      waitMs = retryAfterMs(answer.headers, clock.nowMs()) ?? waitMs;
      if (last || waitMs > limits.snapshotWaitMsMax) return answer;
      why = `ARM answered ${answer.status}`;
    } catch (error) {
      const passing =
        error instanceof CodedError && ["ConnectionFailed", "RequestTimedOut"].includes(error.code);
      if (last || !passing) throw error;
      why = messageOf(error);
    }
    note?.(`${why}; asking again in ${Math.ceil(waitMs / 1000)} s.`);
    await sleep(clock, waitMs);
  }
}

/** Lets `count` run at once; the others wait their turn, first come first served. */
function turns(count: number): <Value>(run: () => Promise<Value>) => Promise<Value> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
