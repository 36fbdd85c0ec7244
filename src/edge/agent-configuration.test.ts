/** The agent configuration service on real sockets: where an agent is sent, what it reads, and the token it gets. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { audiences, cloud } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import { edgeRig, remoteWrite } from "./testing/edge-rig.ts";
import type { Answer, Ask, EdgeRig } from "./testing/edge-rig.ts";
import {
  configurationAssociation,
  dce,
  hosts,
  ids,
  immutableIds,
  linkIds,
  principals,
} from "./testing/estate.ts";
import {
  associated,
  customerIds,
  extensionSettings,
  highScaleRule,
  law,
  lawHosts,
  logIds,
  logsEstate,
  ruleIds,
} from "./testing/logs-estate.ts";

let rig: EdgeRig;
before(async () => {
  rig = await edgeRig();
});
afterEach(() => rig.reset());
after(() => rig.close());

const path = `${ids.cluster("a")}/agentConfigurations`;
const query = "operatingLocation=westeurope&platform=linux&api-version=2020-08-01-preview";
const tokenPath = (channel: string): string =>
  `${path}/${immutableIds.dcr("a")}/channels/${channel}/issueIngestionToken?operatingLocation=westeurope&platform=linux&api-version=2020-04-01-preview`;
const channelId = `metrics-${immutableIds.dce("a")}`;

const ask = (options: Partial<Ask> = {}): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host: hosts.dce("a").configuration,
    path: `${path}?${query}`,
    token: rig.token(principals.kubelet("a"), audiences.monitor),
    ...options,
  });
const askGlobally = (options: Partial<Ask> = {}): Promise<Answer> =>
  ask({ host: cloud.globalHandlerHost, ...options });

const withoutAssociation = (): void =>
  rig.change({ kind: "delete", id: configurationAssociation("a", "a").id });

test("the global handler host sends an agent to its cluster's endpoint, whatever the way", async () => {
  for (const via of ["public", linkIds.scopeA, linkIds.scopeB] as const) {
    const answer = await askGlobally({ via });
    const endpoint = `https://${hosts.dce("a").configuration}`;
    assert.equal(answer.status, 421, answer.body);
    assert.equal(answer.headers["x-ms-agent-config-endpoint"], endpoint);
    assert.deepEqual(JSON.parse(answer.body), {
      error: {
        code: "MisdirectedAgentRequest",
        message: `Agent configuration needs to be acquired from '${endpoint}' endpoint which was configured for this resource.`,
      },
    });
  }
});

test("over a private link a cluster without an endpoint is refused with Azure's text", async () => {
  withoutAssociation();
  const answer = await askGlobally();
  assert.equal(answer.status, 403);
  assert.deepEqual(JSON.parse(answer.body), {
    error: {
      code: "InvalidAccess",
      message: "Data collection endpoint must be used to access configuration over private link.",
    },
  });
});

test("over public networks the global handler host serves a cluster without an endpoint", async () => {
  withoutAssociation();
  const answer = await askGlobally({ via: "public" });
  assert.equal(answer.status, 200, answer.body);
  assert.match(answer.body, new RegExp(`https://${cloud.globalHandlerHost}/subscriptions`));
});

test("an endpoint that the scope does not link gives the same text over a private link", async () => {
  rig.change({ kind: "delete", id: `${ids.scope("a")}/scopedResources/dce-connection` });
  const answer = await ask();
  assert.equal(answer.status, 403);
  assert.match(answer.body, /must be used to access configuration over private link/);
});

test("the configuration names the rule, its forwarder, and the channel to its endpoint", async () => {
  const answer = await ask();
  assert.equal(answer.status, 200);
  const rule = immutableIds.dcr("a");
  const { configuration, metrics } = hosts.dce("a");
  const { configurations } = JSON.parse(answer.body) as { configurations: { eTag: string }[] };
  const [found] = configurations;
  assert.match(found?.eTag ?? "", /^[0-9a-f]{32}$/);
  assert.deepEqual(
    { ...found, eTag: "" },
    {
      configurationId: rule,
      eTag: "",
      op: "added",
      content: {
        dataSources: [
          {
            configuration: { labelIncludeFilter: {} },
            id: "PrometheusDataSource",
            kind: "prometheusForwarder",
            streams: [
              {
                stream: "Microsoft-PrometheusMetrics",
                extensionOutputStream: `${rule}:PrometheusDataSource:Microsoft-PrometheusMetrics`,
              },
            ],
            sendToChannels: [channelId],
          },
        ],
        channels: [
          {
            endpoint: `https://${metrics}/api/v1/dataCollectionRules/${rule}/streams/Microsoft-PrometheusMetrics`,
            tokenEndpointUri: `https://${configuration}${path}/${rule}/channels/${channelId}/issueIngestionToken?operatingLocation=westeurope&platform=linux&api-version=2022-06-02`,
            id: channelId,
            protocol: "prometheus",
          },
        ],
        extensionConfigurations: {},
      },
    },
  );
});

test("a rule without an endpoint that exists gives no channel, and the access log says why", async () => {
  rig.change({ kind: "delete", id: ids.dce("a") });
  withoutAssociation();
  const answer = await askGlobally({ via: "public" });
  assert.deepEqual(JSON.parse(answer.body), { configurations: [] });
  const entry = rig.edge.explainRequest(String(answer.headers["x-ms-request-id"]));
  assert.ok(entry?.reasons.some(({ rule }) => rule === "configuration.rule-without-endpoint"));
});

test("an unchanged configuration is 304 for its entity tag, and changes with the rule's endpoint", async () => {
  const { etag } = (await ask()).headers;
  const headers = { "if-none-match": String(etag) };
  assert.equal((await ask({ headers })).status, 304);
  const moved = dce("a", "Disabled");
  const metricsIngestion = { endpoint: `https://${hosts.dce("b").metrics}` };
  rig.change({
    kind: "put",
    resource: { ...moved, properties: { ...moved.properties, metricsIngestion } },
  });
  assert.equal((await ask({ headers })).status, 200);
});

test("the path may begin with a location, as the Azure Monitor agent's does", async () => {
  const answer = await ask({
    path: `/locations/westeurope${path}?platform=linux&includeMeConfig=true&api-version=2022-06-02`,
  });
  assert.equal(answer.status, 200, answer.body);
});

test("the ingestion token of a channel opens its rule, and says how long it lasts", async () => {
  const answer = await ask({ path: tokenPath(channelId) });
  assert.equal(answer.status, 200, answer.body);
  assert.equal(answer.headers["cache-control"], `max-age=${limits.ingestionTokenLifeSeconds}`);
  const body = JSON.parse(answer.body) as Readonly<Record<string, string>>;
  assert.equal(body["configurationId"], immutableIds.dcr("a"));
  const written = await rig.ask({
    via: linkIds.scopeA,
    host: hosts.dce("a").metrics,
    path: `/api/v1/dataCollectionRules/${immutableIds.dcr("a")}/streams/Microsoft-PrometheusMetrics/api/v1/write`,
    method: "POST",
    token: body["ingestionAuthToken"] ?? "",
    ...remoteWrite(rig.clock.nowMs()),
  });
  assert.equal(written.status, 204, written.body);
});

test("the token address of a served configuration is one that answers", async () => {
  const { body } = await ask();
  const uri = new URL(/"tokenEndpointUri":"([^"]+)"/.exec(body)?.[1] ?? "");
  const answer = await ask({ host: uri.hostname, path: `${uri.pathname}${uri.search}` });
  assert.equal(answer.status, 200, answer.body);
});

test("a token for another channel or another rule is not there", async () => {
  for (const channel of [`metrics-${immutableIds.dce("b")}`, "__proto__"]) {
    const answer = await ask({ path: tokenPath(channel) });
    assert.equal(answer.status, 404);
    assert.equal(answer.headers["x-ms-error-code"], "ResourceNotFound");
  }
});

test("a token request at the global handler host is redirected as the configuration is", async () => {
  assert.equal((await askGlobally({ path: tokenPath(channelId) })).status, 421);
});

test("a version, a platform, a method or a path that is not served is refused by name", async () => {
  const cases: readonly (readonly [Partial<Ask>, number, string, RegExp])[] = [
    [{ path: `${path}?platform=linux` }, 400, "UnsupportedApiVersion", /2020-08-01-preview/],
    [
      { path: `${path}?platform=linux&api-version=1999-01-01` },
      400,
      "UnsupportedApiVersion",
      /'1999-01-01'/,
    ],
    [
      { path: `${path}?platform=plan9&api-version=2022-06-02` },
      400,
      "InvalidParameter",
      /linux or windows/,
    ],
    [{ method: "POST" }, 405, "MethodNotAllowed", /GET/],
    [{ path: "/" }, 404, "NotFound", /serves no/],
    [{ path: `${path}/x/y?${query}` }, 404, "NotFound", /serves no/],
    [{ path: `/agentConfigurations?${query}` }, 404, "NotFound", /serves no/],
    [{ path: `/__proto__/agentConfigurations?${query}` }, 404, "NotFound", /serves no/],
  ];
  for (const [options, status, code, says] of cases) {
    const answer = await ask(options);
    assert.equal(answer.status, status, JSON.stringify(options));
    assert.equal(answer.headers["x-ms-error-code"], code);
    assert.match(answer.body, says);
  }
});

interface Shown {
  readonly configurationId: string;
  readonly content: {
    readonly channels: readonly { readonly id: string; readonly tokenEndpointUri: string }[];
    readonly dataSources: readonly { readonly streams: readonly { readonly stream: string }[] }[];
    readonly extensionConfigurations: { readonly ContainerInsights?: readonly object[] };
  };
}
const shownIn = (answer: Answer): readonly Shown[] =>
  (JSON.parse(answer.body) as { readonly configurations: readonly Shown[] }).configurations;
const withLogs = (): void =>
  rig.change(...logsEstate("a").map((resource) => ({ kind: "put", resource }) as const));
const tokenEndpoint = (rule: string, channel: string): string =>
  `https://${hosts.dce("a").configuration}${path}/${rule}/channels/${channel}/issueIngestionToken?operatingLocation=westeurope&platform=linux&api-version=2022-06-02`;

test("Container insights comes first, with its streams, its settings and its channel to ODS, and metrics stay as they are", async () => {
  const before = shownIn(await ask());
  withLogs();
  const [logs, metrics, ...others] = shownIn(await ask());
  assert.deepEqual([metrics, others], [before[0], []]);
  const rule = ruleIds.insights("a");
  assert.equal(logs?.configurationId, rule);
  const channel = `ods-${customerIds("a")}`;
  assert.deepEqual(logs?.content.channels, [
    {
      endpoint: `https://${lawHosts("a").ods}`,
      tokenEndpointUri: tokenEndpoint(rule, channel),
      id: channel,
      protocol: "ods",
    },
  ]);
  const [source, ...more] = logs.content.dataSources;
  assert.deepEqual(more, []);
  assert.equal(source?.streams.length, 12);
  const output = (type: string): string => `${rule}:ContainerInsightsExtension:${type}`;
  assert.deepEqual(source, {
    configuration: { extensionName: "ContainerInsights" },
    id: "ContainerInsightsExtension",
    kind: "extension",
    streams: source?.streams,
    sendToChannels: [channel],
  });
  assert.deepEqual(source.streams[2], {
    stream: "KUBE_EVENTS_BLOB",
    solution: "ContainerInsights",
    extensionOutputStream: output("KUBE_EVENTS_BLOB"),
  });
  assert.deepEqual(logs.content.extensionConfigurations, {
    ContainerInsights: [
      {
        id: "ContainerInsightsExtension",
        originIds: [rule],
        extensionSettings,
        outputStreams: Object.fromEntries(
          source.streams.map(({ stream }) => [stream, output(stream)]),
        ),
      },
    ],
  });
});

test("high log scale has a gig channel behind that of ODS, and syslog is a source of its own", async () => {
  withLogs();
  rig.change(
    { kind: "put", resource: highScaleRule("a") },
    {
      kind: "put",
      resource: associated("a", "ContainerInsightsExtension", logIds.highScale("a")),
    },
  );
  const [logs] = shownIn(await ask());
  const rule = ruleIds.highScale("a");
  const gig = `gigl-dce-${immutableIds.dce("a").slice("dce-".length)}`;
  const ods = `ods-${customerIds("a")}`;
  assert.deepEqual(
    logs?.content.channels.map(({ id }) => id),
    [ods, gig],
  );
  assert.deepEqual(logs.content.channels[1], {
    endpointUriTemplate: `https://${hosts.dce("a").logs}/dataCollectionRules/${rule}/streams/<STREAM>?api-version=2021-11-01-preview`,
    tokenEndpointUri: tokenEndpoint(rule, gig),
    id: gig,
    protocol: "gig",
  });
  const carried = logs.content.dataSources.map(({ streams, ...source }) => ({
    ...source,
    streams: streams.map(({ stream }) => stream),
  }));
  const extension = {
    configuration: { extensionName: "ContainerInsights" },
    id: "ContainerInsightsExtension",
    kind: "extension",
  };
  assert.deepEqual(carried, [
    { ...extension, streams: ["CONTAINERINSIGHTS_CONTAINERLOGV2"], sendToChannels: [gig] },
    { ...extension, streams: ["KUBE_EVENTS_BLOB"], sendToChannels: [ods] },
    {
      configuration: { facilityNames: ["auth"], logLevels: ["Error"] },
      id: "sysLogsDataSource",
      kind: "syslog",
      streams: ["LINUX_SYSLOGS_BLOB"],
      sendToChannels: [ods],
    },
  ]);
});

test("the tokens of its channels open ODS and the endpoint, each its own", async () => {
  withLogs();
  rig.change(
    { kind: "put", resource: highScaleRule("a") },
    { kind: "put", resource: associated("a", "high", logIds.highScale("a")) },
  );
  const tokenOf = async (rule: string, channel: string): Promise<string> => {
    const asked = new URL(tokenEndpoint(rule, channel));
    const answer = await ask({ path: `${asked.pathname}${asked.search}` });
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.headers["cache-control"], `max-age=${limits.ingestionTokenLifeSeconds}`);
    const body = JSON.parse(answer.body) as { configurationId: string; ingestionAuthToken: string };
    assert.equal(body.configurationId, rule);
    return body.ingestionAuthToken;
  };
  const ods = await tokenOf(ruleIds.insights("a"), `ods-${customerIds("a")}`);
  const gigId = `gigl-dce-${immutableIds.dce("a").slice("dce-".length)}`;
  const gig = await tokenOf(ruleIds.highScale("a"), gigId);
  const claims = JSON.parse(Buffer.from(ods.split(".")[1] ?? "", "base64url").toString()) as object;
  assert.deepEqual(
    { ...claims, iat: 0, nbf: 0, exp: 0 },
    {
      iss: "AMCS",
      aud: "Pipeline",
      role: "Publisher",
      cid: ruleIds.insights("a"),
      targetRid: ids.cluster("a"),
      wid: customerIds("a"),
      skprov: "amcs",
      skloc: "westeurope",
      iat: 0,
      nbf: 0,
      exp: 0,
    },
  );
  const toOds = { host: lawHosts("a").ods, path: "/OperationalData.svc/PostJsonDataItems" };
  const toGig = {
    host: hosts.dce("a").logs,
    path: `/dataCollectionRules/${ruleIds.highScale("a")}/streams/CONTAINERINSIGHTS_CONTAINERLOGV2?api-version=2021-11-01-preview`,
  };
  const items = '[{"LogMessage":"x"}]';
  const body = `{"DataType":"CONTAINERINSIGHTS_CONTAINERLOGV2","DataItems":${items}}`;
  const method = "POST";
  assert.equal((await ask({ ...toOds, method, body, token: ods })).status, 200);
  assert.equal((await ask({ ...toOds, method, body, token: gig })).status, 403);
  assert.equal((await ask({ ...toGig, method, body: items, token: gig })).status, 204);
  assert.equal((await ask({ ...toGig, method, body: items, token: ods })).status, 401);
});

test("a rule whose workspace is gone has no channel, and the access log says so", async () => {
  withLogs();
  rig.change({ kind: "delete", id: law("a", "Enabled").id });
  const answer = await ask();
  assert.deepEqual(
    shownIn(answer).map(({ configurationId }) => configurationId),
    [immutableIds.dcr("a")],
  );
  const { reasons = [] } = rig.accessLog.find(String(answer.headers["x-ms-request-id"])) ?? {};
  assert.ok(reasons.some(({ rule }) => rule === "configuration.rule-without-endpoint"));
});
