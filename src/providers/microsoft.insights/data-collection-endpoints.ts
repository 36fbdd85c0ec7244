/**
 * Microsoft.Insights/dataCollectionEndpoints (DCE): the door by which telemetry comes in and configuration goes out.
 * A private link is configured on the endpoint, not on the workspace that keeps the data.
 */
import { at, object, oneOf, readOnly, refused, string, stringAt } from "../../arm/index.ts";
import type {
  ArmResource,
  Derived,
  JsonObject,
  Problem,
  RequestBody,
  ResourceType,
  TypeAction,
  TypeContext,
} from "../../arm/index.ts";
import { dceHosts, hostKey, hostKeyChars } from "../../azure/index.ts";
import type { Random } from "../../core/index.ts";
import { isScoped, scopedResourcesOf } from "../private-link/scoped.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { associationsTo, shownAssociations } from "./associations.ts";
import { dataCollectionVersions } from "./api-versions.ts";
import { noPerimeter } from "./perimeter.ts";

const associations: TypeAction = {
  method: "GET",
  path: "associations",
  action: "read",
  answer: ({ graph, resource }) => ({
    status: 200,
    body: shownAssociations(graph, "dataCollectionEndpointId", resource.id),
  }),
};

export const dataCollectionEndpoints: ResourceType = {
  type: typeNames.dataCollectionEndpoints,
  apiVersions: dataCollectionVersions,
  scope: "resourceGroup",
  source:
    "azure-rest-api-specs monitor/resource-manager/Microsoft.Insights/stable/2024-03-11/dataCollection.json",
  location: "regional",
  // The length is what az and the templates cut names to; the characters what az keeps of them (inferred from that).
  name: {
    pattern: /^[A-Za-z0-9][A-Za-z0-9-]{1,42}[A-Za-z0-9]$/,
    says: "it has 3 to 44 letters, digits and '-', and begins and ends with a letter or digit.",
  },
  top: object({
    kind: oneOf(["Linux", "Windows"]),
    identity: refused("data collection endpoints have no identity here."),
  }),
  properties: object({
    description: string({ charsMax: 1024 }),
    networkAcls: object({
      publicNetworkAccess: oneOf(["Enabled", "Disabled"], {
        default: "Enabled",
        refused: noPerimeter,
      }),
    }),
    immutableId: readOnly(),
    configurationAccess: readOnly(),
    logsIngestion: readOnly(),
    metricsIngestion: readOnly(),
    privateLinkScopedResources: readOnly(),
    failoverConfiguration: readOnly(),
    metadata: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  keeps: ["etag", "systemData"],
  derive: (body: RequestBody, context: TypeContext): Derived => ({
    properties: endpointProperties({
      given: body.properties,
      previous: context.previous,
      id: context.id,
      name: context.previous?.name ?? context.parsed.name,
      region: body.location ?? "",
      random: context.random,
    }),
  }),
  validateDelete,
  actions: [associations],
};

/** Where an endpoint stands and what it was; its hosts and immutable id follow from that. */
export interface EndpointIdentity {
  readonly given: JsonObject;
  readonly previous: ArmResource | undefined;
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly random: Random;
}

/** What an endpoint stores. Host names are a function of its id alone, so that a restart or a restore never moves them. */
export function endpointProperties(identity: EndpointIdentity): JsonObject {
  const { given, previous, id, name, region, random } = identity;
  const hosts = dceHosts({ name, key: hostKey(id, hostKeyChars.dce), region });
  const before = previous?.properties;
  const links = at(before, "privateLinkScopedResources");
  const metadata = at(before, "metadata");
  return {
    ...given,
    immutableId: stringAt(before, "immutableId") ?? `dce-${random.bytes(16).toString("hex")}`,
    configurationAccess: { endpoint: `https://${hosts.configuration}` },
    logsIngestion: { endpoint: `https://${hosts.logs}` },
    metricsIngestion: { endpoint: `https://${hosts.metrics}` },
    ...(links === undefined ? {} : { privateLinkScopedResources: links }),
    ...(metadata === undefined ? {} : { metadata }),
    provisioningState: "Succeeded",
  };
}

/** @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-configure: disconnect it from every scope first */
function validateDelete(dce: ArmResource, { graph }: TypeContext): readonly Problem[] {
  return [
    ...scopedProblems(dce, { graph }),
    ...associationsTo(graph, "dataCollectionEndpointId", dce),
  ];
}

/** Why a linked resource cannot go. The code is inferred. */
export function scopedProblems(
  resource: ArmResource,
  { graph }: Pick<TypeContext, "graph">,
): readonly Problem[] {
  if (!isScoped(graph, resource.id)) return [];
  const links = scopedResourcesOf(graph, resource.id)
    .map(({ id }) => id)
    .join(", ");
  const message = `The resource '${resource.id}' is linked to an Azure Monitor private link scope by ${links}. Remove it from every scope before deleting it.`;
  return [problem("ResourceIsScoped", message, { status: 409, target: resource.id })];
}
