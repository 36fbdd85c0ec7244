/** Firewalls and route tables as ARM keeps them, and what is refused: bad wildcards, loops, policies, limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import { network, openEstate, vnetBody, vnetId } from "../testing/estate.ts";
import type { Estate } from "../testing/estate.ts";

const firewallId = `${network}/azureFirewalls/fw`;
const tableId = `${network}/routeTables/rt`;
const firewallSubnet = `${vnetId}/subnets/AzureFirewallSubnet`;

const application = (rule: JsonObject = {}): JsonObject => ({
  applicationRuleCollections: [
    {
      name: "monitor",
      properties: {
        priority: 200,
        action: { type: "Allow" },
        rules: [
          {
            name: "agents",
            sourceAddresses: ["10.1.0.0/16"],
            protocols: [{ protocolType: "Https", port: 443 }],
            targetFqdns: ["*.handler.control.monitor.azure.com"],
            ...rule,
          },
        ],
      },
    },
  ],
});

const networkRule = (rule: JsonObject = {}): JsonObject => ({
  networkRuleCollections: [
    {
      name: "tags",
      properties: {
        priority: 200,
        action: { type: "Allow" },
        rules: [
          {
            name: "monitor",
            protocols: ["TCP"],
            sourceAddresses: ["*"],
            destinationAddresses: ["AzureMonitor"],
            destinationPorts: ["443"],
            ...rule,
          },
        ],
      },
    },
  ],
});

const firewall = (extra: JsonObject = {}, subnet = firewallSubnet): JsonObject => ({
  location: "eastus",
  zones: ["1"],
  properties: {
    ipConfigurations: [
      {
        name: "one",
        properties: {
          subnet: { id: subnet },
          publicIPAddress: { id: `${network}/publicIPAddresses/pip` },
        },
      },
    ],
    ...extra,
  },
});

const table = (...routes: readonly JsonObject[]): JsonObject => ({
  location: "eastus",
  properties: {
    routes: routes.map((properties, index) => ({ name: `r${index}`, properties })),
  },
});

const toFirewall = (addressPrefix = "0.0.0.0/0"): JsonObject => ({
  addressPrefix,
  nextHopType: "VirtualAppliance",
  nextHopIpAddress: "10.1.250.4",
});

function estateWithSubnets(): Estate {
  const estate = openEstate();
  estate.put(
    vnetId,
    vnetBody("10.1.0.0/16", { aks: "10.1.0.0/24", AzureFirewallSubnet: "10.1.250.0/26" }),
  );
  return estate;
}

const first = (estate: Estate, id: ResourceId, body: JsonObject): string =>
  estate.refusal(id, body)[0] ?? "";

test("a firewall gets the first address of its subnet, keeps it, and keeps the subnet", () => {
  const estate = estateWithSubnets();
  const address = (): string | undefined =>
    stringAt(
      estate.get(firewallId).properties,
      "ipConfigurations",
      0,
      "properties",
      "privateIPAddress",
    );
  estate.put(firewallId, firewall(application()));
  assert.equal(address(), "10.1.250.4");
  estate.put(firewallId, firewall());
  assert.equal(address(), "10.1.250.4");
  assert.match(estate.deleteRefusal(firewallSubnet)[0] ?? "", /^InUseSubnetCannotBeDeleted/);
});

test("a firewall stands alone in a subnet of its name, there and in its region", () => {
  const estate = estateWithSubnets();
  const elsewhere = firewall({}, `${vnetId}/subnets/aks`);
  assert.match(first(estate, firewallId, elsewhere), /^AzureFirewallSubnetNameInvalid/);
  const gone = firewall({}, `${network}/virtualNetworks/gone/subnets/AzureFirewallSubnet`);
  assert.match(first(estate, firewallId, gone), /^InvalidResourceReference/);
  assert.match(
    first(estate, firewallId, { ...firewall(), location: "westeurope" }),
    /^InvalidResourceReference: .*region of its network/,
  );
  estate.put(firewallId, firewall());
  assert.match(first(estate, `${network}/azureFirewalls/second`, firewall()), /^Conflict/);
});

test("a wildcard stands at the left end of a name and nowhere else", () => {
  const estate = estateWithSubnets();
  const refusal = (fqdn: string): string =>
    first(estate, firewallId, firewall(application({ targetFqdns: [fqdn] })));
  for (const good of ["*", "*.monitor.azure.com", "*monitor.azure.com", "api.monitor.azure.com"]) {
    assert.equal(refusal(good), "", good);
  }
  for (const bad of ["api.*.azure.com", "**.azure.com", "monitor.*", "*.", "a b.com", ".x", "-a"]) {
    assert.match(refusal(bad), /^AzureFirewallRuleInvalidFqdn: The application rule 'agents'/, bad);
  }
});

test("rules say what they cannot: addresses, ports, tags, names given twice", () => {
  const estate = estateWithSubnets();
  const refusal = (extra: JsonObject): string => first(estate, firewallId, firewall(extra));
  assert.match(
    refusal(application({ sourceAddresses: ["10.1.0.0/8"] })),
    /^AzureFirewallRuleInvalidAddress/,
  );
  assert.match(refusal(application({ targetFqdns: undefined })), /names no targetFqdns/);
  assert.match(
    refusal(networkRule({ destinationAddresses: ["10.0.0.9-10.0.0.1"] })),
    /^AzureFirewallRuleInvalidAddress/,
  );
  assert.match(
    refusal(networkRule({ destinationAddresses: ["Sql"] })),
    /^FeatureNotEmulated: .*service tag 'Sql'.*AzureMonitor/,
  );
  for (const port of ["0", "70000", "9-1", "x", "1-2-3"]) {
    assert.match(
      refusal(networkRule({ destinationPorts: [port] })),
      /^AzureFirewallRuleInvalidPort/,
      port,
    );
  }
  assert.equal(refusal(networkRule({ destinationPorts: ["*", "1-65535"] })), "");
  const [collection] = listAt(application(), "applicationRuleCollections");
  assert.match(
    refusal({ applicationRuleCollections: [collection as Json, collection as Json] }),
    /^InvalidRequestContent: .*given twice/,
  );
});

test("what a firewall does not emulate is refused by name", () => {
  const estate = estateWithSubnets();
  const refused: readonly JsonObject[] = [
    { firewallPolicy: { id: `${network}/firewallPolicies/p` } },
    { natRuleCollections: [{ name: "in" }] },
    { virtualHub: { id: "/x" } },
    { managementIpConfiguration: {} },
    { threatIntelMode: "Deny" },
    { sku: { name: "AZFW_Hub" } },
    { sku: { tier: "Basic" } },
    { additionalProperties: { "Network.SNAT.PrivateRanges": "IANAPrivateRanges" } },
    application({ fqdnTags: ["AzureKubernetesService"] }),
    application({ protocols: [{ protocolType: "Mssql", port: 1433 }] }),
    application({ sourceIpGroups: ["/x"] }),
    networkRule({ destinationFqdns: ["a.example"] }),
  ];
  for (const extra of refused) {
    assert.match(first(estate, firewallId, firewall(extra)), /^FeatureNotEmulated/);
  }
  const dns = (value: string) => ({ additionalProperties: { "Network.DNS.Servers": value } });
  assert.match(first(estate, firewallId, firewall(dns("dns.example"))), /^InvalidRequestContent/);
  const proxy = { additionalProperties: { "Network.DNS.EnableProxy": "maybe" } };
  assert.match(first(estate, firewallId, firewall(proxy)), /^InvalidRequestContent/);
});

test("a firewall takes as many rules as the limit and not one more", () => {
  const estate = estateWithSubnets();
  const [collection] = listAt(application(), "applicationRuleCollections");
  const rule = listAt(collection, "properties", "rules")[0] as Json;
  const collections = (count: number): JsonObject => ({
    applicationRuleCollections: [5_000, count - 5_000].map((size, index) => ({
      name: `c${index}`,
      properties: { priority: 200, action: { type: "Allow" }, rules: Array(size).fill(rule) },
    })),
  });
  assert.deepEqual(estate.refusal(firewallId, firewall(collections(limits.firewallRulesMax))), []);
  assert.match(
    first(estate, firewallId, firewall(collections(limits.firewallRulesMax + 1))),
    /^FirewallRuleLimitExceeded: .*10001 rules/,
  );
});

test("a route table shows its routes and subnets, and stays while a subnet has it", () => {
  const estate = estateWithSubnets();
  estate.put(tableId, table(toFirewall()));
  const aks = { properties: { addressPrefix: "10.1.0.0/24", routeTable: { id: tableId } } };
  estate.put(`${vnetId}/subnets/aks`, aks);
  estate.put(`${tableId}/routes/monitor`, {
    properties: { addressPrefix: "203.0.113.0/24", nextHopType: "Internet" },
  });
  const { properties } = estate.get(tableId);
  assert.deepEqual(
    listAt(properties, "routes").map((route) => stringAt(route, "name")),
    ["r0", "monitor"],
  );
  assert.equal(stringAt(properties, "subnets", 0, "id"), `${vnetId}/subnets/aks`);
  assert.match(estate.deleteRefusal(tableId)[0] ?? "", /^InUseRouteTableCannotBeDeleted/);
  const listed = listAt(estate.get(vnetId).properties, "subnets");
  assert.equal(stringAt(listed[0], "properties", "routeTable", "id"), tableId);
  estate.delete(`${tableId}/routes/monitor`);
  estate.put(`${vnetId}/subnets/aks`, { properties: { addressPrefix: "10.1.0.0/24" } });
  assert.deepEqual(listAt(estate.get(tableId).properties, "subnets"), []);
  assert.deepEqual(estate.deleteRefusal(tableId), []);
});

test("a route has one prefix of its own, and an address for an appliance alone", () => {
  const estate = estateWithSubnets();
  const refusal = (...routes: readonly JsonObject[]): string =>
    first(estate, tableId, table(...routes));
  assert.match(
    refusal({ addressPrefix: "0.0.0.0/0", nextHopType: "VirtualAppliance" }),
    /^RouteCannotHaveNextHopIpAddress/,
  );
  assert.match(
    refusal({ addressPrefix: "0.0.0.0/0", nextHopType: "None", nextHopIpAddress: "10.0.0.1" }),
    /^RouteCannotHaveNextHopIpAddress/,
  );
  assert.match(
    refusal({ addressPrefix: "10.1.0.1/8", nextHopType: "None" }),
    /^InvalidCIDRNotation/,
  );
  assert.match(
    refusal({ addressPrefix: "AzureMonitor", nextHopType: "Internet" }),
    /^FeatureNotEmulated: .*service tags/,
  );
  assert.match(
    refusal({ addressPrefix: "0.0.0.0/0", nextHopType: "VirtualNetworkGateway" }),
    /^FeatureNotEmulated/,
  );
  const none = { addressPrefix: "10.9.0.0/16", nextHopType: "None" };
  assert.match(refusal(none, none), /^RouteConflict/);
  estate.put(tableId, table(none));
  assert.match(first(estate, `${tableId}/routes/again`, { properties: none }), /^RouteConflict/);
});

test("a route table takes as many routes as the limit and not one more", () => {
  const estate = estateWithSubnets();
  const routes = Array.from({ length: limits.routesPerTableMax }, (_, index) => ({
    addressPrefix: `10.${Math.floor(index / 256)}.${index % 256}.0/24`,
    nextHopType: "None",
  }));
  estate.put(tableId, table(...routes));
  const more = { addressPrefix: "0.0.0.0/0", nextHopType: "None" };
  assert.match(first(estate, tableId, table(...routes, more)), /^InvalidRequestContent: .*401/);
  assert.match(
    first(estate, `${tableId}/routes/more`, { properties: more }),
    /^RouteLimitExceeded: .*limit is 400/,
  );
});

test("a route that sends a firewall's traffic back to it is a loop, from whichever side it is made", () => {
  const estate = estateWithSubnets();
  estate.put(firewallId, firewall());
  estate.put(tableId, table(toFirewall()));
  const looped = (prefix: string) => ({
    properties: { addressPrefix: prefix, routeTable: { id: tableId } },
  });
  assert.match(
    first(estate, firewallSubnet, looped("10.1.250.0/26")),
    /^RouteLoop: The route 'r0' of .* sends 0\.0\.0\.0\/0 from .*AzureFirewallSubnet in a loop/,
  );
  estate.put(`${vnetId}/subnets/aks`, looped("10.1.0.0/24"));
  const other = `${network}/routeTables/fw`;
  estate.put(other, table({ addressPrefix: "0.0.0.0/0", nextHopType: "Internet" }));
  estate.put(firewallSubnet, {
    properties: { addressPrefix: "10.1.250.0/26", routeTable: { id: other } },
  });
  assert.match(first(estate, other, table(toFirewall())), /^RouteLoop/);
  assert.match(
    first(estate, `${other}/routes/part`, { properties: toFirewall("203.0.113.0/24") }),
    /^RouteLoop/,
  );
  const gone = { properties: { addressPrefix: "10.1.0.0/24", routeTable: { id: `${tableId}2` } } };
  assert.match(first(estate, `${vnetId}/subnets/aks`, gone), /^InvalidResourceReference/);
});
