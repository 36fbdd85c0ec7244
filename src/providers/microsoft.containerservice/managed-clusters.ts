/**
 * Microsoft.ContainerService/managedClusters (AKS): the cluster as monitoring sees it: region, networks, identities, and
 * what is switched on. No Kubernetes API stands behind it. A PUT is a merge.
 */
import { idProblem, isObject, listAt, parseId, stringAt } from "../../arm/index.ts";
import type {
  ArmResource,
  Derived,
  Json,
  JsonObject,
  Problem,
  RequestBody,
  ResourceType,
  TypeAction,
  TypeContext,
} from "../../arm/index.ts";
import { stableGuid } from "../declared.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { clusterVersions } from "./api-versions.ts";
import { clusterProperties, clusterTop } from "./cluster-schema.ts";
import { monitoringProblems, storedAddons } from "./monitoring-addon.ts";

const refusedAction = (path: string): TypeAction => ({
  method: "POST",
  path: path.toLowerCase(),
  action: `${path}/action`,
  answer: () => ({
    status: 400,
    body: {
      error: {
        code: "FeatureNotEmulated",
        message: `'${path}' is not emulated: no Kubernetes API stands behind a managed cluster.`,
      },
    },
  }),
});

export const managedClusters: ResourceType = {
  type: typeNames.managedClusters,
  apiVersions: clusterVersions,
  scope: "resourceGroup",
  source:
    "azure-rest-api-specs containerservice/resource-manager/Microsoft.ContainerService/aks; az aks, traced",
  location: "regional",
  name: {
    pattern: /^[A-Za-z0-9](?:[\w-]{0,61}[A-Za-z0-9])?$/,
    says: "it has 1 to 63 letters, digits, '_' and '-', and begins and ends with a letter or digit.",
  },
  top: clusterTop,
  properties: clusterProperties,
  putIs: "merge",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "async",
  patch: "tags",
  lock: ({ id }) => id,
  validate,
  derive,
  actions: ["listClusterUserCredential", "listClusterAdminCredential", "runCommand"].map(
    refusedAction,
  ),
};

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const pools = listAt(body.properties, "agentPoolProfiles");
  const found = pools.flatMap((pool, index) => poolProblems(pool, { index, context }));
  if (pools.length === 0) {
    const target = "properties.agentPoolProfiles";
    const message =
      "Required parameter agentPoolProfiles is missing: a cluster has at least one agent pool.";
    found.push(problem("InvalidParameter", message, { target }));
  }
  return [...found, ...monitoringProblems(body, context), ...identityProblems(body, context)];
}

/** Agent pools say in which network a cluster stands. */
function poolProblems(
  pool: Json,
  { index, context }: { readonly index: number; readonly context: TypeContext },
): readonly Problem[] {
  const at = `properties.agentPoolProfiles[${index}]`;
  const name = stringAt(pool, "name") ?? "";
  const found: Problem[] = [];
  if (!/^[a-z][a-z0-9]{0,11}$/.test(name)) {
    const message = `The agent pool name '${name}' is invalid: it has 1 to 12 lower-case letters and digits, and begins with a letter.`;
    found.push(problem("InvalidParameter", message, { target: `${at}.name` }));
  }
  const subnetId = isObject(pool) ? pool["vnetSubnetID"] : undefined;
  if (subnetId === undefined || subnetId === null) return found;
  if (subnetId === subnetBefore(context.previous, name)) return found;
  const target = `${at}.vnetSubnetID`;
  const says = idProblem(subnetId);
  if (says !== undefined || typeof subnetId !== "string") {
    return [...found, problem("InvalidParameter", `'${target}': ${says}.`, { target })];
  }
  const access = linkedAccess(context, {
    action: `${typeNames.subnets}/join/action`,
    scope: subnetId,
    target,
  });
  if (access.length > 0) return [...found, ...access];
  if (context.graph.get(subnetId)?.type === typeNames.subnets) return found;
  const message = `The subnet '${subnetId}' was not found. Create it before the cluster.`;
  return [...found, problem("InvalidResourceReference", message, { target })];
}

/** The subnet that a pool has already: it was checked when the pool came. */
const subnetBefore = (cluster: ArmResource | undefined, poolName: string): string | undefined =>
  stringAt(
    listAt(cluster?.properties, "agentPoolProfiles").find(
      (pool) => stringAt(pool, "name") === poolName,
    ),
    "vnetSubnetID",
  );

function identityProblems(body: RequestBody, { graph }: TypeContext): readonly Problem[] {
  const target = "identity.userAssignedIdentities";
  return userAssignedIds(body).flatMap((id) => {
    if (
      parseId(id)?.type.toLowerCase() === typeNames.userAssignedIdentities.toLowerCase() &&
      graph.get(id)
    ) {
      return [];
    }
    const message = `The user-assigned identity '${id}' was not found. Create it before the cluster.`;
    return [problem("InvalidResourceReference", message, { target })];
  });
}

