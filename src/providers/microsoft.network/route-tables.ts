/** Microsoft.Network/routeTables: where subnets send what Azure would send elsewhere, and their routes at their own addresses. */
import { limits } from "../../core/index.ts";
import {
  boolean,
  list,
  listAt,
  object,
  oneOf,
  readOnly,
  required,
  sameId,
  string,
  stringAt,
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
import { parseIpv4 } from "../../rules/index.ts";
import { derivedFrom, reference, resourceOf, stableGuid } from "../declared.ts";
import { draftOf } from "../draft.ts";
import type { Draft } from "../draft.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { readPrefixes } from "./address-space.ts";
import { networkName, networkVersions } from "./api-versions.ts";
import { loopProblems } from "./network-loops.ts";

const source =
  "learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview; learn.microsoft.com/azure/templates/microsoft.network/routetables";

const routeProperties = object({
  addressPrefix: required(string({ charsMax: 64 })),
  nextHopType: required(
    oneOf(["VirtualAppliance", "Internet", "None", "VnetLocal"], {
      refused: { VirtualNetworkGateway: "routes to gateways are not emulated." },
    }),
  ),
  nextHopIpAddress: string({ charsMax: 45 }),
  hasBgpOverride: readOnly(),
  provisioningState: readOnly(),
});

const inlineRoute = object({
  name: required(string({ charsMax: 80 })),
  properties: required(routeProperties),
  id: readOnly(),
  type: readOnly(),
  etag: readOnly(),
});

export const routeTables: ResourceType = {
  type: typeNames.routeTables,
  apiVersions: networkVersions,
  scope: "resourceGroup",
  source,
  location: "regional",
  name: networkName,
  properties: object({
    routes: list(inlineRoute, { countMax: limits.routesPerTableMax }),
    disableBgpRoutePropagation: boolean(false),
    subnets: readOnly(),
    resourceGuid: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  keeps: ["etag"],
  validate: validateTable,
  derive: deriveTable,
  validateDelete: (table, { graph }) => {
    const subnets = subnetsWith(graph, table.id);
    if (subnets.length === 0) return [];
    const message = `Route table ${table.name} is in use by subnet ${subnets.map(({ id }) => id).join(", ")} and cannot be deleted. Take it off the subnet first.`;
    return [problem("InUseRouteTableCannotBeDeleted", message, { target: table.id })];
  },
};

export const routes: ResourceType = {
  type: typeNames.routes,
  apiVersions: networkVersions,
  scope: "parent",
  source,
  location: "none",
  name: networkName,
  properties: routeProperties,
  putIs: "replace",
  methods: ["GET", "PUT", "DELETE", "LIST"],
  writes: "sync",
  keeps: ["etag"],
  validate: validateRoute,
  derive: deriveRoute,
  deleteEffects: (route, { graph, parsed }): readonly Change[] => {
    const draft = draftOf(graph);
    draft.delete(route.id);
    showRoutes(draft, parsed.parentId ?? "");
    return draft.changes(route.id);
  },
};

const routesOf = (graph: Graph, tableId: ResourceId): readonly ArmResource[] =>
  graph.under(tableId, typeNames.routes);

/** The subnets that a route table speaks for. */
export const subnetsWith = (graph: Graph, tableId: ResourceId): readonly ArmResource[] =>
  graph
    .ofType(typeNames.subnets)
    .filter(({ properties }) => sameId(stringAt(properties, "routeTable", "id"), tableId));

/** One route: its prefix, and an address for an appliance and for nothing else. */
function routeProblems(
  properties: Json | undefined,
  where: { readonly name: string; readonly target: string },
): readonly Problem[] {
  const { name, target } = where;
  const prefix = stringAt(properties, "addressPrefix") ?? "";
  if (/^[A-Za-z]/.test(prefix)) {
    const message = `The route '${name}' is to '${prefix}'; routes to service tags are not emulated. Give an address prefix.`;
    return [problem("FeatureNotEmulated", message, { target: `${target}.addressPrefix` })];
  }
  const found = [
    ...readPrefixes([prefix], { target: `${target}.addressPrefix`, owner: name }).problems,
  ];
  const hop = stringAt(properties, "nextHopIpAddress");
  const isAppliance = stringAt(properties, "nextHopType") === "VirtualAppliance";
  if (isAppliance && parseIpv4(hop ?? "") === undefined) {
    const message = `The route '${name}' needs nextHopIpAddress, the IPv4 address of an appliance; it has '${hop ?? ""}'.`;
    found.push(
      problem("RouteCannotHaveNextHopIpAddress", message, { target: `${target}.nextHopIpAddress` }),
    );
  }
  if (!isAppliance && hop !== undefined && hop !== "") {
    const message = `Route '${name}' cannot have a next hop IP address, for its next hop type is not VirtualAppliance. Leave it out.`;
    found.push(
      problem("RouteCannotHaveNextHopIpAddress", message, { target: `${target}.nextHopIpAddress` }),
    );
  }
  return found;
}

const nameOf = (route: Json): string => stringAt(route, "name") ?? "";

function repeats(
  all: readonly { readonly name: string; readonly prefix: string; readonly target: string }[],
): readonly Problem[] {
  return all.flatMap(({ name, prefix, target }, index) => {
    const before = all.slice(0, index);
    if (before.some((one) => one.name.toLowerCase() === name.toLowerCase())) {
      return [problem("InvalidRequestContent", `The route '${name}' is given twice.`, { target })];
    }
    const same = before.find((one) => one.prefix === prefix);
    if (same === undefined) return [];
    const message = `The routes '${same.name}' and '${name}' have the prefix ${prefix} both. Give it once.`;
    return [problem("RouteConflict", message, { target })];
  });
}

function validateTable(body: RequestBody, context: TypeContext): readonly Problem[] {
  const given = listAt(body.properties, "routes");
  const found = given.flatMap((route, index) => {
    const name = nameOf(route);
    const target = `properties.routes[${index}].properties`;
    const named = networkName.pattern.test(name)
      ? []
      : [
          problem(
            "InvalidResourceName",
            `The route name '${name}' is invalid: ${networkName.says}`,
            { target },
          ),
        ];
    return [...named, ...routeProblems((route as JsonObject)["properties"], { name, target })];
  });
  found.push(
    ...repeats(
      given.map((route, index) => ({
        name: nameOf(route),
        prefix: stringAt(route, "properties", "addressPrefix") ?? "",
        target: `properties.routes[${index}]`,
      })),
    ),
  );
  return found.length > 0
    ? found
    : loopProblems(typeNames.routeTables, { body, context }, deriveTable);
}

function deriveTable(body: RequestBody, context: TypeContext): Derived {
  const { previous, graph } = context;
  const draft = draftOf(graph);
  const table = resourceOf(
    typeNames.routeTables,
    { body, context },
    {
      ...body.properties,
      routes: [],
      subnets: listAt(previous?.properties, "subnets"),
      resourceGuid:
        stringAt(previous?.properties, "resourceGuid") ??
        stableGuid("routeTable", context.id, context.now),
      provisioningState: "Succeeded",
    },
  );
  draft.put(table);
  const given = body.properties["routes"];
  // As with subnets: a PUT that says nothing of routes leaves them (inferred).
  if (given !== undefined) {
    const names = new Set(
      listAt(body.properties, "routes").map((one) => nameOf(one).toLowerCase()),
    );
    for (const { id, name } of routesOf(graph, table.id)) {
      if (!names.has(name.toLowerCase())) draft.delete(id);
    }
  }
  for (const route of listAt(body.properties, "routes")) {
    const id = `${table.id}/routes/${nameOf(route)}`;
    const before = draft.get(id);
    draft.put({
      id: before?.id ?? id,
      name: before?.name ?? nameOf(route),
      type: typeNames.routes,
      ...(before?.etag === undefined ? {} : { etag: before.etag }),
      properties: storedRoute((route as JsonObject)["properties"] as JsonObject),
    });
  }
  showRoutes(draft, table.id);
  return derivedFrom(draft, table);
}

const storedRoute = (properties: JsonObject): JsonObject => ({
  ...properties,
  hasBgpOverride: false,
  provisioningState: "Succeeded",
});

function validateRoute(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { graph, parsed, id, previous } = context;
  const tableId = parsed.parentId ?? "";
  const found = [...routeProblems(body.properties, { name: parsed.name, target: "properties" })];
  const others = routesOf(graph, tableId).filter((one) => !sameId(one.id, id));
  const prefix = stringAt(body.properties, "addressPrefix") ?? "";
  const same = others.find(({ properties }) => stringAt(properties, "addressPrefix") === prefix);
  if (same !== undefined) {
    const message = `The routes '${same.name}' and '${parsed.name}' have the prefix ${prefix} both. Give it once.`;
    found.push(problem("RouteConflict", message, { target: "properties.addressPrefix" }));
  }
  if (previous === undefined && others.length >= limits.routesPerTableMax) {
    const message = `The route table has ${others.length} routes; the limit is ${limits.routesPerTableMax}. Remove one.`;
    found.push(problem("RouteLimitExceeded", message));
  }
  return found.length > 0 ? found : loopProblems(typeNames.routes, { body, context }, deriveRoute);
}

function deriveRoute(body: RequestBody, context: TypeContext): Derived {
  const draft = draftOf(context.graph);
  const route = resourceOf(typeNames.routes, { body, context }, storedRoute(body.properties));
  draft.put(route);
  showRoutes(draft, context.parsed.parentId ?? "");
  return derivedFrom(draft, route);
}

function showRoutes(draft: Draft, tableId: ResourceId): void {
  const shown = routesOf(draft.graph(), tableId).map(
    ({ id, name, type, etag, properties }): Json => ({
      name,
      id,
      type,
      ...(etag === undefined ? {} : { etag }),
      properties,
    }),
  );
  draft.merge(tableId, { routes: shown });
}

/** Shows the subnets of each route table in it. */
export function showRoutedSubnets(draft: Draft, tableIds: Iterable<ResourceId>): void {
  for (const tableId of tableIds) {
    const shown = subnetsWith(draft.graph(), tableId).map(({ id }) => reference(id));
    draft.merge(tableId, { subnets: shown });
  }
}
