/** Ingestion tokens open their own rule, at the edge that issued them, for a day. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../core/index.ts";
import {
  isIngestionToken,
  issueIngestionToken,
  issueToken,
  verifyIngestionToken,
  verifyWorkspaceToken,
} from "./index.ts";
import { testKey } from "./testing/signing.ts";

const grant = { ruleImmutableId: "dcr-1", targetId: "/subscriptions/s/clusters/c" };
const edge = await testKey(5);
const nowMs = edge.clock.nowMs();
const token = issueIngestionToken(edge.key, { ...grant, region: "eastus", nowMs });
const verify = (
  text: string,
  more: { readonly ruleImmutableId?: string; readonly nowMs?: number } = {},
) =>
  verifyIngestionToken(text, { jwks: edge.key.jwks(), ruleImmutableId: "dcr-1", nowMs, ...more });
const codeOf = (found: ReturnType<typeof verify>): string => (found.ok ? "ok" : found.code);

test("an ingestion token opens its own rule until 24 hours are over", () => {
  const found = verify(token);
  assert.ok(found.ok);
  assert.deepEqual(found.grant, grant);
  assert.equal(found.expiresAtMs, nowMs + limits.ingestionTokenLifeSeconds * 1000);
  const endMs = found.expiresAtMs + limits.clockSkewSeconds * 1000;
  assert.equal(codeOf(verify(token, { nowMs: endMs - 1 })), "ok");
  assert.equal(codeOf(verify(token, { nowMs: endMs })), "TokenExpired");
});

test("IngestionTokenForAnotherRule: it opens no other rule", () => {
  assert.equal(codeOf(verify(token, { ruleImmutableId: "dcr-2" })), "IngestionTokenForAnotherRule");
});

test("a token with a workspace opens that one's ODS host, and no rule's endpoint", () => {
  const workspaceId = "00000000-0000-0000-0000-00000000000a";
  const ods = issueIngestionToken(edge.key, { ...grant, workspaceId, nowMs });
  const open = (
    text: string,
    more: { readonly workspaceId?: string; readonly nowMs?: number } = {},
  ) => verifyWorkspaceToken(text, { jwks: edge.key.jwks(), workspaceId, nowMs, ...more });
  const found = open(ods);
  assert.ok(found.ok);
  assert.deepEqual(found.grant, { ...grant, workspaceId });
  assert.equal(codeOf(open(ods, { workspaceId: "other" })), "IngestionTokenForAnotherRule");
  assert.equal(codeOf(open(token)), "IngestionTokenForAnotherRule");
  assert.equal(codeOf(open(ods, { nowMs: nowMs + 2 * 86_400_000 })), "TokenExpired");
  assert.equal(codeOf(verify(ods)), "TokenAudienceWrong");
});

test("an access token is no ingestion token, and another edge's key opens nothing", async () => {
  const access = issueToken(edge.key, {
    audience: "Pipeline",
    tenantId: "t",
    objectId: "o",
    appId: "a",
    extraClaims: { cid: "dcr-1", role: "Publisher" },
    nowMs,
  });
  assert.equal(isIngestionToken(access), false);
  assert.equal(codeOf(verify(access)), "TokenIssuerWrong");
  assert.equal(isIngestionToken(token), true);
  assert.equal(isIngestionToken("x"), false);
  const control = await testKey(6);
  const forged = issueIngestionToken(control.key, { ...grant, nowMs });
  assert.equal(codeOf(verify(forged)), "TokenKeyUnknown");
});

test("TokenAudienceWrong: another audience or role does not open ingestion", () => {
  for (const wrong of [
    { aud: "x", role: "Publisher" },
    { aud: "Pipeline", role: "Reader" },
  ]) {
    const claims = { iss: "AMCS", cid: "dcr-1", exp: nowMs / 1000 + 60, ...wrong };
    assert.equal(codeOf(verify(edge.key.sign(claims))), "TokenAudienceWrong");
  }
});
