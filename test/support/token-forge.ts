/** Tokens that a test signs itself: with the platform's own key and any claims, and by every way that a verifier must refuse. */
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { audiences } from "../../src/azure/index.ts";
import { systemClock, systemRandom } from "../../src/core/index.ts";
import { issueToken, openSigningKey } from "../../src/tokens/index.ts";
import type { IssueOptions } from "../../src/tokens/index.ts";
import type { ReadyLine } from "./command.ts";
import { credentialOf } from "./private-estate.ts";

export type Claimed = Partial<
  Pick<IssueOptions, "audience" | "objectId" | "tenantId" | "issuer">
> & {
  /** The token ended this long ago; it begins as long from now when it is negative and longer than its life. */
  readonly endedSeconds?: number;
};

export interface TokenForge {
  /** Signed as the platform signs; of the bootstrap principal and for Azure Monitor unless told otherwise. */
  readonly signed: (claimed?: Claimed) => string;
  /** Not signed, signed by another, or changed after it was: what is wrong, the code that says so, the token. */
  readonly counterfeits: (claimed?: Claimed) => readonly (readonly [string, string, string])[];
}

const lifeSeconds = 3600;
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Opens the key of a running platform. */
export async function openForge(ready: ReadyLine): Promise<TokenForge> {
  const clock = systemClock();
  const random = systemRandom();
  const keyAt = (name: string) =>
    openSigningKey({ path: join(ready.data, "keys", name), clock, random });
  const [own, foreign] = await Promise.all([keyAt("tokens.json"), keyAt("forged.json")]);
  const { tenantId, clientId, objectId } = credentialOf(ready);
  const optionsOf = ({ endedSeconds = -lifeSeconds, ...claimed }: Claimed): IssueOptions => ({
    audience: audiences.monitor,
    tenantId,
    appId: clientId,
    objectId,
    lifeSeconds,
    nowMs: clock.nowMs() - (endedSeconds + lifeSeconds) * 1000,
    ...claimed,
  });
  const signed = (claimed: Claimed = {}): string => issueToken(own, optionsOf(claimed));
  return {
    signed,
    counterfeits: (claimed = {}) => {
      const [head = "", payload = "", signature = ""] = signed(claimed).split(".");
      const [foreignHead, , foreignSignature] = issueToken(foreign, optionsOf(claimed)).split(".");
      const hmacHead = part({ typ: "JWT", alg: "HS256", kid: own.kid() });
      const publicKey = JSON.stringify(own.jwks().keys[0]);
      const hmac = createHmac("sha256", publicKey).update(`${hmacHead}.${payload}`);
      const none = part({ typ: "JWT", alg: "none", kid: own.kid() });
      const raised = part({
        ...JSON.parse(Buffer.from(payload, "base64url").toString()),
        exp: 9e9,
      });
      return [
        ["no signature, and alg none", "TokenMalformed", `${none}.${payload}.`],
        ["alg none with a signature", "TokenAlgorithmRefused", `${none}.${payload}.${signature}`],
        [
          "the public key as a shared secret",
          "TokenAlgorithmRefused",
          `${hmacHead}.${payload}.${hmac.digest("base64url")}`,
        ],
        ["a key that is not published", "TokenKeyUnknown", issueToken(foreign, optionsOf(claimed))],
        [
          "another key's signature under our key's id",
          "TokenSignatureInvalid",
          `${head}.${payload}.${foreignSignature}`,
        ],
        [
          "our signature under another key's id",
          "TokenKeyUnknown",
          `${foreignHead}.${payload}.${signature}`,
        ],
        [
          "a longer life than was signed",
          "TokenSignatureInvalid",
          `${head}.${raised}.${signature}`,
        ],
        ["no signature at all", "TokenMalformed", `${head}.${payload}`],
      ];
    },
  };
}
