/** An estate for tests: puts bodies through the declarations and the schema engine, on a graph. Nothing of the product imports it. */
import assert from "node:assert/strict";
import {
  at,
  canonicalId,
  emptyGraph,
  idKey,
  isObject,
  listAt,
  parseBody,
  parseId,
  regionKey,
  schemaProblems,
  stringAt,
  withChanges,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Graph,
  Json,
  JsonObject,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { allow, deny, seededRandom } from "../../core/index.ts";
import { resourceTypes } from "../index.ts";

export const subscriptionId = "22222222-2222-4222-8222-222222222222";
export const subscription = `/subscriptions/${subscriptionId}`;
export const group = `${subscription}/resourceGroups/rg1`;
export const tenantId = "11111111-1111-4111-8111-111111111111";
export const principalId = "33333333-3333-4333-8333-333333333333";

export interface Estate {
  graph: Graph;
  /** Actions that are refused, as `action scope`, both in lower case. */
  readonly denied: Set<string>;
  /** Puts a resource; fails the test when it is refused. */
  readonly put: (id: ResourceId, body: JsonObject, apiVersion?: string) => ArmResource;
  /** The codes and messages with which a PUT is refused, `code: message`; the graph stays. */
  readonly refusal: (id: ResourceId, body: JsonObject, apiVersion?: string) => readonly string[];
  readonly problems: (id: ResourceId, body: JsonObject, apiVersion?: string) => readonly Problem[];
  /** Deletes a resource with its effects; fails the test when it is refused. */
  readonly delete: (id: ResourceId) => void;
  readonly deleteRefusal: (id: ResourceId) => readonly string[];
  readonly get: (id: ResourceId) => ArmResource;
  readonly find: (id: ResourceId) => ArmResource | undefined;
  /** As a GET with an api-version shows it. */
  readonly view: (id: ResourceId, apiVersion: string) => ArmResource;
  /** What an action of a resource answers. */
  readonly act: (id: ResourceId, path: string) => { readonly status: number; readonly body: Json };
}

export const typeOf = (id: ResourceId): ResourceType => {
  const name = parseId(id)?.type.toLowerCase();
  const type = resourceTypes.find((one) => one.type.toLowerCase() === name);
  assert(type, `no type for ${id}`);
  return type;
};

/** An estate with one resource group, in East US. */
export function openEstate(): Estate {
  const random = seededRandom(7);
  const denied = new Set<string>();
  const commit = (changes: Parameters<typeof withChanges>[1]): void => {
    estate.graph = withChanges(estate.graph, changes);
  };
  const contextOf = (id: ResourceId, apiVersion?: string): TypeContext => {
    const type = typeOf(id);
    const parsed = parseId(id);
    assert(parsed);
    const parentId = parsed.parentId ?? "";
    const parent = estate.graph.get(parentId)?.id ?? parentId;
    const previous = estate.graph.get(id);
    return {
      graph: estate.graph,
      id: previous?.id ?? canonicalId(parsed, type.type, parent),
      parsed,
      apiVersion: apiVersion ?? type.apiVersions.at(-1) ?? "",
      previous,
      tenantId,
      principalId,
      now: "2026-01-01T00:00:00.000Z",
      random,
      may: (action, scope) => {
        const reason = { rule: "test", says: action, source: "a test" };
        return denied.has(`${action} ${scope}`.toLowerCase()) ? deny(reason) : allow(reason);
      },
    };
  };
  const attempt = (id: ResourceId, body: JsonObject, apiVersion?: string) => {
    const type = typeOf(id);
    const context = contextOf(id, apiVersion);
    const read = readBody(type, body, context.previous);
    const nameIsBad =
      context.previous === undefined && type.name?.pattern.test(context.parsed.name) === false;
    const named: readonly Problem[] = nameIsBad
      ? [{ code: "InvalidResourceName", message: type.name?.says ?? "" }]
      : [];
    const shape = [...named, ...read.problems];
    const problems = shape.length > 0 ? shape : (type.validate?.(read.body, context) ?? []);
    return { type, context, body: read.body, problems };
  };
  const estate: Estate = {
    graph: emptyGraph(),
    denied,
    put: (id, body, apiVersion) => {
      const { type, context, body: read, problems } = attempt(id, body, apiVersion);
      assert.deepEqual(problems, [], `PUT ${id}`);
      const derived = type.derive?.(read, context) ?? {
        properties: { ...read.properties, provisioningState: "Succeeded" },
      };
      const resource: ArmResource = {
        id: context.id,
        name: context.previous?.name ?? context.parsed.name,
        type: type.type,
        ...(read.location === undefined ? {} : { location: read.location }),
        ...(read.tags === undefined ? {} : { tags: read.tags }),
        ...read.top,
        ...derived.top,
        properties: derived.properties,
      };
      commit([{ kind: "put", resource }, ...(derived.effects ?? [])]);
      return estate.get(id);
    },
    problems: (id, body, apiVersion) => attempt(id, body, apiVersion).problems,
    refusal: (id, body, apiVersion) =>
      attempt(id, body, apiVersion).problems.map(({ code, message }) => `${code}: ${message}`),
    delete: (id) => {
      assert.deepEqual(estate.deleteRefusal(id), [], `DELETE ${id}`);
      const prefix = `${idKey(id)}/`;
      const below = [...estate.graph.all()].filter((one) => idKey(one.id).startsWith(prefix));
      for (const one of [...below.toReversed(), estate.get(id)]) {
        commit(typeOf(one.id).deleteEffects?.(one, contextOf(one.id)) ?? []);
      }
      removeTree(id);
    },
    deleteRefusal: (id) =>
      (typeOf(id).validateDelete?.(estate.get(id), contextOf(id)) ?? []).map(
        ({ code, message }) => `${code}: ${message}`,
      ),
    get: (id) => {
      const found = estate.graph.get(id);
      assert(found, `there is no ${id}`);
      return found;
    },
    find: (id) => estate.graph.get(id),
    view: (id, apiVersion) => typeOf(id).view?.(estate.get(id), apiVersion) ?? estate.get(id),
    act: (id, path) => {
      const action = typeOf(id).actions?.find((one) => one.path === path.toLowerCase());
      assert(action, `no action ${path}`);
      return action.answer({ ...contextOf(id), resource: estate.get(id) });
    },
  };
  /** Deletes what stands under every id that is gone, as the control plane does. */
  const removeTree = (id: ResourceId): void => {
    commit([{ kind: "delete", id }]);
    const orphans = [...estate.graph.all()].filter(({ id: own }) => isOrphan(estate.graph, own));
    commit(orphans.map(({ id: own }) => ({ kind: "delete", id: own })));
  };
  estate.put(group, { location: "eastus" });
  return estate;
}

function isOrphan(graph: Graph, id: ResourceId): boolean {
  for (
    let parent = parseId(id)?.parentId;
    parent !== undefined;
    parent = parseId(parent)?.parentId
  ) {
    const isSubscription = parseId(parent)?.type === "Microsoft.Resources/subscriptions";
    if (!isSubscription && graph.get(parent) === undefined) return true;
  }
  return false;
}

function readBody(
  type: ResourceType,
  sent: JsonObject,
  previous: ArmResource | undefined,
): { readonly body: RequestBody; readonly problems: readonly Problem[] } {
  const { location, tags, properties, ...top } = sent;
  const merges = type.putIs === "merge" && previous !== undefined;
  const target = "properties";
  const said = parseBody(type.properties, properties, { partial: merges, target });
  const whole = merges
    ? parseBody(type.properties, merged(previous.properties, said.value), {
        unknown: "drop",
        target,
      })
    : said;
  const parsedTop = parseBody(type.top ?? { kind: "object", fields: {} }, top);
  const given = typeof location === "string" ? regionKey(location) : previous?.location;
  return {
    body: {
      location: type.location === "none" ? undefined : given,
      tags: tags as JsonObject | undefined,
      properties: whole.value,
      top: parsedTop.value,
    },
    problems: schemaProblems([...said.problems, ...parsedTop.problems]),
  };
}

function merged(before: Json | undefined, after: Json): Json {
  if (!isObject(before) || !isObject(after)) return after;
  const fields = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(after)) {
    if (value !== undefined) fields.set(name, merged(fields.get(name), value));
  }
  return Object.fromEntries(fields);
}

