/** The suite of confusions on a whole platform: what is true of one estate, used on sockets where it does not belong. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { listAt, sameId, stringAt } from "../../src/arm/index.ts";
import type { Json, JsonObject } from "../../src/arm/index.ts";
import { audiences, cloud, roleDefinitions } from "../../src/azure/index.ts";
import { labelsOf, limits } from "../../src/core/index.ts";
import { encodeWriteRequest, snappyEncode } from "../../src/wire/index.ts";
import { armOf } from "../support/arm.ts";
import type { TestArm } from "../support/arm.ts";
import { removeFolder, startPlatform } from "../support/command.ts";
import type { TestPlatform } from "../support/command.ts";
import { refusedWith } from "../support/documented.ts";
import { openParty } from "../support/private-party.ts";
import type { Party } from "../support/private-party.ts";
import { openForge } from "../support/token-forge.ts";
import type { TokenForge } from "../support/token-forge.ts";
import { askArm, wireAt } from "../support/wire.ts";
import type { Wire, WireAnswer } from "../support/wire.ts";

type Side = "a" | "b";

let platform: TestPlatform;
let access: TestArm;
let forge: TokenForge;
let outside: Wire;
let party: Readonly<Record<Side, Party>>;

before(async () => {
  platform = await startPlatform();
  access = armOf(platform.ready);
  forge = await openForge(platform.ready);
  outside = await wireAt(platform.ready, { kind: "public" });
  const [a, b] = await Promise.all([
    openParty(platform, access, { name: "a", prefix: "10.1" }),
    openParty(platform, access, { name: "b", prefix: "10.2" }),
  ]);
  party = { a, b };
});
after(async () => {
  for (const wire of [outside, party.a.inside, party.b.inside]) await wire.close();
  access.close();
  await platform.stop();
  removeFolder(platform.data);
});

const version = { dce: "2022-06-01", workspace: "2023-04-03", network: "2023-05-01" };

const agentQuery = "operatingLocation=eastus&platform=linux&api-version=2020-08-01-preview";
const configurationPath = (side: Side): string =>
  `${party[side].estate.cluster}/agentConfigurations?${agentQuery}`;
const ingestionTokenPath = (side: Side, of: Side = side, channel = ""): string =>
  `${party[side].estate.cluster}/agentConfigurations/${party[of].ruleId}/channels/${channel}/issueIngestionToken?${agentQuery.replace("2020-08-01", "2020-04-01")}`;
const writePath = (side: Side): string =>
  `/dataCollectionRules/${party[side].ruleId}/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24`;
const agentWritePath = (side: Side): string =>
  `/api/v1/dataCollectionRules/${party[side].ruleId}/streams/Microsoft-PrometheusMetrics`;

/** What a side's agent is told: its channel, and a token for its rule. */
async function agentOf(side: Side): Promise<{ channel: string; ingestionToken: string }> {
  const { inside, hosts } = party[side];
  const token = await inside.identityToken(audiences.monitor);
  const configured = await inside.ask(hosts.configuration, {
    path: configurationPath(side),
    token,
  });
  assert.equal(configured.status, 200, configured.body);
  const channel = /metrics-dce-[0-9a-f]{32}/.exec(configured.body)?.[0] ?? "";
  const path = ingestionTokenPath(side, side, channel);
  const issued = await inside.ask(hosts.configuration, { path, token });
  assert.equal(issued.status, 200, issued.body);
  const ingestionToken = stringAt(JSON.parse(issued.body) as Json, "ingestionAuthToken") ?? "";
  return { channel, ingestionToken };
}

let writes = 0;
/** Writes one sample, of a time of its own, into `side`'s network. */
function write(
  side: Side,
  asked: { readonly path: string; readonly token: string; readonly host?: string },
): Promise<WireAnswer> {
  writes += 1;
  const labels = labelsOf({
    __name__: "written",
    to: asked.path.includes(party.a.ruleId) ? "a" : "b",
  });
  const sample = { timestampMs: Date.now() - 600_000 + writes, value: writes };
  return party[side].inside.ask(asked.host ?? party[side].hosts.metrics, {
    method: "POST",
    path: asked.path,
    token: asked.token,
    headers: {
      "content-encoding": "snappy",
      "content-type": "application/x-protobuf",
      "x-prometheus-remote-write-version": "0.1.0",
    },
    body: snappyEncode(encodeWriteRequest([{ labels, samples: [sample] }])),
  });
}

