/**
 * Microsoft.Insights/privateLinkScopes (AMPLS): the set of Azure Monitor resources that a private endpoint reaches,
 * and how its networks may reach all others.
 */
import { isDeepStrictEqual } from "node:util";
import {
  at,
  list,
  listAt,
  object,
  oneOf,
  readOnly,
  required,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Derived,
  Json,
  JsonObject,
  Problem,
  RequestBody,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { dissolve } from "../private-link/dissolve.ts";
import { privateLinkResourceActions } from "../private-link/link-resources.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { generalName, scopeVersions, versionWithoutModes } from "./api-versions.ts";

const accessMode = () => oneOf(["Open", "PrivateOnly"]);

export const privateLinkScopes: ResourceType = {
  type: typeNames.privateLinkScopes,
  apiVersions: scopeVersions,
  scope: "resourceGroup",
  source:
    "azure-rest-api-specs monitor/resource-manager/Microsoft.Insights/stable/2021-09-01/privateLinkScopes_API.json",
  location: "global",
  name: generalName,
  properties: object({
    accessModeSettings: object({
      queryAccessMode: accessMode(),
      ingestionAccessMode: accessMode(),
      exclusions: list(
        object({
          privateEndpointConnectionName: required(string({ charsMax: 260 })),
          queryAccessMode: accessMode(),
          ingestionAccessMode: accessMode(),
        }),
      ),
    }),
    privateEndpointConnections: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  keeps: ["systemData"],
  validate,
  derive,
  deleteEffects: dissolve,
  actions: privateLinkResourceActions,
};

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const settings = at(body.properties, "accessModeSettings");
  const target = "properties.accessModeSettings";
  if (context.apiVersion === versionWithoutModes) {
    // What stands already is read back with a PATCH, and by who puts a GET's body.
    const before = at(context.previous?.properties, "accessModeSettings");
    if (settings === undefined || isDeepStrictEqual(settings, before)) return [];
    const message = `api-version ${versionWithoutModes} has no '${target}'; it came with ${scopeVersions[1]}. Use that or a later one.`;
    return [problem("InvalidRequestContent", message, { target })];
  }
  if (settings === undefined) {
    const message = `The property '${target}' is required. Give queryAccessMode and ingestionAccessMode.`;
    return [problem("InvalidRequestContent", message, { target })];
  }
  return repeatedExclusions(listAt(settings, "exclusions"));
}

function repeatedExclusions(exclusions: readonly Json[]): readonly Problem[] {
  const seen = new Set<string>();
  return exclusions.flatMap((exclusion, index) => {
    const name = stringAt(exclusion, "privateEndpointConnectionName") ?? "";
    const repeated = seen.has(name.toLowerCase());
    seen.add(name.toLowerCase());
    if (!repeated) return [];
    const target = `properties.accessModeSettings.exclusions[${index}]`;
    const message = `The connection '${name}' has more than one exclusion. Give it one.`;
    return [problem("InvalidRequestContent", message, { target })];
  });
}

function derive(body: RequestBody, context: TypeContext): Derived {
  return {
    properties: {
      accessModeSettings: modesOf(body, context.previous),
      privateEndpointConnections:
        at(context.previous?.properties, "privateEndpointConnections") ?? [],
      provisioningState: "Succeeded",
    },
  };
}

/**
 * The access modes to store. A mode that is not given is Open, as the specification's text says.
 * The oldest version cannot say them: a new scope then queries Open and ingests PrivateOnly
 * (learn.microsoft.com/azure/azure-monitor/logs/private-link-configure; what az's own code leads one to expect,
 * Open for both, is not documented), and an existing one keeps its modes (inferred).
 */
function modesOf(body: RequestBody, previous: ArmResource | undefined): JsonObject {
  const given = at(body.properties, "accessModeSettings");
  if (given === undefined) {
    const before = at(previous?.properties, "accessModeSettings");
    if (before !== undefined) return before as JsonObject;
    return { queryAccessMode: "Open", ingestionAccessMode: "PrivateOnly", exclusions: [] };
  }
  const mode = (name: string, of: Json): string => stringAt(of, name) ?? "Open";
  return {
    queryAccessMode: mode("queryAccessMode", given),
    ingestionAccessMode: mode("ingestionAccessMode", given),
    exclusions: listAt(given, "exclusions").map((exclusion) => ({
      privateEndpointConnectionName: stringAt(exclusion, "privateEndpointConnectionName") ?? "",
      queryAccessMode: mode("queryAccessMode", exclusion),
      ingestionAccessMode: mode("ingestionAccessMode", exclusion),
    })),
  };
}
