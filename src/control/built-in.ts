/** What ARM serves that no resource type declares: subscriptions, locations, providers, tenants, all resources, operations. */
import { idKey, regionKey } from "../arm/index.ts";
import type { ArmResource, Problem, ResourceId } from "../arm/index.ts";
import { regions } from "../azure/index.ts";
import { json } from "../http/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { parseFilter } from "./filter.ts";
import { operationPath, operationResult, operationStatus } from "./operations.ts";
import { placementOfScope } from "./placement.ts";
import { refuse } from "./platform.ts";
import type { Call, Platform } from "./platform.ts";
import type { ResourceProvider } from "../providers/index.ts";
import { namespaceUnknown, subscriptionNotFound } from "./refusals.ts";
import { page } from "./read.ts";
import { isResourceGroup } from "./resource-groups.ts";

export interface BuiltIn {
  /** The right it needs; without one every valid token may ask. */
  readonly needs?: { readonly action: string; readonly scope: ResourceId };
  readonly methods: readonly string[];
  readonly apiVersions: readonly string[] | "any";
  readonly answer: (call: Call) => HttpResponse;
}

/** api-versions of subscriptions, tenants and locations, by the clients that send them. */
const subscriptionVersions = [
  "2016-06-01",
  "2018-06-01",
  "2019-06-01",
  "2019-11-01",
  "2020-01-01",
  "2021-01-01",
  "2021-04-01",
  "2022-12-01",
];

/** api-versions of providers and of the list of all resources, by the clients that send them. */
const resourceVersions = [
  "2017-05-10",
  "2019-05-01",
  "2020-10-01",
  "2021-04-01",
  "2022-01-01",
  "2024-11-01",
  "2025-04-01",
];

/** The built-in route of a path, or undefined. Segments are not empty; `lower` is them in lower case. */
export function builtInRoute(
  platform: Platform,
  segments: readonly string[],
  lower: readonly string[],
): BuiltIn | undefined {
  const root = lower[0];
  if (root === "subscriptions") {
    return operationRoute(platform, lower) ?? subscriptionRoute(platform, segments, lower);
  }
  if (root === "tenants" && lower.length === 1) return tenants(platform);
  if (root === "providers" && lower.length <= 2) return providerRoute(platform, "", segments[1]);
  return undefined;
}

function operationRoute(platform: Platform, lower: readonly string[]): BuiltIn | undefined {
  const asked = operationPath(lower);
  if (asked === undefined) return undefined;
  const operation = platform.state.operation(asked.id);
  if (operation === undefined) {
    const problem: Problem = {
      code: "OperationNotFound",
      status: 404,
      message: `The operation '${asked.id}' was not found. The last ones are kept; an older one has ended.`,
    };
    return { methods: ["GET"], apiVersions: "any", answer: () => refuse(problem) };
  }
  // Who may read the resource may read how its write went.
  const type = platform.state.graph().get(operation.resourceId)?.type;
  const action = `${type ?? "Microsoft.Resources/subscriptions/resources"}/read`;
  return {
    needs: { action, scope: operation.resourceId },
    methods: ["GET"],
    apiVersions: "any",
    answer: ({ apiVersion }) =>
      asked.asks === "status"
        ? operationStatus(operation)
        : operationResult(platform, operation, apiVersion),
  };
}

function subscriptionRoute(
  platform: Platform,
  segments: readonly string[],
  lower: readonly string[],
): BuiltIn | undefined {
  if (lower.length === 1) return subscriptions(platform);
  const named = lower[1] ?? "";
  const known = named === platform.subscriptionId.toLowerCase();
  const scope = `/subscriptions/${segments[1]}`;
  const checked = (route: BuiltIn): BuiltIn =>
    known ? route : { ...route, answer: () => refuse(subscriptionNotFound(named)) };
  const route = belowSubscription(platform, scope, segments, lower);
  return route === undefined ? undefined : checked(route);
}

