/**
 * A legacy agent of a Log Analytics workspace: it registers at OMS with a certificate of its own, by the workspace's shared
 * key, and from then on its certificate opens ODS.
 * @see github.com/microsoft/OMS-Agent-for-Linux installer/scripts/omsadmin.sh and auth_key.rb
 */
import { createHash, createHmac, generateKeyPairSync } from "node:crypto";
import type * as X509 from "@peculiar/x509";
import { guid } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { clientError } from "./errors.ts";
import type { Transport } from "./transport.ts";

/** An agent's own certificate, which nobody has signed but itself. */
export interface LegacyAgent {
  readonly agentId: string;
  readonly certPem: string;
  readonly keyPem: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Clocks differ: a certificate is good a little before it is made. */
const BEFORE_MS = 5 * 60_000;

/** Makes an agent with a new key; its certificate ends after `lifeMs`. */
export async function makeLegacyAgent(options: {
  readonly clock: Clock;
  readonly random: Random;
  readonly lifeMs: number;
}): Promise<LegacyAgent> {
  const { clock, random, lifeMs } = options;
  const nowMs = clock.nowMs();
  const agentId = guid(random);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { X509CertificateGenerator } = await library();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: agentId.replaceAll("-", "").replace(/^[89a-f]/, "1"),
    name: `CN=${agentId},OU=Linux Monitoring Agent,O=Microsoft`,
    notBefore: new Date(nowMs - BEFORE_MS),
    notAfter: new Date(nowMs + lifeMs),
    signingAlgorithm: algorithm,
    keys: {
      privateKey: privateKey.toCryptoKey(algorithm, false, ["sign"]),
      publicKey: publicKey.toCryptoKey(algorithm, true, ["verify"]),
    },
  });
  return {
    agentId,
    certPem: certificate.toString("pem"),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Loaded where an agent is made: it takes a while, and hardly anybody needs it. */
async function library(): Promise<typeof X509> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

export interface RegistrationWay {
  /** With the agent's certificate. */
  readonly transport: Transport;
  readonly clock: Clock;
  /** The workspace's OMS host. */
  readonly host: string;
  readonly customerId: string;
  /** Base64, as ARM's `sharedKeys` gives it. */
  readonly sharedKey: string;
  readonly computer: string;
}

/**
 * Registers an agent with a workspace.
 *
 * @throws CodedError AgentRegistrationRefused with status and reason; the transport's.
 */
export async function registerLegacyAgent(agent: LegacyAgent, way: RegistrationWay): Promise<void> {
  const { transport, clock, host, customerId, sharedKey, computer } = way;
  const body = registrationBody(agent, computer);
  const date = new Date(clock.nowMs()).toISOString();
  const contentHash = createHash("sha256").update(body).digest("base64");
  const signature = createHmac("sha256", Buffer.from(sharedKey, "base64"))
    .update(`${date}\n${contentHash}\n`)
    .digest("base64");
  const { status, body: answer } = await transport.send({
    method: "POST",
    url: `https://${host}/AgentService.svc/LinuxAgentTopologyRequest`,
    headers: {
      "content-type": "application/xml",
      "x-ms-date": date,
      "x-ms-version": "August, 2014",
      "x-ms-sha256_content": contentHash,
      authorization: `${customerId}; ${signature}`,
    },
    body,
  });
  if (status === 200) return;
  const reason = /<Reason>(\w+)<\/Reason>/.exec(answer.toString("utf8"))?.[1] ?? "no reason told";
  const says = `${host} did not register the agent: ${status}: ${reason}.`;
  throw clientError("AgentRegistrationRefused", says, { status });
}

const namespace = "http://schemas.microsoft.com/WorkloadMonitoring/HealthServiceProtocol/2014/09/";

/** The element's name is misspelled in every agent. */
function registrationBody({ agentId, certPem }: LegacyAgent, computer: string): string {
  const certificate = certPem.replaceAll(/-----[^-]*-----/g, "").replaceAll(/\s/g, "");
  return [
    `<?xml version="1.0"?><AgentTopologyRequest xmlns="${namespace}">`,
    `<FullyQualfiedDomainName>${escaped(computer)}</FullyQualfiedDomainName>`,
    `<EntityTypeId>${agentId}</EntityTypeId>`,
    `<AuthenticationCertificate>${certificate}</AuthenticationCertificate></AgentTopologyRequest>`,
  ].join("");
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
