/** The login host's front door: discovery documents, public keys, and tokens for client credentials. */
import { cloud } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../http/index.ts";
import { issueToken, tokenIssuer } from "./access-token.ts";
import type { Application, Applications } from "./applications.ts";
import { shown } from "./jwt.ts";
import { loginError } from "./login-error.ts";
import type { LoginProblem } from "./login-error.ts";
import { refusalBudget } from "./refusal-budget.ts";
import type { RefusalBudget } from "./refusal-budget.ts";
import type { SigningKeys } from "./signing-key.ts";
import { readTokenRequest } from "./token-request.ts";

export interface TokenServiceOptions {
  readonly tenantId: string;
  readonly applications: Applications;
  readonly key: SigningKeys;
  readonly clock: Clock;
  readonly random: Random;
  /** Other origins at which ARM is served besides its own host and the origin of the request: `https://localhost:8443`. */
  readonly armOrigins?: () => readonly string[];
}

/**
 * Answers at the login host, and below `/adfs` for clients that cannot be told another authority.
 * Paths of version 1 (`resource=`) and 2 (`scope=`) issue the same tokens.
 *
 * @see learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export function tokenService(options: TokenServiceOptions): HttpHandler {
  const budget = refusalBudget(options.clock);
  return async (request) => {
    const path = readPath(request.path);
    const problem = tenantProblem(path, options.tenantId);
    if (problem !== undefined) return failed(request, problem, options);
    const { action } = path;
    if (action === "oauth2/token" || action === "oauth2/v2.0/token") {
      return request.method === "POST"
        ? answerToken(request, action, { ...options, budget })
        : json(405, { error: "method_not_allowed" }, { allow: "POST" });
    }
    const document = documentOf(request, path, options);
    return document === undefined
      ? failed(request, notFound(request.path), options)
      : json(200, document, { "cache-control": "max-age=3600" });
  };
}

interface LoginPath {
  /** The first segment, in lower case: a tenant, `common`, `organizations` or `adfs`. */
  readonly tenant: string;
  /** What follows it, in lower case. */
  readonly action: string;
}

function readPath(path: string): LoginPath {
  const segments = path
    .toLowerCase()
    .split("/")
    .filter((segment) => segment !== "");
  return { tenant: segments[0] ?? "", action: segments.slice(1).join("/") };
}

function tenantProblem({ tenant, action }: LoginPath, tenantId: string): LoginProblem | undefined {
  if (tenant === tenantId.toLowerCase() || tenant === "adfs") return undefined;
  const forTokens = action.endsWith("token");
  if ((tenant === "common" || tenant === "organizations") && !forTokens) return undefined;
  return {
    code: "AADSTS90002",
    error: "invalid_request",
    says: `Tenant ${shown(tenant)} not found. Check to make sure you have the correct tenant ID; this platform's is ${tenantId}.`,
  };
}

const notFound = (path: string): LoginProblem => ({
  code: "LoginPathNotFound",
  error: "invalid_request",
  says: `The path ${shown(path)} is not served by the login host.`,
});

const failed = (
  request: HttpRequest,
  problem: LoginProblem,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): HttpResponse => loginError(request, problem, { nowMs: clock.nowMs(), random });

async function answerToken(
  request: HttpRequest,
  action: string,
  options: TokenServiceOptions & { readonly budget: RefusalBudget },
): Promise<HttpResponse> {
  const body = await request.body(limits.tokenRequestBytesMax);
  const reading = readTokenRequest(new URLSearchParams(body.toString("utf8")), {
    authorization: request.headers["authorization"],
    armOrigins: [...localOrigin(request), ...(options.armOrigins?.() ?? [])],
  });
  if (!reading.ok) return failed(request, reading.problem, options);
  const { appId, secret, audience } = reading.asked;
  const application = options.applications.get(appId);
  if (application === undefined)
    return failed(request, unknownApplication(appId, options), options);
  const waitSeconds = options.budget.enter(application.appId);
  if (waitSeconds > 0) return failed(request, tooMany(application, waitSeconds), options);
  let right = false;
  try {
    right = await options.applications.verifySecret(application.appId, secret);
  } finally {
    options.budget.leave(application.appId, right);
  }
  if (!right) return failed(request, wrongSecret(application), options);
  return tokenAnswer(action, issue(application, audience, options), {
    audience,
    nowMs: options.clock.nowMs(),
  });
}

