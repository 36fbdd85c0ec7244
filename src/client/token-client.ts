/** Tokens for clients: by client credentials from the login host, or of a managed identity; kept until shortly before they end. */
import { stringAt } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { cloud, fixedAddresses } from "../azure/index.ts";
import { limits, sleep } from "../core/index.ts";
import type { Clock, CodedError } from "../core/index.ts";
import { clientError } from "./errors.ts";
import { objectOf, retryAfterMs } from "./json-answer.ts";
import type { Transport, TransportResponse } from "./transport.ts";

/** Answers with a bearer token for a service, kept or new. `resource` is an audience of `src/azure`. */
export type TokenSource = (resource: string) => Promise<string>;

/**
 * Tokens of an application.
 *
 * @param endpoint the login host's origin; the public cloud's where absent.
 * @throws (the source) CodedError TokenNotIssued with the login host's description; the transport's errors.
 */
export function tokenClient(options: {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly endpoint?: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}): TokenSource {
  const { transport, clock, tenantId, clientId, clientSecret } = options;
  const endpoint = options.endpoint ?? `https://${cloud.loginHost}`;
  return keptTokens(clock, async (resource) => {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${resource}/.default`,
    });
    const response = await transport.send({
      method: "POST",
      url: `${endpoint}/${tenantId}/oauth2/v2.0/token`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
    });
    return readToken(response, "TokenNotIssued");
  });
}

/**
 * Tokens of an application that trusts the cluster's issuer: the service account's own token is the proof.
 *
 * @param assertion the service account's token as it is now; the kubelet renews its file.
 * @throws (the source) CodedError TokenNotIssued with the login host's description; the transport's errors.
 * @see learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (federated credential)
 */
export function workloadIdentityClient(options: {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly endpoint?: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly assertion: () => Promise<string>;
}): TokenSource {
  const { transport, clock, tenantId, clientId, assertion } = options;
  const endpoint = options.endpoint ?? `https://${cloud.loginHost}`;
  return keptTokens(clock, async (resource) => {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: (await assertion()).trim(),
      scope: `${resource}/.default`,
    });
    const response = await transport.send({
      method: "POST",
      url: `${endpoint}/${tenantId}/oauth2/v2.0/token`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
    });
    return readToken(response, "TokenNotIssued");
  });
}

/**
 * Tokens of the managed identity that the place of the transport has. Asks the instance metadata service by plain HTTP,
 * through the transport's gateway where it has one, and retries as that service's documentation says.
 *
 * @throws (the source) CodedError IdentityNotIssued with the service's description; the transport's errors.
 * @see learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export function managedIdentityClient(options: {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Chooses among the identities of the place. */
  readonly clientId?: string;
  /** The metadata service's origin; its fixed address where absent. */
  readonly endpoint?: string;
}): TokenSource {
  const { transport, clock, clientId } = options;
  const endpoint = options.endpoint ?? `http://${fixedAddresses.instanceMetadata}`;
  return keptTokens(clock, async (resource) => {
    const query = new URLSearchParams({ "api-version": "2018-02-01", resource });
    if (clientId !== undefined) query.set("client_id", clientId);
    const url = `${endpoint}/metadata/identity/oauth2/token?${query.toString()}`;
    for (let attempt = 1; ; attempt += 1) {
      const response = await transport.send({ method: "GET", url, headers: { Metadata: "true" } });
      const retriable = response.status === 429 || response.status >= 500;
      if (!retriable || attempt >= identityTriesMax) {
        return readToken(response, "IdentityNotIssued");
      }
      const nowMs = clock.nowMs();
      await sleep(clock, retryAfterMs(response.headers, nowMs) ?? 1000 * 2 ** (attempt - 1));
    }
  });
}

const identityTriesMax = 3;

interface IssuedToken {
  readonly token: string;
  readonly lifeMs: number;
}

function readToken(
  response: TransportResponse,
  code: "TokenNotIssued" | "IdentityNotIssued",
): IssuedToken {
  const body = objectOf(response);
  const token = stringAt(body, "access_token");
  const lifeSeconds = Number(body["expires_in"]);
  if (response.status !== 200) throw refusal(response.status, body, code);
  if (token === undefined || !Number.isFinite(lifeSeconds)) {
    throw clientError("AnswerUnreadable", "The answer has no access_token with its expires_in.");
  }
  return { token, lifeMs: lifeSeconds * 1000 };
}

const refusal = (
  status: number,
  body: JsonObject,
  code: "TokenNotIssued" | "IdentityNotIssued",
): CodedError =>
  clientError(
    code,
    stringAt(body, "error_description") ?? stringAt(body, "error") ?? `status ${status}`,
    { status },
  );

/** Keeps each resource's token until `limits.tokenRefreshAheadMs` before its end; one request at a time for each. */
function keptTokens(
  clock: Clock,
  fetchToken: (resource: string) => Promise<IssuedToken>,
): TokenSource {
  const kept = new Map<string, { readonly token: string; readonly renewAtMs: number }>();
  const underWay = new Map<string, Promise<string>>();
  const renew = async (resource: string): Promise<string> => {
    const { token, lifeMs } = await fetchToken(resource);
    // A life shorter than twice the margin is used for its half.
    const keepMs = Math.max(lifeMs - limits.tokenRefreshAheadMs, lifeMs / 2);
    kept.set(resource, { token, renewAtMs: clock.nowMs() + keepMs });
    return token;
  };
  return (resource) => {
    const present = kept.get(resource);
    if (present !== undefined && clock.nowMs() < present.renewAtMs) {
      return Promise.resolve(present.token);
    }
    const started =
      underWay.get(resource) ?? renew(resource).finally(() => underWay.delete(resource));
    underWay.set(resource, started);
    return started;
  };
}
