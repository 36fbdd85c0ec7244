/** Registration as a legacy agent makes it: a certificate of its own, signed for by the shared key. */
import assert from "node:assert/strict";
import { createHash, createHmac, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { fakeClock, seededRandom } from "../core/index.ts";
import { makeLegacyAgent, registerLegacyAgent } from "./index.ts";
import type { Transport, TransportRequest } from "./index.ts";

const nowMs = Date.UTC(2026, 0, 1);
const clock = fakeClock(nowMs);
const made = () => makeLegacyAgent({ clock, random: seededRandom(7), lifeMs: 3_600_000 });
const sharedKey = Buffer.from("a key").toString("base64");

function answering(status: number, text: string) {
  const sent: TransportRequest[] = [];
  const transport: Transport = {
    send: (request) => {
      sent.push(request);
      const peer = { address: undefined, throughGateway: false, certificate: undefined };
      return Promise.resolve({ status, headers: {}, body: Buffer.from(text), peer });
    },
    close: () => undefined,
  };
  const way = {
    transport,
    clock,
    host: "1.oms.example",
    customerId: "1",
    sharedKey,
    computer: "n&1",
  };
  return { sent, way };
}

test("an agent makes its certificate itself, for as long as it is asked", async () => {
  const { certPem, agentId } = await made();
  const certificate = new X509Certificate(certPem);
  assert.match(certificate.subject, new RegExp(agentId));
  assert.equal(certificate.issuer, certificate.subject);
  assert.equal(Date.parse(certificate.validTo), nowMs + 3_600_000);
});

test("the request carries the certificate, and a signature over date and content", async () => {
  const agent = await made();
  const { sent, way } = answering(200, "");
  await registerLegacyAgent(agent, way);
  const [request] = sent;
  const body = String(request?.body);
  const { date, hash } = {
    date: request?.headers?.["x-ms-date"] ?? "",
    hash: createHash("sha256").update(body).digest("base64"),
  };
  const hmac = createHmac("sha256", Buffer.from(sharedKey, "base64"));
  const signature = hmac.update(`${date}\n${hash}\n`).digest("base64");
  assert.equal(request?.headers?.["authorization"], `1; ${signature}`);
  assert.equal(request?.headers?.["x-ms-sha256_content"], hash);
  const der = new X509Certificate(agent.certPem).raw.toString("base64");
  assert.ok(body.includes(`<AuthenticationCertificate>${der}<`));
  assert.ok(body.includes("n&amp;1"));
});

test("AgentRegistrationRefused: a refusal says its reason", async () => {
  const { way } = answering(403, "<Error><Reason>InvalidWorkspaceKey</Reason></Error>");
  await assert.rejects(registerLegacyAgent(await made(), way), {
    code: "AgentRegistrationRefused",
    status: 403,
    message: /403: InvalidWorkspaceKey/,
  });
});
