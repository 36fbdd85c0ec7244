/** A client of Azure Resource Manager: resources read, listed, written and removed, long-running operations awaited. */
import { listAt, isObject, stringAt } from "../arm/index.ts";
import type { Json, JsonObject } from "../arm/index.ts";
import { audiences, cloud } from "../azure/index.ts";
import { CodedError, limits, sleep } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { awaitOperation } from "./arm-operation.ts";
import { clientError } from "./errors.ts";
import { objectOf, retryAfterMs, serviceError } from "./json-answer.ts";
import type { TokenSource } from "./token-client.ts";
import type { Transport, TransportResponse } from "./transport.ts";

export interface ArmClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly token: TokenSource;
  /** ARM's origin; the public cloud's where absent. */
  readonly endpoint?: string;
  /**
   * Asked when a write is refused with 409, `attempt` counting from 1: the milliseconds to wait before it is sent again,
   * or undefined to give up. `waitWhileProvisioning` where absent.
   */
  readonly onConflict?: (error: CodedError, attempt: number) => number | undefined;
}

export interface ArmWrite {
  readonly apiVersion: string;
  readonly body?: Json;
  /** `If-Match`, `If-None-Match`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long its operation may take; `limits.operationTimeoutMs` where absent. */
  readonly timeoutMs?: number;
}

/** Paths are resource ids or begin with one: `/subscriptions/S/resourceGroups`. All methods throw coded errors of the service. */
export interface ArmClient {
  /** The resource, or undefined when it or its resource group is not there (404). */
  get(path: string, apiVersion: string): Promise<JsonObject | undefined>;
  /** All items of a list, its pages followed. */
  list(path: string, apiVersion: string): Promise<readonly JsonObject[]>;
  /** Writes, awaits the operation, and answers with the resource. */
  put(path: string, write: ArmWrite): Promise<JsonObject>;
  patch(path: string, write: ArmWrite): Promise<JsonObject>;
  /** Removes, and awaits the operation; false when there was nothing (204, 404). */
  delete(path: string, write: Omit<ArmWrite, "body">): Promise<boolean>;
  /** An action; its answer's body, empty where it has none. */
  post(path: string, write: ArmWrite): Promise<JsonObject>;
}

/** Waits 2 s while a resource or a scope is being changed by somebody else, for a minute. @see azure-cli addonconfiguration.py */
export const waitWhileProvisioning = (error: CodedError, attempt: number): number | undefined =>
  attempt <= 30 &&
  /provisioning state|operationinprogress|operation is in progress/i.test(
    `${error.code} ${error.message}`,
  )
    ? 2_000
    : undefined;

/** Opens a client of one ARM endpoint. The token goes to that endpoint's origin only. */
export function armClient(options: ArmClientOptions): ArmClient {
  const call = caller(options);
  return {
    async get(path, apiVersion) {
      const response = await call("GET", withVersion(path, apiVersion), {});
      if (response.status === 404) return absentOrThrow(response, path);
      return objectOf(orThrow(response, `GET ${path}`));
    },
    list: (path, apiVersion) => listPages(call, withVersion(path, apiVersion)),
    put: (path, write) => writeResource(options, call, { method: "PUT", path, write }),
    patch: (path, write) => writeResource(options, call, { method: "PATCH", path, write }),
    async delete(path, write) {
      const response = await conflictAware(options, () =>
        call("DELETE", withVersion(path, write.apiVersion), write),
      );
      if (response.status === 404 || response.status === 204) return false;
      await awaitOperation(orThrow(response, `DELETE ${path}`), operationOf(options, call, write));
      return true;
    },
    async post(path, write) {
      const response = await conflictAware(options, () =>
        call("POST", withVersion(path, write.apiVersion), write),
      );
      const done = await awaitOperation(
        orThrow(response, `POST ${path}`),
        operationOf(options, call, write),
      );
      return done.body.length === 0 ? {} : objectOf(done);
    },
  };
}

