/** A few small types and an open control plane for tests. Nothing of the product imports it. */
import { id, listAt, object, oneOf, readOnly, refused, required, string } from "../../arm/index.ts";
import type { ArmResource, Change, Json, JsonObject, ResourceType } from "../../arm/index.ts";
import { allow, fakeClock, seededRandom } from "../../core/index.ts";
import type { FakeClock } from "../../core/index.ts";
import type { HttpRequest, HttpResponse } from "../../http/index.ts";
import { resourceProviders, resourceTypes } from "../../providers/index.ts";
import { createControl } from "../create-control.ts";
import type { Control, ControlOptions } from "../create-control.ts";
import { isResourceGroup } from "../resource-groups.ts";

export const tenantId = "11111111-1111-4111-8111-111111111111";
export const subscriptionId = "22222222-2222-4222-8222-222222222222";
export const subscription = `/subscriptions/${subscriptionId}`;
export const group = `${subscription}/resourceGroups/rg1`;
export const version = "2021-09-01";

const base = {
  apiVersions: ["2021-07-01-preview", version],
  source: "a test",
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
} as const satisfies Partial<ResourceType>;

const scopes: ResourceType = {
  ...base,
  type: "Microsoft.Insights/privateLinkScopes",
  scope: "resourceGroup",
  location: "global",
  name: { pattern: /^[\w-]{1,64}$/, says: "1 to 64 letters, digits, hyphens and underscores." },
  patch: "tags",
  keeps: ["etag", "systemData"],
  properties: object({
    accessModeSettings: object({
      queryAccessMode: oneOf(["Open", "PrivateOnly"], {
        default: "Open",
        refused: { Secured: "it needs a perimeter." },
      }),
      ingestionAccessMode: oneOf(["Open", "PrivateOnly"], { default: "Open" }),
    }),
    perimeter: refused("perimeters are not emulated."),
    provisioningState: readOnly(),
  }),
  actions: [
    {
      method: "GET",
      path: "privatelinkresources/azuremonitor",
      action: "read",
      answer: ({ resource }) => ({ status: 200, body: { name: "azuremonitor", of: resource.id } }),
    },
    {
      method: "POST",
      path: "refresh",
      action: "refresh/action",
      answer: () => ({ status: 204, body: null }),
    },
  ],
};

/** The endpoint with the ids of what links it: a change of another resource in the same transaction. */
const withLinks = (endpoint: ArmResource, links: readonly Json[]): Change => ({
  kind: "put",
  resource: { ...endpoint, properties: { ...endpoint.properties, linkedBy: links } },
});

const scopedResources: ResourceType = {
  ...base,
  type: "Microsoft.Insights/privateLinkScopes/scopedResources",
  scope: "parent",
  location: "none",
  writes: "async",
  lock: ({ parsed }) => parsed.parentId,
  filters: { equals: ["kind", "linkedresourceid"] },
  properties: object({ linkedResourceId: required(id()), provisioningState: readOnly() }),
  derive: (body, { graph, id: own }) => {
    const endpoint = graph.get(String(body.properties["linkedResourceId"]));
    const links = listAt(endpoint?.properties, "linkedBy");
    return {
      properties: { ...body.properties, provisioningState: "Succeeded" },
      effects: endpoint === undefined ? [] : [withLinks(endpoint, [...links, own])],
    };
  },
  deleteEffects: ({ properties, id: own }, { graph }) => {
    const endpoint = graph.get(String(properties["linkedResourceId"]));
    const links = listAt(endpoint?.properties, "linkedBy").filter((link) => link !== own);
    return endpoint === undefined ? [] : [withLinks(endpoint, links)];
  },
};

const endpoints: ResourceType = {
  ...base,
  type: "Microsoft.Insights/dataCollectionEndpoints",
  scope: "resourceGroup",
  location: "regional",
  putIs: "merge",
  patch: "properties",
  top: object({ kind: oneOf(["Linux", "Windows"]) }),
  properties: object({
    description: string({ charsMax: 20 }),
    networkAcls: object({
      publicNetworkAccess: oneOf(["Enabled", "Disabled"], { default: "Enabled" }),
    }),
    linkedBy: readOnly(),
    provisioningState: readOnly(),
  }),
  derive: (body, { previous }) => ({
    properties: {
      ...body.properties,
      linkedBy: listAt(previous?.properties, "linkedBy"),
      provisioningState: "Succeeded",
    },
  }),
  validateDelete: ({ properties, name }) =>
    listAt(properties, "linkedBy").length === 0
      ? []
      : [{ code: "EndpointInUse", status: 409, message: `'${name}' is linked by a scope.` }],
};

const associations: ResourceType = {
  ...base,
  type: "Microsoft.Insights/dataCollectionRuleAssociations",
  scope: "extension",
  location: "none",
  properties: object({
    dataCollectionEndpointId: id("Microsoft.Insights/dataCollectionEndpoints"),
  }),
};

export const sampleTypes: readonly ResourceType[] = [
  ...resourceTypes.filter(isResourceGroup),
  scopes,
  scopedResources,
  endpoints,
  associations,
];

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
  readonly code: unknown;
  readonly message: string;
}

export interface Asking {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly version?: string | undefined;
}

export interface SampleControl {
  readonly control: Control;
  readonly clock: FakeClock;
  /** Asks with a valid token; `api-version` is added unless the path has a query. */
  readonly ask: (method: string, path: string, asking?: Asking) => Promise<Answer>;
}

/** A control plane in memory (or as `options` say) that lets everybody do everything. */
export function sampleControl(options: Partial<ControlOptions> = {}): SampleControl {
  const clock = fakeClock();
  const control = createControl({
    types: sampleTypes,
    providers: resourceProviders,
    clock,
    random: seededRandom(7),
    tenantId,
    subscriptionId,
    authenticate: () => ({ ok: true, principal: { objectId: "oid-1", appId: "app-1" } }),
    may: () => allow(),
    sharedKeys: {
      of: (id) => Promise.resolve({ primarySharedKey: `1 ${id}`, secondarySharedKey: `2 ${id}` }),
      renew: () => Promise.resolve({ primarySharedKey: "new 1", secondarySharedKey: "new 2" }),
    },
    ...options,
  });
  const ask = async (method: string, path: string, asking: Asking = {}): Promise<Answer> =>
    answerOf(await control.handler(requestOf(method, path, asking)));
  return { control, clock, ask };
}

/** With the resource group `rg1`. */
export async function withGroup(options: Partial<ControlOptions> = {}): Promise<SampleControl> {
  const sample = sampleControl(options);
  await sample.ask("PUT", group, { version: "2021-04-01", body: { location: "eastus" } });
  return sample;
}

function requestOf(method: string, target: string, asking: Asking): HttpRequest {
  const [path = "", query] = target.split("?");
  const { body, headers = {} } = asking;
  const bytes =
    body === undefined
      ? ""
      : typeof body === "string" || body instanceof Uint8Array
        ? body
        : JSON.stringify(body);
  return {
    method,
    host: "localhost",
    path,
    query: new URLSearchParams(query ?? `api-version=${asking.version ?? version}`),
    headers,
    body: () => Promise.resolve(Buffer.from(bytes)),
    origin: "https://localhost:8443",
  };
}

function answerOf({ status, headers = {}, body }: HttpResponse): Answer {
  const text = body === undefined ? "" : Buffer.from(body).toString();
  const value = (text === "" ? {} : JSON.parse(text)) as JsonObject;
  const error = (value["error"] ?? {}) as JsonObject;
  return {
    status,
    headers,
    body: value,
    code: error["code"],
    message: String(error["message"] ?? ""),
  };
}
