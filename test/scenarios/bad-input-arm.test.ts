/** Bad input to ARM, over the wire: a status, a documented code, and everything that was accepted before as it was. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { at, listAt, stringAt } from "../../src/arm/index.ts";
import type { Json } from "../../src/arm/index.ts";
import { audiences } from "../../src/azure/index.ts";
import { limits } from "../../src/core/index.ts";
import { armOf, articleEstate } from "../support/arm.ts";
import type { TestArm } from "../support/arm.ts";
import { removeFolder, startPlatform } from "../support/command.ts";
import type { TestPlatform } from "../support/command.ts";
import { refusedWith } from "../support/documented.ts";
import { askArm } from "../support/wire.ts";
import type { WireAnswer } from "../support/wire.ts";

let platform: TestPlatform;
let access: TestArm;
let estate: Awaited<ReturnType<typeof articleEstate>>;
let token: string;

const version = {
  dce: "2022-06-01",
  scope: "2021-09-01",
  network: "2023-05-01",
  workspace: "2023-04-03",
};

before(async () => {
  platform = await startPlatform();
  access = armOf(platform.ready);
  const region = "eastus";
  estate = await articleEstate(access, {
    name: "bad",
    region,
    workspaceRegion: region,
    prefix: "10.1",
  });
  token = await access.token(audiences.arm);
  await accepted("PUT", scope(), version.scope, scopeBody);
  await accepted("PUT", dce("kept"), version.dce, dceBody);
});
after(async () => {
  access.close();
  await platform.stop();
  removeFolder(platform.data);
});
// Whatever a test sent, what was accepted is as it was, and the next good request is taken.
afterEach(async () => {
  for (const [path, { apiVersion, was }] of kept) {
    const answer = await send("GET", path, apiVersion);
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [200, was]);
  }
  await accepted("PUT", dce(`good-${kept.size}`), version.dce, dceBody);
});

const dceBody = { location: "eastus", properties: {} };
const scopeBody = {
  location: "global",
  properties: { accessModeSettings: { queryAccessMode: "Open", ingestionAccessMode: "Open" } },
};
const dce = (name: string): string => estate.id("Microsoft.Insights/dataCollectionEndpoints", name);
const scope = (name = "ampls"): string => estate.id("Microsoft.Insights/privateLinkScopes", name);
const endpoint = (name: string): string => estate.id("Microsoft.Network/privateEndpoints", name);

/** What was accepted and stays: each id with its GET. */
const kept = new Map<string, { readonly apiVersion: string; readonly was: unknown }>();

function send(
  method: string,
  path: string,
  apiVersion?: string,
  body?: string | object,
): Promise<WireAnswer> {
  return askArm(platform.ready, {
    method,
    path: apiVersion === undefined ? path : `${path}?api-version=${apiVersion}`,
    token,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
  });
}

/** Sends what is good; what it made is kept. */
async function accepted(method: string, path: string, apiVersion: string, body: object) {
  const answer = await send(method, path, apiVersion, body);
  assert.ok(answer.status === 200 || answer.status === 201, answer.body);
  const was: unknown = JSON.parse((await send("GET", path, apiVersion)).body);
  kept.set(path, { apiVersion, was });
}

const properties = (answer: WireAnswer): Json | undefined =>
  at(JSON.parse(answer.body) as Json, "properties");

test("an id with blanks, as the article's own examples have, in a path, in a body and in a command", async () => {
  const id = dce("kept");
  const withBlanks = id.replace("/resourceGroups/", " /resourceGroups/ ");
  const link = { properties: { linkedResourceId: withBlanks } };
  refusedWith(
    await send("PUT", `${scope()}/scopedResources/blank`, version.scope, link),
    400,
    "InvalidRequestContent",
    /has a blank at character 52/,
  );
  const path = id.replace("/resourceGroups/", "%20/resourceGroups/%20");
  refusedWith(
    await send("PUT", path, version.dce, dceBody),
    400,
    "InvalidRequestUri",
    /has a blank at character 37; resource ids have none. Remove it/,
  );
  const words = ["enable", "metrics", "--cluster", "aks-bad", "--workspace", "amw-bad", "--scope"];
  const command = await platform.linkscope([
    ...words,
    scope().replace("/resourceGroups/", " /resourceGroups/ "),
  ]);
  assert.equal(command.code, 1);
  assert.match(command.note, /has a blank at character 52; resource ids have none. Remove it/);
});

test("a region that there is not", async () => {
  const body = { ...dceBody, location: "atlantis" };
  const code = "LocationNotAvailableForResourceType";
  refusedWith(await send("PUT", dce("away"), version.dce, body), 400, code, /'atlantis'.*eastus/);
  refusedWith(
    await send("PUT", `${access.subscription}/resourceGroups/away`, "2021-04-01", body),
    400,
    "LocationNotAvailableForResourceGroup",
  );
});

