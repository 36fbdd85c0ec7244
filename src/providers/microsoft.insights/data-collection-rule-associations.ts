/** Microsoft.Insights/dataCollectionRuleAssociations (DCRA): a rule, or the endpoint for configuration, of a resource. */
import { id, object, readOnly, string, stringAt } from "../../arm/index.ts";
import type {
  Derived,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { configurationAssociationName } from "../../rules/index.ts";
import { linkedAccess, problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { dataCollectionVersions, generalName } from "./api-versions.ts";

export const dataCollectionRuleAssociations: ResourceType = {
  type: typeNames.dataCollectionRuleAssociations,
  apiVersions: dataCollectionVersions,
  scope: "extension",
  source:
    "azure-rest-api-specs monitor/resource-manager/Microsoft.Insights/stable/2024-03-11/dataCollection.json",
  // It has no location; the CLI and the templates send one, which is set aside.
  location: "none",
  name: generalName,
  properties: object({
    description: string({ charsMax: 1024 }),
    dataCollectionRuleId: id(typeNames.dataCollectionRules),
    dataCollectionEndpointId: id(typeNames.dataCollectionEndpoints),
    metadata: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "DELETE", "LIST"],
  writes: "sync",
  keeps: ["etag", "systemData"],
  validate,
  derive,
};

const ruleIdOf = (body: RequestBody): ResourceId | undefined =>
  stringAt(body.properties, "dataCollectionRuleId");
const endpointIdOf = (body: RequestBody): ResourceId | undefined =>
  stringAt(body.properties, "dataCollectionEndpointId");

/** @see GitHub Azure/arm-template-whatif#282, Azure/bicep#10542, Azure/azure-cli#28338 for the texts */
function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const ruleId = ruleIdOf(body);
  const endpointId = endpointIdOf(body);
  const isConfiguration =
    context.parsed.name.toLowerCase() === configurationAssociationName.toLowerCase();
  if (ruleId !== undefined && endpointId !== undefined) {
    return [
      problem(
        "InvalidPayload",
        "An association of data collection endpoint cannot include data collection rule. Make two associations.",
        { target: "properties.dataCollectionRuleId" },
      ),
    ];
  }
  if (endpointId !== undefined && !isConfiguration) {
    return [
      problem(
        "InvalidEndpointAssociationName",
        `An association of data collection endpoint must be named '${configurationAssociationName}'`,
        { target: "name" },
      ),
    ];
  }
  if (ruleId !== undefined && isConfiguration) {
    const message = `The name '${configurationAssociationName}' is kept for the association of a data collection endpoint. Name the association of a rule otherwise.`;
    return [problem("InvalidRuleAssociationName", message, { target: "name" })];
  }
  if (ruleId !== undefined) return linkProblems(context, ruleId, typeNames.dataCollectionRules);
  if (endpointId !== undefined) {
    return linkProblems(context, endpointId, typeNames.dataCollectionEndpoints);
  }
  const message =
    "An association names a data collection rule or a data collection endpoint; it has neither.";
  return [problem("InvalidPayload", message, { target: "properties" })];
}

/** The rule or endpoint exists and the caller may read it (the action is inferred). */
function linkProblems(
  context: TypeContext,
  linkedId: ResourceId,
  type: string,
): readonly Problem[] {
  const isRule = type === typeNames.dataCollectionRules;
  const target = isRule ? "properties.dataCollectionRuleId" : "properties.dataCollectionEndpointId";
  const access = linkedAccess(context, { action: `${type}/read`, scope: linkedId, target });
  if (access.length > 0) return access;
  if (context.graph.get(linkedId) !== undefined) return [];
  const message = `The resource '${linkedId}' was not found. Create it before the association.`;
  return [problem("LinkedResourceNotFound", message, { status: 404, target })];
}

/** A new PUT of the same name replaces the association, so that a resource has one endpoint for configuration. */
function derive(body: RequestBody, { graph }: TypeContext): Derived {
  const canonical = (linkedId: ResourceId): ResourceId => graph.get(linkedId)?.id ?? linkedId;
  const ruleId = ruleIdOf(body);
  const endpointId = endpointIdOf(body);
  return {
    properties: {
      ...body.properties,
      ...(ruleId === undefined ? {} : { dataCollectionRuleId: canonical(ruleId) }),
      ...(endpointId === undefined ? {} : { dataCollectionEndpointId: canonical(endpointId) }),
      provisioningState: "Succeeded",
    },
  };
}