function belowSubscription(
  platform: Platform,
  scope: ResourceId,
  segments: readonly string[],
  lower: readonly string[],
): BuiltIn | undefined {
  const [, , what, name = "", more] = lower;
  switch (`${what ?? ""}:${lower.length}`) {
    case ":2":
      return subscription(platform, scope);
    case "locations:3":
      return locations(platform, scope);
    case "resources:3":
      return resources(platform, scope);
    case "resourcegroups:5":
      return more === "resources"
        ? resources(platform, `${scope}/resourceGroups/${segments[3]}`)
        : undefined;
    case "providers:3":
    case "providers:4":
      return providerRoute(platform, scope, segments[3]);
    case "providers:5":
      return more === "register" ? register(platform, scope, name) : undefined;
    default:
      return undefined;
  }
}

const subscriptionOf = ({ tenantId, subscriptionId }: Platform): unknown => ({
  id: `/subscriptions/${subscriptionId}`,
  authorizationSource: "RoleBased",
  managedByTenants: [],
  subscriptionId,
  tenantId,
  displayName: "Linkscope",
  state: "Enabled",
  subscriptionPolicies: {
    locationPlacementId: "Public_2014-09-01",
    quotaId: "PayAsYouGo_2014-09-01",
    spendingLimit: "Off",
  },
});

/** A caller sees the subscription when any role is assigned to it there. */
const subscriptions = (platform: Platform): BuiltIn => ({
  methods: ["GET"],
  apiVersions: subscriptionVersions,
  answer: ({ principal }) => {
    const graph = platform.state.graph();
    const scope = `/subscriptions/${platform.subscriptionId}`;
    const visible =
      platform.may(principal, "Microsoft.Resources/subscriptions/read", scope, graph).outcome ===
        "allow" ||
      graph
        .ofType("Microsoft.Authorization/roleAssignments")
        .some(({ properties }) => properties["principalId"] === principal.objectId);
    return json(200, {
      value: visible ? [subscriptionOf(platform)] : [],
      count: { type: "Total", value: visible ? 1 : 0 },
    });
  },
});

const subscription = (platform: Platform, scope: ResourceId): BuiltIn => ({
  needs: { action: "Microsoft.Resources/subscriptions/read", scope },
  methods: ["GET"],
  apiVersions: subscriptionVersions,
  answer: () => json(200, subscriptionOf(platform)),
});

const tenants = ({ tenantId }: Platform): BuiltIn => ({
  methods: ["GET"],
  apiVersions: subscriptionVersions,
  answer: () =>
    json(200, {
      value: [
        {
          id: `/tenants/${tenantId}`,
          tenantId,
          displayName: "Linkscope",
          domains: [],
          tenantCategory: "Home",
        },
      ],
    }),
});

/** Display names are those of the providers' `locations`: clients map one to the other. */
const locations = (platform: Platform, scope: ResourceId): BuiltIn => ({
  needs: { action: "Microsoft.Resources/subscriptions/locations/read", scope },
  methods: ["GET"],
  apiVersions: subscriptionVersions,
  answer: () =>
    json(200, {
      value: regions.map(({ name, displayName }) => ({
        id: `/subscriptions/${platform.subscriptionId}/locations/${name}`,
        name,
        type: "Region",
        displayName,
        regionalDisplayName: displayName,
        metadata: { regionType: "Physical" },
      })),
    }),
});

function providerRoute(
  platform: Platform,
  scope: ResourceId,
  namespace: string | undefined,
): BuiltIn {
  const needs =
    scope === ""
      ? {}
      : { needs: { action: "Microsoft.Resources/subscriptions/providers/read", scope } };
  return {
    ...needs,
    methods: ["GET"],
    apiVersions: resourceVersions,
    answer: ({ request }) => {
      const show = (provider: ResourceProvider): unknown =>
        selected(providerBody(provider, platform, scope), request.query.get("$select"));
      if (namespace === undefined) return page(request, platform.providers, show);
      const found = providerOf(platform, namespace);
      return found === undefined
        ? refuse(unknownProvider(platform, namespace))
        : json(200, show(found));
    },
  };
}

/** Every emulated provider is registered from the start; registering it again changes nothing. */
const register = (platform: Platform, scope: ResourceId, namespace: string): BuiltIn => ({
  needs: { action: `${namespace}/register/action`, scope },
  methods: ["POST"],
  apiVersions: resourceVersions,
  answer: () => {
    const found = providerOf(platform, namespace);
    return found === undefined
      ? refuse(unknownProvider(platform, namespace))
      : json(200, providerBody(found, platform, scope));
  },
});

