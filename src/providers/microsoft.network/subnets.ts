/** Microsoft.Network/virtualNetworks/subnets: a part of a virtual network's addresses, at its own address. */
import { listAt, sameId } from "../../arm/index.ts";
import type { Derived, Problem, RequestBody, ResourceType, TypeContext } from "../../arm/index.ts";
import { derivedFrom, resourceOf } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { subnetPrefixes } from "../private-link/addresses.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { prefixTextsOf, readPrefixes, shrinkProblems, subnetProblems } from "./address-space.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { showSubnets, subnetsOf } from "./subnet-list.ts";
import { loopProblems } from "./network-loops.ts";
import { groupOf, groupProblems, showGuardedSubnets } from "./network-security-groups.ts";
import { showRoutedSubnets } from "./route-tables.ts";
import { routeTableProblems, subnetProperties, subnetToStore, tableOf } from "./subnet-schema.ts";
import { inUseProblems } from "./virtual-networks.ts";

const target = "properties.addressPrefix";

export const subnets: ResourceType = {
  type: typeNames.subnets,
  apiVersions: networkVersions,
  scope: "parent",
  source:
    "learn.microsoft.com/azure/templates/microsoft.network/virtualnetworks/subnets; az network vnet subnet, traced",
  location: "none",
  name: networkName,
  properties: subnetProperties,
  putIs: "replace",
  methods: ["GET", "PUT", "DELETE", "LIST"],
  writes: "sync",
  keeps: ["etag"],
  validate,
  derive,
  validateDelete: (subnet, { graph }) => inUseProblems(graph, subnet),
  deleteEffects: (subnet, { graph, parsed }) => {
    const draft = draftOf(graph);
    draft.delete(subnet.id);
    showSubnets(draft, parsed.parentId ?? "");
    showRoutedSubnets(draft, tableOf(subnet.properties));
    showGuardedSubnets(draft, groupOf(subnet.properties));
    return draft.changes(subnet.id);
  },
};

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph, id, parsed } = context;
  const vnet = graph.get(parsed.parentId ?? "");
  const texts = prefixTextsOf(body.properties);
  if (texts.length === 0) {
    const message = `The subnet '${parsed.name}' has no addressPrefix. Give it one.`;
    return [problem("InvalidRequestContent", message, { target })];
  }
  const read = readPrefixes(texts, { target, owner: parsed.name });
  if (read.problems.length > 0 || vnet === undefined) return read.problems;
  const space = readPrefixes(listAt(vnet.properties, "addressSpace", "addressPrefixes"), {
    target,
    owner: vnet.name,
  });
  const own = { name: parsed.name, target, prefixes: read.prefixes };
  const others = subnetsOf(graph, vnet.id)
    .filter((other) => !sameId(other.id, id))
    .map((other) => ({ name: other.name, target, prefixes: subnetPrefixes(other) }));
  const found = [
    ...subnetProblems(space.prefixes, [...others, own], vnet.name),
    ...shrinkProblems(graph, id, own),
    ...routeTableProblems(graph, body.properties, { region: vnet.location, target: "properties" }),
    ...groupProblems(graph, body.properties, { region: vnet.location, target: "properties" }),
  ];
  return found.length > 0 ? found : loopProblems(typeNames.subnets, { body, context }, derive);
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const draft = draftOf(context.graph);
  const properties = subnetToStore(body.properties, context.previous?.properties);
  const subnet = resourceOf(typeNames.subnets, { body, context }, properties);
  draft.put(subnet);
  showSubnets(draft, context.parsed.parentId ?? "");
  showRoutedSubnets(draft, [
    ...tableOf(context.previous?.properties),
    ...tableOf(subnet.properties),
  ]);
  showGuardedSubnets(draft, [
    ...groupOf(context.previous?.properties),
    ...groupOf(subnet.properties),
  ]);
  return derivedFrom(draft, subnet);
}
