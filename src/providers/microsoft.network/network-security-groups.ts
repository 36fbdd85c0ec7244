/** Microsoft.Network/networkSecurityGroups: what subnets let pass, and their rules at their own addresses. The networks hold to them. */
import {
  integer,
  list,
  listAt,
  object,
  oneOf,
  readOnly,
  refused,
  required,
  sameId,
  string,
  stringAt,
  at,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  Graph,
  Json,
  JsonObject,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom, reference, resourceOf, stableGuid } from "../declared.ts";
import { draftOf } from "../draft.ts";
import type { Draft } from "../draft.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { defaultRules, ruleProblems } from "./security-rules.ts";

const source =
  "learn.microsoft.com/azure/virtual-network/network-security-groups-overview; learn.microsoft.com/azure/templates/microsoft.network/networksecuritygroups";
const rulesMax = 1_000;
const noGroups = "rules name addresses and service tags, not application security groups.";

const ruleProperties = object({
  description: string({ charsMax: 140 }),
  protocol: required(
    oneOf(["*", "Tcp", "Udp"], {
      refused: {
        Icmp: "connections here are TCP and UDP.",
        Esp: "connections here are TCP and UDP.",
        Ah: "connections here are TCP and UDP.",
      },
    }),
  ),
  access: required(oneOf(["Allow", "Deny"])),
  direction: required(oneOf(["Inbound", "Outbound"])),
  priority: required(integer({ min: 100, max: 4096 })),
  sourceAddressPrefix: string({ charsMax: 128 }),
  sourceAddressPrefixes: list(string({ charsMax: 128 }), { countMax: 4000 }),
  sourcePortRange: string({ charsMax: 16 }),
  sourcePortRanges: list(string({ charsMax: 16 }), { countMax: 4000 }),
  destinationAddressPrefix: string({ charsMax: 128 }),
  destinationAddressPrefixes: list(string({ charsMax: 128 }), { countMax: 4000 }),
  destinationPortRange: string({ charsMax: 16 }),
  destinationPortRanges: list(string({ charsMax: 16 }), { countMax: 4000 }),
  sourceApplicationSecurityGroups: refused(noGroups),
  destinationApplicationSecurityGroups: refused(noGroups),
  provisioningState: readOnly(),
});

const inlineRule = object({
  name: required(string({ charsMax: 80 })),
  properties: required(ruleProperties),
  id: readOnly(),
  type: readOnly(),
  etag: readOnly(),
});