/** Sends one request to ARM: `target` is a path with its query, or a URL of ARM's own origin. */
export type ArmCall = (
  method: string,
  target: string,
  write: { readonly body?: Json; readonly headers?: Readonly<Record<string, string>> },
) => Promise<TransportResponse>;

function caller({ transport, token, clock, endpoint }: ArmClientOptions): ArmCall {
  const origin = (endpoint ?? `https://${cloud.armHost}`).replace(/\/$/, "");
  return async (method, target, { body, headers }) => {
    const url = new URL(target.startsWith("/") ? `${origin}${target}` : target);
    if (url.origin !== new URL(origin).origin) {
      const says = `An answer of ${origin} points to ${url.origin}; its token must not go there.`;
      throw clientError("UrlRefused", says);
    }
    for (let attempt = 1; ; attempt += 1) {
      const response = await transport.send({
        method,
        url: url.href,
        headers: {
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
          authorization: `Bearer ${await token(audiences.arm)}`,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const waitMs = throttleMs(response, clock.nowMs());
      if (waitMs === undefined || attempt >= limits.clientTriesMax) return response;
      await sleep(clock, waitMs);
    }
  };
}

/** ARM throttles by 429, and is briefly away by 503: both say when to come back. */
function throttleMs({ status, headers }: TransportResponse, nowMs: number): number | undefined {
  return status === 429 || status === 503 ? (retryAfterMs(headers, nowMs) ?? 1_000) : undefined;
}

const withVersion = (path: string, apiVersion: string): string =>
  `${path}${path.includes("?") ? "&" : "?"}api-version=${encodeURIComponent(apiVersion)}`;

function orThrow(response: TransportResponse, asked: string): TransportResponse {
  if (response.status < 200 || response.status > 299) throw serviceError(response, asked);
  return response;
}

/** A missing resource is an answer; a missing subscription, type or route is a mistake. */
function absentOrThrow(response: TransportResponse, path: string): undefined {
  const error = serviceError(response, `GET ${path}`);
  const absent = [
    "ResourceNotFound",
    "ResourceGroupNotFound",
    "NotFound",
    "ParentResourceNotFound",
  ];
  if (!absent.includes(error.code)) throw error;
  return undefined;
}

async function listPages(call: ArmCall, target: string): Promise<readonly JsonObject[]> {
  const items: JsonObject[] = [];
  let next: string | undefined = target;
  for (let page = 0; next !== undefined; page += 1) {
    if (page >= limits.listPagesMax) {
      const says = `The list has more than ${limits.listPagesMax} pages. Narrow it.`;
      throw clientError("TooManyPages", says);
    }
    const body: JsonObject = objectOf(orThrow(await call("GET", next, {}), `GET ${next}`));
    items.push(...listAt(body, "value").filter(isObject));
    next = stringAt(body, "nextLink");
  }
  return items;
}

async function writeResource(
  options: ArmClientOptions,
  call: ArmCall,
  asked: { readonly method: "PUT" | "PATCH"; readonly path: string; readonly write: ArmWrite },
): Promise<JsonObject> {
  const { method, path, write } = asked;
  const target = withVersion(path, write.apiVersion);
  const response = await conflictAware(options, () => call(method, target, write));
  const done = await awaitOperation(orThrow(response, `${method} ${path}`), {
    ...operationOf(options, call, write),
    resource: target,
  });
  return objectOf(done);
}

const operationOf = (
  { clock }: ArmClientOptions,
  call: ArmCall,
  { timeoutMs = limits.operationTimeoutMs }: { readonly timeoutMs?: number },
) => ({ clock, call, timeoutMs });

/** Sends a write again while `onConflict` says so. */
async function conflictAware(
  { clock, onConflict = waitWhileProvisioning }: ArmClientOptions,
  send: () => Promise<TransportResponse>,
): Promise<TransportResponse> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await send();
    if (response.status !== 409) return response;
    const waitMs = onConflict(serviceError(response, "write"), attempt);
    if (waitMs === undefined) return response;
    await sleep(clock, waitMs);
  }
}
