/** The local certificate authority: one CA in a private folder, and a leaf for each host that is served. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";
import { CodedError, limits } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { certificatePem } from "./certificate.ts";
import { openPrivateFile, unreadable } from "./private-file.ts";

export interface Authority {
  /** The CA's certificate; never installed in a system's store by us. */
  readonly caPem: string;
  /** Where `caPem` lies, readable to all: for `curl --cacert` and the like. */
  readonly caPath: string;
  /**
   * A TLS context (1.2 or newer) whose leaf names `host`; minted at the first call, renewed at two thirds of its life.
   * The caller decides which hosts are served, before it asks.
   *
   * @throws CodedError HostNameInvalid; AuthorityExpired.
   */
  secureContextFor(host: string): Promise<SecureContext>;
  /** The same leaf as PEM, for a listener's own context: a client that dials an address sends no name. */
  leafFor(host: string): Promise<LeafPem>;
}

/** A certificate and its private key, PEM. */
export interface LeafPem {
  readonly cert: string;
  readonly key: string;
}

export interface AuthorityOptions {
  /** Made with mode 0700 when missing. Several processes may open one folder at once. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Opens the authority of a folder; makes it at the first time.
 *
 * @throws CodedError KeyFileExposed, KeyFileUnreadable, AuthorityExpired.
 */
export async function openAuthority({
  folder,
  clock,
  random,
}: AuthorityOptions): Promise<Authority> {
  const path = join(folder, "authority.pem");
  const text = await openPrivateFile(path, random, () => newAuthority(clock, random));
  const issuer = readAuthority(path, text);
  refuseExpired(issuer, clock.nowMs());
  const caPath = join(folder, "ca.pem");
  // The same bytes from every process, so that whoever renames last changes nothing.
  const beside = join(folder, `.ca.pem.${random.bytes(16).toString("hex")}`);
  await writeFile(beside, issuer.pem, { mode: 0o644 });
  await rename(beside, caPath);
  const leafOf = leafCache(issuer, clock, random);
  return {
    caPem: issuer.pem,
    caPath,
    secureContextFor: async (host) => (await leafOf(host)).context,
    leafFor: async (host) => (await leafOf(host)).pem,
  };
}

/**
 * For `SNICallback` of node:tls: a context for each host that `serves` accepts, a closed handshake
 * (unrecognized_name) for every other.
 */
export function sniCallback(
  authority: Authority,
  serves: (host: string) => boolean,
): (host: string, done: (error: Error | null, context?: SecureContext) => void) => void {
  return (host, done) => {
    const name = host.toLowerCase();
    if (!serves(name)) return done(new Error(`${JSON.stringify(name)} is not served here`));
    authority.secureContextFor(name).then(
      (context) => done(null, context),
      (error: unknown) => done(error as Error),
    );
  };
}

interface Issuer {
  readonly pem: string;
  readonly commonName: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly notAfterMs: number;
}

async function newAuthority(clock: Clock, random: Random): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const commonName = `Linkscope local authority ${random.bytes(4).toString("hex")}`;
  const pem = await certificatePem({
    commonName,
    notBeforeMs: clock.nowMs() - backdatedMs,
    notAfterMs: clock.nowMs() + limits.authorityLifeMs,
    serial: random.bytes(16),
    publicKey,
    issuer: { commonName, privateKey, publicKey },
    hosts: [],
  });
  return `${privateKey.export({ type: "pkcs8", format: "pem" }).toString()}${pem}`;
}

function readAuthority(path: string, text: string): Issuer {
  try {
    const start = text.indexOf("-----BEGIN CERTIFICATE-----");
    const pem = text.slice(start);
    const certificate = new X509Certificate(pem);
    const privateKey = createPrivateKey(text.slice(0, start));
    if (!certificate.checkPrivateKey(privateKey)) throw new Error("key and certificate differ");
    const commonName = certificate.subject.split("\n").find((line) => line.startsWith("CN="));
    return {
      pem,
      commonName: commonName?.slice(3) ?? "",
      privateKey,
      publicKey: createPublicKey(privateKey),
      notAfterMs: Date.parse(certificate.validTo),
    };
  } catch (error) {
    throw unreadable(path, error);
  }
}

function refuseExpired(issuer: Issuer, nowMs: number): void {
  if (nowMs < issuer.notAfterMs) return;
  throw new CodedError(
    "AuthorityExpired",
    `The authority "${issuer.commonName}" ended at ${new Date(issuer.notAfterMs).toISOString()}. ` +
      "Delete its folder, so that a new one is made, and hand out its certificate.",
  );
}

// Clients whose clock is a little behind must not find a certificate "not yet valid".
const backdatedMs = 5 * 60 * 1000;

interface Leaf {
  readonly context: SecureContext;
  readonly pem: LeafPem;
  readonly renewAtMs: number;
}

/** Leaves live in memory only: minting takes a millisecond, and a key that is on no disk cannot be read there. */
function leafCache(issuer: Issuer, clock: Clock, random: Random): (host: string) => Promise<Leaf> {
  const leaves = new Map<string, Promise<Leaf>>();
  return async (host) => {
    const names = certificateNames(host.toLowerCase());
    const key = names[0] ?? "";
    const kept = await leaves.get(key);
    if (kept !== undefined && clock.nowMs() < kept.renewAtMs) return kept;
    const minting = mint(names, issuer, { clock, random });
    minting.catch(() => leaves.delete(key));
    leaves.delete(key);
    leaves.set(key, minting);
    for (const oldest of leaves.keys()) {
      if (leaves.size <= limits.leavesMax) break;
      leaves.delete(oldest);
    }
    return minting;
  };
}

async function mint(
  names: readonly string[],
  issuer: Issuer,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<Leaf> {
  const nowMs = clock.nowMs();
  refuseExpired(issuer, nowMs);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const cert = await certificatePem({
    commonName: names[0] ?? "",
    notBeforeMs: nowMs - backdatedMs,
    notAfterMs: Math.min(nowMs + limits.leafLifeMs, issuer.notAfterMs),
    serial: random.bytes(16),
    publicKey,
    issuer,
    hosts: names,
  });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return {
    context: createSecureContext({ key, cert, minVersion: "TLSv1.2" }),
    pem: { cert, key },
    renewAtMs: nowMs + (limits.leafLifeMs * 2) / 3,
  };
}

/** What the leaf of a host names. A client that dials this machine by address or as `localhost` gets one leaf for both. */
function certificateNames(host: string): readonly string[] {
  if (host === "localhost" || host === "127.0.0.1" || host === "::1") {
    return ["localhost", "127.0.0.1", "::1"];
  }
  if (isIP(host) !== 0) return [host];
  const labels = host.split(".");
  if (host.length <= 253 && labels.every((label) => hostLabel.test(label))) return [host];
  throw new CodedError(
    "HostNameInvalid",
    `${JSON.stringify(host.slice(0, 80))} is not a host name. ` +
      "Labels have 1 to 63 letters, digits or inner hyphens; the whole at most 253 characters.",
  );
}

const hostLabel = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
