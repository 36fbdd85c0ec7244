/** Microsoft.Insights/privateLinkScopes/scopedResources: one Azure Monitor resource in a private link scope. */
import { limits } from "../../core/index.ts";
import {
  id,
  object,
  oneOf,
  parseId,
  readOnly,
  refused,
  required,
  sameId,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom, referringTo, resourceOf } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { reconcileOn } from "../private-link/reconcile.ts";
import type { Shortage } from "../private-link/reconcile.ts";
import { showScopes } from "../private-link/scoped.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { generalName, scopeVersions } from "./api-versions.ts";

const target = "properties.linkedResourceId";
const noMetrics = "only resources are linked here, not a subscription's platform metrics.";
/** The version that tells kinds of scoped resources apart. */
const versionWithKinds = "2023-06-01-preview";

export const scopedResources: ResourceType = {
  type: typeNames.scopedResources,
  apiVersions: scopeVersions,
  scope: "parent",
  source:
    "azure-rest-api-specs monitor/resource-manager/Microsoft.Insights/stable/2021-09-01/privateLinkScopes_API.json",
  location: "none",
  name: generalName,
  properties: object({
    linkedResourceId: required(id()),
    kind: oneOf(["Resource"], { refused: { Metrics: noMetrics, PlatformMetrics: noMetrics } }),
    subscriptionLocation: refused(noMetrics),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "DELETE", "LIST"],
  // A scope takes one write at a time: of two together one is refused, as Terraform meets it (GitHub
  // hashicorp/terraform-provider-azurerm#22236); one after the other pass, as az sends them, without a poll between them
  // (Azure/azure-cli acs/addonconfiguration.py).
  writes: "async",
  lockEndsWithAnswer: true,
  lock: ({ parsed }) => parsed.parentId,
  validate,
  derive,
  deleteEffects: unlink,
  filters: { equals: ["kind"] },
  view: (resource, apiVersion) => {
    if (apiVersion === versionWithKinds) return resource;
    const { kind: _, ...properties } = resource.properties;
    return { ...resource, properties };
  },
};

const linkedIdOf = (body: RequestBody): ResourceId =>
  stringAt(body.properties, "linkedResourceId") ?? "";

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const linkedId = linkedIdOf(body);
  const kind = kindProblem(linkedId);
  if (kind !== undefined) return [kind];
  const access = linkedAccess(context, {
    action: `${linkableType(linkedId)}/write`,
    scope: linkedId,
    target,
  });
  if (access.length > 0) return access;
  if (context.graph.get(linkedId) === undefined) {
    const message = `The resource '${linkedId}' was not found. Create it before linking it.`;
    return [problem("LinkedResourceNotFound", message, { status: 404, target })];
  }
  return [...duplicates(linkedId, context), ...tooManyScopes(linkedId, context)];
}

/** The right to write the linked resource is needed (inferred: the documentation speaks of rights to it). */
const linkableType = (linkedId: ResourceId): string =>
  linkableTypes.find((type) => sameId(parseId(linkedId)?.type, type)) ??
  typeNames.dataCollectionEndpoints;

const linkableTypes: readonly string[] = [
  typeNames.dataCollectionEndpoints,
  typeNames.logAnalyticsWorkspaces,
  typeNames.components,
];

function kindProblem(linkedId: ResourceId): Problem | undefined {
  const type = parseId(linkedId)?.type ?? "";
  switch (type.toLowerCase()) {
    case typeNames.dataCollectionEndpoints.toLowerCase():
      return undefined;
    case typeNames.workspaces.toLowerCase():
      return problem(
        "InvalidLinkedResource",
        `An Azure Monitor workspace cannot be linked to a private link scope: '${linkedId}'. Link its data collection endpoints; queries go through a private endpoint of the workspace itself.`,
        { target },
      );
    case typeNames.logAnalyticsWorkspaces.toLowerCase():
    case typeNames.components.toLowerCase():
      return undefined;
    default:
      return problem(
        "InvalidLinkedResource",
        `A resource of type '${type}' cannot be linked to a private link scope: '${linkedId}'.`,
        { target },
      );
  }
}

/** @see GitHub Azure/azure-rest-api-specs#28176 */
function duplicates(linkedId: ResourceId, { graph, id, parsed }: TypeContext): readonly Problem[] {
  const linked = graph
    .under(parsed.parentId ?? "", typeNames.scopedResources)
    .filter(
      (other) =>
        !sameId(other.id, id) && sameId(stringAt(other.properties, "linkedResourceId"), linkedId),
    );
  if (linked.length === 0) return [];
  const message =
    "Scoped resource with same linked resource id already exists in this private link scope";
  return [problem("Conflict", message, { status: 409, target })];
}

function tooManyScopes(linkedId: ResourceId, { graph, id }: TypeContext): readonly Problem[] {
  const links = referringTo(
    graph.ofType(typeNames.scopedResources),
    ["linkedResourceId"],
    linkedId,
  );
  const others = links.filter((link) => !sameId(link.id, id)).length;
  if (others < limits.scopesPerResourceMax) return [];
  const message = `'${linkedId}' is linked to ${others} private link scopes; the limit is ${limits.scopesPerResourceMax}. Unlink it from one.`;
  return [problem("ScopeLimitExceeded", message, { target })];
}

/**
 * Links the resource: the endpoints of the scope get addresses and records for it. Where a subnet has too few
 * addresses the scoped resource ends `Failed` and brings no members (a support case describes it so).
 */
function derive(body: RequestBody, context: TypeContext): Derived {
  const { graph, parsed } = context;
  const scopeId = graph.get(parsed.parentId ?? "")?.id ?? "";
  const linkedId = graph.get(linkedIdOf(body))?.id ?? linkedIdOf(body);
  const linked = (provisioningState: string) =>
    resourceOf(
      typeNames.scopedResources,
      { body, context },
      {
        linkedResourceId: linkedId,
        kind: "Resource",
        provisioningState,
      },
    );
  const before = stringAt(context.previous?.properties, "linkedResourceId");
  const attempt = (provisioningState: string) => {
    const draft = draftOf(graph);
    draft.put(linked(provisioningState));
    const shortages = reconcileOn(draft, [scopeId]);
    for (const eachId of new Set([linkedId, before ?? linkedId])) showScopes(draft, eachId);
    return { draft, shortages };
  };
  const first = attempt("Succeeded");
  if (first.shortages.length === 0) return derivedFrom(first.draft, linked("Succeeded"));
  const { draft } = attempt("Failed");
  // The resource is among its own effects: it has failed at once, and its operation says so when it ends.
  const effects = draft.changes();
  return { properties: linked("Failed").properties, effects, failure: shortage(first.shortages) };
}

function shortage(shortages: readonly Shortage[]): Problem {
  const lacks = shortages.map(
    ({ endpointId, subnetId, missing }) => `${missing} in ${subnetId} for ${endpointId}`,
  );
  return problem(
    "SubnetIsFull",
    `The private endpoints of the scope lack addresses for this resource: ${lacks.join("; ")}. Use larger subnets.`,
    { target },
  );
}

/** The endpoints of the scope lose the members, and the zones their records. */
function unlink(scoped: ArmResource, { graph, parsed }: TypeContext): readonly Change[] {
  const draft = draftOf(graph);
  draft.delete(scoped.id);
  reconcileOn(draft, [parsed.parentId ?? ""]);
  showScopes(draft, stringAt(scoped.properties, "linkedResourceId") ?? "");
  return draft.changes(scoped.id);
}