export const network = `${group}/providers/Microsoft.Network`;
export const insights = `${group}/providers/Microsoft.Insights`;
export const vnetId = `${network}/virtualNetworks/vnet1`;
export const subnetId = `${vnetId}/subnets/snet-pe`;
export const scopeId = `${insights}/privateLinkScopes/ampls1`;
export const dceId = `${insights}/dataCollectionEndpoints/dce1`;
export const endpointId = `${network}/privateEndpoints/pe1`;
export const workspaceId = `${group}/providers/Microsoft.Monitor/accounts/amw1`;
export const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/aks1`;

export const vnetBody = (
  prefix: string,
  subnets: Readonly<Record<string, string>>,
): JsonObject => ({
  location: "eastus",
  properties: {
    addressSpace: { addressPrefixes: [prefix] },
    subnets: Object.entries(subnets).map(([name, addressPrefix]) => ({
      name,
      properties: { addressPrefix },
    })),
  },
});

export const scopeBody: JsonObject = {
  location: "global",
  properties: { accessModeSettings: { queryAccessMode: "Open", ingestionAccessMode: "Open" } },
};

export const dceBody: JsonObject = { location: "eastus", kind: "Linux", properties: {} };

export const endpointBody = (options: {
  readonly subnet?: string;
  readonly target?: string;
  readonly groupId?: string;
  readonly manual?: boolean;
  readonly extra?: JsonObject;
}): JsonObject => {
  const { subnet = subnetId, target = scopeId, groupId = "azuremonitor", manual = false } = options;
  const list = manual ? "manualPrivateLinkServiceConnections" : "privateLinkServiceConnections";
  return {
    location: "eastus",
    properties: {
      subnet: { id: subnet },
      [list]: [
        {
          name: "pe1",
          properties: {
            privateLinkServiceId: target,
            groupIds: [groupId],
            requestMessage: "please",
          },
        },
      ],
      ...options.extra,
    },
  };
};

/** A network with a subnet for endpoints, a scope that links one data collection endpoint, and a private endpoint to it. */
export function linkedEstate(): Estate {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", { "snet-pe": "10.1.1.0/24" }));
  estate.put(scopeId, scopeBody);
  estate.put(dceId, dceBody);
  estate.put(`${scopeId}/scopedResources/dce1-connection`, {
    properties: { linkedResourceId: dceId },
  });
  estate.put(endpointId, endpointBody({}));
  return estate;
}

/** The hosts and addresses that a private endpoint tells. */
export const namesOf = (estate: Estate, id: ResourceId = endpointId): ReadonlyMap<string, string> =>
  new Map(
    listAt(estate.get(id).properties, "customDnsConfigs").map((config) => [
      stringAt(config, "fqdn") ?? "",
      stringAt(config, "ipAddresses", 0) ?? "",
    ]),
  );

/** The name of the connection that a scope or workspace shows first. */
export const connectionIdOf = (estate: Estate, id: ResourceId = scopeId): ResourceId =>
  stringAt(estate.get(id).properties, "privateEndpointConnections", 0, "id") ?? "";

/** The status of an endpoint's connection. */
export const statusOf = (estate: Estate, id: ResourceId = endpointId): string | undefined => {
  const { properties } = estate.get(id);
  const connection =
    at(properties, "privateLinkServiceConnections", 0) ??
    at(properties, "manualPrivateLinkServiceConnections", 0);
  return stringAt(connection, "properties", "privateLinkServiceConnectionState", "status");
};
