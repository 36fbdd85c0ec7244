/** The codes that the control plane answers with, beside those of the resource types. */
import type { ErrorCatalogue, ErrorEntry } from "../core/index.ts";

const caller = (status: number, means: string, remedy: string): ErrorEntry => ({
  status,
  fault: "caller",
  retry: false,
  means,
  remedy,
});

export const controlErrors = {
  LogsQueryUnreachable: {
    status: 503,
    fault: "platform",
    retry: true,
    means:
      "A query of logs came through Resource Manager, and the edge, which has the logs, does not answer.",
    remedy: "Send the query again, or ask at the query host.",
  },
  InvalidRequestContent: caller(
    400,
    "The body is no JSON, or not what the resource type declares; `details` has every problem.",
    "Correct what each detail names.",
  ),
  FeatureNotEmulated: caller(
    400,
    "Azure takes this property, value or parameter; the platform does not emulate it.",
    "Leave it out; docs/compatibility.md says what is emulated.",
  ),
  InvalidRequestUri: caller(
    400,
    "The path has `.` or `..` segments, encoded slashes, blanks, control characters or too many characters, or names no resource.",
    "Send the resource's id as ARM answered it.",
  ),
  MissingApiVersionParameter: caller(
    400,
    "The query has no api-version.",
    "Add `?api-version=` with one that the type supports.",
  ),
  InvalidApiVersionParameter: caller(
    400,
    "The api-version is not a date, or not one of those that this path supports.",
    "Use one of the versions that the message names.",
  ),
  NoRegisteredProviderFound: caller(
    400,
    "The resource type does not support this api-version.",
    "Use one of the versions that the message names.",
  ),
  InvalidFilterInQueryString: caller(
    400,
    "The `$filter` cannot be read, or uses a field that this list does not take.",
    "Use what the message names.",
  ),
  InvalidQueryParameter: caller(
    400,
    "A query parameter has a value that it cannot have.",
    "Correct the value.",
  ),
  InvalidResourceName: caller(
    400,
    "The name is not one that the resource type allows.",
    "Choose a name as the message says.",
  ),
  LocationRequired: caller(
    400,
    "The resource type needs a location, and the body has none.",
    "Add `location`.",
  ),
  LocationNotAvailableForResourceType: caller(
    400,
    "The resource type cannot be in this location.",
    "Use one of the locations that the message names.",
  ),
  LocationNotAvailableForResourceGroup: caller(
    400,
    "A resource group cannot be in this location.",
    "Use one of the locations that the message names.",
  ),
  AuthorizationFailed: caller(
    403,
    "No role of the caller allows the action at the scope.",
    "Have a role assigned that does; `explain` shows the rules that spoke.",
  ),
  SubscriptionNotFound: caller(
    404,
    "The platform has another subscription.",
    "Use the subscription that `GET /subscriptions` answers.",
  ),
  ResourceGroupNotFound: caller(404, "The resource group does not exist.", "Create it first."),
  ResourceNotFound: caller(404, "The resource does not exist.", "Check the id."),
  ParentResourceNotFound: caller(
    404,
    "The resource that it would stand under does not exist.",
    "Create the parent first.",
  ),
  InvalidResourceNamespace: caller(
    404,
    "The resource provider is not emulated.",
    "Use one of those that the message names.",
  ),
  InvalidResourceType: caller(
    404,
    "The resource type is not emulated.",
    "Use one of those that the message names.",
  ),
  InvalidResourceScope: caller(
    404,
    "The resource type does not stand where the path has it.",
    "Put it where the message says.",
  ),
  OperationNotFound: caller(
    404,
    "No operation has this id; old ones are forgotten.",
    "Read the resource instead.",
  ),
  MethodNotAllowed: caller(
    405,
    "What the path names does not take the method.",
    "Use another method.",
  ),
  InvalidResourceLocation: caller(
    409,
    "The resource exists in another location; locations cannot change.",
    "Send its location, or delete it first.",
  ),
  InvalidResourceGroupLocation: caller(
    409,
    "The resource group exists in another location.",
    "Send its location, or choose another name.",
  ),
  ResourceGroupDeletionBlocked: caller(
    409,
    "A resource of the group is held by something outside it.",
    "Remove what holds it; `details` says what.",
  ),
  ResourceQuotaExceeded: caller(
    409,
    "The platform has as many resources as it takes.",
    "Delete some.",
  ),
  Conflict: {
    status: 409,
    fault: "caller",
    retry: true,
    means: "Another write that must be finished first still runs.",
    remedy: "Wait for its operation and send the request again.",
  },
  PreconditionFailed: caller(
    412,
    "An `If-Match` or `If-None-Match` condition does not hold.",
    "Read the resource again.",
  ),
  StateNotWritten: {
    status: 503,
    fault: "world",
    retry: true,
    means: "The disk did not take a change; nothing has changed.",
    remedy: "Free the disk and send the request again.",
  },
  StateVersionUnknown: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The state was written by a program with another layout.",
    remedy: "Use that program, or another data folder.",
  },
  StateOfAnotherTenant: {
    status: 0,
    fault: "caller",
    retry: false,
    means: "The state belongs to another tenant or subscription.",
    remedy: "Give those, or another data folder.",
  },
  StateCorrupt: {
    status: 0,
    fault: "world",
    retry: false,
    means: "A row of the state is not what was written.",
    remedy: "Restore the data folder from a copy.",
  },
  RequestNotFound: {
    status: 404,
    fault: "caller",
    retry: false,
    means: "The edge has no request of this id, or its resource is none that the caller may read.",
    remedy:
      "Take the id from `x-ms-request-id`; the last 10,000 requests are kept until the edge ends.",
  },
  RequestsUnreachable: {
    status: 503,
    fault: "platform",
    retry: true,
    means: "The edge, which has the last requests, does not answer.",
    remedy: "Ask again once the edge runs.",
  },
  GraphFeedUnavailable: {
    status: 503,
    fault: "platform",
    retry: true,
    means: "No graph came from control, and none is kept from before.",
    remedy: "Start control first.",
  },
} as const satisfies ErrorCatalogue;