export const networkSecurityGroups: ResourceType = {
  type: typeNames.networkSecurityGroups,
  apiVersions: networkVersions,
  scope: "resourceGroup",
  source,
  location: "regional",
  name: networkName,
  properties: object({
    securityRules: list(inlineRule, { countMax: rulesMax }),
    flushConnection: refused("connections that are open stay open."),
    defaultSecurityRules: readOnly(),
    networkInterfaces: readOnly(),
    subnets: readOnly(),
    flowLogs: readOnly(),
    resourceGuid: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  keeps: ["etag"],
  validate: (body) => {
    const rules = listAt(body.properties, "securityRules");
    return rules.flatMap((rule, index) =>
      ruleProblems(
        { name: nameOf(rule), properties: at(rule, "properties") },
        {
          target: `properties.securityRules[${index}]`,
          others: rules.slice(0, index).map((one) => ({
            name: nameOf(one),
            properties: at(one, "properties"),
          })),
        },
      ),
    );
  },
  derive: deriveGroup,
  validateDelete: (group, { graph }) => {
    const subnets = subnetsWith(graph, group.id);
    if (subnets.length === 0) return [];
    const message = `Network security group ${group.name} is in use by subnet ${subnets.map(({ id }) => id).join(", ")} and cannot be deleted. Take it off the subnet first.`;
    return [problem("InUseNetworkSecurityGroupCannotBeDeleted", message, { target: group.id })];
  },
};

export const securityRules: ResourceType = {
  type: typeNames.securityRules,
  apiVersions: networkVersions,
  scope: "parent",
  source,
  location: "none",
  name: networkName,
  properties: ruleProperties,
  putIs: "replace",
  methods: ["GET", "PUT", "DELETE", "LIST"],
  writes: "sync",
  keeps: ["etag"],
  validate: validateRule,
  derive: deriveRule,
  deleteEffects: (rule, { graph, parsed }): readonly Change[] => {
    const draft = draftOf(graph);
    draft.delete(rule.id);
    showRules(draft, parsed.parentId ?? "");
    return draft.changes(rule.id);
  },
};

const nameOf = (rule: Json): string => stringAt(rule, "name") ?? "";

const rulesOf = (graph: Graph, groupId: ResourceId): readonly ArmResource[] =>
  graph.under(groupId, typeNames.securityRules);

/** The subnets that a group speaks for. */
const subnetsWith = (graph: Graph, groupId: ResourceId): readonly ArmResource[] =>
  graph
    .ofType(typeNames.subnets)
    .filter(({ properties }) =>
      sameId(stringAt(properties, "networkSecurityGroup", "id"), groupId),
    );

function deriveGroup(body: RequestBody, context: TypeContext): Derived {
  const { previous, graph } = context;
  const draft = draftOf(graph);
  const group = resourceOf(
    typeNames.networkSecurityGroups,
    { body, context },
    {
      securityRules: [],
      defaultSecurityRules: defaultRules(context.id),
      subnets: listAt(previous?.properties, "subnets"),
      resourceGuid:
        stringAt(previous?.properties, "resourceGuid") ??
        stableGuid("networkSecurityGroup", context.id, context.now),
      provisioningState: "Succeeded",
    },
  );
  draft.put(group);
  const given = body.properties["securityRules"];
  // As with routes: a PUT that says nothing of rules leaves them (inferred).
  if (given !== undefined) {
    const names = new Set(
      listAt(body.properties, "securityRules").map((one) => nameOf(one).toLowerCase()),
    );
    for (const { id, name } of rulesOf(graph, group.id)) {
      if (!names.has(name.toLowerCase())) draft.delete(id);
    }
  }
  for (const rule of listAt(body.properties, "securityRules")) {
    const id = `${group.id}/securityRules/${nameOf(rule)}`;
    const before = draft.get(id);
    draft.put({
      id: before?.id ?? id,
      name: before?.name ?? nameOf(rule),
      type: typeNames.securityRules,
      ...(before?.etag === undefined ? {} : { etag: before.etag }),
      properties: storedRule((rule as JsonObject)["properties"] as JsonObject),
    });
  }
  showRules(draft, group.id);
  return derivedFrom(draft, group);
}

const storedRule = (properties: JsonObject): JsonObject => ({
  ...properties,
  provisioningState: "Succeeded",
});

function validateRule(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph, parsed, id } = context;
  const others = rulesOf(graph, parsed.parentId ?? "").filter((one) => !sameId(one.id, id));
  return ruleProblems(
    { name: parsed.name, properties: body.properties },
    { target: "properties", others },
  );
}

function deriveRule(body: RequestBody, context: TypeContext): Derived {
  const draft = draftOf(context.graph);
  const rule = resourceOf(typeNames.securityRules, { body, context }, storedRule(body.properties));
  draft.put(rule);
  showRules(draft, context.parsed.parentId ?? "");
  return derivedFrom(draft, rule);
}

/** Shows a group's rules in it. */
function showRules(draft: Draft, groupId: ResourceId): void {
  const shown = rulesOf(draft.graph(), groupId).map(
    ({ id, name, type, etag, properties }): Json => ({
      name,
      id,
      type,
      ...(etag === undefined ? {} : { etag }),
      properties,
    }),
  );
  draft.merge(groupId, { securityRules: shown });
}

/** Shows the subnets of each group in it. */
export function showGuardedSubnets(draft: Draft, groupIds: Iterable<ResourceId>): void {
  for (const groupId of groupIds) {
    if (draft.get(groupId) === undefined) continue;
    const shown = subnetsWith(draft.graph(), groupId).map(({ id }) => reference(id));
    draft.merge(groupId, { subnets: shown });
  }
}

/** The security group of a subnet's properties, if it has one. */
export const groupOf = (properties: Json | undefined): readonly ResourceId[] => {
  const groupId = stringAt(properties, "networkSecurityGroup", "id");
  return groupId === undefined ? [] : [groupId];
};

/** Whether a subnet's security group is there, and in the region of its network. */
export function groupProblems(
  graph: Graph,
  subnet: Json | undefined,
  where: { readonly region: string | undefined; readonly target: string },
): readonly Problem[] {
  const [groupId] = groupOf(subnet);
  if (groupId === undefined) return [];
  const group = graph.get(groupId);
  if (group !== undefined && group.location === where.region) return [];
  const message = `The network security group '${groupId}' ${group === undefined ? "was not found" : `is in ${group.location}`}. A subnet takes one of its network's region (${where.region ?? ""}).`;
  return [
    problem("InvalidResourceReference", message, {
      target: `${where.target}.networkSecurityGroup.id`,
    }),
  ];
}
