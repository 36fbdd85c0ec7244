/** A certificate that an agent signs for itself, as agents of the legacy way make theirs. */
import { generateKeyPairSync } from "node:crypto";
import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";

export interface SelfSigned {
  readonly key: string;
  readonly cert: string;
  /** DER as Base64. */
  readonly base64: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export async function selfSigned(life: {
  readonly fromMs: number;
  readonly toMs: number;
}): Promise<SelfSigned> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=agent,OU=Linux Monitoring Agent,O=Microsoft",
    notBefore: new Date(life.fromMs),
    notAfter: new Date(life.toMs),
    signingAlgorithm: algorithm,
    keys: {
      privateKey: privateKey.toCryptoKey(algorithm, false, ["sign"]),
      publicKey: publicKey.toCryptoKey(algorithm, true, ["verify"]),
    },
  });
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: certificate.toString("pem"),
    base64: Buffer.from(certificate.rawData).toString("base64"),
  };
}
