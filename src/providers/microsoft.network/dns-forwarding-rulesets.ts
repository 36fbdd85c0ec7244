/** Microsoft.Network/dnsForwardingRulesets, their forwardingRules and virtualNetworkLinks: where a network's queries are sent on. */
import { limits } from "../../core/index.ts";
import {
  id,
  integer,
  list,
  listAt,
  map,
  object,
  oneOf,
  readOnly,
  required,
  sameId,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  Derived,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { parseIpv4 } from "../../rules/index.ts";
import { resourceOf } from "../declared.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { dnsResolverVersions, networkName } from "./api-versions.ts";
import { loopProblems } from "./network-loops.ts";

const shared = {
  apiVersions: dnsResolverVersions,
  source:
    "learn.microsoft.com/azure/dns/private-resolver-endpoints-rulesets; learn.microsoft.com/azure/templates/microsoft.network/dnsforwardingrulesets",
  location: "regional",
  name: networkName,
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "async",
  patch: "tags",
  keeps: ["etag", "systemData"],
} as const;

const metadata = () => map(string({ charsMax: 1024 }));

export const dnsForwardingRulesets: ResourceType = {
  ...shared,
  type: typeNames.dnsForwardingRulesets,
  scope: "resourceGroup",
  properties: object({
    dnsResolverOutboundEndpoints: required(
      list(object({ id: required(id(typeNames.outboundEndpoints)) }), {
        countMin: 1,
        countMax: limits.outboundEndpointsPerResolverMax,
      }),
    ),
    provisioningState: readOnly(),
    resourceGuid: readOnly(),
  }),
  validate: (body, { graph }) =>
    listAt(body.properties, "dnsResolverOutboundEndpoints").flatMap((one, index) => {
      const endpointId = stringAt(one, "id") ?? "";
      if (graph.get(endpointId)?.location === body.location) return [];
      const target = `properties.dnsResolverOutboundEndpoints[${index}].id`;
      const message = `The outbound endpoint '${endpointId}' does not exist in ${body.location}. Create it first, in the ruleset's region.`;
      return [problem("InvalidResourceReference", message, { target })];
    }),
  validateDelete: (ruleset, { graph }) => {
    const links = graph.under(ruleset.id, typeNames.rulesetLinks);
    if (links.length === 0) return [];
    const message = `The ruleset ${ruleset.name} is linked by ${links.map((one) => one.id).join(", ")}. Delete the links first.`;
    return [problem("RulesetHasLinks", message, { status: 409, target: ruleset.id })];
  },
};

export const forwardingRules: ResourceType = {
  ...shared,
  type: typeNames.forwardingRules,
  scope: "parent",
  location: "none",
  patch: "properties",
  writes: "sync",
  properties: object({
    domainName: required(
      string({
        charsMax: 254,
        pattern: /^(?:\.|(?:[\w-]{1,63}\.){1,34})$/,
        says: "it is a domain name with its final dot, as contoso.com., or . for every name.",
      }),
    ),
    targetDnsServers: required(
      list(
        object({
          ipAddress: required(string({ charsMax: 45 })),
          port: integer({ default: 53, min: 1, max: 65_535 }),
        }),
        { countMin: 1, countMax: limits.targetServersPerRuleMax },
      ),
    ),
    metadata: metadata(),
    forwardingRuleState: oneOf(["Enabled", "Disabled"], { default: "Enabled" }),
    provisioningState: readOnly(),
  }),
  validate: (body, context) => {
    const found = [...ruleProblems(body, context)];
    return found.length > 0
      ? found
      : loopProblems(typeNames.forwardingRules, { body, context }, deriveAsGiven);
  },
};

export const rulesetLinks: ResourceType = {
  ...shared,
  type: typeNames.rulesetLinks,
  scope: "parent",
  location: "none",
  patch: "properties",
  properties: object({
    virtualNetwork: required(object({ id: required(id(typeNames.virtualNetworks)) })),
    metadata: metadata(),
    provisioningState: readOnly(),
  }),
  validate: (body, context) => {
    const found = linkProblems(body, context);
    return found.length > 0
      ? found
      : loopProblems(typeNames.rulesetLinks, { body, context }, deriveAsGiven);
  },
};

/** What is stored is what was given. */
const deriveAsGiven = (body: RequestBody, context: TypeContext): Derived => ({
  properties: resourceOf(
    context.parsed.type,
    { body, context },
    { ...body.properties, provisioningState: "Succeeded" },
  ).properties,
});

function ruleProblems({ properties }: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph, parsed, id: own, previous } = context;
  const rulesetId = parsed.parentId ?? "";
  const found = listAt(properties, "targetDnsServers").flatMap((server, index) => {
    const address = stringAt(server, "ipAddress") ?? "";
    if (parseIpv4(address) !== undefined) return [];
    const target = `properties.targetDnsServers[${index}].ipAddress`;
    return [problem("InvalidRequestContent", `'${address}' is no IPv4 address.`, { target })];
  });
  const others = graph
    .under(rulesetId, typeNames.forwardingRules)
    .filter((one) => !sameId(one.id, own));
  const domain = (stringAt(properties, "domainName") ?? "").toLowerCase();
  const same = others.find(
    (one) => stringAt(one.properties, "domainName")?.toLowerCase() === domain,
  );
  if (same !== undefined) {
    const message = `The ruleset forwards '${domain}' by ${same.id} already. A domain has one rule.`;
    found.push(problem("Conflict", message, { status: 409, target: "properties.domainName" }));
  }
  if (previous === undefined && others.length >= limits.forwardingRulesPerRulesetMax) {
    const message = `The ruleset has ${others.length} rules; the limit is ${limits.forwardingRulesPerRulesetMax}. Remove one.`;
    found.push(problem("ForwardingRuleLimitExceeded", message));
  }
  return found;
}

function linkProblems({ properties }: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph, parsed, id: own, previous } = context;
  const target = "properties.virtualNetwork.id";
  const vnetId = stringAt(properties, "virtualNetwork", "id") ?? "";
  const rulesetId: ResourceId = parsed.parentId ?? "";
  const access = linkedAccess(context, {
    action: `${typeNames.virtualNetworks}/join/action`,
    scope: vnetId,
    target,
  });
  if (access.length > 0) return access;
  const vnet = graph.get(vnetId);
  const region = graph.get(rulesetId)?.location;
  if (vnet === undefined || vnet.location !== region) {
    const message = `The virtual network '${vnetId}' ${vnet === undefined ? "was not found" : `is in ${vnet.location}`}. A ruleset is linked to networks of its own region (${region}).`;
    return [problem("InvalidResourceReference", message, { target })];
  }
  const other = graph
    .ofType(typeNames.rulesetLinks)
    .find(
      (one) =>
        !sameId(one.id, own) && sameId(stringAt(one.properties, "virtualNetwork", "id"), vnetId),
    );
  if (other !== undefined) {
    const message = `The virtual network '${vnetId}' is linked to a ruleset by ${other.id} already. A network takes one.`;
    return [problem("Conflict", message, { status: 409, target })];
  }
  const count = graph.under(rulesetId, typeNames.rulesetLinks).length;
  if (previous !== undefined || count < limits.rulesetLinksMax) return [];
  const message = `The ruleset has ${count} links; the limit is ${limits.rulesetLinksMax}. Remove one.`;
  return [problem("RulesetLinkLimitExceeded", message)];
}