const queryPath = "/api/v1/query?query=count_over_time(written[1h])";
async function writtenIn(side: Side): Promise<string | undefined> {
  const token = await access.token(audiences.prometheus);
  const answer = await party[side].inside.ask(party[side].hosts.query, { path: queryPath, token });
  assert.equal(answer.status, 200, answer.body);
  const body = JSON.parse(answer.body) as Json;
  return stringAt(listAt(body, "data", "result")[0], "value", 1);
}

test("each door opens for its own cluster, over its own link", async () => {
  for (const side of ["a", "b"] as const) {
    const { ingestionToken } = await agentOf(side);
    const byAgent = await write(side, { path: agentWritePath(side), token: ingestionToken });
    assert.equal(byAgent.status, 204, byAgent.body);
    const token = await access.token(audiences.monitor);
    assert.equal((await write(side, { path: writePath(side), token })).status, 204);
    assert.equal(await writtenIn(side), "2");
  }
});

test("the identity of A does not get B's configuration, nor a token for B's rule", async () => {
  const token = await party.a.inside.identityToken(audiences.monitor);
  const { channel } = await agentOf("b");
  const fromB = party.b.inside;
  for (const path of [configurationPath("b"), ingestionTokenPath("b", "b", channel)]) {
    const answer = await fromB.ask(party.b.hosts.configuration, { path, token });
    refusedWith(answer, 403, "AuthorizationFailed");
    assert.doesNotMatch(answer.body, /dcr-|ingestionAuthToken/);
  }
  // At its own door, for its own cluster, A is not given what opens B's rule.
  const crossed = await party.a.inside.ask(party.a.hosts.configuration, {
    path: ingestionTokenPath("a", "b", channel),
    token,
  });
  refusedWith(crossed, 404, "ResourceNotFound");
  assert.doesNotMatch(crossed.body, /ingestionAuthToken/);
  // And A's own configuration is not served at B's endpoint.
  const foreign = await fromB.ask(party.b.hosts.configuration, {
    path: configurationPath("a"),
    token,
  });
  refusedWith(foreign, 403, "InvalidAccess");
});

test("a token of rule A opens rule B neither at B's endpoint nor at A's, and rule A not at B's", async () => {
  const { ingestionToken: token } = await agentOf("a");
  const before = [await writtenIn("a"), await writtenIn("b")];
  refusedWith(await write("b", { path: agentWritePath("b"), token }), 403, "OperationFailed");
  refusedWith(
    await write("a", { path: agentWritePath("b"), token }),
    403,
    "OperationFailed",
    /IsDcrDceBindingValid: False/,
  );
  refusedWith(await write("b", { path: agentWritePath("a"), token }), 403, "OperationFailed");
  // It is an ingestion token and nothing else.
  refusedWith(await write("a", { path: writePath("a"), token }), 401, "AuthenticationFailed");
  const query = await party.a.inside.ask(party.a.hosts.query, { path: queryPath, token });
  refusedWith(query, 401, "AuthenticationFailed");
  assert.deepEqual([await writtenIn("a"), await writtenIn("b")], before);
});

test("workspace B is not queried through A's endpoint, nor data sent through it, even by one who may", async () => {
  const token = await access.token(audiences.prometheus);
  const through = party.a.queryAddress;
  const own = await party.a.inside.ask(party.a.hosts.query, { path: queryPath, token }, through);
  assert.equal(own.status, 200, own.body);
  const answer = await party.a.inside.ask(party.b.hosts.query, { path: queryPath, token }, through);
  refusedWith(answer, 403, "PublicNetworkAccessDenied");
  const monitorToken = await access.token(audiences.monitor);
  const ask = { method: "POST", path: writePath("a"), token: monitorToken };
  const data = await party.a.inside.ask(party.a.hosts.metrics, ask, through);
  refusedWith(data, 403, "PublicNetworkAccessDenied");
  const open = await outside.ask(party.a.hosts.query, { path: queryPath, token });
  refusedWith(open, 403, "PublicNetworkAccessDenied");
});

