/** Microsoft.Network/azureFirewalls: the appliance that egress is routed to, with classic rules and a DNS proxy. */
import {
  at,
  id,
  list,
  listAt,
  map,
  object,
  oneOf,
  readOnly,
  refused,
  required,
  sameId,
  stored,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Derived,
  Json,
  JsonObject,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { firewallDnsKeys, parseIpv4 } from "../../rules/index.ts";
import { derivedFrom, resourceOf } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { networkVersions } from "./api-versions.ts";
import {
  applicationCollections,
  firewallRuleProblems,
  networkCollections,
} from "./firewall-rules.ts";
import { loopProblems } from "./network-loops.ts";
import { freeAddress, isSubnetNamed, placeProblems } from "./placed-address.ts";

const subnetName = "AzureFirewallSubnet";
const subnetPath = "properties.ipConfigurations[0].properties.subnet.id";

export const azureFirewalls: ResourceType = {
  type: typeNames.azureFirewalls,
  apiVersions: networkVersions,
  scope: "resourceGroup",
  source:
    "learn.microsoft.com/azure/templates/microsoft.network/azurefirewalls; learn.microsoft.com/azure/firewall/rule-processing; Azure/AKS-Landing-Zone-Accelerator for the DNS proxy's key",
  location: "regional",
  name: {
    pattern: /^[A-Za-z0-9](?:[\w.-]{0,54}\w)?$/,
    says: "it has 1 to 56 letters, digits, '_', '.' and '-', begins with a letter or digit and ends with a letter, digit or '_'.",
  },
  top: object({ zones: stored() }),
  properties: object({
    sku: object({
      name: oneOf(["AZFW_VNet"], {
        default: "AZFW_VNet",
        refused: { AZFW_Hub: "virtual WAN hubs are not emulated." },
      }),
      tier: oneOf(["Standard", "Premium"], {
        default: "Standard",
        refused: { Basic: "it takes firewall policies only, which are not emulated." },
      }),
    }),
    threatIntelMode: oneOf(["Alert", "Off"], {
      default: "Alert",
      refused: { Deny: "there is no threat intelligence; say Alert or Off." },
    }),
    ipConfigurations: required(
      list(
        object({
          name: required(string({ charsMax: 80 })),
          id: readOnly(),
          type: readOnly(),
          etag: readOnly(),
          properties: required(
            object({
              subnet: required(object({ id: required(id(typeNames.subnets)) })),
              publicIPAddress: object({ id: id() }),
              privateIPAddress: readOnly(),
              provisioningState: readOnly(),
            }),
          ),
        }),
        { countMin: 1, countMax: 1 },
      ),
    ),
    applicationRuleCollections: applicationCollections,
    networkRuleCollections: networkCollections,
    natRuleCollections: list(refused("nothing comes in from the internet.")),
    additionalProperties: map(string({ charsMax: 1024 })),
    firewallPolicy: refused(
      "firewall policies are not emulated; give the firewall rule collections of its own.",
    ),
    virtualHub: refused("virtual WAN hubs are not emulated."),
    hubIPAddresses: refused("virtual WAN hubs are not emulated."),
    managementIpConfiguration: refused("forced tunnelling is not emulated."),
    autoscaleConfiguration: refused("there is one firewall and no scale."),
    extendedLocation: refused("there are no edge zones."),
    ipGroups: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "async",
  patch: "tags",
  keeps: ["etag"],
  validate,
  derive,
};

const subnetIdOf = (properties: JsonObject): ResourceId =>
  stringAt(properties, "ipConfigurations", 0, "properties", "subnet", "id") ?? "";

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph } = context;
  const subnetId = subnetIdOf(body.properties);
  const access = linkedAccess(context, {
    action: `${typeNames.subnets}/join/action`,
    scope: subnetId,
    target: subnetPath,
  });
  if (access.length > 0) return access;
  const place = { graph, subnetId, holderId: context.id };
  const found = [
    ...placeProblems(place, { region: body.location, target: subnetPath }),
    ...subnetProblems(subnetId, context),
    ...dnsProblems(body.properties),
    ...firewallRuleProblems(body.properties),
  ];
  return found.length > 0
    ? found
    : loopProblems(typeNames.azureFirewalls, { body, context }, derive);
}

/** @see learn.microsoft.com/azure/firewall/firewall-faq: the subnet's name, and its smallest size */
function subnetProblems(
  subnetId: ResourceId,
  { graph, id: own, previous }: TypeContext,
): readonly Problem[] {
  const target = subnetPath;
  if (!isSubnetNamed(subnetId, subnetName)) {
    const message = `AzureFirewall ${own} must be placed in a subnet named '${subnetName}'; '${subnetId}' is not.`;
    return [problem("AzureFirewallSubnetNameInvalid", message, { target })];
  }
  const other = graph
    .ofType(typeNames.azureFirewalls)
    .find((one) => !sameId(one.id, own) && sameId(subnetIdOf(one.properties), subnetId));
  if (other !== undefined) {
    const message = `The subnet '${subnetId}' has the firewall ${other.id} already. A subnet takes one (inferred).`;
    return [problem("Conflict", message, { status: 409, target })];
  }
  if (previous === undefined || sameId(subnetIdOf(previous.properties), subnetId)) return [];
  const message = `The subnet of the firewall '${previous.name}' cannot be changed. Delete it and make another.`;
  return [problem("PropertyChangeNotAllowed", message, { status: 409, target })];
}

function dnsProblems(properties: JsonObject): readonly Problem[] {
  const target = "properties.additionalProperties";
  const given = Object.entries((at(properties, "additionalProperties") ?? {}) as JsonObject);
  return given.flatMap(([key, value]) => {
    const text = String(value);
    if (key === firewallDnsKeys.proxy) {
      if (/^(?:true|false)$/i.test(text)) return [];
      const message = `'${key}' is '${text}'; it is true or false.`;
      return [problem("InvalidRequestContent", message, { target: `${target}.${key}` })];
    }
    if (key === firewallDnsKeys.servers) {
      const bad = text.split(",").filter((server) => parseIpv4(server.trim()) === undefined);
      if (bad.length === 0) return [];
      const message = `'${key}' names '${bad.join(",")}', which is no IPv4 address. Give addresses with commas.`;
      return [problem("InvalidRequestContent", message, { target: `${target}.${key}` })];
    }
    const message = `The property '${target}.${key}' is not emulated. There are ${Object.values(firewallDnsKeys).join(" and ")}.`;
    return [problem("FeatureNotEmulated", message, { target: `${target}.${key}` })];
  });
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const { graph, previous } = context;
  const draft = draftOf(graph);
  const subnetId = graph.get(subnetIdOf(body.properties))?.id ?? subnetIdOf(body.properties);
  const before = stringAt(
    previous?.properties,
    "ipConfigurations",
    0,
    "properties",
    "privateIPAddress",
  );
  const address = before ?? freeAddress({ graph, subnetId, holderId: context.id }) ?? "";
  const configurations = listAt(body.properties, "ipConfigurations").map((configuration): Json => {
    const properties = at(configuration, "properties") as JsonObject;
    return {
      ...(configuration as JsonObject),
      id: `${context.id}/azureFirewallIpConfigurations/${stringAt(configuration, "name")}`,
      properties: {
        ...properties,
        subnet: { id: subnetId },
        privateIPAddress: address,
        provisioningState: "Succeeded",
      },
    };
  });
  const firewall: ArmResource = resourceOf(
    typeNames.azureFirewalls,
    { body, context },
    {
      ...body.properties,
      sku: { name: "AZFW_VNet", tier: "Standard", ...(at(body.properties, "sku") as JsonObject) },
      additionalProperties: (at(body.properties, "additionalProperties") ?? {}) as JsonObject,
      natRuleCollections: [],
      ipConfigurations: configurations,
      provisioningState: "Succeeded",
    },
  );
  draft.put(firewall);
  return derivedFrom(draft, firewall);
}