const providerOf = (platform: Platform, namespace: string): ResourceProvider | undefined =>
  platform.providers.find((one) => one.namespace.toLowerCase() === namespace.toLowerCase());

const unknownProvider = (platform: Platform, namespace: string): Problem =>
  namespaceUnknown(
    namespace,
    platform.providers.map((one) => one.namespace),
  );

const providerBody = (
  { namespace, resourceTypes }: ResourceProvider,
  platform: Platform,
  scope: ResourceId,
): Readonly<Record<string, unknown>> => ({
  id: `${scope === "" ? "" : `/subscriptions/${platform.subscriptionId}`}/providers/${namespace}`,
  namespace,
  registrationState: "Registered",
  registrationPolicy: "RegistrationRequired",
  resourceTypes: resourceTypes.map((type) => ({ ...type, capabilities: "None" })),
});

/** `$select=namespace,registrationstate`: those fields, in any case, and no others. */
function selected(
  body: Readonly<Record<string, unknown>>,
  select: string | null,
): Readonly<Record<string, unknown>> {
  if (select === null) return body;
  const names = select.split(",").map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(body).filter(([name]) => names.includes(name.toLowerCase())),
  );
}

const resourceFilters = {
  equals: ["resourcegroup", "resourcetype", "name", "location", "tagname", "tagvalue"],
};

/** Every tracked resource of a subscription or group, without its properties. */
const resources = (platform: Platform, scope: ResourceId): BuiltIn => ({
  methods: ["GET"],
  apiVersions: resourceVersions,
  answer: ({ request, principal }) => {
    const graph = platform.state.graph();
    const placed = placementOfScope(graph, scope, platform.subscriptionId);
    if (placed.kind === "missing") return refuse(placed.problem);
    const parsed = parseFilter(request.query.get("$filter"), resourceFilters);
    if (parsed.kind === "refused") return refuse(parsed.problem);
    const may = (at: ResourceId, type: string): boolean =>
      platform.may(principal, `${type}/read`, at, graph).outcome === "allow";
    const seesAll = may(placed.id, "Microsoft.Resources/subscriptions/resources");
    const prefix = `${idKey(placed.id)}/`;
    const found = [...graph.all()].filter(
      (resource) =>
        resource.location !== undefined &&
        !isResourceGroup(resource) &&
        idKey(resource.id).startsWith(prefix) &&
        matches(resource, parsed.filter.equals) &&
        (seesAll || may(resource.id, resource.type)),
    );
    const expand = (request.query.get("$expand") ?? "").toLowerCase().split(",");
    return page(request, found, (resource) => genericBody(resource, expand));
  },
});

function matches(resource: ArmResource, equals: ReadonlyMap<string, string>): boolean {
  const tags = Object.entries(resource.tags ?? {});
  const same = (value: string | undefined, wanted: string | undefined): boolean =>
    wanted === undefined || value?.toLowerCase() === wanted.toLowerCase();
  const group = resource.id.split("/")[4];
  const tagName = equals.get("tagname");
  const tagValue = equals.get("tagvalue");
  const location = equals.get("location");
  return (
    same(group, equals.get("resourcegroup")) &&
    same(resource.type, equals.get("resourcetype")) &&
    same(resource.name, equals.get("name")) &&
    same(resource.location, location === undefined ? undefined : regionKey(location)) &&
    ((tagName === undefined && tagValue === undefined) ||
      tags.some(([name, value]) => same(name, tagName) && (tagValue ?? value) === value))
  );
}

function genericBody(resource: ArmResource, expand: readonly string[]): unknown {
  const { id, name, type, location, kind, sku, tags, identity, managedBy, systemData } = resource;
  const extras = new Map<string, unknown>([
    ["createdTime", systemData?.["createdAt"]],
    ["changedTime", systemData?.["lastModifiedAt"]],
    ["provisioningState", resource.properties["provisioningState"]],
  ]);
  const expanded = [...extras].filter(([field]) => expand.includes(field.toLowerCase()));
  return {
    id,
    name,
    type,
    kind,
    location,
    sku,
    identity,
    managedBy,
    tags,
    ...Object.fromEntries(expanded),
  };
}
