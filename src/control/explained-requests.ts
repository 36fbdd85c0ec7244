/**
 * `GET /providers/Linkscope.Platform/requests/{id}`: the chain of reasons behind one of the edge's last answers, for who may
 * read the resource that was asked for. Wider than Azure, which has nothing of the kind.
 */
import { request as httpRequest } from "node:http";
import { isObject, parseId, stringAt } from "../arm/index.ts";
import type { JsonObject, Problem } from "../arm/index.ts";
import { CodedError, limits } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { controlErrors } from "./errors.ts";
import { refuse } from "./platform.ts";
import type { Call, Platform } from "./platform.ts";
import * as refusals from "./refusals.ts";

/** Finds one of the edge's last requests. @throws CodedError RequestsUnreachable (503) where nothing answers. */
export type FindRequest = (requestId: string) => Promise<JsonObject | undefined>;

export const explainedVersion = "2026-01-01";
const HEAD = ["providers", "linkscope.platform", "requests"];
const ANSWER_MS = 5_000;

/** The id of the request that a path asks for; undefined for any other path. */
export const explainedRequestId = (lower: readonly string[]): string | undefined =>
  lower.length === HEAD.length + 1 && HEAD.every((word, index) => lower[index] === word)
    ? lower[HEAD.length]
    : undefined;

/** Answers with the entry. What the caller may not read is answered as what is not there. */
export async function serveExplained(
  platform: Platform,
  find: FindRequest | undefined,
  { requestId, call }: { readonly requestId: string; readonly call: Call },
): Promise<HttpResponse> {
  if (call.request.method !== "GET") {
    return refuse(refusals.methodNotAllowed(call.request.method, "explained requests"));
  }
  if (call.apiVersion === "") return refuse(refusals.versionMissing());
  if (call.apiVersion !== explainedVersion) {
    return refuse(refusals.versionInvalid(call.apiVersion, [explainedVersion]));
  }
  const entry =
    find === undefined || !/^[\w-]{1,64}$/.test(requestId) ? undefined : await find(requestId);
  if (entry === undefined || !mayRead(platform, call, entry)) return refuse(notFound(requestId));
  return json(200, entry);
}

const notFound = (requestId: string): Problem => ({
  code: "RequestNotFound",
  status: controlErrors.RequestNotFound.status,
  message: `No request '${requestId}' that you may read is among the last ${limits.accessLogEntriesMax} of the edge.`,
});

/** Who may read the resource may read why; of a request to no resource, who may read the subscription. */
function mayRead(platform: Platform, { principal }: Call, entry: JsonObject): boolean {
  const resourceId = stringAt(entry, "resourceId");
  const type = resourceId === undefined ? undefined : parseId(resourceId)?.type;
  const scope = resourceId ?? `/subscriptions/${platform.subscriptionId}`;
  const action = `${type ?? "Microsoft.Resources/subscriptions"}/read`;
  return platform.may(principal, action, scope, platform.state.graph()).outcome === "allow";
}

/** Finds requests over the edge's Unix socket. */
export const findRequests =
  (socketPath: string): FindRequest =>
  (requestId) =>
    new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => {
        const says = "The edge, which has the last requests, does not answer. Ask again.";
        const { status } = controlErrors.RequestsUnreachable;
        reject(new CodedError("RequestsUnreachable", says, { status, cause }));
      };
      const path = `/requests/${encodeURIComponent(requestId)}`;
      const asked = httpRequest({ socketPath, path, timeout: ANSWER_MS }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", fail);
        incoming.on("end", () => {
          if (incoming.statusCode === 404) return resolve(undefined);
          const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
          resolve(isObject(body) ? body : undefined);
        });
      });
      asked.on("timeout", () => asked.destroy(new Error(`no answer in ${ANSWER_MS} ms`)));
      asked.on("error", fail);
      asked.end();
    });