const issue = (
  { appId, objectId }: Application,
  audience: string,
  { key, tenantId, clock, random }: TokenServiceOptions,
): string =>
  issueToken(key, {
    audience,
    tenantId,
    objectId,
    appId,
    nowMs: clock.nowMs(),
    extraClaims: { uti: random.bytes(16).toString("base64url") },
  });

/** Version 1 answers numbers as strings, and names the resource; version 2 does neither. */
function tokenAnswer(
  action: string,
  token: string,
  { audience, nowMs }: { readonly audience: string; readonly nowMs: number },
): HttpResponse {
  const life = limits.tokenLifeSeconds;
  const headers = { "cache-control": "no-store", pragma: "no-cache" };
  if (action === "oauth2/v2.0/token") {
    return json(
      200,
      { token_type: "Bearer", expires_in: life, ext_expires_in: life, access_token: token },
      headers,
    );
  }
  const nowSeconds = Math.floor(nowMs / 1000);
  return json(
    200,
    {
      token_type: "Bearer",
      expires_in: String(life),
      ext_expires_in: String(life),
      expires_on: String(nowSeconds + life),
      not_before: String(nowSeconds),
      resource: audience,
      access_token: token,
    },
    headers,
  );
}

const unknownApplication = (appId: string, { tenantId }: TokenServiceOptions): LoginProblem => ({
  code: "AADSTS700016",
  error: "unauthorized_client",
  says: `Application with identifier ${shown(appId)} was not found in the directory '${tenantId}'.`,
});

const wrongSecret = ({ appId }: Application): LoginProblem => ({
  code: "AADSTS7000215",
  error: "invalid_client",
  says: `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${appId}'.`,
});

const tooMany = ({ appId }: Application, retryAfterSeconds: number): LoginProblem => ({
  code: "TooManyTokenRequests",
  error: "temporarily_unavailable",
  says: `Application '${appId}' made too many refused or simultaneous requests; the limit is ${limits.tokenRefusalsPerMinuteMax} refusals a minute. Wait ${retryAfterSeconds} s.`,
  retryAfterSeconds,
});

/** The origin of a request to this machine: there ARM and the login host share a port. */
const localOrigin = ({ host, origin }: HttpRequest): readonly string[] =>
  host === "localhost" || host === "127.0.0.1" ? [origin.toLowerCase()] : [];

function documentOf(request: HttpRequest, path: LoginPath, options: TokenServiceOptions): unknown {
  switch (path.action) {
    case ".well-known/openid-configuration":
    case "v2.0/.well-known/openid-configuration":
      return openIdConfiguration(request, path, options);
    case "discovery/keys":
    case "discovery/v2.0/keys":
      return options.key.jwks();
    case "discovery/instance":
      return path.tenant === "common" ? instanceDiscovery(request, options) : undefined;
    default:
      return undefined;
  }
}

function openIdConfiguration(
  { origin }: HttpRequest,
  { tenant }: LoginPath,
  { tenantId }: TokenServiceOptions,
): unknown {
  const base = `${origin}/${tenant}`;
  const version = tenant === "adfs" ? "" : "/v2.0";
  return {
    issuer: tokenIssuer(tenantId),
    authorization_endpoint: `${base}/oauth2${version}/authorize`,
    token_endpoint: `${base}/oauth2${version}/token`,
    jwks_uri: `${base}/discovery${version}/keys`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
    grant_types_supported: ["client_credentials"],
    response_types_supported: [],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    tenant_region_scope: null,
    cloud_instance_name: cloud.loginHost,
  };
}

const instanceDiscovery = ({ origin, host }: HttpRequest, { tenantId }: TokenServiceOptions) => ({
  tenant_discovery_endpoint: `${origin}/${tenantId}/v2.0/.well-known/openid-configuration`,
  "api-version": "1.1",
  metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
});
