/** What the control plane refuses, in ARM's own words. */
import type { ParsedId, Problem, ResourceId, ResourceType } from "../arm/index.ts";

/** The path below the namespace: `privateLinkScopes/S/scopedResources/R` under its full type. */
export const typedName = (parsed: ParsedId): string => {
  const [namespace = "", ...types] = parsed.type.split("/");
  return [namespace, ...types.flatMap((type, index) => [type, parsed.names[index] ?? ""])].join(
    "/",
  );
};

export const subscriptionNotFound = (subscriptionId: string): Problem => ({
  code: "SubscriptionNotFound",
  status: 404,
  message: `The subscription '${subscriptionId}' could not be found.`,
});

export const groupNotFound = (name: string): Problem => ({
  code: "ResourceGroupNotFound",
  status: 404,
  message: `Resource group '${name}' could not be found.`,
});

/** az compares the code: for a missing data collection rule it must be this one. */
export const resourceNotFound = (parsed: ParsedId): Problem => ({
  code: "ResourceNotFound",
  status: 404,
  message:
    parsed.resourceGroup === undefined
      ? `The Resource '${typedName(parsed)}' was not found.`
      : `The Resource '${typedName(parsed)}' under resource group '${parsed.resourceGroup}' was not found.`,
});

export const parentNotFound = (type: string, parentId: ResourceId): Problem => ({
  code: "ParentResourceNotFound",
  status: 404,
  message: `Failed to perform 'write' on resource(s) of type '${type.split("/").slice(1).join("/")}', because the parent resource '${parentId}' could not be found.`,
});

/** @see learn.microsoft.com/azure/azure-resource-manager/troubleshooting, authorization failures */
export const notAuthorized = (
  who: { readonly objectId: string; readonly appId?: string | undefined },
  what: { readonly action: string; readonly scope: ResourceId },
): Problem => ({
  code: "AuthorizationFailed",
  status: 403,
  message: `The client '${who.appId ?? who.objectId}' with object id '${who.objectId}' does not have authorization to perform action '${what.action}' over scope '${what.scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
});

export const methodNotAllowed = (method: string, what: string): Problem => ({
  code: "MethodNotAllowed",
  status: 405,
  message: `The method '${method}' is not supported on ${what}.`,
});

/** A second write while the first still runs. The status is inferred; the text is what private link scopes answer. */
export const lockedByOperation = (): Problem => ({
  code: "Conflict",
  status: 409,
  message: "Cannot modify resource while in provisioning state: 'Provisioning'",
});

export const etagMismatch = (header: string, value: string): Problem => ({
  code: "PreconditionFailed",
  status: 412,
  message: `The condition '${header}: ${value}' does not hold for the resource as it is now. Read it again and retry.`,
});

export const namespaceUnknown = (namespace: string, known: readonly string[]): Problem => ({
  code: "InvalidResourceNamespace",
  status: 404,
  message: `The resource namespace '${namespace}' is invalid or not emulated. Emulated are ${quoted(known)}.`,
});

export const typeUnknown = (
  type: string,
  apiVersion: string,
  known: readonly string[],
): Problem => {
  const [namespace = "", ...rest] = type.split("/");
  return {
    code: "InvalidResourceType",
    status: 404,
    message: `The resource type '${rest.join("/")}' could not be found in the namespace '${namespace}' for api version '${apiVersion}', or is not emulated. Emulated in this namespace are ${quoted(known)}.`,
  };
};

export const scopeInvalid = (type: ResourceType, wanted: string): Problem => ({
  code: "InvalidResourceScope",
  status: 404,
  message: `The resource type '${type.type}' stands ${wanted}; the path does not.`,
});

export const versionMissing = (): Problem => ({
  code: "MissingApiVersionParameter",
  message: "The api-version query parameter (?api-version=) is required for all requests.",
});

export const versionInvalid = (version: string, supported: readonly string[]): Problem => ({
  code: "InvalidApiVersionParameter",
  message: `The api-version '${version}' is invalid. The supported versions are '${supported.join(",")}'.`,
});

export const versionUnsupported = (
  type: ResourceType,
  what: { readonly version: string; readonly location: string; readonly locations: string },
): Problem => ({
  code: "NoRegisteredProviderFound",
  message: `No registered resource provider found for location '${what.location}' and API version '${what.version}' for type '${type.type.split("/").slice(1).join("/")}'. The supported api-versions are '${type.apiVersions.join(", ")}'. The supported locations are '${what.locations}'.`,
});

const quoted = (names: readonly string[]): string =>
  names.length === 0 ? "none" : names.map((name) => `'${name}'`).join(", ");
