/** What a data plane handler gets besides the request, and the one shape in which it refuses. */
import type { Publication, ResourceId } from "../arm/index.ts";
import { cloud } from "../azure/index.ts";
import type { Reason, Verdict } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import type { Origin, ServedHost } from "../rules/index.ts";
import { bearerOf, verifyToken } from "../tokens/index.ts";
import type { Principal } from "../tokens/index.ts";
import { ingestErrors } from "./errors.ts";
import type { IngestErrorCode } from "./errors.ts";

/** What becomes known of a request while it is answered: for the access log, never for the caller. */
export interface Trail {
  principalId: string | undefined;
  /** The resource that the request is about, at a host that belongs to none. */
  resourceId?: ResourceId;
  readonly reasons: Reason[];
}

/** One request at a served host, with all that decides about it. */
export interface Exchange {
  readonly request: HttpRequest;
  /** The graph and keys of this moment; one for the whole request. */
  readonly publication: Publication;
  /** Told by the socket that the request came on, never by a header. */
  readonly origin: Origin;
  readonly served: ServedHost;
  readonly nowMs: number;
  readonly trail: Trail;
  /** Aborted when the client is gone before its answer. */
  readonly signal: AbortSignal;
  /** SHA-256 of the client's certificate in lower-case hex, at hosts that ask for one. Its key was proved, nothing else of it. */
  readonly certificateThumbprint?: string | undefined;
}

export type Authentication =
  | { readonly kind: "principal"; readonly principal: Principal }
  | { readonly kind: "refused"; readonly response: HttpResponse };

/**
 * Checks the bearer token of a request against one audience (with and without its trailing slash).
 *
 * @returns the principal, or the 401 that the caller gets.
 */
export function authenticate(exchange: Exchange, audience: string): Authentication {
  const token = bearerOf(exchange.request.headers["authorization"]);
  if (token === undefined) {
    const says = `The request has no bearer token. Send one for the audience ${audience}.`;
    return { kind: "refused", response: unauthenticated(exchange, "AuthenticationFailed", says) };
  }
  const { jwks, tenantId } = exchange.publication;
  const nowMs = exchange.nowMs;
  const found = verifyToken(token, { jwks, tenantId, audiences: [audience], nowMs });
  if (!found.ok) {
    return { kind: "refused", response: unauthenticated(exchange, found.code, found.says) };
  }
  exchange.trail.principalId = found.principal.objectId;
  return { kind: "principal", principal: found.principal };
}

/**
 * The 401 of the data plane, with the challenge that RFC 6750 demands. What is wrong with a token is told to its holder.
 * That the message begins with its code is a local choice; Azure's text is in no document.
 */
export function unauthenticated(exchange: Exchange, code: string, says: string): HttpResponse {
  note(exchange, { rule: `token.${code}`, says, source: "RFC 6750" });
  const authority = `https://${cloud.loginHost}/${exchange.publication.tenantId}`;
  const message = code === "AuthenticationFailed" ? says : `${code}: ${says}`;
  return refusal("AuthenticationFailed", message, {
    "www-authenticate": `Bearer authorization_uri="${authority}", error="invalid_token"`,
  });
}

/** Keeps a verdict's reasons for the access log. Answers whether it allows. */
export function passes(exchange: Exchange, verdict: Verdict): boolean {
  note(exchange, ...verdict.reasons);
  return verdict.outcome === "allow";
}

/** Keeps reasons for the access log. */
export function note(exchange: Exchange, ...reasons: readonly Reason[]): void {
  exchange.trail.reasons.push(...reasons);
}

/**
 * The error body of the data plane: `{ "error": { code, message } }`, and the code as a header.
 *
 * @see SPEC monitor/data-plane/Ingestion/stable/2023-01-01/DataCollectionRules.json
 */
export const refusal = (
  code: IngestErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse =>
  json(
    ingestErrors[code].status,
    { error: { code, message } },
    { "x-ms-error-code": code, ...headers },
  );

/**
 * The refusal of the private link rules. Its reasons stay in the access log: a caller who may not
 * read the resource learns no more than that this way is closed. Code and text are inferred.
 */
export const networkRefusal = (): HttpResponse =>
  refusal(
    "PublicNetworkAccessDenied",
    "Access to this resource over this network path is denied by its network access settings. " +
      "Connect through a private endpoint to the resource or to a scope that links it, or enable public network access.",
  );
