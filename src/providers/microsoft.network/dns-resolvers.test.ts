/** DNS servers, resolvers and forwarding rulesets as ARM keeps them, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stringAt } from "../../arm/index.ts";
import type { JsonObject, ResourceId } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import { group, network, openEstate, vnetBody, vnetId } from "../testing/estate.ts";
import type { Estate } from "../testing/estate.ts";

const resolverId = `${network}/dnsResolvers/dnspr`;
const inboundId = `${resolverId}/inboundEndpoints/in`;
const outboundId = `${resolverId}/outboundEndpoints/out`;
const rulesetId = `${network}/dnsForwardingRulesets/rules`;
const ruleId = `${rulesetId}/forwardingRules/monitor`;
const linkId = `${rulesetId}/virtualNetworkLinks/spoke`;
const spokeId = `${network}/virtualNetworks/spoke`;
const subnet = (name: string): ResourceId => `${vnetId}/subnets/${name}`;

const inbound = (extra: JsonObject = {}, name = "in"): JsonObject => ({
  location: "eastus",
  properties: { ipConfigurations: [{ subnet: { id: subnet(name) }, ...extra }] },
});
const outbound = (name = "out"): JsonObject => ({
  location: "eastus",
  properties: { subnet: { id: subnet(name) } },
});
const rule = (address: string, domainName = "monitor.azure.com."): JsonObject => ({
  properties: { domainName, targetDnsServers: [{ ipAddress: address, port: 53 }] },
});
const linkTo = (id: ResourceId): JsonObject => ({ properties: { virtualNetwork: { id } } });
const first = (estate: Estate, id: ResourceId, body: JsonObject): string =>
  estate.refusal(id, body)[0] ?? "";

function withResolver(): Estate {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", { in: "10.1.1.0/28", out: "10.1.2.0/28" }));
  estate.put(spokeId, vnetBody("10.2.0.0/16", {}));
  estate.put(resolverId, {
    location: "eastus",
    properties: { virtualNetwork: { id: vnetId } },
  });
  estate.put(inboundId, inbound());
  estate.put(outboundId, outbound());
  estate.put(rulesetId, {
    location: "eastus",
    properties: { dnsResolverOutboundEndpoints: [{ id: outboundId }] },
  });
  return estate;
}

test("an inbound endpoint gets a free address of its subnet, or the one that it asks for", () => {
  const estate = withResolver();
  const address = (): string | undefined =>
    stringAt(estate.get(inboundId).properties, "ipConfigurations", 0, "privateIpAddress");
  assert.equal(address(), "10.1.1.4");
  const fixed = { privateIpAllocationMethod: "Static", privateIpAddress: "10.1.1.9" };
  estate.put(inboundId, inbound(fixed));
  assert.equal(address(), "10.1.1.9");
  const outside = { ...fixed, privateIpAddress: "10.1.9.9" };
  assert.match(first(estate, inboundId, inbound(outside)), /^PrivateIPAddressNotInSubnet/);
  assert.match(estate.deleteRefusal(subnet("in"))[0] ?? "", /^InUseSubnetCannotBeDeleted/);
});

test("a network has one resolver, in its region, with endpoints in its own subnets, each in one of its own", () => {
  const estate = withResolver();
  const body = { location: "eastus", properties: { virtualNetwork: { id: vnetId } } };
  assert.match(first(estate, `${network}/dnsResolvers/second`, body), /^Conflict/);
  assert.match(
    first(estate, resolverId, { ...body, location: "westeurope" }),
    /^InvalidResourceReference/,
  );
  assert.match(
    first(estate, resolverId, {
      location: "eastus",
      properties: { virtualNetwork: { id: spokeId } },
    }),
    /^PropertyChangeNotAllowed/,
  );
  assert.match(first(estate, `${resolverId}/inboundEndpoints/b`, inbound()), /^Conflict/);
  estate.put(`${spokeId}/subnets/in`, { properties: { addressPrefix: "10.2.1.0/28" } });
  const foreign = { location: "eastus", properties: { subnet: { id: `${spokeId}/subnets/in` } } };
  assert.match(first(estate, outboundId, foreign), /^InvalidResourceReference: .*not in/);
});

test("what is in use stays: resolvers with endpoints, endpoints with rulesets, rulesets with links", () => {
  const estate = withResolver();
  estate.put(linkId, linkTo(spokeId));
  assert.match(estate.deleteRefusal(resolverId)[0] ?? "", /^ResolverHasEndpoints/);
  assert.match(estate.deleteRefusal(outboundId)[0] ?? "", /^OutboundEndpointInUse/);
  assert.match(estate.deleteRefusal(rulesetId)[0] ?? "", /^RulesetHasLinks/);
  estate.delete(linkId);
  estate.delete(rulesetId);
  estate.delete(outboundId);
  estate.delete(inboundId);
  estate.delete(resolverId);
});

test("a forwarding rule names a domain with its dot, once, and servers by address", () => {
  const estate = withResolver();
  estate.put(ruleId, rule("10.9.9.9"));
  assert.match(
    first(estate, ruleId, rule("10.9.9.9", "monitor.azure.com")),
    /^InvalidRequestContent/,
  );
  assert.match(first(estate, ruleId, rule("dns.example")), /^InvalidRequestContent: .*no IPv4/);
  const again = `${rulesetId}/forwardingRules/again`;
  assert.match(first(estate, again, rule("10.9.9.8", "Monitor.Azure.com.")), /^Conflict/);
  estate.put(`${rulesetId}/forwardingRules/all`, rule("10.9.9.9", "."));
});

test("a ruleset is linked to networks of its region, one ruleset a network", () => {
  const estate = withResolver();
  estate.put(linkId, linkTo(spokeId));
  assert.match(
    first(estate, `${rulesetId}/virtualNetworkLinks/gone`, linkTo(`${spokeId}2`)),
    /^InvalidResourceReference/,
  );
  assert.match(first(estate, `${rulesetId}/virtualNetworkLinks/b`, linkTo(spokeId)), /^Conflict/);
  const gone = { properties: { dnsResolverOutboundEndpoints: [{ id: `${outboundId}2` }] } };
  assert.match(
    first(estate, rulesetId, { location: "eastus", ...gone }),
    /^InvalidResourceReference/,
  );
});

test("a resolver that forwards to itself is refused, whichever part closes the circle", () => {
  const loop = /^DnsForwardingLoop: .*forwards to itself/;
  const estate = withResolver();
  estate.put(ruleId, rule("10.1.1.4"));
  estate.put(linkId, linkTo(spokeId));
  const self = `${rulesetId}/virtualNetworkLinks/self`;
  assert.match(first(estate, self, linkTo(vnetId)), loop);
  const other = withResolver();
  other.put(self, linkTo(vnetId));
  assert.match(first(other, ruleId, rule("10.1.1.4")), loop);
});

test("a firewall whose DNS proxy asks itself is refused", () => {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", { AzureFirewallSubnet: "10.1.250.0/26" }));
  const properties = {
    ipConfigurations: [
      { name: "one", properties: { subnet: { id: subnet("AzureFirewallSubnet") } } },
    ],
    additionalProperties: {
      "Network.DNS.EnableProxy": "true",
      "Network.DNS.Servers": "10.1.250.4",
    },
  };
  assert.match(
    first(estate, `${network}/azureFirewalls/fw`, { location: "eastus", properties }),
    /^DnsForwardingLoop: The query comes back to/,
  );
});

test("a network's DNS servers are addresses, up to the limit", () => {
  const estate = openEstate();
  const body = (dnsServers: readonly string[]): JsonObject => ({
    location: "eastus",
    properties: {
      addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
      dhcpOptions: { dnsServers },
    },
  });
  const servers = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `10.0.0.${index + 4}`);
  estate.put(vnetId, body(servers(limits.dnsServersPerVnetMax)));
  assert.match(
    first(estate, vnetId, body(servers(limits.dnsServersPerVnetMax + 1))),
    /^InvalidRequestContent: .*21/,
  );
  assert.match(first(estate, vnetId, body(["dns.example"])), /^InvalidRequestContent: .*no IPv4/);
});

test("resolvers and rulesets take as many children as their limits and not one more", () => {
  const estate = withResolver();
  const seeded = (parent: ResourceId, kind: string, count: number): void =>
    estate.seed(
      Array.from({ length: count }, (_, index) => ({
        id: `${parent}/${kind}/n${index}`,
        name: `n${index}`,
        type: `Microsoft.Network/${parent.split("/").at(-2)}/${kind}`,
        properties: {},
      })),
    );
  seeded(resolverId, "inboundEndpoints", limits.inboundEndpointsPerResolverMax);
  estate.put(subnet("more"), { properties: { addressPrefix: "10.1.3.0/28" } });
  assert.match(
    first(estate, `${resolverId}/inboundEndpoints/more`, inbound({}, "more")),
    /^ResolverEndpointLimitExceeded/,
  );
  seeded(resolverId, "outboundEndpoints", limits.outboundEndpointsPerResolverMax);
  assert.match(
    first(estate, `${resolverId}/outboundEndpoints/more`, outbound("more")),
    /^ResolverEndpointLimitExceeded/,
  );
  seeded(rulesetId, "forwardingRules", limits.forwardingRulesPerRulesetMax);
  assert.match(first(estate, ruleId, rule("10.9.9.9")), /^ForwardingRuleLimitExceeded/);
  seeded(rulesetId, "virtualNetworkLinks", limits.rulesetLinksMax);
  assert.match(first(estate, linkId, linkTo(spokeId)), /^RulesetLinkLimitExceeded/);
  const servers = Array.from({ length: limits.targetServersPerRuleMax + 1 }, () => ({
    ipAddress: "10.9.9.9",
  }));
  const many = { properties: { domainName: "a.", targetDnsServers: servers } };
  assert.match(
    first(estate, `${rulesetId}/forwardingRules/a`, many),
    /^InvalidRequestContent: .*7/,
  );
  assert.ok(estate.find(group) !== undefined);
});
