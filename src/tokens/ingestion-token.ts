/** Ingestion tokens: what the configuration service gives an agent, to open one rule's data collection endpoint or one workspace's ODS host, and nothing else. */
import type { JsonObject } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { judgeLife } from "./access-token.ts";
import { refuse, shown, unverifiedClaims, verifyJwt } from "./jwt.ts";
import type { JsonWebKeySet, JwtReading, TokenRefusal } from "./jwt.ts";
import type { SigningKeys } from "./signing-key.ts";

/** As seen in tokens of the agent configuration service. @see github.com/microsoft/Docker-Provider ingestion_token_utils.go */
const issuer = "AMCS";
const audience = "Pipeline";

export interface IngestionGrant {
  /** The immutable id of the rule that the token opens: `dcr-` and 32 hex digits. */
  readonly ruleImmutableId: string;
  /** The monitored resource (the cluster) that it was issued to. */
  readonly targetId: string;
  /** Of an `ods` channel: the `customerId` of the workspace. Such a token opens ODS, and no data collection endpoint. */
  readonly workspaceId?: string;
}

export type IngestionVerification =
  | { readonly ok: true; readonly grant: IngestionGrant; readonly expiresAtMs: number }
  | TokenRefusal;

/** Issues a token of 24 hours. `key` is the edge's own: control's must not open ingestion this way. */
export function issueIngestionToken(
  key: SigningKeys,
  options: IngestionGrant & { readonly region?: string; readonly nowMs: number },
): string {
  const nowSeconds = Math.floor(options.nowMs / 1000);
  return key.sign({
    iss: issuer,
    aud: audience,
    role: "Publisher",
    cid: options.ruleImmutableId,
    targetRid: options.targetId,
    ...(options.workspaceId === undefined ? {} : { wid: options.workspaceId }),
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

/** Whether the token is the edge's own (`jwks` of its key), alive, and opens the rule that is written to at an endpoint. */
export function verifyIngestionToken(
  token: string,
  options: {
    readonly jwks: JsonWebKeySet;
    readonly ruleImmutableId: string;
    readonly nowMs: number;
  },
): IngestionVerification {
  const reading = readToken(token, options);
  if (!reading.ok) return reading;
  const { cid, wid } = reading.claims;
  const { ruleImmutableId } = options;
  if (wid !== undefined) {
    const says = `the token opens the workspace ${shown(wid)}, and no data collection endpoint`;
    return refuse("TokenAudienceWrong", says);
  }
  if (cid !== ruleImmutableId) {
    const says = `the token opens ${shown(cid)}, not ${ruleImmutableId}`;
    return refuse("IngestionTokenForAnotherRule", says);
  }
  return granted(reading.claims);
}

/** Whether the token is the edge's own, alive, and opens the ODS host of the workspace `workspaceId`. */
export function verifyWorkspaceToken(
  token: string,
  options: {
    readonly jwks: JsonWebKeySet;
    readonly workspaceId: string;
    readonly nowMs: number;
  },
): IngestionVerification {
  const reading = readToken(token, options);
  if (!reading.ok) return reading;
  const { wid } = reading.claims;
  if (wid === options.workspaceId) return granted(reading.claims);
  const says = `the token opens ${shown(wid)}, not the workspace ${options.workspaceId}`;
  return refuse("IngestionTokenForAnotherRule", says);
}

const granted = (claims: JsonObject): IngestionVerification => {
  const { cid, wid, targetRid, exp } = claims;
  const workspace = typeof wid === "string" ? { workspaceId: wid } : {};
  const grant = { ruleImmutableId: String(cid), targetId: String(targetRid), ...workspace };
  return { ok: true, grant, expiresAtMs: Number(exp) * 1000 };
};

/** The claims of an ingestion token of ours that is alive. */
function readToken(
  token: string,
  options: { readonly jwks: JsonWebKeySet; readonly nowMs: number },
): JwtReading {
  const reading = verifyJwt(token, options.jwks);
  if (!reading.ok) return reading;
  const { iss, aud, role } = reading.claims;
  const life = judgeLife(reading.claims, options.nowMs);
  if (life !== undefined) return life;
  if (iss !== issuer) {
    return refuse("TokenIssuerWrong", `the issuer is ${shown(iss)}, not ${issuer}`);
  }
  if (aud !== audience || role !== "Publisher") {
    const says = `audience ${shown(aud)} and role ${shown(role)} do not open ingestion`;
    return refuse("TokenAudienceWrong", says);
  }
  return reading;
}