function userAssignedIds(body: RequestBody): readonly string[] {
  const identities = (body.top["identity"] as JsonObject | undefined)?.["userAssignedIdentities"];
  return isObject(identities) ? Object.keys(identities) : [];
}

/**
 * Fills in what clients read of a cluster. `servicePrincipalProfile.clientId` is `msi`: az reads it unasked.
 * Identities are a function of the cluster's id, so that they stay over restarts and rewrites.
 */
function derive(body: RequestBody, context: TypeContext): Derived {
  const { previous, parsed } = context;
  const name = previous?.name ?? parsed.name;
  const region = body.location ?? "";
  const { properties } = body;
  const nodeGroup =
    stringAt(properties, "nodeResourceGroup") ??
    `MC_${parsed.resourceGroup}_${name}_${region}`.slice(0, 80);
  return {
    properties: {
      ...properties,
      dnsPrefix: stringAt(properties, "dnsPrefix") ?? prefixOf(name),
      nodeResourceGroup: nodeGroup,
      enableRBAC: properties["enableRBAC"] ?? true,
      agentPoolProfiles: listAt(properties, "agentPoolProfiles").map(poolToStore),
      servicePrincipalProfile: {
        clientId: stringAt(properties, "servicePrincipalProfile", "clientId") ?? "msi",
      },
      apiServerAccessProfile: {
        enablePrivateCluster: false,
        ...(properties["apiServerAccessProfile"] as JsonObject | undefined),
      },
      ...addonsOf(properties, context, { name, nodeGroup }),
      azureMonitorProfile: monitorProfile(properties),
      identityProfile: { kubeletidentity: kubeletIdentity(context, { name, nodeGroup }) },
      resourceUID:
        stringAt(previous?.properties, "resourceUID") ?? stableGuid("uid", context.id, context.now),
      powerState: { code: "Running" },
      provisioningState: "Succeeded",
    },
    top: { identity: identityOf(body, context) },
  };
}

const prefixOf = (name: string): string =>
  name.replaceAll("_", "-").slice(0, 54).replace(/-$/, "x");

const poolToStore = (pool: Json): Json => ({
  count: 1,
  mode: "System",
  osType: "Linux",
  type: "VirtualMachineScaleSets",
  ...(pool as JsonObject),
  powerState: { code: "Running" },
  provisioningState: "Succeeded",
});

function monitorProfile(properties: JsonObject): JsonObject {
  const given = properties["azureMonitorProfile"] as JsonObject | undefined;
  const metrics = given?.["metrics"] as JsonObject | undefined;
  return { ...given, metrics: { enabled: false, ...metrics } };
}

function addonsOf(
  properties: JsonObject,
  { id, parsed }: TypeContext,
  { name, nodeGroup }: { readonly name: string; readonly nodeGroup: string },
): JsonObject {
  if (properties["addonProfiles"] === undefined) return {};
  const nodeGroupId = `/subscriptions/${parsed.subscriptionId}/resourceGroups/${nodeGroup}`;
  return { addonProfiles: storedAddons(properties, { id, nodeGroupId, name }) };
}

/** The kubelet's identity stands in the node resource group, which itself is not shown (inferred names; ids are stable). */
function kubeletIdentity(
  context: TypeContext,
  { name, nodeGroup }: { readonly name: string; readonly nodeGroup: string },
): JsonObject {
  const group = `/subscriptions/${context.parsed.subscriptionId}/resourceGroups/${nodeGroup}`;
  return {
    resourceId: `${group}/providers/${typeNames.userAssignedIdentities}/${name}-agentpool`,
    clientId: stableGuid("kubelet client", context.id),
    objectId: stableGuid("kubelet object", context.id),
  };
}

/** A cluster without a word on identity has its own. */
function identityOf(body: RequestBody, { id, tenantId, graph }: TypeContext): JsonObject {
  const given = body.top["identity"] as JsonObject | undefined;
  const type = stringAt(given, "type") ?? "SystemAssigned";
  if (type === "SystemAssigned") {
    return { type, principalId: stableGuid("system principal", id), tenantId };
  }
  if (type === "None") return { type };
  const identities = userAssignedIds(body).map((one): [string, Json] => {
    const identity: ArmResource | undefined = graph.get(one);
    const { clientId, principalId } = identity?.properties ?? {};
    return [identity?.id ?? one, { clientId: clientId ?? "", principalId: principalId ?? "" }];
  });
  return { type, userAssignedIdentities: Object.fromEntries(identities) };
}