/** A principal with one role at one scope: its token for ARM. */
async function principalWith(role: string, scope: string, number: number): Promise<string> {
  const objectId = `00000000-0000-4000-8000-0000000000${10 + number}`;
  const definition = roleDefinitions.find(({ roleName }) => roleName === role)?.id;
  const assignment = `${scope}/providers/Microsoft.Authorization/roleAssignments/${objectId}`;
  const roleDefinitionId = `${access.subscription}/providers/Microsoft.Authorization/roleDefinitions/${definition}`;
  const properties = { principalId: objectId, principalType: "ServicePrincipal", roleDefinitionId };
  await access.arm.put(assignment, { apiVersion: "2022-04-01", body: { properties } });
  return forge.signed({ audience: audiences.arm, objectId });
}

const put = (path: string, apiVersion: string, body: JsonObject, token: string) =>
  askArm(platform.ready, { method: "PUT", path: `${path}?api-version=${apiVersion}`, token, body });

test("linking needs rights on the linked resource, not on the scope alone", async () => {
  const token = await principalWith("Contributor", party.a.estate.group, 1);
  const scoped = `${party.a.scope}/scopedResources/of-b`;
  const body = { properties: { linkedResourceId: party.b.dce } };
  refusedWith(await put(scoped, "2021-09-01", body, token), 403, "LinkedAuthorizationFailed");
  const b = await access.arm.get(party.b.dce, version.dce);
  assert.equal(listAt(b, "properties", "privateLinkScopedResources").length, 1);
  const unknown = { properties: { linkedResourceId: `${party.b.dce}-none` } };
  const hidden = await put(scoped, "2021-09-01", unknown, token);
  refusedWith(hidden, 403, "LinkedAuthorizationFailed");
});

test("approving a connection needs the action on its target; until then the endpoint carries nothing", async () => {
  const token = await principalWith("Contributor", party.a.estate.group, 2);
  const { workspace } = party.b.estate;
  const id = party.a.estate.id("Microsoft.Network/privateEndpoints", "pe-to-b");
  const target = { privateLinkServiceId: workspace, groupIds: ["prometheusMetrics"] };
  const endpoint = {
    location: "eastus",
    properties: {
      subnet: { id: `${party.a.estate.vnet}/subnets/endpoints` },
      privateLinkServiceConnections: [{ name: "to-b", properties: target }],
    },
  };
  // Its maker may make endpoints, and may not approve for B: the connection waits for who may.
  assert.equal((await put(id, version.network, endpoint, token)).status, 201);
  const made = await access.arm.put(id, { apiVersion: version.network, body: endpoint });
  const pending = (
    await access.arm.list(`${workspace}/privateEndpointConnections`, version.workspace)
  ).find((one) => sameId(stringAt(one, "properties", "privateEndpoint", "id"), id));
  const connection = stringAt(pending, "id") ?? "";
  assert.equal(await statusOf(connection), "Pending");
  const nicId = stringAt(made, "properties", "networkInterfaces", 0, "id") ?? "";
  const nic = await access.arm.get(nicId, version.network);
  const address = stringAt(
    nic,
    "properties",
    "ipConfigurations",
    0,
    "properties",
    "privateIPAddress",
  );
  const through = async (): Promise<WireAnswer> => {
    const ask = { path: queryPath, token: await access.token(audiences.prometheus) };
    return party.a.inside.ask(party.b.hosts.query, ask, address);
  };
  await assert.rejects(through());

  const approval = {
    properties: { privateLinkServiceConnectionState: { status: "Approved", description: "mine" } },
  };
  const weak = [
    token,
    await principalWith("Reader", party.b.estate.group, 3),
    await principalWith("Network Contributor", party.b.estate.group, 4),
  ];
  for (const one of weak) {
    const answer = await put(connection, version.workspace, approval, one);
    refusedWith(answer, 403, "AuthorizationFailed");
  }
  assert.equal(await statusOf(connection), "Pending");
  await assert.rejects(through());

  await access.arm.put(connection, { apiVersion: version.workspace, body: approval });
  assert.equal((await through()).status, 200);
});

