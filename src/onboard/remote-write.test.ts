/** Remote write on plain data: what blocks its plan, what is noted, its configuration and its rendering. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { limits } from "../core/index.ts";
import { forwarderTag } from "../rules/index.ts";
import {
  planRemoteWrite,
  prometheusConfiguration,
  renderPrometheus,
  secretPlaceholder,
  writesOf,
} from "./index.ts";
import type { Observed, PrometheusSignIn, RemoteWriteRequest } from "./index.ts";
import { dce, dcr, group, ids, observedOf } from "./testing/plain-estate.ts";
import type { Plain } from "./testing/plain-estate.ts";

const network = `${group}/providers/Microsoft.Network`;
const hq = `${network}/localNetworkGateways/hq`;
const principalId = "11111111-2222-4333-8444-555555555555";
const request: RemoteWriteRequest = {
  networkId: ids.vnet,
  workspaceId: ids.workspace,
  scopeId: ids.scope,
  subnetName: "snet-private-endpoints",
  sender: { clientId: "aaaaaaaa-2222-4333-8444-555555555555", principalId },
};

/** The workspace with its default endpoint and rule; `hq` connected to the network, or not. */
const estate = (more: Plain = {}): Observed =>
  observedOf({
    [ids.workspace]: {
      location: "westeurope",
      defaultIngestionSettings: {
        dataCollectionEndpointResourceId: ids.dce,
        dataCollectionRuleResourceId: ids.dcr,
      },
    },
    [ids.dce]: dce("amw"),
    [ids.dcr]: dcr(ids.workspace, ids.dce),
    [hq]: { location: "westeurope" },
    ...more,
  });
const connected: Plain = {
  [`${network}/virtualNetworkGateways/vpn`]: {
    ipConfigurations: [{ properties: { subnet: { id: `${ids.vnet}/subnets/GatewaySubnet` } } }],
  },
  [`${network}/connections/c`]: {
    virtualNetworkGateway1: { id: `${network}/virtualNetworkGateways/vpn` },
    localNetworkGateway2: { id: hq },
  },
};

const codes = (asked: RemoteWriteRequest, observed: Observed): readonly string[] =>
  planRemoteWrite(asked, observed).blockers.map(({ code }) => code);

test("a virtual network's plan makes the scope, the link, the endpoint with its zones, and the sender's role", () => {
  const plan = planRemoteWrite(request, estate());
  assert.deepEqual(plan.blockers, []);
  const steps = [...new Set(writesOf(plan).map(({ step }) => step))];
  assert.deepEqual(steps, ["scope", "links", "network", "access"]);
  const role = plan.changes.find(({ step }) => step === "access");
  assert.equal(role?.action, "create");
  assert.match(JSON.stringify(role?.after), new RegExp(principalId));
  assert.deepEqual(plan, planRemoteWrite(request, estate()), "the same facts give the same plan");
});

test("a role that stands is kept", () => {
  const assignment = `${group}/providers/Microsoft.Authorization/roleAssignments/11111111-2222-4333-8444-000000000000`;
  const roleDefinitionId =
    "/providers/Microsoft.Authorization/roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb";
  const observed = estate({ [assignment]: { principalId, roleDefinitionId } });
  const role = planRemoteWrite(request, observed).changes.find(({ step }) => step === "access");
  assert.equal(role?.action, "none");
});

test("what is missing or wrong blocks, all at once", () => {
  const bad = { ...request, scopeId: ids.vnet, sender: { clientId: "me", principalId: "x" } };
  assert.deepEqual(codes(bad, estate()), ["InvalidId", "InvalidId", "InvalidId"]);
  const gone = estate({ [ids.workspace]: { location: "westeurope" } });
  assert.deepEqual(codes(request, gone), ["ResourceMissing", "ResourceMissing"]);
  const onPremises = { ...request, networkId: hq };
  assert.deepEqual(codes(onPremises, estate()), ["NetworkNotConnected"]);
  assert.deepEqual(codes(onPremises, estate(connected)), []);
});

test("the plan says how names resolve on-premises", () => {
  const asked = { ...request, networkId: hq };
  const notes = (observed: Observed): string =>
    planRemoteWrite(asked, observed)
      .notes.map(({ says }) => says)
      .join("\n");
  assert.match(
    notes(estate(connected)),
    /hq has no private zones, and its resolver forwards nothing/,
  );
  const { graph } = estate(connected);
  const local = graph.get(hq);
  assert.ok(local);
  const tagged = { ...local, tags: { [forwarderTag]: "10.9.9.9" } };
  const forwarding = { ...estate(connected), graph: { ...graph, ...graphWith(graph, tagged) } };
  assert.match(notes(forwarding), /forwards to 10\.9\.9\.9, which is no inbound endpoint/);
});

