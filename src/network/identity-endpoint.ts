/** The managed-identity endpoint of a virtual network's clients (IMDS): checks what Azure checks, and asks control for the token. */
import { request as httpRequest } from "node:http";
import { sameId } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";
import { limits, messageOf } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import type { Session } from "./sessions.ts";

const TOKEN_PATH = "/metadata/identity/oauth2/token";

/** What control is asked: a token of this identity for this resource. */
export interface IdentityTokenRequest {
  readonly identityId: ResourceId;
  /** The audience, as the client spelled it. */
  readonly resource: string;
  /** The client id that the client named, where it named one; control refuses one that is not the identity's. */
  readonly clientId?: string;
}

/** Answers with the token service's response, to be handed on as it is. */
export type IdentityToken = (request: IdentityTokenRequest) => Promise<HttpResponse>;

/**
 * Answers a client of a session.
 *
 * @returns 400 without `Metadata: true`, api-version or resource, for a forwarded request, or without an identity; else the token service's answer.
 * @see learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export async function answerIdentityRequest(
  request: Pick<HttpRequest, "method" | "path" | "query" | "headers">,
  session: Pick<Session, "place" | "identityId">,
  token: IdentityToken,
): Promise<HttpResponse> {
  if (session.place.kind !== "vnet") {
    return refusal(
      404,
      "not_supported",
      "The managed-identity endpoint answers only inside a virtual network.",
    );
  }
  const problem = requestProblem(request);
  if (problem !== undefined) return problem;
  const resource = request.query.get("resource") ?? "";
  const clientId = request.query.get("client_id") ?? undefined;
  const named = request.query.get("msi_res_id") ?? request.query.get("mi_res_id") ?? undefined;
  const { identityId } = session;
  if (identityId === undefined || (named !== undefined && !sameId(named, identityId))) {
    return invalid("Identity not found");
  }
  try {
    return await token({ identityId, resource, ...(clientId === undefined ? {} : { clientId }) });
  } catch (error) {
    const says = `The token service does not answer: ${messageOf(error)}. Retry.`;
    return refusal(503, "temporarily_unavailable", says);
  }
}

function requestProblem({
  method,
  path,
  query,
  headers,
}: Pick<HttpRequest, "method" | "path" | "query" | "headers">): HttpResponse | undefined {
  if (headers["metadata"]?.toLowerCase() !== "true") {
    return invalid("Required metadata header not specified");
  }
  // A request that was forwarded is one that somebody else made: Azure's guard against request forgery.
  if (headers["x-forwarded-for"] !== undefined) {
    return invalid("A request with the header X-Forwarded-For is not answered.");
  }
  if (path.replace(/\/$/, "").toLowerCase() !== TOKEN_PATH) {
    return refusal(404, "not_supported", `Only ${TOKEN_PATH} is served here, not ${path}.`);
  }
  if (method !== "GET") {
    return refusal(405, "invalid_request", `The method ${method} is not taken; use GET.`);
  }
  for (const name of ["api-version", "resource"]) {
    if ((query.get(name) ?? "") === "") {
      return invalid(`Required query variable '${name}' is missing`);
    }
  }
  return query.has("object_id")
    ? invalid("object_id is not supported here; name the identity by client_id or msi_res_id.")
    : undefined;
}

const invalid = (says: string): HttpResponse => refusal(400, "invalid_request", says);

const refusal = (status: number, error: string, says: string): HttpResponse =>
  json(status, { error, error_description: says });

/** Asks the token service on control's internal Unix socket: `POST /token` with the request as JSON. */
export function identityTokenOver(socketPath: string): IdentityToken {
  return (asked) =>
    new Promise((done, fail) => {
      const body = JSON.stringify(asked);
      const headers = {
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(body)),
      };
      const request = httpRequest(
        { socketPath, path: "/token", method: "POST", headers },
        (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          response.on("data", (chunk: Buffer) => {
            size += chunk.length;
            if (size > limits.httpBodyBytesMax)
              request.destroy(new Error("the answer is too long"));
            else chunks.push(chunk);
          });
          response.on("error", fail);
          response.on("end", () =>
            done({
              status: response.statusCode ?? 500,
              headers: { "content-type": response.headers["content-type"] ?? "application/json" },
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      request.on("error", fail);
      request.end(body);
    });
}
