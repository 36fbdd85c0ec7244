/** What onboarding asks of ARM. `src/client`'s ArmClient is one; tests have another in memory. */
import { parseId } from "../arm/index.ts";
import type { ArmResource, Json, JsonObject, ResourceId } from "../arm/index.ts";

/** Reads. Throws a CodedError with ARM's code and status when ARM refuses. */
export interface ArmReader {
  /** The resource, or undefined when it is not there. */
  get(path: string, apiVersion: string): Promise<JsonObject | undefined>;
  /** All items of a list, its pages followed. */
  list(path: string, apiVersion: string): Promise<readonly JsonObject[]>;
}

/** Reads and writes. A write resolves when its operation has ended. */
export interface ArmWriter extends ArmReader {
  put(
    path: string,
    write: { readonly apiVersion: string; readonly body?: Json },
  ): Promise<JsonObject>;
}

/** The api-versions that onboarding speaks, each the one that first-party tools use or the stable one. */
export const apiVersions = {
  scope: "2021-09-01",
  dataCollection: "2022-06-01",
  workspace: "2023-04-03",
  /** Of Log Analytics. */
  logWorkspace: "2023-09-01",
  cluster: "2023-01-01",
  resourceGroup: "2021-04-01",
  network: "2023-05-01",
  roleAssignment: "2022-04-01",
  dnsResolver: "2022-07-01",
  privateDns: "2020-06-01",
  /** The first in which a virtual network link shows its resolution policy. */
  zoneLink: "2024-06-01",
} as const;

/** A GET's body as a resource of the graph, or undefined when it has no readable id. */
export function asResource(body: JsonObject): ArmResource | undefined {
  const { id, properties, ...top } = body;
  const parsed = typeof id === "string" ? parseId(id) : undefined;
  if (parsed === undefined || typeof id !== "string") return undefined;
  const own = typeof properties === "object" && properties !== null ? properties : {};
  // The type comes from the id: services differ in how they spell it.
  return {
    ...top,
    id,
    name: parsed.name,
    type: parsed.type,
    properties: own as JsonObject,
  } as ArmResource;
}

/** The resource group of an id: `/subscriptions/S/resourceGroups/G`. */
export function groupOf(id: ResourceId): ResourceId {
  const parsed = parseId(id);
  return `/subscriptions/${parsed?.subscriptionId ?? ""}/resourceGroups/${parsed?.resourceGroup ?? ""}`;
}

/** The subscription of an id: `/subscriptions/S`. */
export const subscriptionOf = (id: ResourceId): ResourceId =>
  `/subscriptions/${parseId(id)?.subscriptionId ?? ""}`;
