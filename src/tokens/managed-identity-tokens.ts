/** Tokens of managed identities, for control's internal socket: whoever reaches it has been told apart by its network. */
import { createHash } from "node:crypto";
import { at, idKey, isObject, sameId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, GraphSource, JsonObject } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpHandler, HttpResponse } from "../http/index.ts";
import { issueToken } from "./access-token.ts";
import { shown } from "./jwt.ts";
import type { SigningKeys } from "./signing-key.ts";
import { knownAudience } from "./token-request.ts";

export interface ManagedIdentity {
  readonly objectId: string;
  readonly clientId: string;
  /** The identity's resource id: of a user-assigned one its own, of a system-assigned one the resource's. */
  readonly resourceId: string;
}

/**
 * Answers `POST /token` with JSON `{ identityId, resource, clientId?, identity? }`: a managed cluster (its kubelet identity;
 * `"identity": "system"` for its own) or a user-assigned identity, by resource id. The answer is the instance metadata
 * service's, all values strings. The handler must listen where only the platform's own processes reach it.
 *
 * @see learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export function managedIdentityTokens(options: {
  readonly source: GraphSource;
  readonly key: SigningKeys;
  readonly clock: Clock;
}): HttpHandler {
  return async (request) => {
    if (request.path !== "/token" || request.method !== "POST") {
      return problem(404, "invalid_request", `${request.method} ${shown(request.path)} is no door`);
    }
    const asked = readAsked(await request.body(limits.tokenRequestBytesMax));
    if (asked === undefined) {
      return problem(400, "invalid_request", "the body must be JSON with identityId and resource");
    }
    const { graph, tenantId } = options.source.current();
    const identity = managedIdentityOf(graph, asked);
    if (identity === undefined) return problem(400, "invalid_request", "Identity not found");
    const audience = knownAudience(asked.resource);
    if (typeof audience !== "string") {
      return problem(400, audience.error, `${audience.code}: ${audience.says}`);
    }
    const nowMs = options.clock.nowMs();
    const token = issueToken(options.key, {
      audience,
      tenantId,
      objectId: identity.objectId,
      appId: identity.clientId,
      extraClaims: { xms_mirid: identity.resourceId, xms_az_rid: asked.identityId },
      nowMs,
    });
    return metadataAnswer(token, { identity, resource: asked.resource, nowMs });
  };
}

interface Asked {
  readonly identityId: string;
  readonly resource: string;
  readonly clientId: string | undefined;
  readonly kind: "kubelet" | "system";
}

function readAsked(body: Buffer): Asked | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (!isObject(value)) return undefined;
    const { identityId, resource, clientId, identity } = value;
    if (typeof identityId !== "string" || typeof resource !== "string") return undefined;
    return {
      identityId,
      resource,
      clientId: typeof clientId === "string" && clientId !== "" ? clientId : undefined,
      kind: identity === "system" ? "system" : "kubelet",
    };
  } catch {
    return undefined;
  }
}

const problem = (status: number, error: string, says: string): HttpResponse =>
  json(status, { error, error_description: says });

function metadataAnswer(
  token: string,
  answer: {
    readonly identity: ManagedIdentity;
    readonly resource: string;
    readonly nowMs: number;
  },
): HttpResponse {
  const nowSeconds = Math.floor(answer.nowMs / 1000);
  const life = limits.tokenLifeSeconds;
  return json(200, {
    access_token: token,
    client_id: answer.identity.clientId,
    expires_in: String(life),
    expires_on: String(nowSeconds + life),
    ext_expires_in: String(life),
    not_before: String(nowSeconds),
    resource: answer.resource,
    token_type: "Bearer",
  });
}

const clusterType = "microsoft.containerservice/managedclusters";
const userAssignedType = "microsoft.managedidentity/userassignedidentities";

/** The identity that a resource speaks as, or undefined. A given client id must be one of the resource's own. */
export function managedIdentityOf(
  graph: Graph,
  asked: {
    readonly identityId: string;
    readonly clientId?: string | undefined;
    readonly kind?: "kubelet" | "system";
  },
): ManagedIdentity | undefined {
  const resource = graph.get(asked.identityId);
  switch (resource?.type.toLowerCase()) {
    case userAssignedType:
      return chosen(userAssigned(resource), asked.clientId);
    case clusterType:
      return clusterIdentity(resource, asked);
    default:
      return undefined;
  }
}

function clusterIdentity(
  cluster: ArmResource | undefined,
  asked: { readonly clientId?: string | undefined; readonly kind?: "kubelet" | "system" },
): ManagedIdentity | undefined {
  if (cluster === undefined) return undefined;
  const kubelet = named(at(cluster.properties, "identityProfile", "kubeletidentity"));
  const system = systemAssigned(cluster);
  if (asked.clientId === undefined) return asked.kind === "system" ? system : kubelet;
  const addons = at(cluster.properties, "addonProfiles");
  const own = [
    kubelet,
    system,
    ...Object.values(isObject(addons) ? addons : {}).map((addon) => named(at(addon, "identity"))),
  ];
  return own.find((identity) => chosen(identity, asked.clientId) !== undefined);
}

const chosen = (
  identity: ManagedIdentity | undefined,
  clientId: string | undefined,
): ManagedIdentity | undefined =>
  identity === undefined || clientId === undefined || sameId(identity.clientId, clientId)
    ? identity
    : undefined;

/** `{ resourceId, clientId, objectId }`, as a cluster names its kubelet's and its addons' identities. */
function named(value: ReturnType<typeof at>): ManagedIdentity | undefined {
  const objectId = stringAt(value, "objectId");
  const clientId = stringAt(value, "clientId");
  const resourceId = stringAt(value, "resourceId");
  if (objectId === undefined || clientId === undefined || resourceId === undefined) {
    return undefined;
  }
  return { objectId, clientId, resourceId };
}

function userAssigned({ id, properties }: ArmResource): ManagedIdentity | undefined {
  const objectId = stringAt(properties, "principalId");
  const clientId = stringAt(properties, "clientId");
  if (objectId === undefined || clientId === undefined) return undefined;
  return { objectId, clientId, resourceId: id };
}

function systemAssigned({ id, identity }: ArmResource): ManagedIdentity | undefined {
  const principalId = stringAt(identity as JsonObject | undefined, "principalId");
  if (principalId === undefined) return undefined;
  return { objectId: principalId, clientId: systemClientId(principalId), resourceId: id };
}

/** ARM never shows the client id of a system-assigned identity; this one is inferred from its principal id, and stable. */
function systemClientId(principalId: string): string {
  const hex = createHash("sha256")
    .update(`client:${idKey(principalId)}`)
    .digest("hex");
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return [...parts, hex.slice(20, 32)].join("-");
}
