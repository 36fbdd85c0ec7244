/** RSA signing keys at rest: the one that signs, and the public halves of those before it. */
import { createPrivateKey, createPublicKey, generateKeyPair } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { isObject } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { CodedError, limits } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { openPrivateFile, replacePrivateFile } from "../tls/index.ts";
import { signJwt } from "./jwt.ts";
import type { JsonWebKeySet } from "./jwt.ts";

export interface SigningKeys {
  /** The id of the key that signs now. */
  readonly kid: () => string;
  readonly sign: (claims: JsonObject) => string;
  /** The public keys, the signing one first. The same object until the next rotation. */
  readonly jwks: () => JsonWebKeySet;
  /** Makes a new signing key. The old one's private half is forgotten; its public half stays while its tokens may live. */
  readonly rotate: () => Promise<void>;
}

export interface SigningKeyOptions {
  /** A file of mode 0600 in a 0700 folder, made when missing. Several processes may open it at once. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Opens the signing keys of a file; makes a 2048-bit key at the first time.
 *
 * @throws CodedError KeyFileExposed, KeyFileUnreadable.
 */
export async function openSigningKey({
  path,
  clock,
  random,
}: SigningKeyOptions): Promise<SigningKeys> {
  const newKey = async (): Promise<string> =>
    JSON.stringify({ signing: await generate(clock, random), retired: [] });
  let state = readKeys(path, await openPrivateFile(path, random, newKey));
  return {
    kid: () => state.signing.kid,
    sign: (claims) => signJwt(claims, state.signing),
    jwks: () => state.jwks,
    async rotate() {
      const nowMs = clock.nowMs();
      const signing = await generate(clock, random);
      const keepFromMs = nowMs - limits.ingestionTokenLifeSeconds * 1000 * 2;
      const retired = [
        { retiredMs: nowMs, publicJwk: publicJwk(state.signing.kid, state.signing.privateKey) },
        ...state.retired.filter(({ retiredMs }) => retiredMs > keepFromMs),
      ];
      const text = JSON.stringify({ signing, retired });
      await replacePrivateFile({ path, text, random });
      state = readKeys(path, text);
    },
  };
}

interface StoredKey {
  readonly kid: string;
  readonly createdMs: number;
  readonly privatePem: string;
}

interface RetiredKey {
  readonly retiredMs: number;
  readonly publicJwk: JsonObject;
}

interface KeyState {
  readonly signing: { readonly kid: string; readonly privateKey: KeyObject };
  readonly retired: readonly RetiredKey[];
  readonly jwks: JsonWebKeySet;
}

async function generate(clock: Clock, random: Random): Promise<StoredKey> {
  // On the thread pool: a prime may take half a second to find.
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  return {
    kid: random.bytes(16).toString("base64url"),
    createdMs: clock.nowMs(),
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function readKeys(path: string, text: string): KeyState {
  try {
    const file: unknown = JSON.parse(text);
    const signing = isObject(file) ? file["signing"] : undefined;
    const retired = isObject(file) ? file["retired"] : undefined;
    if (!isObject(signing) || !Array.isArray(retired)) throw new Error("it has no signing key");
    const kid = String(signing["kid"]);
    const privateKey = createPrivateKey(String(signing["privatePem"]));
    const old = retired.filter(isObject).map((key) => ({
      retiredMs: Number(key["retiredMs"]),
      publicJwk: isObject(key["publicJwk"]) ? key["publicJwk"] : {},
    }));
    const jwks = { keys: [publicJwk(kid, privateKey), ...old.map((key) => key.publicJwk)] };
    return { signing: { kid, privateKey }, retired: old, jwks };
  } catch (error) {
    throw new CodedError(
      "KeyFileUnreadable",
      `${path} holds no signing keys. Restore it, or delete it so that a new key is made.`,
      { cause: error },
    );
  }
}

function publicJwk(kid: string, privateKey: KeyObject): JsonObject {
  const { n, e } = createPublicKey(privateKey).export({ format: "jwk" });
  return { kty: "RSA", use: "sig", alg: "RS256", kid, n: String(n), e: String(e) };
}
