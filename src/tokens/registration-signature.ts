/** The signature by which an agent proves that it knows a workspace's shared key. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export interface SignedRegistration {
  /** `<workspace id>; <signature in Base64>`, the header Authorization. */
  readonly authorization: string;
  /** The header x-ms-Date. */
  readonly date: string;
  /** The header x-ms-SHA256_Content: Base64 of the body's SHA-256. */
  readonly contentHash: string;
  readonly body: Uint8Array;
}

/**
 * Makes the three headers: HMAC-SHA256 over `date\ncontent hash\n`, with the shared key's bytes as its key.
 *
 * @see microsoft/OMS-Agent-for-Linux installer/scripts/auth_key.rb
 */
export function signRegistration(options: {
  readonly customerId: string;
  /** Base64, as ARM's `sharedKeys` gives it. */
  readonly sharedKey: string;
  readonly date: string;
  readonly body: Uint8Array;
}): Omit<SignedRegistration, "body"> {
  const { customerId, sharedKey, date, body } = options;
  const contentHash = createHash("sha256").update(body).digest("base64");
  const signature = signatureOf(sharedKey, date, contentHash).toString("base64");
  return { authorization: `${customerId}; ${signature}`, date, contentHash };
}

/** Whether one of the workspace's keys made the signature, over this body. Compared in constant time. */
export function isSignedBy(
  registration: SignedRegistration,
  workspace: { readonly customerId: string; readonly sharedKeys: readonly string[] },
): boolean {
  const { authorization, date, contentHash, body } = registration;
  const [named = "", signature = ""] = authorization.slice(0, 400).split(";", 2);
  if (named.trim().toLowerCase() !== workspace.customerId.toLowerCase()) return false;
  const given = Buffer.from(signature.trim(), "base64");
  const hash = createHash("sha256").update(body).digest("base64");
  // Every key is tried, so that the time tells neither which one fits nor whether one does.
  let fits = 0;
  for (const key of workspace.sharedKeys) {
    const own = signatureOf(key, date, hash);
    if (given.length === own.length && timingSafeEqual(given, own)) fits++;
  }
  return fits > 0 && hash === contentHash;
}

const signatureOf = (sharedKey: string, date: string, contentHash: string): Buffer =>
  createHmac("sha256", Buffer.from(sharedKey, "base64"))
    .update(`${date}\n${contentHash}\n`)
    .digest();
