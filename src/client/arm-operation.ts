/** Long-running operations of ARM, awaited. @see github.com/cloud-and-ai-microsoft/resource-provider-contract async-api-reference.md */
import { stringAt } from "../arm/index.ts";
import { CodedError, sleep } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import type { ArmCall } from "./arm-client.ts";
import { clientError } from "./errors.ts";
import { objectOf, retryAfterMs, serviceError } from "./json-answer.ts";
import type { TransportResponse } from "./transport.ts";

export interface OperationOptions {
  readonly clock: Clock;
  readonly call: ArmCall;
  readonly timeoutMs: number;
  /** The written resource with its api-version, read when the operation has succeeded; absent for DELETE and POST. */
  readonly resource?: string;
}

const defaultWaitMs = 2_000;
const terminal = new Set(["succeeded", "failed", "canceled", "cancelled"]);

/**
 * Waits until the operation that an answer began has ended. Follows Azure-AsyncOperation, else Location, else the
 * resource's own provisioningState; waits as Retry-After says.
 *
 * @returns the last answer: of a write the resource as it then is.
 * @throws CodedError with the operation's own code when it failed; OperationTimedOut; UrlRefused.
 */
export async function awaitOperation(
  first: TransportResponse,
  options: OperationOptions,
): Promise<TransportResponse> {
  const asyncOperation = first.headers["azure-asyncoperation"];
  const location = first.headers["location"];
  const { resource } = options;
  if (asyncOperation !== undefined) {
    const last = await poll(first, { ...options, url: asyncOperation, ended: statusEnded });
    throwUnlessSucceeded(last, "status");
    if (resource !== undefined) return read(resource, options);
    return location === undefined ? last : read(location, options);
  }
  if (first.status === 202 && location !== undefined) {
    const ended = ({ status }: TransportResponse): boolean => status !== 202;
    const last = await poll(first, { ...options, url: location, ended });
    return resource === undefined ? last : read(resource, options);
  }
  if (resource === undefined || provisioningEnded(first)) return first;
  const last = await poll(first, { ...options, url: resource, ended: provisioningEnded });
  throwUnlessSucceeded(last, "properties", "provisioningState");
  return last;
}

async function poll(
  first: TransportResponse,
  options: OperationOptions & {
    readonly url: string;
    readonly ended: (response: TransportResponse) => boolean;
  },
): Promise<TransportResponse> {
  const { clock, url, ended, timeoutMs } = options;
  const endMs = clock.nowMs() + timeoutMs;
  for (let last = first; ;) {
    const nowMs = clock.nowMs();
    if (nowMs >= endMs) {
      const says = `The operation did not end within ${timeoutMs / 1000} s. It may still end; look at the resource.`;
      throw clientError("OperationTimedOut", says);
    }
    const waitMs = retryAfterMs(last.headers, nowMs) ?? defaultWaitMs;
    await sleep(clock, Math.min(waitMs, endMs - nowMs));
    last = await read(url, options);
    if (ended(last)) return last;
  }
}

async function read(target: string, { call }: OperationOptions): Promise<TransportResponse> {
  const response = await call("GET", target, {});
  if (response.status < 200 || response.status > 299) throw serviceError(response, `GET ${target}`);
  return response;
}

const statusEnded = (response: TransportResponse): boolean =>
  terminal.has((stringAt(objectOf(response), "status") ?? "").toLowerCase());

/** A resource without a provisioning state is done when it answers. */
function provisioningEnded(response: TransportResponse): boolean {
  if (response.body.length === 0) return true;
  const state = stringAt(objectOf(response), "properties", "provisioningState");
  return state === undefined || terminal.has(state.toLowerCase());
}

function throwUnlessSucceeded(response: TransportResponse, ...path: readonly string[]): void {
  const body = objectOf(response);
  const state = stringAt(body, ...path) ?? "";
  if (state.toLowerCase() === "succeeded") return;
  const code = stringAt(body, "error", "code") ?? "OperationFailed";
  const message = stringAt(body, "error", "message") ?? `The operation ended as ${state}.`;
  throw new CodedError(code, message, { status: response.status });
}
