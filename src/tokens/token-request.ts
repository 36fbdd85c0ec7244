/** A client-credentials request, read: who asks, with which secret, for which service. @see RFC 6749 4.4 */
import { audiences as services } from "../azure/index.ts";
import { withoutSlash } from "./access-token.ts";
import { shown } from "./jwt.ts";
import type { LoginProblem } from "./login-error.ts";

export interface TokenRequest {
  readonly appId: string;
  readonly secret: string;
  /** The audience as it was asked for, which becomes the token's `aud`. */
  readonly audience: string;
}

export type TokenRequestReading =
  | { readonly ok: true; readonly asked: TokenRequest }
  | { readonly ok: false; readonly problem: LoginProblem };

/**
 * Reads the form. Id and secret stand in it (az, MSAL, the Azure SDKs) or in HTTP Basic (Prometheus).
 *
 * @param armOrigins other origins at which ARM is served: `https://localhost:8443`. Tokens for them are ARM's.
 */
export function readTokenRequest(
  form: URLSearchParams,
  options: { readonly authorization: string | undefined; readonly armOrigins: readonly string[] },
): TokenRequestReading {
  const grantType = form.get("grant_type");
  if (grantType === null) return missing("grant_type");
  if (grantType !== "client_credentials") {
    return refused({
      code: "AADSTS70003",
      error: "unsupported_grant_type",
      says: `The app requested an unsupported grant type ${shown(grantType)}. Use client_credentials.`,
    });
  }
  if (form.has("client_assertion")) {
    return refused({
      code: "ClientAssertionNotSupported",
      error: "invalid_request",
      says: "client_assertion is not supported here; use client_secret.",
    });
  }
  const { appId, secret } = credentials(form, options.authorization);
  if (appId === null) return missing("client_id");
  if (secret === null) {
    return refused({
      code: "AADSTS7000216",
      error: "invalid_client",
      says: "'client_secret' is required for the 'client_credentials' grant type.",
    });
  }
  const audience = audienceOf(form, options.armOrigins);
  return typeof audience === "string"
    ? { ok: true, asked: { appId, secret, audience } }
    : { ok: false, problem: audience };
}

const refused = (problem: LoginProblem): TokenRequestReading => ({ ok: false, problem });

const missing = (parameter: string): TokenRequestReading =>
  refused({
    code: "AADSTS900144",
    error: "invalid_request",
    says: `The request body must contain the following parameter: '${parameter}'.`,
  });

function credentials(
  form: URLSearchParams,
  authorization: string | undefined,
): { readonly appId: string | null; readonly secret: string | null } {
  const basic = basicCredentials(authorization);
  return {
    appId: form.get("client_id") ?? basic?.appId ?? null,
    secret: form.get("client_secret") ?? basic?.secret ?? null,
  };
}

/** Both halves are form-encoded before they are joined. @see RFC 6749 2.3.1 */
function basicCredentials(
  header: string | undefined,
): { readonly appId: string; readonly secret: string } | undefined {
  if (header === undefined || header.slice(0, 6).toLowerCase() !== "basic ") return undefined;
  const text = Buffer.from(header.slice(6), "base64").toString("utf8");
  const mark = text.indexOf(":");
  if (mark < 0) return undefined;
  try {
    return {
      appId: decodeURIComponent(text.slice(0, mark).replaceAll("+", " ")),
      secret: decodeURIComponent(text.slice(mark + 1).replaceAll("+", " ")),
    };
  } catch {
    return undefined;
  }
}

const defaultScope = "/.default";

function audienceOf(form: URLSearchParams, armOrigins: readonly string[]): string | LoginProblem {
  const resource = form.get("resource");
  if (resource !== null) return knownAudience(resource, armOrigins);
  const scope = form.get("scope");
  if (scope === null) {
    return {
      code: "AADSTS900144",
      error: "invalid_request",
      says: "The request body must contain the following parameter: 'scope'.",
    };
  }
  // MSAL adds OpenID's own scopes, which mean nothing for an application.
  const asked = scope.split(" ").filter((part) => !openIdScopes.includes(part));
  const [only = ""] = asked;
  if (asked.length !== 1 || !only.endsWith(defaultScope)) {
    return {
      code: "AADSTS1002012",
      error: "invalid_scope",
      says: `The provided value for scope ${shown(scope)} is not valid. Client credential flows must have one scope, the resource followed by ${defaultScope}.`,
    };
  }
  return knownAudience(only.slice(0, -defaultScope.length), armOrigins);
}

const openIdScopes: readonly string[] = ["", "openid", "profile", "offline_access"];

/**
 * The audience that a token for `resource` gets: the resource as asked, when it is one of the services; for an origin
 * of ARM on this machine ARM's own, so that what verifies tokens need not know ports.
 */
export function knownAudience(
  resource: string,
  armOrigins: readonly string[] = [],
): string | LoginProblem {
  const bare = withoutSlash(resource).toLowerCase();
  const known: readonly string[] = Object.values(services);
  if (known.some((audience) => withoutSlash(audience) === bare)) return resource;
  if (armOrigins.some((origin) => withoutSlash(origin) === bare)) return services.arm;
  return {
    code: "AADSTS500011",
    error: "invalid_resource",
    says:
      `The resource principal named ${shown(resource)} was not found in the tenant. ` +
      `Known are ${known.map(withoutSlash).join(", ")}.`,
  };
}
