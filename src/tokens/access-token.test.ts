/** Access tokens: each way to forge, confuse or outlive one is refused by its own code. */
import assert from "node:assert/strict";
import { createHmac, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { before, test } from "node:test";
import { createLocalJWKSet, exportJWK, jwtVerify, SignJWT } from "jose";
import { limits } from "../core/index.ts";
import { bearerOf, issueToken, tokenIssuer, verifyToken } from "./index.ts";
import type { SigningKeys, Verification, VerifyOptions } from "./index.ts";
import { part, testKey } from "./testing/signing.ts";
import type { TestKey } from "./testing/signing.ts";

const tenantId = "11111111-2222-3333-4444-555555555555";
const audience = "https://monitor.azure.com/";
let own: TestKey;
let key: SigningKeys;
let nowMs: number;
before(async () => {
  own = await testKey();
  key = own.key;
  nowMs = own.clock.nowMs();
});

const issue = (more: Partial<Parameters<typeof issueToken>[1]> = {}): string =>
  issueToken(key, { audience, tenantId, objectId: "oid-1", appId: "app-1", nowMs, ...more });
const verify = (token: string, more: Partial<VerifyOptions> = {}): Verification =>
  verifyToken(token, { jwks: key.jwks(), tenantId, audiences: [audience], nowMs, ...more });
const codeOf = (verification: Verification): string => (verification.ok ? "ok" : verification.code);
const claims = (): Record<string, unknown> =>
  JSON.parse(Buffer.from(issue().split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >;

test("a token that was issued is verified, and speaks for its principal", () => {
  const token = issue({ extraClaims: { xms_mirid: "/subscriptions/s/x" } });
  const verification = verify(token);
  assert.ok(verification.ok);
  const { claims: all, ...principal } = verification.principal;
  assert.deepEqual(principal, {
    objectId: "oid-1",
    appId: "app-1",
    tenantId,
    audience,
    managedIdentityId: "/subscriptions/s/x",
    expiresAtMs: nowMs + limits.tokenLifeSeconds * 1000,
  });
  assert.equal(all["idtyp"], "app");
  assert.equal(all["ver"], "1.0");
  assert.equal(all["iss"], tokenIssuer(tenantId));
});

test("claims that the caller adds never replace those that decide", () => {
  const verification = verify(issue({ extraClaims: { oid: "other", tid: "other", exp: 1 } }));
  assert.ok(verification.ok && verification.principal.objectId === "oid-1");
});

test("an independent implementation verifies our tokens, and we verify its", async () => {
  const options = { issuer: tokenIssuer(tenantId), audience, currentDate: new Date(nowMs) };
  const jwks = createLocalJWKSet({ keys: key.jwks().keys.map((k) => ({ ...k }) as never) });
  const { payload, protectedHeader } = await jwtVerify(issue(), jwks, options);
  assert.equal(payload["oid"], "oid-1");
  assert.equal(protectedHeader.kid, key.kid());

  const theirs = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = { ...(await exportJWK(theirs.publicKey)), kid: "theirs" };
  const token = await new SignJWT(claims())
    .setProtectedHeader({ alg: "RS256", kid: "theirs" })
    .sign(theirs.privateKey);
  assert.equal(codeOf(verify(token, { jwks: { keys: [jwk as never] } })), "ok");
});

test("a slash more or less at the audience's end makes no difference, anything else does", () => {
  const bare = "https://monitor.azure.com";
  for (const asked of [bare, `${bare}/`]) {
    for (const wanted of [bare, `${bare}/`]) {
      assert.equal(codeOf(verify(issue({ audience: asked }), { audiences: [wanted] })), "ok");
    }
  }
  const wrong = [`${bare}//`, `${bare}/x`, "https://management.azure.com/", "", bare.slice(8)];
  for (const asked of wrong) {
    assert.equal(codeOf(verify(issue({ audience: asked }))), "TokenAudienceWrong", asked);
  }
});

test("TokenAudienceWrong: a list of audiences is not taken, even with the right one in it", () => {
  assert.equal(
    codeOf(verify(key.sign({ ...claims(), aud: [audience] } as never))),
    "TokenAudienceWrong",
  );
});

test("TokenExpired and TokenNotYetValid: at the clock skew's end, and one millisecond before", () => {
  const token = issue();
  const endMs = nowMs + (limits.tokenLifeSeconds + limits.clockSkewSeconds) * 1000;
  assert.equal(codeOf(verify(token, { nowMs: endMs - 1 })), "ok");
  assert.equal(codeOf(verify(token, { nowMs: endMs })), "TokenExpired");
  const beginMs = nowMs - limits.clockSkewSeconds * 1000;
  assert.equal(codeOf(verify(token, { nowMs: beginMs })), "ok");
  assert.equal(codeOf(verify(token, { nowMs: beginMs - 1 })), "TokenNotYetValid");
});

test("a verified token is judged anew at each use: time, audience and tenant still count", () => {
  const token = issue();
  assert.equal(codeOf(verify(token)), "ok");
  assert.equal(codeOf(verify(token, { nowMs: nowMs + 1e9 })), "TokenExpired");
  assert.equal(codeOf(verify(token, { audiences: ["https://x"] })), "TokenAudienceWrong");
  assert.equal(codeOf(verify(token, { jwks: { keys: [] } })), "TokenKeyUnknown");
});

test("TokenTenantWrong and TokenIssuerWrong: tokens of another tenant or issuer are refused", () => {
  const other = "99999999-2222-3333-4444-555555555555";
  assert.equal(codeOf(verify(issue({ tenantId: other }))), "TokenIssuerWrong");
  const issuer = tokenIssuer(tenantId);
  assert.equal(codeOf(verify(issue({ tenantId: other, issuer }))), "TokenTenantWrong");
  assert.equal(codeOf(verify(issue({ issuer: "https://evil/" }))), "TokenIssuerWrong");
});

test("TokenAlgorithmRefused: none, and HS256 with the public key as secret, are refused", () => {
  const body = part(claims());
  for (const alg of ["none", "None", "RS512", "ES256", "PS256", undefined]) {
    const token = `${part({ typ: "JWT", alg, kid: key.kid() })}.${body}.AAAA`;
    assert.equal(codeOf(verify(token)), "TokenAlgorithmRefused", alg);
  }
  const jwk = key.jwks().keys[0] as { kty: string; n: string; e: string };
  const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
  const signed = `${part({ typ: "JWT", alg: "HS256", kid: key.kid() })}.${body}`;
  const mac = createHmac("sha256", pem).update(signed).digest("base64url");
  assert.equal(codeOf(verify(`${signed}.${mac}`)), "TokenAlgorithmRefused");
});

test("TokenHeaderRefused: a key that the token brings or points to is not used", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const headers = [
    { jwk: publicKey.export({ format: "jwk" }) },
    { jku: "https://evil/keys" },
    { x5c: ["AAAA"] },
    { x5u: "https://evil/x5" },
    { crit: ["exp"] },
  ];
  for (const more of headers) {
    const signed = `${part({ alg: "RS256", kid: key.kid(), ...more })}.${part(claims())}`;
    const signature = sign("sha256", Buffer.from(signed), privateKey).toString("base64url");
    assert.equal(codeOf(verify(`${signed}.${signature}`)), "TokenHeaderRefused");
  }
});

test("TokenKeyUnknown: a wrong, missing or odd key id is refused", () => {
  for (const kid of ["other", undefined, 5, "__proto__", "constructor"]) {
    const token = `${part({ alg: "RS256", kid })}.${part(claims())}.AAAA`;
    assert.equal(codeOf(verify(token)), "TokenKeyUnknown");
  }
});

test("TokenSignatureInvalid: a changed claim, another key's signature and a cut one are refused", async () => {
  const token = issue();
  const [head, , signature] = token.split(".");
  const changed = `${head}.${part({ ...claims(), oid: "admin" })}.${signature}`;
  assert.equal(codeOf(verify(changed)), "TokenSignatureInvalid");
  assert.equal(codeOf(verify(token.slice(0, -4))), "TokenSignatureInvalid");
  const other = await testKey(2);
  const [, body] = token.split(".");
  const signed = `${head}.${body}`;
  const forged = other.key.sign(claims() as never).split(".")[2];
  assert.equal(codeOf(verify(`${signed}.${forged}`)), "TokenSignatureInvalid");
});

test("TokenMalformed: what is no token, or has claims of the wrong kind, is refused", () => {
  const bad = ["", "a", "a.b", "a.b.c", "..", "a.b.c.d", `${part([])}.${part({})}.AA`, "é.é.é"];
  for (const token of bad) assert.equal(codeOf(verify(token)), "TokenMalformed", token);
  const wrong = [{ exp: "soon" }, { exp: null }, { nbf: "now" }, { oid: 1 }, { appid: {} }];
  for (const claim of wrong) {
    assert.equal(codeOf(verify(key.sign({ ...claims(), ...claim } as never))), "TokenMalformed");
  }
});

test("TokenTooLong: one character past the limit is refused before anything is read", () => {
  const pad = (size: number): string => issue({ extraClaims: { pad: "x".repeat(size) } });
  let size = Math.floor(((limits.tokenCharsMax - pad(0).length) * 3) / 4);
  while (pad(size).length < limits.tokenCharsMax) size += 1;
  assert.equal(codeOf(verify(pad(size - 1))), "ok");
  assert.equal(codeOf(verify("x".repeat(limits.tokenCharsMax))), "TokenMalformed");
  assert.equal(codeOf(verify("x".repeat(limits.tokenCharsMax + 1))), "TokenTooLong");
});

test("a bearer token is taken from its header, whatever the scheme's case", () => {
  assert.equal(bearerOf("bEaReR abc"), "abc");
  for (const header of [undefined, "", "Bearer", "Bearer ", "Basic abc", "abc"]) {
    assert.equal(bearerOf(header), undefined);
  }
});
