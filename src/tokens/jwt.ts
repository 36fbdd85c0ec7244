/** JSON Web Tokens, RS256 and nothing else: made, read, and verified without waiting. @see RFC 7519, RFC 8725 */
import { createHash, createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isObject } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import type { tokenErrors } from "./errors.ts";

/** Public keys by which tokens are verified, as published. */
export interface JsonWebKeySet {
  readonly keys: readonly JsonObject[];
}

/** A refused token: a code of `tokenErrors`, and the fact with its value. */
export interface TokenRefusal {
  readonly ok: false;
  readonly code: keyof typeof tokenErrors;
  readonly says: string;
}

export type JwtReading = { readonly ok: true; readonly claims: JsonObject } | TokenRefusal;

export const refuse = (code: keyof typeof tokenErrors, says: string): TokenRefusal => ({
  ok: false,
  code,
  says,
});

/** Signs `claims` by an RSA key, in the compact form. */
export function signJwt(
  claims: JsonObject,
  key: { readonly kid: string; readonly privateKey: KeyObject },
): string {
  const header = encode({ typ: "JWT", alg: "RS256", kid: key.kid });
  const signed = `${header}.${encode(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), key.privateKey).toString("base64url")}`;
}

/**
 * The claims of a token whose signature one of `jwks` made. Says nothing about its time, issuer or audience.
 * The algorithm is pinned: neither `none`, nor HS256 with a public key as secret, nor a key in the header gets through.
 * Costs an RSA verification the first time; the last `limits.verifiedTokensMax` tokens of a key set are remembered, as hashes.
 */
export function verifyJwt(token: string, jwks: JsonWebKeySet): JwtReading {
  if (token.length > limits.tokenCharsMax) return malformed(token);
  const { verified } = knownSet(jwks);
  const hash = createHash("sha256").update(token).digest("base64");
  const known = verified.get(hash);
  if (known !== undefined) return { ok: true, claims: known };
  const reading = verifySignature(token, jwks);
  if (!reading.ok) return reading;
  verified.set(hash, reading.claims);
  for (const oldest of verified.keys()) {
    if (verified.size <= limits.verifiedTokensMax) break;
    verified.delete(oldest);
  }
  return reading;
}

function verifySignature(token: string, jwks: JsonWebKeySet): JwtReading {
  const parts = splitToken(token);
  if (parts === undefined) return malformed(token);
  const [head, body, signature] = parts;
  const header = decode(head);
  const claims = decode(body);
  if (header === undefined || claims === undefined) return malformed(token);
  const refusal = refuseHeader(header);
  if (refusal !== undefined) return refusal;
  const kid = String(header["kid"]);
  const key = knownSet(jwks).keys.get(kid);
  if (key === undefined) {
    return refuse("TokenKeyUnknown", `no published key has the id ${shown(header["kid"])}`);
  }
  const signed = token.slice(0, head.length + 1 + body.length);
  const bytes = Buffer.from(signature, "base64url");
  if (!verify("sha256", Buffer.from(signed), key, bytes)) {
    return refuse("TokenSignatureInvalid", `the signature does not fit key ${shown(kid)}`);
  }
  return { ok: true, claims };
}

/** The claims without any check, to tell one kind of token from another; never to decide by. */
export function unverifiedClaims(token: string): JsonObject | undefined {
  const parts = splitToken(token);
  return parts === undefined ? undefined : decode(parts[1]);
}

function refuseHeader(header: JsonObject): TokenRefusal | undefined {
  for (const name of ["jwk", "jku", "x5c", "x5u", "crit"]) {
    if (Object.hasOwn(header, name)) {
      return refuse("TokenHeaderRefused", `the header has "${name}"; only published keys count`);
    }
  }
  if (header["alg"] === "RS256") return undefined;
  return refuse(
    "TokenAlgorithmRefused",
    `the algorithm is ${shown(header["alg"])}; only RS256 is taken`,
  );
}

interface KnownSet {
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** The claims of tokens that these keys signed, by the token's hash, oldest first. */
  readonly verified: Map<string, JsonObject>;
}

/** Key sets are immutable: each is read once, and a rotated set begins with no memory. */
const knownSets = new WeakMap<JsonWebKeySet, KnownSet>();

function knownSet(jwks: JsonWebKeySet): KnownSet {
  const known = knownSets.get(jwks);
  if (known !== undefined) return known;
  const keys = new Map<string, KeyObject>();
  for (const { kty, kid, n, e } of jwks.keys) {
    if (kty !== "RSA" || typeof kid !== "string" || typeof n !== "string") continue;
    keys.set(kid, createPublicKey({ key: { kty, n, e: String(e) }, format: "jwk" }));
  }
  const fresh = { keys, verified: new Map<string, JsonObject>() };
  knownSets.set(jwks, fresh);
  return fresh;
}

function splitToken(token: string): readonly [string, string, string] | undefined {
  if (token.length > limits.tokenCharsMax) return undefined;
  const [head, body, signature, more] = token.split(".");
  if (!head || !body || !signature || more !== undefined) return undefined;
  return [head, body, signature];
}

function malformed(token: string): TokenRefusal {
  return token.length > limits.tokenCharsMax
    ? refuse(
        "TokenTooLong",
        `the token has ${token.length} characters; the limit is ${limits.tokenCharsMax}`,
      )
    : refuse("TokenMalformed", "the token is not three base64url parts with JSON objects");
}

const encode = (value: JsonObject): string =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

function decode(part: string): JsonObject | undefined {
  if (!/^[\w-]+$/.test(part)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A foreign value as it may stand in a message: bounded, quoted. */
export const shown = (value: unknown): string => (JSON.stringify(value) ?? "absent").slice(0, 120);
