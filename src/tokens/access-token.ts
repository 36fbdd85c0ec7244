/** Access tokens: what the login host issues, and how every service verifies them. */
import type { JsonObject } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { refuse, shown, verifyJwt } from "./jwt.ts";
import type { JsonWebKeySet, TokenRefusal } from "./jwt.ts";
import type { SigningKeys } from "./signing-key.ts";

/** Who a verified token speaks for. */
export interface Principal {
  /** The `oid` claim: what role assignments name. */
  readonly objectId: string;
  /** The `appid` claim; of a managed identity its client id. */
  readonly appId: string;
  readonly tenantId: string;
  readonly audience: string;
  /** The `xms_mirid` claim of a managed identity: the identity's resource id. */
  readonly managedIdentityId: string | undefined;
  readonly expiresAtMs: number;
  readonly claims: JsonObject;
}

export type Verification = { readonly ok: true; readonly principal: Principal } | TokenRefusal;

export interface IssueOptions {
  /** `tokenIssuer(tenantId)` where absent. */
  readonly issuer?: string;
  readonly audience: string;
  readonly tenantId: string;
  readonly objectId: string;
  readonly appId: string;
  readonly extraClaims?: JsonObject;
  /** `limits.tokenLifeSeconds` where absent. */
  readonly lifeSeconds?: number;
  readonly nowMs: number;
}

/**
 * The issuer of a tenant's access tokens of version 1.0, which ARM and Azure Monitor get.
 * @see learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export const tokenIssuer = (tenantId: string): string => `https://sts.windows.net/${tenantId}/`;

/** Issues an app-only access token. Claims follow learn.microsoft.com/entra/identity-platform/access-token-claims-reference. */
export function issueToken(key: SigningKeys, options: IssueOptions): string {
  const { audience, tenantId, objectId, appId, nowMs } = options;
  const issuer = options.issuer ?? tokenIssuer(tenantId);
  const nowSeconds = Math.floor(nowMs / 1000);
  return key.sign({
    ...options.extraClaims,
    aud: audience,
    iss: issuer,
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + (options.lifeSeconds ?? limits.tokenLifeSeconds),
    appid: appId,
    appidacr: "1",
    idp: issuer,
    idtyp: "app",
    oid: objectId,
    sub: objectId,
    tid: tenantId,
    ver: "1.0",
  });
}

export interface VerifyOptions {
  /** The published keys; never altered in place. */
  readonly jwks: JsonWebKeySet;
  readonly tenantId: string;
  /** The service's audiences. A trailing slash more or less makes no difference, here and in the token. */
  readonly audiences: readonly string[];
  readonly nowMs: number;
  /** `tokenIssuer(tenantId)` where absent. */
  readonly issuer?: string;
}

/** Whether a token is the tenant's, for this service, and alive. Each use of a token judges its claims anew. */
export function verifyToken(token: string, options: VerifyOptions): Verification {
  const reading = verifyJwt(token, options.jwks);
  if (!reading.ok) return reading;
  return judgeClaims(reading.claims, options);
}

function judgeClaims(claims: JsonObject, options: VerifyOptions): Verification {
  const life = judgeLife(claims, options.nowMs);
  if (life !== undefined) return life;
  const issuer = options.issuer ?? tokenIssuer(options.tenantId);
  if (claims["iss"] !== issuer) {
    return refuse("TokenIssuerWrong", `the issuer is ${shown(claims["iss"])}, not ${issuer}`);
  }
  if (claims["tid"] !== options.tenantId) {
    return refuse(
      "TokenTenantWrong",
      `the tenant is ${shown(claims["tid"])}, not ${options.tenantId}`,
    );
  }
  const audience = claims["aud"];
  const wanted = options.audiences.map(withoutSlash);
  if (typeof audience !== "string" || !wanted.includes(withoutSlash(audience))) {
    return refuse(
      "TokenAudienceWrong",
      `the audience is ${shown(audience)}; this service is ${options.audiences.join(" or ")}`,
    );
  }
  return principalOf(claims, audience);
}

/** Judges `exp` and `nbf`, with `limits.clockSkewSeconds` of patience. Undefined when the token is alive. */
export function judgeLife(claims: JsonObject, nowMs: number): TokenRefusal | undefined {
  const { exp, nbf } = claims;
  if (!Number.isFinite(exp) || (nbf !== undefined && !Number.isFinite(nbf))) {
    return refuse("TokenMalformed", `exp is ${shown(exp)} and nbf ${shown(nbf)}; both are seconds`);
  }
  const nowSeconds = nowMs / 1000;
  if (nowSeconds >= Number(exp) + limits.clockSkewSeconds) {
    return refuse("TokenExpired", `the token ended at ${instant(Number(exp))}`);
  }
  if (nbf !== undefined && nowSeconds < Number(nbf) - limits.clockSkewSeconds) {
    return refuse("TokenNotYetValid", `the token begins at ${instant(Number(nbf))}`);
  }
  return undefined;
}

function principalOf(claims: JsonObject, audience: string): Verification {
  const { oid, appid, tid, xms_mirid: identity, exp } = claims;
  if (typeof oid !== "string" || typeof appid !== "string") {
    return refuse("TokenMalformed", `oid is ${shown(oid)} and appid ${shown(appid)}`);
  }
  return {
    ok: true,
    principal: {
      objectId: oid,
      appId: appid,
      tenantId: String(tid),
      audience,
      managedIdentityId: typeof identity === "string" ? identity : undefined,
      expiresAtMs: Number(exp) * 1000,
      claims,
    },
  };
}

/** An audience without its one trailing slash. */
export const withoutSlash = (audience: string): string => audience.replace(/\/$/, "");

/** A time in messages; seconds out of JavaScript's range stay a number. */
const instant = (seconds: number): string =>
  Math.abs(seconds) < 8.64e12 ? new Date(seconds * 1000).toISOString() : `${seconds} s`;

/**
 * The token of an `Authorization: Bearer` header, or undefined. The scheme's case does not matter.
 * @see RFC 6750 2.1
 */
export function bearerOf(header: string | undefined): string | undefined {
  if (header === undefined || header.slice(0, 7).toLowerCase() !== "bearer ") return undefined;
  const token = header.slice(7).trim();
  return token === "" ? undefined : token;
}
