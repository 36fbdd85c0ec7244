/** Legacy agents on real sockets: registration by the shared key, then ODS and OMS by the certificate that they registered. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { after, afterEach, before, test } from "node:test";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { limits, systemRandom } from "../core/index.ts";
import { replacePrivateFile } from "../tls/index.ts";
import { openAgentCertificates, signRegistration } from "../tokens/index.ts";
import { asksForCertificate } from "./answer-request.ts";
import { edgeRig, exchange } from "./testing/edge-rig.ts";
import type { Answer, Ask, EdgeRig } from "./testing/edge-rig.ts";
import { hosts, ids, linkIds } from "./testing/estate.ts";
import { customerIds, law, lawHosts, logsEstate } from "./testing/logs-estate.ts";
import { selfSigned } from "./testing/self-signed.ts";
import type { SelfSigned } from "./testing/self-signed.ts";

let rig: EdgeRig;
let agent: SelfSigned;
let sharedKey: string;
const dayMs = 86_400_000;
const lawB = { ...law("b", "Enabled") };
const estate = (): void =>
  rig.change(...[...logsEstate("a"), lawB].map((resource) => ({ kind: "put", resource }) as const));
const made = (days: number): Promise<SelfSigned> => {
  const nowMs = rig.clock.nowMs();
  return selfSigned({ fromMs: nowMs - dayMs, toMs: nowMs + days * dayMs });
};

before(async () => {
  rig = await edgeRig();
  estate();
  agent = await made(365);
  sharedKey = (await rig.sharedKeys.of(customerIds("a"))).primarySharedKey;
});
afterEach(async () => {
  rig.reset();
  rig.logs.clear();
  await rig.agentCertificates.forget(customerIds("a"));
  estate();
});
after(() => rig.close());

const agentId = "00000000-0000-0000-0000-0000000000aa";
const topologyBody = (certificate: string): string =>
  `<?xml version="1.0"?>\n<AgentTopologyRequest xmlns="http://schemas.microsoft.com/WorkloadMonitoring/HealthServiceProtocol/2014/09/">` +
  `<FullyQualfiedDomainName>n1</FullyQualfiedDomainName><EntityTypeId>${agentId}</EntityTypeId>` +
  // Agents join the lines of their PEM by blanks.
  `<AuthenticationCertificate>${certificate.replaceAll(/(.{64})/g, "$1 ")}</AuthenticationCertificate></AgentTopologyRequest>`;

const toOms = (options: Partial<Ask> = {}): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host: lawHosts("a").oms,
    path: "/AgentService.svc/LinuxAgentTopologyRequest",
    method: "POST",
    body: topologyBody(agent.base64),
    certificate: agent,
    ...options,
  });

interface Signing {
  readonly key?: string;
  readonly customerId?: string;
  readonly dateMs?: number;
  readonly body?: string;
}
const signed = (signing: Signing = {}): Pick<Ask, "headers" | "body"> => {
  const { key = sharedKey, customerId = customerIds("a") } = signing;
  const { dateMs = rig.clock.nowMs(), body = topologyBody(agent.base64) } = signing;
  // With nine digits and an offset, as `date +%Y-%m-%dT%T.%N%:z` writes it.
  const date = new Date(dateMs).toISOString().replace(/Z$/, "000000+00:00");
  const made = signRegistration({ customerId, sharedKey: key, date, body: Buffer.from(body) });
  return {
    headers: {
      "x-ms-date": made.date,
      "x-ms-version": "August, 2014",
      "x-ms-sha256_content": made.contentHash,
      authorization: made.authorization,
    },
    body,
  };
};
const register = (signing: Signing = {}, options: Partial<Ask> = {}): Promise<Answer> =>
  toOms({ ...signed(signing), ...options });
const toOds = (options: Partial<Ask> = {}): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host: lawHosts("a").ods,
    path: "/OperationalData.svc/PostJsonDataItems?api-version=2016-04-01",
    method: "POST",
    headers: { "x-ms-azureresourceid": ids.cluster("a") },
    body: JSON.stringify({ DataType: "KUBE_EVENTS_BLOB", DataItems: [{ Reason: "x" }] }),
    certificate: agent,
    ...options,
  });
const reasonIn = ({ body }: Answer): string | undefined =>
  /<Reason>(\w+)<\/Reason>/.exec(body)?.[1];
const lastRule = (answer: Answer): string | undefined =>
  rig.accessLog.find(String(answer.headers["x-ms-request-id"]))?.reasons.at(-1)?.rule;

test("an agent registers by the shared key, learns where it goes next, and then its certificate opens ODS and OMS", async () => {
  assert.equal((await toOds()).status, 401);
  const answer = await register();
  assert.equal(answer.status, 200, answer.body);
  const { oms, agentService } = lawHosts("a");
  assert.match(
    answer.body,
    new RegExp(
      `updateCertificate="false">https://${oms}/ConfigurationService.Svc/RenewCertificate<`,
    ),
  );
  assert.ok(
    answer.body.includes(
      `https://${agentService}/Accounts/${customerIds("a")}/Nodes(AgentId='${agentId}')`,
    ),
  );
  assert.match(answer.body, /queryInterval="PT1H" telemetryReportInterval="PT10M"/);
  const sent = await toOds();
  assert.deepEqual([sent.status, sent.body], [200, ""]);
  assert.deepEqual(rig.logs.records(customerIds("a"), "KubeEvents"), [{ Reason: "x" }]);
  const constants = rig.logs.appended[0]?.batches[0]?.constants;
  assert.equal(constants?.["_ResourceId"], ids.cluster("a").toLowerCase());
  assert.equal((await toOms()).status, 200);
  assert.equal((await stat(rig.agentsPath)).mode & 0o777, 0o600);
});

test("the secondary key registers too, and a certificate opens its own workspace only", async () => {
  const { secondarySharedKey } = await rig.sharedKeys.of(customerIds("a"));
  assert.equal((await register({ key: secondarySharedKey })).status, 200);
  const other = await toOds({ host: lawHosts("b").ods });
  assert.equal(other.status, 401);
  assert.equal((await toOds({ certificate: await made(1) })).status, 401);
});

test("what the shared key did not sign is InvalidWorkspaceKey, and registers nothing", async () => {
  const keyB = (await rig.sharedKeys.of(customerIds("b"))).primarySharedKey;
  const wrong: readonly Promise<Answer>[] = [
    register({ key: keyB }),
    register({ customerId: customerIds("b") }),
    register({}, { body: topologyBody(agent.base64).replace("n1", "n2") }),
    register({}, { headers: { ...signed().headers, authorization: `${customerIds("a")}; AAAA` } }),
    register({}, { headers: { ...signed().headers, "x-ms-sha256_content": "x" } }),
    register({ dateMs: rig.clock.nowMs() - limits.agentRegistrationSkewMs - 1 }),
    toOms(),
  ];
  for (const answer of await Promise.all(wrong)) {
    assert.deepEqual([answer.status, reasonIn(answer)], [403, "InvalidWorkspaceKey"]);
  }
  assert.equal(
    (await register({ dateMs: rig.clock.nowMs() + limits.agentRegistrationSkewMs })).status,
    200,
  );
});

test("the private link decides for OMS as for ODS, without a word", async () => {
  for (const via of ["public", linkIds.scopeB] as const) {
    const answer = await register({}, { via });
    assert.deepEqual([answer.status, answer.body], [403, ""]);
    assert.equal(lastRule(answer), "law.ingestion-disabled");
  }
  assert.equal((await toOds()).status, 401);
  await register();
  assert.equal((await toOds({ via: "public" })).status, 403);
});

test("a workspace without local authentication takes neither keys nor certificates", async () => {
  await register();
  rig.change({
    kind: "put",
    resource: law("a", "Disabled", { features: { disableLocalAuth: true } }),
  });
  const answer = await register();
  assert.deepEqual([answer.status, reasonIn(answer)], [403, "LocalAuthenticationDisabled"]);
  // The certificate is not even asked for in the handshake.
  assert.equal((await toOds()).status, 401);
});

test("a connection that was opened before outlives neither local authentication nor the workspace's rules", async () => {
  await register();
  const { ods } = lawHosts("a");
  const socket = await rig.handshake(linkIds.scopeA, ods, agent);
  const ask = { host: ods, path: "/OperationalData.svc/PostJsonDataItems", method: "POST" };
  const body = '{"DataType":"KUBE_EVENTS_BLOB","DataItems":[]}';
  const send = () => exchange(socket, { ...ask, body });
  assert.equal((await send()).status, 200);
  rig.change({
    kind: "put",
    resource: law("a", "Disabled", { features: { disableLocalAuth: true } }),
  });
  const refused = await send();
  assert.deepEqual([refused.status, refused.body], [403, ""]);
  assert.equal(lastRule(refused), "ods.local-auth-disabled");
  rig.change({ kind: "delete", id: `${ids.scope("a")}/scopedResources/law-connection` });
  assert.equal(lastRule(await send()), "law.ingestion-disabled");
  socket.destroy();
});

test("AgentCertificateRefused: no certificate, one that is over, and one agent too many", async () => {
  for (const certificate of ["", "AAAA", (await made(-0.5)).base64]) {
    const answer = await register({ body: topologyBody(certificate) });
    assert.deepEqual([answer.status, reasonIn(answer)], [403, "AgentCertificateRefused"]);
  }
  const path = `${rig.agentsPath}.full`;
  const store = await openAgentCertificates({ path, clock: rig.clock, random: systemRandom() });
  const notAfterMs = rig.clock.nowMs() + dayMs;
  const agents = Array.from({ length: limits.agentsPerWorkspaceMax - 1 }, (_, index) => ({
    customerId: "w",
    thumbprint: String(index),
    notAfterMs,
  }));
  await replacePrivateFile({
    path,
    text: JSON.stringify({ agents }),
    random: systemRandom(),
  });
  const full = await openAgentCertificates({ path, clock: rig.clock, random: systemRandom() });
  const der = (one: SelfSigned) => ({ der: Buffer.from(one.base64, "base64") });
  await full.register("w", der(agent));
  await full.register("w", der(agent));
  await assert.rejects(full.register("w", der(await made(1))), { code: "AgentCertificateRefused" });
  assert.equal(store.opens("w", "0"), false);
});

test("registrations outlive the process, end with their certificate, and go with their workspace", async () => {
  const brief = await made(1);
  await register({ body: topologyBody(brief.base64) });
  await register();
  const open = () =>
    openAgentCertificates({ path: rig.agentsPath, clock: rig.clock, random: systemRandom() });
  const thumbprint = (one: SelfSigned): string =>
    new X509Certificate(one.cert).fingerprint256.replaceAll(":", "").toLowerCase();
  const again = await open();
  assert.equal(again.opens(customerIds("a"), thumbprint(brief)), true);
  rig.clock.advance(dayMs + 1000);
  assert.equal(again.opens(customerIds("a"), thumbprint(brief)), false);
  assert.equal(again.opens(customerIds("a"), thumbprint(agent)), true);
  rig.change({ kind: "delete", id: law("a", "Disabled").id });
  await new Promise(setImmediate);
  await rig.agentCertificates.forget(customerIds("a"));
  assert.equal((await open()).opens(customerIds("a"), thumbprint(agent)), false);
});

test("what else OMS and the agent service have is refused by name", async () => {
  const renew = await toOms({ path: "/ConfigurationService.Svc/RenewCertificate" });
  assert.deepEqual([renew.status, renew.headers["x-ms-error-code"]], [501, "FeatureNotEmulated"]);
  assert.match(renew.body, /register anew instead/);
  assert.equal((await toOms({ method: "GET" })).status, 405);
  const node = await toOms({ host: lawHosts("a").agentService, path: "/Accounts/x/Nodes" });
  assert.deepEqual([node.status, node.headers["x-ms-error-code"]], [501, "FeatureNotEmulated"]);
  const large = (bytes: number): string => topologyBody(agent.base64).padEnd(bytes, " ");
  const max = limits.agentRegistrationBytesMax;
  assert.equal((await register({ body: large(max) })).status, 200);
  assert.equal((await register({ body: large(max + 1) })).status, 413);
});

test("only the hosts of a workspace with local authentication ask for a certificate", () => {
  const asks = (host: string): boolean => asksForCertificate(rig.source.current(), host);
  const { ods, oms, agentService } = lawHosts("a");
  assert.deepEqual([ods, oms, agentService, hosts.dce("a").logs].map(asks), [
    true,
    true,
    false,
    false,
  ]);
  rig.change({
    kind: "put",
    resource: law("a", "Disabled", { features: { disableLocalAuth: true } }),
  });
  assert.deepEqual([ods, oms].map(asks), [false, false]);
});

test("a resumed handshake keeps its certificate", async () => {
  await register();
  rig.change({ kind: "put", resource: law("a", "Enabled") });
  const { ods } = lawHosts("a");
  const { key, cert } = agent;
  const dial = (session?: Buffer): TLSSocket =>
    connect({
      host: "127.0.0.1",
      port: rig.publicPort,
      servername: ods,
      ca: rig.authority.caPem,
      key,
      cert,
      ...(session === undefined ? {} : { session }),
    });
  const ask = { host: ods, path: "/OperationalData.svc/PostJsonDataItems", method: "POST" };
  const body = '{"DataType":"KUBE_EVENTS_BLOB","DataItems":[]}';
  const first = dial();
  const ticket = once(first, "session");
  await once(first, "secureConnect");
  assert.equal((await exchange(first, { ...ask, body })).status, 200);
  const [session] = (await ticket) as [Buffer];
  first.destroy();
  const second = dial(session);
  await once(second, "secureConnect");
  assert.equal(second.isSessionReused(), true);
  assert.equal((await exchange(second, { ...ask, body })).status, 200);
  second.destroy();
});
