/** An estate for tests: puts bodies through the declarations and the schema engine, on a graph. Nothing of the product imports it. */
import assert from "node:assert/strict";
import {
  at,
  canonicalId,
  descendantsOf,
  emptyGraph,
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
  ActionAnswer,
  ArmResource,
  Change,
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
import type { Random } from "../../core/index.ts";
import { resourceTypes } from "../index.ts";

export const subscriptionId = "22222222-2222-4222-8222-222222222222";
export const subscription = `/subscriptions/${subscriptionId}`;
export const group = `${subscription}/resourceGroups/rg1`;
export const tenantId = "11111111-1111-4111-8111-111111111111";
export const principalId = "33333333-3333-4333-8333-333333333333";

export interface Estate {
  readonly graph: () => Graph;
  /** Actions that are refused, as `action scope`, both in lower case. */
  readonly denied: Set<string>;
  /** Puts resources as they are, without a look at their declarations. */
  readonly seed: (resources: readonly ArmResource[]) => void;
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
  /** The same, of an action that takes its time. */
  readonly ask: (id: ResourceId, path: string) => Promise<ActionAnswer>;
}

export const typeOf = (id: ResourceId): ResourceType => {
  const name = parseId(id)?.type.toLowerCase();
  const type = resourceTypes.find((one) => one.type.toLowerCase() === name);
  assert(type, `no type for ${id}`);
  return type;
};

interface State {
  graph: Graph;
  readonly denied: Set<string>;
  readonly random: Random;
}

function contextOf(state: State, id: ResourceId, apiVersion?: string): TypeContext {
  const type = typeOf(id);
  const parsed = parseId(id);
  assert(parsed);
  const parentId = parsed.parentId ?? "";
  const parent = state.graph.get(parentId)?.id ?? parentId;
  const previous = state.graph.get(id);
  return {
    graph: state.graph,
    id: previous?.id ?? canonicalId(parsed, type.type, parent),
    parsed,
    apiVersion: apiVersion ?? type.apiVersions.at(-1) ?? "",
    previous,
    tenantId,
    principalId,
    now: "2026-01-01T00:00:00.000Z",
    random: state.random,
    sharedKeys: {
      of: (id) => Promise.resolve({ primarySharedKey: `1 ${id}`, secondarySharedKey: `2 ${id}` }),
      renew: () => Promise.resolve({ primarySharedKey: "new 1", secondarySharedKey: "new 2" }),
    },
    may: (action, scope) => {
      const reason = { rule: "test", says: action, source: "a test" };
      return state.denied.has(`${action} ${scope}`.toLowerCase()) ? deny(reason) : allow(reason);
    },
  };
}

/** Reads and checks a PUT, without storing anything. */
function attempt(
  state: State,
  id: ResourceId,
  sent: { body: JsonObject; apiVersion?: string | undefined },
) {
  const type = typeOf(id);
  const context = contextOf(state, id, sent.apiVersion);
  const { body, problems: shape } = readBody(type, sent.body, context.previous);
  const isBadName =
    context.previous === undefined && type.name?.pattern.test(context.parsed.name) === false;
  const named: readonly Problem[] = isBadName
    ? [{ code: "InvalidResourceName", message: type.name?.says ?? "" }]
    : [];
  const early = [...named, ...shape];
  const problems = early.length > 0 ? early : (type.validate?.(body, context) ?? []);
  return { type, context, body, problems };
}

function store(state: State, { type, context, body }: ReturnType<typeof attempt>): void {
  const derived = type.derive?.(body, context) ?? {
    properties: { ...body.properties, provisioningState: "Succeeded" },
  };
  const resource: ArmResource = {
    id: context.id,
    name: context.previous?.name ?? context.parsed.name,
    type: type.type,
    ...(body.location === undefined ? {} : { location: body.location }),
    ...(body.tags === undefined ? {} : { tags: body.tags }),
    ...body.top,
    ...derived.top,
    properties: derived.properties,
  };
  commit(state, [{ kind: "put", resource }, ...(derived.effects ?? [])]);
}

function commit(state: State, changes: readonly Change[]): void {
  state.graph = withChanges(state.graph, changes);
}

/** As the control plane deletes: what stands below first, with its effects; then the resource; then what is orphaned. */
function remove(state: State, resource: ArmResource): void {
  for (const one of [...descendantsOf(state.graph, resource.id).toReversed(), resource]) {
    commit(state, typeOf(one.id).deleteEffects?.(one, contextOf(state, one.id)) ?? []);
  }
  commit(state, [{ kind: "delete", id: resource.id }]);
  const orphans = [...state.graph.all()].filter(({ id }) => isOrphan(state.graph, id));
  commit(
    state,
    orphans.map(({ id }) => ({ kind: "delete", id })),
  );
}

const sentences = (problems: readonly Problem[]): readonly string[] =>
  problems.map(({ code, message }) => `${code}: ${message}`);

/** An estate with one resource group, in East US. */
export function openEstate(): Estate {
  const state: State = { graph: emptyGraph(), denied: new Set(), random: seededRandom(7) };
  const get = (id: ResourceId): ArmResource => {
    const found = state.graph.get(id);
    assert(found, `there is no ${id}`);
    return found;
  };
  const problems: Estate["problems"] = (id, body, apiVersion) =>
    attempt(state, id, { body, apiVersion }).problems;
  const deleteRefusal = (id: ResourceId): readonly string[] =>
    sentences(typeOf(id).validateDelete?.(get(id), contextOf(state, id)) ?? []);
  const acted = (id: ResourceId, path: string): ActionAnswer | Promise<ActionAnswer> => {
    const action = typeOf(id).actions?.find((one) => one.path === path.toLowerCase());
    assert(action, `no action ${path}`);
    return action.answer({ ...contextOf(state, id), resource: get(id) });
  };
  const estate: Estate = {
    graph: () => state.graph,
    denied: state.denied,
    seed: (resources) =>
      commit(
        state,
        resources.map((resource) => ({ kind: "put", resource })),
      ),
    put: (id, body, apiVersion) => {
      const tried = attempt(state, id, { body, apiVersion });
      assert.deepEqual(tried.problems, [], `PUT ${id}`);
      store(state, tried);
      return get(id);
    },
    problems,
    refusal: (id, body, apiVersion) => sentences(problems(id, body, apiVersion)),
    delete: (id) => {
      assert.deepEqual(deleteRefusal(id), [], `DELETE ${id}`);
      remove(state, get(id));
    },
    deleteRefusal,
    get,
    find: (id) => state.graph.get(id),
    view: (id, apiVersion) => typeOf(id).view?.(get(id), apiVersion) ?? get(id),
    ask: async (id, path) => acted(id, path),
    act: (id, path) => {
      const answer = acted(id, path);
      assert(!(answer instanceof Promise), `${path} takes its time`);
      return answer;
    },
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
  const { location, tags, properties, id: _id, name: _name, type: _type, ...rest } = sent;
  const { etag: _etag, systemData: _systemData, ...top } = rest;
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
