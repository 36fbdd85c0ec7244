/** The agent of logs' two services as a client sees them: its configuration, and where its records go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { logsConfigurationOf, workspaceHost } from "../agent/testing/log-receiver.ts";
import { fakeClock } from "../core/index.ts";
import { agentConfigurationClient } from "./agent-configuration-client.ts";
import { readLogsConfiguration } from "./logs-configuration.ts";
import type { LogsChannel } from "./logs-configuration.ts";
import { sendRecords } from "./records-client.ts";
import { scriptedTransport } from "./testing/servers.ts";

const clusterId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-one";
const where = {
  base: "https://global",
  peer: { address: undefined, throughGateway: false, certificate: undefined },
};
const read = (body: object) =>
  readLogsConfiguration(body as Parameters<typeof readLogsConfiguration>[0], where);
const settingsOf = (settings: Readonly<Record<string, unknown>>) =>
  read(logsConfigurationOf([], settings))?.settings;

test("a 421 leads to the endpoint that it names, for the configuration and then for the token", async () => {
  const endpoint = "https://dce-ab12.westeurope-1.handler.control.monitor.azure.com";
  const transport = scriptedTransport(({ url }) => {
    if (!url.startsWith(endpoint)) {
      return { status: 421, headers: { "x-ms-agent-config-endpoint": endpoint } };
    }
    return url.includes("issueIngestionToken")
      ? { headers: { "cache-control": "max-age=60" }, body: { ingestionAuthToken: "t" } }
      : { body: logsConfigurationOf(["KUBE_EVENTS_BLOB"]) };
  });
  const client = agentConfigurationClient({
    transport,
    clock: fakeClock(),
    token: () => Promise.resolve("identity"),
    clusterId,
    region: "westeurope",
  });
  const configuration = await client.readLogs();
  assert.deepEqual([configuration?.base, configuration?.configurationId], [endpoint, "dcr-1"]);
  assert.deepEqual([...(configuration?.streams ?? [])], ["KUBE_EVENTS_BLOB"]);
  const token = await client.ingestionToken({ configurationId: "dcr-1", channelId: "ods-1" });
  assert.deepEqual(token, { token: "t", maxAgeMs: 60_000 });
  assert.deepEqual(
    transport.sent.map(({ url }) => url.startsWith(endpoint)),
    [false, true, true],
  );
  assert.match(
    transport.sent[2]?.url ?? "",
    /\/dcr-1\/channels\/ods-1\/issueIngestionToken\?.*api-version=2020-04-01-preview/,
  );
});

test("intervals of 1 to 30 minutes hold, any other is one minute; filters are known in any case", () => {
  const intervals = ["1m", "30m", "31m", "0m", "60s", "m"].map(
    (interval) => settingsOf({ interval })?.intervalMs,
  );
  assert.deepEqual(intervals, [60_000, 1_800_000, 60_000, 60_000, 60_000, 60_000]);
  const filters = ["include", "Exclude", "Off", "other"].map(
    (namespaceFilteringMode) => settingsOf({ namespaceFilteringMode })?.namespaceFilter,
  );
  assert.deepEqual(filters, ["Include", "Exclude", "Off", "Off"]);
  assert.deepEqual(settingsOf({ namespaces: ["a", 1, null] })?.namespaces, ["a"]);
});

test("UrlRefused, ConfigurationUnreadable: no token goes to a host that is not Azure Monitor's, nor to an id that is none", () => {
  const withChannel = (channel: Readonly<Record<string, unknown>>) => () =>
    read(logsConfigurationOf([], {}, [channel]));
  const evil = [
    { id: "a", protocol: "ods", endpoint: "https://evil.example" },
    { id: "a", protocol: "ods", endpoint: `http://${workspaceHost}` },
    { id: "a", protocol: "gig", endpointUriTemplate: "https://evil.example/<STREAM>" },
    { id: "a", protocol: "gig" },
  ];
  for (const channel of evil) assert.throws(withChannel(channel), { code: "UrlRefused" });
  const wrong = [
    { id: "../a", protocol: "ods", endpoint: `https://${workspaceHost}` },
    { id: "a", protocol: "prometheus", endpoint: `https://${workspaceHost}` },
  ];
  for (const channel of wrong)
    assert.throws(withChannel(channel), { code: "ConfigurationUnreadable" });
  assert.equal(
    read({ configurations: [{ configurationId: "dcr-metrics", content: {} }] }),
    undefined,
  );
  assert.equal(read({}), undefined);
});

const ods: LogsChannel = {
  kind: "ods",
  channelId: "ods-1",
  endpoint: `https://${workspaceHost}`,
};
const gig: LogsChannel = {
  kind: "gig",
  channelId: "gigl-1",
  endpointTemplate:
    "https://d.westeurope-1.ingest.monitor.azure.com/streams/<STREAM>?api-version=1",
};
const items = Buffer.from('[{"a":1}]');
const send = async (channel: LogsChannel, status: number) => {
  const transport = scriptedTransport(() => ({ status, headers: { "retry-after": "3" } }));
  const outcome = await sendRecords(
    {
      dataType: "TYPE",
      ipName: "ContainerInsights",
      items,
      requestId: "r",
      resourceId: clusterId,
    },
    { transport, clock: fakeClock(), channel, token: "t" },
  );
  return { outcome, sent: transport.sent[0] };
};

test("each status is taken, to be sent again, for a new token, or final", async () => {
  const kinds = new Map<string, number[]>();
  for (const status of [200, 204, 301, 400, 401, 403, 404, 408, 413, 415, 421, 429, 500, 503]) {
    const { kind } = (await send(ods, status)).outcome;
    kinds.set(kind, [...(kinds.get(kind) ?? []), status]);
  }
  assert.deepEqual(Object.fromEntries(kinds), {
    taken: [200, 204],
    refused: [301, 400, 413, 415],
    unauthorized: [401],
    retry: [403, 404, 408, 421, 429, 500, 503],
  });
});

test("the two ways have their own shapes", async () => {
  const { outcome, sent: toOds } = await send(ods, 429);
  assert.ok(outcome.kind === "retry" && outcome.retryAfterMs === 3_000);
  assert.equal(
    Buffer.from(toOds?.body ?? "").toString(),
    '{"DataType":"TYPE","IPName":"ContainerInsights","DataItems":[{"a":1}]}',
  );
  assert.deepEqual(
    [
      toOds?.headers?.["x-request-id"],
      toOds?.headers?.["x-ms-azureresourceid"],
      toOds?.headers?.["x-ms-date"],
    ],
    ["r", clusterId, "2026-01-01T00:00:00.000Z"],
  );
  const { sent: toDce } = await send(gig, 204);
  assert.match(toDce?.url ?? "", /\/streams\/TYPE\?api-version=1$/);
  assert.equal(Buffer.from(toDce?.body ?? "").toString(), '[{"a":1}]');
});
