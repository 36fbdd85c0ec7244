/** Data collection endpoints, rules and associations: shapes, refusals and what holds what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, stringAt } from "../../arm/index.ts";
import type { JsonObject } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import {
  clusterId,
  dceBody,
  dceId,
  insights,
  linkedEstate,
  openEstate,
  workspaceId,
} from "../testing/estate.ts";
import type { Estate } from "../testing/estate.ts";

const ruleId = `${insights}/dataCollectionRules/rule1`;
const stream = "Microsoft-PrometheusMetrics";

const ruleBody = (properties: JsonObject = {}): JsonObject => ({
  location: "eastus",
  kind: "Linux",
  properties: {
    dataCollectionEndpointId: dceId,
    dataSources: {
      prometheusForwarder: [{ name: "p", streams: [stream], labelIncludeFilter: {} }],
    },
    destinations: {
      monitoringAccounts: [
        { name: "MonitoringAccount1", accountResourceId: workspaceId.toLowerCase() },
      ],
    },
    dataFlows: [{ streams: [stream], destinations: ["MonitoringAccount1"] }],
    ...properties,
  },
});

function ruleEstate(): Estate {
  const estate = openEstate();
  estate.put(dceId, dceBody);
  estate.put(workspaceId, { location: "eastus" });
  return estate;
}

test("an endpoint has three hosts of its name and a key, an immutable id, and public access", () => {
  const estate = openEstate();
  const dce = estate.put(`${insights}/dataCollectionEndpoints/FredEndpoint`, dceBody);
  const host = /^https:\/\/fredendpoint-[a-z0-9]{4}\.eastus-1\./.source;
  const endpoint = (name: string): string => stringAt(dce.properties, name, "endpoint") ?? "";
  assert.match(
    endpoint("configurationAccess"),
    new RegExp(`${host}handler\\.control\\.monitor\\.azure\\.com$`),
  );
  assert.match(endpoint("logsIngestion"), new RegExp(`${host}ingest\\.monitor\\.azure\\.com$`));
  assert.match(
    endpoint("metricsIngestion"),
    new RegExp(`${host}metrics\\.ingest\\.monitor\\.azure\\.com$`),
  );
  assert.match(stringAt(dce.properties, "immutableId") ?? "", /^dce-[\da-f]{32}$/);
  assert.deepEqual(dce.properties["networkAcls"], { publicNetworkAccess: "Enabled" });
});

test("an endpoint that is put again keeps its hosts, immutable id and links, and takes the new access", () => {
  const estate = linkedEstate();
  const before = estate.get(dceId).properties;
  const closed = { networkAcls: { publicNetworkAccess: "Disabled" } };
  const after = estate.put(dceId, {
    location: "eastus",
    kind: "Linux",
    properties: closed,
  }).properties;
  assert.deepEqual(after, { ...before, ...closed });
});

test("an endpoint made anew has the same hosts and another immutable id", () => {
  const estate = openEstate();
  const first = estate.put(dceId, dceBody).properties;
  estate.delete(dceId);
  const second = estate.put(dceId, dceBody).properties;
  assert.deepEqual(second["metricsIngestion"], first["metricsIngestion"]);
  assert.notEqual(second["immutableId"], first["immutableId"]);
});

test("a network security perimeter is refused by name", () => {
  const properties = { networkAcls: { publicNetworkAccess: "SecuredByPerimeter" } };
  const refused = openEstate().refusal(dceId, { location: "eastus", properties });
  assert.match(refused[0] ?? "", /^FeatureNotEmulated: The value 'SecuredByPerimeter'/);
});

test("an endpoint's name has at most 44 characters", () => {
  const estate = openEstate();
  const refusal = (name: string) =>
    estate.refusal(`${insights}/dataCollectionEndpoints/${name}`, dceBody);
  assert.deepEqual(refusal("a".repeat(44)), []);
  for (const name of ["a".repeat(45), "a-", "a.b", "a_b"]) {
    assert.match(refusal(name)[0] ?? "", /^InvalidResourceName/);
  }
});

test("an endpoint that a scope links, or that an association names, is not deleted", () => {
  const estate = linkedEstate();
  estate.put(clusterId, { location: "eastus", properties: { agentPoolProfiles: [{ name: "a" }] } });
  estate.put(
    `${clusterId}/providers/Microsoft.Insights/dataCollectionRuleAssociations/configurationAccessEndpoint`,
    {
      properties: { dataCollectionEndpointId: dceId },
    },
  );
  const refused = estate.deleteRefusal(dceId);
  assert.match(refused[0] ?? "", /^ResourceIsScoped: .*dce1-connection/);
  assert.match(refused[1] ?? "", /^ResourceHasAssociations: .*configurationAccessEndpoint/);
});

test("a Prometheus rule shows its immutable id, its workspace's account id and canonical ids", () => {
  const estate = ruleEstate();
  const rule = estate.put(ruleId, ruleBody());
  const [account] = listAt(rule.properties, "destinations", "monitoringAccounts");
  assert.equal(stringAt(account, "accountResourceId"), workspaceId);
  assert.equal(
    stringAt(account, "accountId"),
    stringAt(estate.get(workspaceId).properties, "accountId"),
  );
  const immutableId = stringAt(rule.properties, "immutableId");
  assert.match(immutableId ?? "", /^dcr-[\da-f]{32}$/);
  assert.equal(estate.put(ruleId, ruleBody()).properties["immutableId"], immutableId);
});

test("a rule for remote write has no data sources and may repeat the account id; null is absent", () => {
  const estate = ruleEstate();
  const accountId = stringAt(estate.get(workspaceId).properties, "accountId") ?? "";
  const destination = (id: string): JsonObject => ({
    dataSources: {},
    destinations: {
      monitoringAccounts: [{ name: "m", accountResourceId: workspaceId, accountId: id }],
    },
    dataFlows: [{ streams: [stream], destinations: ["m"] }],
    dataCollectionEndpointId: null,
  });
  estate.put(ruleId, ruleBody(destination(accountId)));
  assert.match(
    estate.refusal(ruleId, ruleBody(destination("other")))[0] ?? "",
    /^InvalidRequestContent: The account id/,
  );
});

const account = (name: string): JsonObject => ({ name, accountResourceId: workspaceId });
const wrongRules: readonly (readonly [string, JsonObject, RegExp])[] = [
  [
    "a flow of an unknown stream",
    { dataFlows: [{ streams: ["Microsoft-Perf"], destinations: ["MonitoringAccount1"] }] },
    /InvalidStream: The stream 'Microsoft-Perf'/,
  ],
  [
    "a flow to an unknown destination",
    { dataFlows: [{ streams: [stream], destinations: ["x"] }] },
    /InvalidDestination: The destination 'x'/,
  ],
  ["a source that no flow carries", { dataFlows: [] }, /InvalidStream: No data flow carries/],
  [
    "a destination name given twice",
    {
      destinations: {
        monitoringAccounts: [account("MonitoringAccount1"), account("MonitoringAccount1")],
      },
    },
    /InvalidDestination: .*given twice/,
  ],
  [
    "an unknown label filter",
    {
      dataSources: {
        prometheusForwarder: [{ name: "p", streams: [stream], labelIncludeFilter: { x: "y" } }],
      },
    },
    /InvalidLabelIncludeFilter/,
  ],
];
for (const [name, properties, says] of wrongRules) {
  test(`a rule with ${name} is an invalid payload with the place as its detail`, () => {
    const refused = ruleEstate().refusal(ruleId, ruleBody(properties));
    assert.equal(refused[0], "InvalidPayload: Data collection rule is invalid");
    assert.match(refused.slice(1).join("\n"), says);
  });
}

test("a rule stands in the region of its endpoint and its workspace, and both exist", () => {
  const estate = ruleEstate();
  const far = `${insights}/dataCollectionEndpoints/far`;
  estate.put(far, { ...dceBody, location: "westus" });
  assert.match(
    estate.refusal(ruleId, ruleBody({ dataCollectionEndpointId: far })).join("\n"),
    /^InvalidRegion: The data collection endpoint is in 'westus'/,
  );
  const westRule = { ...ruleBody({ dataCollectionEndpointId: far }), location: "westus" };
  assert.match(
    estate.refusal(ruleId, westRule)[0] ?? "",
    /^InvalidRegion: The Azure Monitor workspace/,
  );
  const none = ruleBody({ dataCollectionEndpointId: `${dceId}x` });
  assert.match(estate.refusal(ruleId, none)[0] ?? "", /^LinkedResourceNotFound/);
  estate.denied.add(`microsoft.monitor/accounts/read ${workspaceId.toLowerCase()}`);
  assert.match(estate.refusal(ruleId, ruleBody())[0] ?? "", /^LinkedAuthorizationFailed/);
});

test("a rule takes as many sources and flows as the limits and not one more", () => {
  const estate = ruleEstate();
  const many = (count: number, item: (index: number) => JsonObject) =>
    Array.from({ length: count }, (_, index) => item(index));
  const source = (index: number) => ({ name: `p${index}`, streams: [stream] });
  const flow = () => ({ streams: [stream], destinations: ["MonitoringAccount1"] });
  const rule = (sources: number, flows: number) =>
    ruleBody({
      dataSources: { prometheusForwarder: many(sources, source) },
      dataFlows: many(flows, flow),
    });
  const { dataSourcesPerKindMax: sources, dataFlowsPerRuleMax: flows } = limits;
  assert.deepEqual(estate.refusal(ruleId, rule(sources, flows)), []);
  assert.match(
    estate.refusal(ruleId, rule(sources + 1, 1))[0] ?? "",
    /11 items; it takes at most 10/,
  );
  assert.match(
    estate.refusal(ruleId, rule(1, flows + 1))[0] ?? "",
    /11 items; it takes at most 10/,
  );
});

const association = (name: string): string =>
  `${clusterId}/providers/Microsoft.Insights/dataCollectionRuleAssociations/${name}`;

function associatedEstate(): Estate {
  const estate = ruleEstate();
  estate.put(ruleId, ruleBody());
  estate.put(clusterId, { location: "eastus", properties: { agentPoolProfiles: [{ name: "a" }] } });
  return estate;
}

test("associations are listed at their rule and their endpoint, and hold the rule", () => {
  const estate = associatedEstate();
  estate.put(association("metrics"), {
    properties: { dataCollectionRuleId: ruleId.toLowerCase() },
  });
  estate.put(association("configurationAccessEndpoint"), {
    properties: { dataCollectionEndpointId: dceId },
  });
  const ofRule = listAt(estate.act(ruleId, "associations").body, "value");
  assert.equal(stringAt(ofRule[0], "id"), association("metrics"));
  assert.equal(stringAt(ofRule[0], "properties", "dataCollectionRuleId"), ruleId);
  const ofEndpoint = listAt(estate.act(dceId, "associations").body, "value");
  assert.equal(stringAt(ofEndpoint[0], "name"), "configurationAccessEndpoint");
  assert.match(estate.deleteRefusal(ruleId)[0] ?? "", /^ResourceHasAssociations/);
  estate.delete(association("metrics"));
  assert.deepEqual(estate.deleteRefusal(ruleId), []);
});

test("an association of an endpoint has Azure's one name for it, and its errors have Azure's texts", () => {
  const estate = associatedEstate();
  const refusal = (name: string, properties: JsonObject) =>
    estate.refusal(association(name), { properties })[0] ?? "";
  assert.equal(
    refusal("mine", { dataCollectionEndpointId: dceId }),
    "InvalidEndpointAssociationName: An association of data collection endpoint must be named 'configurationAccessEndpoint'",
  );
  assert.match(
    refusal("configurationAccessEndpoint", {
      dataCollectionEndpointId: dceId,
      dataCollectionRuleId: ruleId,
    }),
    /An association of data collection endpoint cannot include data collection rule/,
  );
  assert.match(
    refusal("configurationAccessEndpoint", { dataCollectionRuleId: ruleId }),
    /^InvalidRuleAssociationName/,
  );
  assert.match(refusal("mine", {}), /^InvalidPayload: .*has neither/);
  assert.match(refusal("mine", { dataCollectionRuleId: `${ruleId}x` }), /^LinkedResourceNotFound/);
  estate.denied.add(`microsoft.insights/datacollectionrules/read ${ruleId.toLowerCase()}`);
  assert.match(refusal("mine", { dataCollectionRuleId: ruleId }), /^LinkedAuthorizationFailed/);
});

test("a resource has one endpoint for configuration: a second PUT replaces the first", () => {
  const estate = associatedEstate();
  const second = `${insights}/dataCollectionEndpoints/dce2`;
  estate.put(second, dceBody);
  const id = association("configurationAccessEndpoint");
  estate.put(id, { properties: { dataCollectionEndpointId: dceId } });
  estate.put(id, { properties: { dataCollectionEndpointId: second } });
  assert.deepEqual(listAt(estate.act(dceId, "associations").body, "value"), []);
  assert.equal(listAt(estate.act(second, "associations").body, "value").length, 1);
});
