/** X.509 certificates on ECDSA P-256: a self-signed authority and the leaves that it signs. @see RFC 5280 */
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import type * as X509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface CertificateRequest {
  /** The common name; of a leaf also what people see first. */
  readonly commonName: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** 16 random bytes. */
  readonly serial: Uint8Array;
  readonly publicKey: KeyObject;
  readonly issuer: {
    readonly commonName: string;
    readonly privateKey: KeyObject;
    readonly publicKey: KeyObject;
  };
  /** Host names and IP addresses of a leaf; none makes an authority. */
  readonly hosts: readonly string[];
}

/** The signed certificate as PEM. Its extensions are those that strict verifiers (OpenSSL's x509_strict) demand. */
export async function certificatePem(request: CertificateRequest): Promise<string> {
  const x509 = await library();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: positiveSerial(request.serial).toString("hex"),
    subject: nameOf(request.commonName),
    issuer: nameOf(request.issuer.commonName),
    notBefore: new Date(request.notBeforeMs),
    notAfter: new Date(request.notAfterMs),
    publicKey: request.publicKey.toCryptoKey(algorithm, true, ["verify"]),
    signingKey: request.issuer.privateKey.toCryptoKey(algorithm, false, ["sign"]),
    signingAlgorithm: algorithm,
    extensions: await extensionsOf(x509, request),
  });
  return `${certificate.toString("pem")}\n`;
}

/** Loaded at the first certificate: it takes a fifth of a second, which a start must not wait for. */
async function library(): Promise<typeof X509> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

async function extensionsOf(
  x509: typeof X509,
  request: CertificateRequest,
): Promise<X509.Extension[]> {
  const subjectKey = await x509.SubjectKeyIdentifierExtension.create(
    request.publicKey.toCryptoKey(algorithm, true, ["verify"]),
  );
  if (request.hosts.length === 0) {
    const usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
    return [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(usage, true),
      subjectKey,
    ];
  }
  const names = request.hosts.map((host) => ({
    type: isIP(host) === 0 ? ("dns" as const) : ("ip" as const),
    value: host,
  }));
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    // An ECDSA key of TLS does nothing but sign.
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    subjectKey,
    await x509.AuthorityKeyIdentifierExtension.create(
      request.issuer.publicKey.toCryptoKey(algorithm, true, ["verify"]),
    ),
    new x509.SubjectAlternativeNameExtension(names),
  ];
}

const nameOf = (commonName: string): X509.JsonName => [
  { O: ["Linkscope"] },
  { CN: [commonName.slice(0, 64)] },
];

/** A serial number is positive and at most 20 bytes: the top bit is cleared and one set, so that none is zero. */
function positiveSerial(serial: Uint8Array): Buffer {
  const bytes = Buffer.from(serial.subarray(0, 20));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}