/** The graph's readers, with one resource in another form. */
function graphWith(
  graph: Observed["graph"],
  resource: NonNullable<ReturnType<Observed["graph"]["get"]>>,
) {
  const isIt = (id: string): boolean => id.toLowerCase() === resource.id.toLowerCase();
  return {
    get: (id: string) => (isIt(id) ? resource : graph.get(id)),
    ofType: (type: string) => graph.ofType(type).map((one) => (isIt(one.id) ? resource : one)),
  };
}

const configurationOf = (signIn: PrometheusSignIn): string =>
  prometheusConfiguration({
    metricsUrl: `https://x.metrics.ingest.${"monitor.azure.com"}`,
    dcrImmutableId: "dcr-1",
    tenantId: "t",
    clientId: "c",
    signIn,
    cluster: 'a "b"',
  });
const oauth2 = configurationOf({ kind: "oauth2", clientSecretFile: "/etc/s" });

interface Parsed {
  readonly remote_write: readonly {
    readonly proxy_url?: string;
    readonly oauth2?: { readonly proxy_url?: string; readonly client_secret_file: string };
    readonly azuread?: { readonly oauth?: { readonly client_secret: string } };
    readonly queue_config: { readonly retry_on_http_429: boolean };
  }[];
  readonly global: { readonly external_labels: { readonly cluster: string } };
}

test("the configuration is YAML with a file for the secret, and retries 429", () => {
  const parsed = parse(oauth2) as Parsed;
  const [block] = parsed.remote_write;
  assert.equal(block?.oauth2?.client_secret_file, "/etc/s");
  assert.equal(block?.queue_config.retry_on_http_429, true);
  assert.equal(parsed.global.external_labels.cluster, 'a "b"');
  assert.match(configurationOf({ kind: "azuread" }), /2\.48 on/);
  assert.match(configurationOf({ kind: "managed-identity" }), /managed_identity:/);
});

test("rendering sets proxy_url in remote_write and in oauth2, keeps comments, and takes it away again", () => {
  const proxyUrl = "http://id:secret@127.0.0.1:1";
  const with_ = renderPrometheus(`${oauth2}# the end\n`, { proxyUrl });
  const [block] = (parse(with_) as Parsed).remote_write;
  assert.deepEqual([block?.proxy_url, block?.oauth2?.proxy_url], [proxyUrl, proxyUrl]);
  assert.match(with_, /# Without this Prometheus drops/);
  assert.match(with_, /# the end/);
  const without = renderPrometheus(with_, { proxyUrl: undefined });
  assert.ok(!without.includes("proxy_url:"));
});

test("rendering fills in the secret that azuread has no file for, and leaves other writers alone", () => {
  const text = configurationOf({ kind: "azuread" });
  const other = `${text}  - url: https://elsewhere.example/api/v1/write\n`;
  const rendered = renderPrometheus(other, { proxyUrl: "http://p", clientSecret: "s: x" });
  const [block, elsewhere] = (parse(rendered) as Parsed).remote_write;
  assert.equal(block?.azuread?.oauth?.client_secret, "s: x");
  assert.equal(elsewhere?.proxy_url, undefined);
  assert.throws(() => renderPrometheus(text, { proxyUrl: undefined }), {
    code: "PrometheusFileInvalid",
    message: new RegExp(`^${secretPlaceholder} stands in azuread\\.oauth`),
  });
});

test("what is no configuration is refused, and one byte too long as well", () => {
  const refused = (text: string, says: RegExp): void =>
    assert.throws(() => renderPrometheus(text, { proxyUrl: undefined }), {
      code: "PrometheusFileInvalid",
      message: says,
    });
  refused("a: [", /./);
  refused("a: 1\na: 2\n", /unique/i);
  refused("remote_write:\n  - url: https://elsewhere.example/\n", /no remote_write block/);
  refused("remote_write: 7\n", /no remote_write block/);
  const padding = "#".repeat(limits.prometheusFileBytesMax - Buffer.byteLength(oauth2));
  assert.ok(renderPrometheus(`${oauth2}${padding}`, { proxyUrl: undefined }).length > 0);
  refused(`${oauth2}${padding}#`, /the limit is/);
});