async function statusOf(connection: string): Promise<string | undefined> {
  const now = await access.arm.get(connection, version.workspace);
  return stringAt(now, "properties", "privateLinkServiceConnectionState", "status");
}

/** Every door that takes a token, each asked with what its owner may ask. */
const doors: readonly {
  readonly name: string;
  readonly audience: string;
  readonly ask: (token: string) => Promise<WireAnswer>;
  readonly refuses: string;
  /** Whether the refusal names what is wrong with the token by its code. */
  readonly names: boolean;
}[] = [
  {
    name: "ingestion",
    audience: audiences.monitor,
    ask: (token) => write("a", { path: writePath("a"), token }),
    refuses: "AuthenticationFailed",
    names: true,
  },
  {
    name: "configuration",
    audience: audiences.monitor,
    ask: (token) =>
      party.a.inside.ask(party.a.hosts.configuration, { path: configurationPath("a"), token }),
    refuses: "AuthenticationFailed",
    names: true,
  },
  {
    name: "configuration at the global host",
    audience: audiences.monitor,
    ask: (token) =>
      party.a.inside.ask(cloud.globalHandlerHost, { path: configurationPath("a"), token }),
    refuses: "AuthenticationFailed",
    names: true,
  },
  {
    name: "query",
    audience: audiences.prometheus,
    ask: (token) => party.a.inside.ask(party.a.hosts.query, { path: queryPath, token }),
    refuses: "AuthenticationFailed",
    names: true,
  },
  {
    name: "ARM",
    audience: audiences.arm,
    ask: (token) =>
      askArm(platform.ready, { path: `${party.a.scope}?api-version=2021-09-01`, token }),
    refuses: "InvalidAuthenticationToken",
    names: false,
  },
];

for (const { name, audience, ask, refuses, names } of doors) {
  test(`no token that is forged, ended, early or for another opens ${name}`, async () => {
    const good = await ask(forge.signed({ audience }));
    assert.notEqual(good.status, 401, `the door is there: ${good.body}`);
    const written = await writtenIn("a");
    const bad: readonly (readonly [string, string, string])[] = [
      ...forge.counterfeits({ audience }),
      [
        "ended",
        "TokenExpired",
        forge.signed({ audience, endedSeconds: limits.clockSkewSeconds + 5 }),
      ],
      [
        "early",
        "TokenNotYetValid",
        forge.signed({ audience, endedSeconds: -3600 - limits.clockSkewSeconds - 5 }),
      ],
      [
        "of another tenant",
        "TokenTenantWrong|TokenIssuerWrong",
        forge.signed({ audience, tenantId: "00000000-0000-0000-0000-00000000000b" }),
      ],
      [
        "of another issuer",
        "TokenIssuerWrong",
        forge.signed({ audience, issuer: "https://example.org/" }),
      ],
      ["for a vault", "TokenAudienceWrong", forge.signed({ audience: "https://vault.azure.net" })],
      [
        "for a longer name",
        "TokenAudienceWrong",
        forge.signed({ audience: `${audience}.example.org` }),
      ],
    ];
    for (const [what, code, token] of bad) {
      const answer = await ask(token);
      assert.deepEqual([answer.status, answer.code], [401, refuses], `${what}: ${answer.body}`);
      if (names) assert.match(answer.body, new RegExp(code), what);
      assert.match(answer.headers["www-authenticate"] ?? "", /^Bearer /, what);
    }
    for (const other of doors.filter((door) => door.audience !== audience)) {
      const answer = await ask(forge.signed({ audience: other.audience }));
      assert.deepEqual([answer.status, answer.code], [401, refuses], `for ${other.name}`);
    }
    assert.equal(await writtenIn("a"), written);
  });
}
