/** Ingestion tokens: what the configuration service gives an agent, to open one data collection rule and nothing else. */
import { limits } from "../core/index.ts";
import { judgeLife } from "./access-token.ts";
import { refuse, shown, unverifiedClaims, verifyJwt } from "./jwt.ts";
import type { TokenRefusal } from "./jwt.ts";
import type { SigningKey } from "./signing-key.ts";

/** As seen in tokens of the agent configuration service. @see github.com/microsoft/Docker-Provider ingestion_token_utils.go */
const issuer = "AMCS";
const audience = "Pipeline";

export interface IngestionGrant {
  /** The immutable id of the rule that the token opens: `dcr-` and 32 hex digits. */
  readonly immutableId: string;
  /** The monitored resource (the cluster) that it was issued to. */
  readonly resourceId: string;
}

export type IngestionVerification =
  ({ readonly ok: true; readonly expiresAtMs: number } & IngestionGrant) | TokenRefusal;

/** Issues a token of 24 hours. `key` is the edge's own: control's must not open ingestion this way. */
export function issueIngestionToken(
  key: SigningKey,
  options: IngestionGrant & { readonly region?: string; readonly nowMs: number },
): string {
  const nowSeconds = Math.floor(options.nowMs / 1000);
  return key.sign({
    iss: issuer,
    aud: audience,
    role: "Publisher",
    cid: options.immutableId,
    targetRid: options.resourceId,
    skprov: "amcs",
    ...(options.region === undefined ? {} : { skloc: options.region }),
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + limits.ingestionTokenLifeSeconds,
  });
}

/** Whether a bearer token claims to be an ingestion token. Unverified: it chooses the verifier and decides nothing. */
export const isIngestionToken = (token: string): boolean =>
  unverifiedClaims(token)?.["iss"] === issuer;

/**
 * Whether the token is the edge's own and alive, and which rule it opens. With `immutableId` it must open that one.
 * The caller must let it write into that rule only.
 */
export function verifyIngestionToken(
  token: string,
  options: { readonly key: SigningKey; readonly immutableId?: string; readonly nowMs: number },
): IngestionVerification {
  const reading = verifyJwt(token, options.key.jwks());
  if (!reading.ok) return reading;
  const { claims } = reading;
  const life = judgeLife(claims, options.nowMs);
  if (life !== undefined) return life;
  const { iss, aud, role, cid, targetRid } = claims;
  if (iss !== issuer) {
    return refuse("TokenIssuerWrong", `the issuer is ${shown(iss)}, not ${issuer}`);
  }
  if (aud !== audience || role !== "Publisher" || typeof cid !== "string") {
    const says = `audience ${shown(aud)} and role ${shown(role)} do not open ingestion`;
    return refuse("TokenAudienceWrong", says);
  }
  if (options.immutableId !== undefined && cid !== options.immutableId) {
    const says = `the token opens ${shown(cid)}, not ${options.immutableId}`;
    return refuse("IngestionTokenForAnotherRule", says);
  }
  const expiresAtMs = Number(claims["exp"]) * 1000;
  return { ok: true, immutableId: cid, resourceId: String(targetRid), expiresAtMs };
}
