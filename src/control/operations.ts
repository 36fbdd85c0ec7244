/** Long-running operations: started with a write, read by polling, ended by the clock; and the locks they hold. */
import { idKey, parseId } from "../arm/index.ts";
import type { ArmResource, Change, Problem, ResourceId } from "../arm/index.ts";
import { CodedError, guid } from "../core/index.ts";
import type { Timer } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { timestamp, viewOf } from "./platform.ts";
import type { Platform } from "./platform.ts";
import type { Operation } from "./state.ts";

/** Clients take 0 for absent and fall back to 30 s, so that one second is the least that helps. */
const retryAfterSeconds = "1";

export interface Operations {
  /** Whether a write that would take this lock must wait. */
  readonly isLocked: (lockId: ResourceId | undefined) => boolean;
  /** Ends the operation that holds a lock now, if one does. */
  readonly settle: (lockId: ResourceId | undefined) => void;
  /** An operation to commit together with its changes. */
  readonly begin: (
    kind: Operation["kind"],
    resource: ArmResource,
    how: { readonly lockId: ResourceId | undefined; readonly failure?: Problem | undefined },
  ) => Operation;
  /** Called once the operation is committed: holds its lock and ends it after `operationMs`. */
  readonly run: (operation: Operation) => void;
  /** Ends nothing more: what runs is ended by the next start. */
  readonly stop: () => void;
}

/** Starts with the operations that an earlier process left unfinished: they end at once, their writes being durable. */
export function openOperations(platform: Platform): Operations {
  const locks = new Map<string, Operation>();
  const timers = new Map<string, Timer>();
  const end = (operation: Operation): void => {
    const ended: Operation = {
      ...operation,
      status: operation.error === undefined ? "Succeeded" : "Failed",
      endTime: timestamp(platform.clock),
    };
    const changes = settledResource(platform, operation);
    platform.state.commit({ changes, operations: [ended] });
    timers.delete(operation.id);
    if (operation.lockId !== undefined) locks.delete(idKey(operation.lockId));
    if (changes.length > 0) platform.changed();
  };
  const endLater = (operation: Operation): void => {
    const timer = platform.clock.after(platform.operationMs, () => {
      try {
        end(operation);
      } catch (error) {
        // The disk refused: the operation goes on, and so does its lock, until the disk takes it.
        if (!(error instanceof CodedError)) throw error;
        endLater(operation);
      }
    });
    timers.set(operation.id, timer);
  };
  for (const operation of platform.state.unfinished()) end(operation);
  return {
    isLocked: (lockId) => lockId !== undefined && locks.has(idKey(lockId)),
    settle: (lockId) => {
      const held = lockId === undefined ? undefined : locks.get(idKey(lockId));
      if (held === undefined) return;
      timers.get(held.id)?.cancel();
      end(held);
    },
    begin: (kind, resource, { lockId, failure }) => {
      const id = guid(platform.random);
      return {
        id,
        kind,
        resourceId: resource.id,
        statusPath: statusPath(platform, resource, id),
        lockId,
        status: "InProgress",
        startTime: timestamp(platform.clock),
        endTime: undefined,
        ...(failure === undefined
          ? {}
          : { error: { code: failure.code, message: failure.message } }),
      };
    },
    run: (operation) => {
      if (operation.lockId !== undefined) locks.set(idKey(operation.lockId), operation);
      endLater(operation);
    },
    stop: () => {
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
    },
  };
}

/** The resource leaves `Provisioning`, unless it is gone or a later write has its own operation. */
function settledResource(platform: Platform, operation: Operation): readonly Change[] {
  const resource = platform.state.graph().get(operation.resourceId);
  if (operation.kind === "delete" || resource?.properties["provisioningState"] !== "Provisioning") {
    return [];
  }
  const state = operation.error === undefined ? "Succeeded" : "Failed";
  return [{ kind: "put", resource: inProvisioningState(resource, state) }];
}

