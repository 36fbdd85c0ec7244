/** Digests and signatures of reports: SHA-256, and Ed25519 over the file's bytes, to be verified with openssl. */
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { messageOf } from "../../core/index.ts";
import { doctorError } from "../errors.ts";

/** `sha256` of a file's text, in hexadecimal, as sha256sum prints it. */
export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface Signer {
  /** The raw 64 bytes. */
  readonly sign: (text: string) => Buffer;
  /** The public key, PEM. */
  readonly publicKeyPem: string;
}

/**
 * A signer of a private key.
 *
 * @param pem PKCS #8, as `openssl genpkey -algorithm ed25519` makes it.
 * @throws CodedError SignKeyInvalid where it is no private key, or none of Ed25519.
 */
export function signerOf(pem: string, file: string): Signer {
  let key;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    // The text is a secret: the message says nothing of it.
    throw doctorError("SignKeyInvalid", `${file} is no private key in PEM: ${messageOf(error)}.`);
  }
  if (key.asymmetricKeyType !== "ed25519") {
    const says = `${file} is a key of ${key.asymmetricKeyType ?? "no known kind"}; reports are signed with Ed25519.`;
    throw doctorError("SignKeyInvalid", says);
  }
  const publicKeyPem = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
  return { sign: (text) => sign(null, Buffer.from(text), key), publicKeyPem };
}

/** The command by which a signature is verified. @see docs.openssl.org/3.0/man1/openssl-pkeyutl */
export const verification = (file: string, signatureFile: string): readonly string[] => [
  "openssl",
  "pkeyutl",
  "-verify",
  "-pubin",
  "-inkey",
  "PUBLIC.pem",
  "-rawin",
  "-in",
  file,
  "-sigfile",
  signatureFile,
];