test("SecuredByPerimeter is refused by name, wherever Azure takes it", async () => {
  const publicNetworkAccess = "SecuredByPerimeter";
  const says = /'SecuredByPerimeter' .* is not emulated.*Use Enabled or Disabled/;
  const bodies: readonly (readonly [string, string, object])[] = [
    [dce("perimeter"), version.dce, { networkAcls: { publicNetworkAccess } }],
    [`${estate.workspace}-2`, version.workspace, { publicNetworkAccess }],
  ];
  for (const [id, apiVersion, fields] of bodies) {
    const body = { location: "eastus", properties: fields };
    refusedWith(await send("PUT", id, apiVersion, body), 400, "FeatureNotEmulated", says);
  }
  const mode = { queryAccessMode: publicNetworkAccess, ingestionAccessMode: "Open" };
  const body = { location: "global", properties: { accessModeSettings: mode } };
  refusedWith(
    await send("PUT", scope("perimeter"), version.scope, body),
    400,
    "InvalidRequestContent",
  );
});

const endpointBody = (subnet: string, target: string) => ({
  location: "eastus",
  properties: {
    subnet: { id: `${estate.vnet}/subnets/${subnet}` },
    privateLinkServiceConnections: [
      {
        name: "scope",
        properties: { privateLinkServiceId: target, groupIds: ["azuremonitor"] },
      },
    ],
  },
});

test("a subnet too small: for a subnet, and for the addresses of an endpoint", async () => {
  const subnet = `${estate.vnet}/subnets/tiny`;
  refusedWith(
    await send("PUT", subnet, version.network, { properties: { addressPrefix: "10.1.9.0/30" } }),
    400,
    "SubnetTooSmall",
  );
  const smallest = { properties: { addressPrefix: "10.1.9.0/29" } };
  await accepted("PUT", subnet, version.network, smallest);
  refusedWith(
    await send("PUT", endpoint("pe-tiny"), version.network, endpointBody("tiny", scope())),
    400,
    "SubnetIsFull",
    /10\.1\.9\.0\/29 does not have enough capacity for \d+ IP addresses/,
  );
  const empty = await send("GET", subnet, version.network);
  assert.deepEqual(listAt(properties(empty), "ipConfigurations"), []);
});

test("writes to a scope at once: each is taken or told to wait, and one that waited is taken", async () => {
  const target = scope("twice");
  await accepted("PUT", target, version.scope, scopeBody);
  await accepted("PUT", dce("left"), version.dce, dceBody);
  await accepted("PUT", dce("right"), version.dce, dceBody);
  const link = (name: string): Promise<WireAnswer> =>
    send("PUT", `${target}/scopedResources/${name}`, version.scope, {
      properties: { linkedResourceId: dce(name) },
    });
  const answers = { left: link("left"), right: link("right") };
  for (const name of ["left", "right"] as const) {
    const answer = await answers[name];
    // Whether the two meet is the network's doing; src/control/operations.test.ts has them meet.
    if (answer.status !== 201) {
      const says = /Cannot modify resource while in provisioning state: 'Provisioning'/;
      refusedWith(answer, 409, "Conflict", says);
    }
    // The client waits and writes again, as `enable` does.
    const written = await access.arm.put(`${target}/scopedResources/${name}`, {
      apiVersion: version.scope,
      body: { properties: { linkedResourceId: dce(name) } },
    });
    assert.equal(stringAt(written, "properties", "provisioningState"), "Succeeded");
  }
  const linked = await access.arm.list(`${target}/scopedResources`, version.scope);
  assert.deepEqual(linked.map(({ name }) => name).sort(), ["left", "right"]);
  for (const name of ["left", "right"]) kept.delete(dce(name));
});

test("a second endpoint to a scope in one network, for the same scope or another", async () => {
  const here = (target: string) => endpointBody("endpoints", target);
  await access.arm.put(endpoint("pe-first"), {
    apiVersion: version.network,
    body: here(scope()),
  });
  const was: unknown = JSON.parse((await send("GET", endpoint("pe-first"), version.network)).body);
  kept.set(endpoint("pe-first"), { apiVersion: version.network, was });
  // The scope shows its new connection; that is how it is to stay.
  await accepted("PUT", scope(), version.scope, scopeBody);
  for (const target of [scope(), scope("twice")]) {
    refusedWith(
      await send("PUT", endpoint("pe-second"), version.network, here(target)),
      409,
      "VirtualNetworkAlreadyLinked",
      /already has the private endpoint '[^']*pe-first'.*Use that endpoint's scope/,
    );
  }
  const gone = await send("GET", endpoint("pe-second"), version.network);
  refusedWith(gone, 404, "ResourceNotFound");
});

