/** Signing keys at rest: one for all who open, kept over restarts, rotated without breaking living tokens. */
import assert from "node:assert/strict";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { CodedError, limits, seededRandom } from "../core/index.ts";
import { issueToken, openSigningKey, verifyToken } from "./index.ts";
import type { SigningKeys } from "./index.ts";
import { testKey } from "./testing/signing.ts";

const tenantId = "t";
const issue = (key: SigningKeys, nowMs: number): string =>
  issueToken(key, { audience: "a", tenantId, objectId: "o", appId: "p", nowMs });

test("a key opened again is the same, in a file for its owner alone", async () => {
  const { key, clock, path } = await testKey();
  const again = await openSigningKey({ path, clock, random: seededRandom(9) });
  assert.equal(again.kid(), key.kid());
  assert.deepEqual(again.jwks(), key.jwks());
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("published keys have no private part", async () => {
  const { key } = await testKey();
  assert.deepEqual(
    key.jwks().keys.map((jwk) => Object.keys(jwk).sort()),
    [["alg", "e", "kid", "kty", "n", "use"]],
  );
});

test("after a rotation the old key's tokens are verified while they may live, then it is dropped", async () => {
  const { key, clock, path } = await testKey();
  const old = issue(key, clock.nowMs());
  const oldKid = key.kid();
  const verify = (): string => {
    const options = { jwks: key.jwks(), tenantId, audiences: ["a"], nowMs: clock.nowMs() };
    const verification = verifyToken(old, options);
    return verification.ok ? "ok" : verification.code;
  };
  await key.rotate();
  assert.notEqual(key.kid(), oldKid);
  assert.equal(verify(), "ok");
  assert.doesNotMatch(JSON.stringify(key.jwks()), /"d":/);
  const reopened = await openSigningKey({ path, clock, random: seededRandom(3) });
  assert.deepEqual(reopened.jwks(), key.jwks());
  assert.equal((await readFile(path, "utf8")).match(/PRIVATE KEY-----/g)?.length, 2);
  clock.advance(limits.ingestionTokenLifeSeconds * 2 * 1000);
  await key.rotate();
  assert.equal(verify(), "TokenKeyUnknown");
});

test("KeyFileExposed, KeyFileUnreadable: a key that others may read, and a damaged one, are refused", async () => {
  const { clock, path } = await testKey();
  const open = () => openSigningKey({ path, clock, random: seededRandom(1) });
  const coded = (code: string) => (error: unknown) =>
    error instanceof CodedError && error.code === code;
  await chmod(path, 0o604);
  await assert.rejects(open(), coded("KeyFileExposed"));
  await chmod(path, 0o600);
  for (const text of ["", "{}", '{"signing":{"kid":"a","privatePem":"x"},"retired":[]}']) {
    await writeFile(path, text);
    await assert.rejects(open(), coded("KeyFileUnreadable"));
  }
});
