/** What the agent of Container insights does from inside a cluster's network, step by step, and the same from outside. */
import assert from "node:assert/strict";
import { listAt, stringAt } from "../../src/arm/index.ts";
import type { Json } from "../../src/arm/index.ts";
import { audiences, cloud, workspaceHosts } from "../../src/azure/index.ts";
import { selfSigned } from "../../src/edge/testing/self-signed.ts";
import { signRegistration } from "../../src/tokens/index.ts";
import type { ReadyLine } from "./command.ts";
import { wireAt } from "./wire.ts";
import type { Wire, WireAnswer, WireRequest } from "./wire.ts";

interface Flow {
  readonly vnet: string;
  readonly cluster: string;
  readonly customerId: string;
}

const records = (cluster: string): Omit<WireRequest, "token"> => ({
  method: "POST",
  path: "/OperationalData.svc/PostJsonDataItems?api-version=2016-04-01",
  headers: { "x-ms-azureresourceid": cluster, "x-ms-date": "2026-01-01T00:00:00Z" },
  body: {
    DataType: "CONTAINERINSIGHTS_CONTAINERLOGV2",
    IPName: "ContainerInsights",
    DataItems: [
      { TimeGenerated: new Date().toISOString(), Computer: "node-1", LogMessage: "ready" },
    ],
  },
});

async function standing(ready: ReadyLine, flow: Flow) {
  const inside = await wireAt(ready, { kind: "vnet", vnet: flow.vnet, as: flow.cluster });
  const outside = await wireAt(ready, { kind: "public" });
  return { inside, outside, close: () => Promise.all([inside.close(), outside.close()]) };
}

/** The conversation with the configuration service, then records to ODS: taken inside, refused without a word outside. */
export async function flowsByOds(
  ready: ReadyLine,
  flow: Flow & { readonly region: string },
): Promise<void> {
  const { inside, outside, close } = await standing(ready, flow);
  try {
    const token = await ingestionToken(inside, flow);
    const { ods } = workspaceHosts(flow.customerId);
    const request = { ...records(flow.cluster), token };
    const taken = await inside.ask(ods, request);
    assert.equal(taken.status, 200, taken.body);
    const refused = await outside.ask(ods, request);
    assert.deepEqual([refused.status, refused.body], [403, ""]);
  } finally {
    await close();
  }
}

async function ingestionToken(
  inside: Wire,
  { cluster, region, customerId }: Flow & { readonly region: string },
): Promise<string> {
  const token = await inside.identityToken(audiences.monitor);
  const query = `?operatingLocation=${region}&platform=linux`;
  const path = `${cluster}/agentConfigurations`;
  const first = await inside.ask(cloud.globalHandlerHost, {
    path: `${path}${query}&api-version=2020-08-01-preview`,
    token,
  });
  assert.equal(first.status, 421, first.body);
  const { hostname } = new URL(first.headers["x-ms-agent-config-endpoint"] ?? "");
  const told = await inside.ask(hostname, {
    path: `${path}${query}&api-version=2020-08-01-preview`,
    token,
  });
  assert.equal(told.status, 200, told.body);
  const [configuration] = listAt(JSON.parse(told.body) as Json, "configurations");
  const channel = stringAt(configuration, "content", "channels", 0, "id");
  assert.equal(channel, `ods-${customerId}`);
  const rule = stringAt(configuration, "configurationId") ?? "";
  const issued = await inside.ask(hostname, {
    path: `${path}/${rule}/channels/${channel}/issueIngestionToken${query}&api-version=2020-04-01-preview`,
    token,
  });
  assert.equal(issued.status, 200, issued.body);
  assert.match(issued.headers["cache-control"] ?? "", /max-age=\d+/);
  return stringAt(JSON.parse(issued.body) as Json, "ingestionAuthToken") ?? "";
}

/** The legacy agent: registered by the shared key, then records by its certificate. @see microsoft/OMS-Agent-for-Linux installer/scripts/omsadmin.sh */
export async function flowsByCertificate(
  ready: ReadyLine,
  flow: Flow & { readonly sharedKey: string },
): Promise<void> {
  const { inside, outside, close } = await standing(ready, flow);
  const nowMs = Date.now();
  const certificate = await selfSigned({ fromMs: nowMs - 60_000, toMs: nowMs + 86_400_000 });
  const { ods, oms } = workspaceHosts(flow.customerId);
  const body =
    `<?xml version="1.0"?>\n<AgentTopologyRequest><FullyQualfiedDomainName>n1</FullyQualfiedDomainName>` +
    `<EntityTypeId>00000000-0000-0000-0000-0000000000aa</EntityTypeId>` +
    `<AuthenticationCertificate>${certificate.base64}</AuthenticationCertificate></AgentTopologyRequest>`;
  const signed = signRegistration({
    customerId: flow.customerId,
    sharedKey: flow.sharedKey,
    date: new Date(nowMs).toISOString(),
    body: Buffer.from(body),
  });
  const registration: WireRequest = {
    method: "POST",
    path: "/AgentService.svc/LinuxAgentTopologyRequest",
    headers: {
      "x-ms-date": signed.date,
      "x-ms-version": "August, 2014",
      "x-ms-sha256_content": signed.contentHash,
      authorization: signed.authorization,
    },
    body,
    certificate,
  };
  const send = (wire: Wire): Promise<WireAnswer> =>
    wire.ask(ods, { ...records(flow.cluster), certificate });
  try {
    assert.equal((await outside.ask(oms, registration)).status, 403);
    assert.equal((await send(inside)).status, 401);
    const registered = await inside.ask(oms, registration);
    assert.equal(registered.status, 200, registered.body);
    assert.equal((await send(inside)).status, 200);
    const refused = await send(outside);
    assert.deepEqual([refused.status, refused.body], [403, ""]);
  } finally {
    await close();
  }
}