test("deleting an endpoint that a scope links, or that a cluster is associated with", async () => {
  const scoped = `${scope("twice")}/scopedResources/held`;
  await access.arm.put(dce("held"), { apiVersion: version.dce, body: dceBody });
  await access.arm.put(scoped, {
    apiVersion: version.scope,
    body: { properties: { linkedResourceId: dce("held") } },
  });
  refusedWith(
    await send("DELETE", dce("held"), version.dce),
    409,
    "ResourceIsScoped",
    /is linked to an Azure Monitor private link scope by .*scopedResources\/held/,
  );
  assert.equal((await send("GET", dce("held"), version.dce)).status, 200);
  await access.arm.delete(scoped, { apiVersion: version.scope });

  const name = "configurationAccessEndpoint";
  const association = `${estate.cluster}/providers/Microsoft.Insights/dataCollectionRuleAssociations/${name}`;
  await access.arm.put(association, {
    apiVersion: version.dce,
    body: { properties: { dataCollectionEndpointId: dce("held") } },
  });
  refusedWith(await send("DELETE", dce("held"), version.dce), 409, "ResourceHasAssociations");
  await access.arm.delete(association, { apiVersion: version.dce });
  assert.equal((await send("DELETE", dce("held"), version.dce)).status, 200);
});

test("// in a path is one slash, as az sends it; .. and what hides it is refused", async () => {
  const id = dce("kept");
  const whole = await send("GET", id, version.dce);
  for (const path of [`/${id}`, id.replace("/providers/", "//providers///"), `${id}/`]) {
    const answer = await send("GET", path, version.dce);
    assert.deepEqual([answer.status, answer.body], [200, whole.body], path);
  }
  for (const bad of ["/x/../providers/", "/./providers/", "/%2e%2e/providers/", "%2fproviders/"]) {
    const path = id.replace("/providers/", bad);
    refusedWith(await send("GET", path, version.dce), 400, "InvalidRequestUri");
    refusedWith(await send("DELETE", path, version.dce), 400, "InvalidRequestUri");
  }
  refusedWith(
    await send("GET", `/${"x".repeat(limits.armIdCharsMax)}`, version.dce),
    400,
    "InvalidRequestUri",
    /has 2049 characters; the limit is 2048/,
  );
});

test("__proto__ as a resource's name, as a property, as a tag, as a type", async () => {
  await accepted("PUT", scope("__proto__"), version.scope, scopeBody);
  await accepted("PUT", `${access.subscription}/resourceGroups/__proto__`, "2021-04-01", {
    location: "eastus",
  });
  const named = await send("GET", scope("__proto__"), version.scope);
  assert.match(named.body, /"name":"__proto__"/);
  refusedWith(
    await send("PUT", dce("__proto__"), version.dce, dceBody),
    400,
    "InvalidResourceName",
  );
  for (const [field, body] of [
    ["__proto__", '{"location":"eastus","__proto__":{"tags":{}},"properties":{}}'],
    ["properties.__proto__", '{"location":"eastus","properties":{"__proto__":{"kind":"x"}}}'],
  ] as const) {
    refusedWith(
      await send("PUT", dce("proto"), version.dce, body),
      400,
      "InvalidRequestContent",
      new RegExp(`'${field}' is unknown`),
    );
  }
  const tagged = '{"location":"eastus","tags":{"__proto__":"a","constructor":"b"},"properties":{}}';
  assert.equal((await send("PUT", dce("tagged"), version.dce, tagged)).status, 201);
  const tags = await send("GET", dce("tagged"), version.dce);
  assert.match(tags.body, /"tags":\{"__proto__":"a","constructor":"b"\}/);
  refusedWith(
    await send("GET", estate.id("Microsoft.Insights/__proto__", "x"), version.dce),
    404,
    "InvalidResourceType",
  );
  refusedWith(
    await send("GET", `${estate.group}/providers/__proto__/constructor/x`, version.dce),
    404,
    "InvalidResourceNamespace",
  );
  const shown = await platform.linkscope(["show"]);
  assert.match(shown.out, /privateLinkScopes +__proto__ /);
});

test("bodies that are no JSON, no object, too deep or too large; versions and methods that there are not", async () => {
  const deep = `{"location":"eastus","properties":${"[".repeat(99)}${"]".repeat(99)}}`;
  const large = { ...dceBody, tags: { a: "x".repeat(limits.armBodyBytesMax) } };
  const cases: readonly (readonly [string | object, number, string])[] = [
    ["{", 400, "InvalidRequestContent"],
    ["[]", 400, "InvalidRequestContent"],
    ["", 400, "InvalidRequestContent"],
    [deep, 400, "InvalidRequestContent"],
    [{ properties: {} }, 400, "LocationRequired"],
    [large, 413, "BodyTooLarge"],
  ];
  for (const [body, status, code] of cases) {
    refusedWith(await send("PUT", dce("body"), version.dce, body), status, code);
  }
  const put = (path: string, apiVersion?: string) => send("PUT", path, apiVersion, dceBody);
  refusedWith(await put(dce("body"), "2029-01-01"), 400, "NoRegisteredProviderFound", /2022-06-01/);
  refusedWith(await put(dce("body")), 400, "MissingApiVersionParameter");
  refusedWith(await put(dce("body"), "soon"), 400, "InvalidApiVersionParameter");
  refusedWith(await send("POST", dce("kept"), version.dce, {}), 405, "MethodNotAllowed");
  refusedWith(await send("GET", dce("body"), version.dce), 404, "ResourceNotFound");
});