/** The resource with another `provisioningState`; as it is where the type shows none. */
export const inProvisioningState = (resource: ArmResource, state: string): ArmResource =>
  resource.properties["provisioningState"] === undefined
    ? resource
    : { ...resource, properties: { ...resource.properties, provisioningState: state } };

/**
 * Where an operation's status is read. Private link scopes have a path of their own.
 * @see azure-rest-api-specs monitor/…/2021-09-01/privateLinkScopes_API.json, PrivateLinkScopeOperationStatus_Get
 */
function statusPath(platform: Platform, resource: ArmResource, operationId: string): string {
  const parsed = parseId(resource.id);
  const subscription = `/subscriptions/${platform.subscriptionId}`;
  const namespace = parsed?.provider ?? "Microsoft.Resources";
  if (
    parsed?.resourceGroup !== undefined &&
    /^microsoft\.insights\/privatelinkscopes(\/|$)/i.test(resource.type)
  ) {
    return `${subscription}/resourceGroups/${parsed.resourceGroup}/providers/Microsoft.Insights/privateLinkScopeOperationStatuses/${operationId}`;
  }
  const location = resource.location ?? "global";
  return `${subscription}/providers/${namespace}/locations/${location}/operationStatuses/${operationId}`;
}

/**
 * The headers by which a client follows an operation: `Azure-AsyncOperation` names its status, `Location` its result.
 * For private link scopes both are the status, as recorded of Azure; elsewhere the paths are ARM's usual ones (inferred).
 * @see learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
export function operationHeaders(
  request: HttpRequest,
  operation: Operation,
  apiVersion: string,
): Readonly<Record<string, string>> {
  const url = (path: string): string =>
    `${request.origin}${path}?api-version=${encodeURIComponent(apiVersion)}`;
  return {
    "azure-asyncoperation": url(operation.statusPath),
    location: url(operation.statusPath.replace("/operationStatuses/", "/operationResults/")),
    "retry-after": retryAfterSeconds,
  };
}

/** Which operation a path asks for, and whether for its status or its result; undefined where it is no such path. */
export function operationPath(
  lower: readonly string[],
): { readonly id: string; readonly asks: "status" | "result" } | undefined {
  const [root, , first, , second, , keyword, id] = lower;
  if (root !== "subscriptions" || lower.length !== 8 || id === undefined) return undefined;
  if (first === "providers" && second === "locations") {
    if (keyword === "operationstatuses") return { id, asks: "status" };
    return keyword === "operationresults" ? { id, asks: "result" } : undefined;
  }
  const scoped = first === "resourcegroups" && second === "providers";
  return scoped && keyword === "privatelinkscopeoperationstatuses"
    ? { id, asks: "status" }
    : undefined;
}

/** The status of an operation. @see azure-rest-api-specs monitor/…/privateLinkScopes_API.json, OperationStatus */
export function operationStatus(operation: Operation): HttpResponse {
  const running = operation.status === "InProgress";
  const body = {
    id: operation.statusPath,
    name: operation.id,
    resourceId: operation.resourceId,
    status: operation.status,
    startTime: operation.startTime,
    ...(operation.endTime === undefined ? {} : { endTime: operation.endTime }),
    ...(operation.status === "Failed" ? { error: operation.error ?? null } : {}),
  };
  return json(200, body, running ? { "retry-after": retryAfterSeconds } : {});
}

/** The result of an operation: 202 while it runs, then the resource, its failure, or 204 where there is nothing any more. */
export function operationResult(
  platform: Platform,
  operation: Operation,
  apiVersion: string,
): HttpResponse {
  if (operation.status === "InProgress") {
    return { status: 202, headers: { "retry-after": retryAfterSeconds } };
  }
  if (operation.status === "Failed") return json(409, { error: operation.error ?? null });
  const resource = platform.state.graph().get(operation.resourceId);
  const type = resource === undefined ? undefined : platform.types.find(resource.type);
  return operation.kind === "delete" || resource === undefined || type === undefined
    ? { status: 204 }
    : json(200, viewOf(type, resource, apiVersion));
}
