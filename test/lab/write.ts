/** Create, update, patch and delete, with their subresources status, scale and token. */
import type { Clock, Random } from "../../src/core/index.ts";
import type { Access } from "./access.ts";
import type { Controllers } from "./controllers.ts";
import { isDryRun, presentOf, serveDelete } from "./delete.ts";
import { parseFields, readBody, readJson, sendJson } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { fieldsAt, isFields, listAt, numberAt, timeOf } from "./kube.ts";
import type { KubeObject } from "./kube.ts";
import type { ObjectStore } from "./object-store.ts";
import { applyPatch } from "./patch.ts";
import type { ResourceRequest } from "./request-path.ts";
import { resourceTypes } from "./resource-types.ts";
import { patchScale, scaleOf, withScale } from "./scale.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  noSuchPath,
  notFound,
  StatusError,
} from "./status.ts";
import { objectOf, validate } from "./validate.ts";

export interface WriterParts {
  readonly store: ObjectStore;
  readonly random: Random;
  readonly clock: Clock;
  readonly access: Access;
  readonly controllers: Controllers;
}

export interface Writer {
  readonly serve: (exchange: Exchange, request: ResourceRequest) => Promise<void>;
}

export const createWriter = (parts: WriterParts): Writer => ({
  async serve(exchange, request) {
    await serve(parts, exchange, request);
    parts.controllers.settle();
  },
});

function serve(parts: WriterParts, exchange: Exchange, request: ResourceRequest): Promise<void> {
  const { method } = exchange;
  if (request.subresource === "scale") return serveScale(parts, exchange, request);
  if (request.subresource === "token") return serveToken(parts, exchange, request);
  if (request.type.namespaced && request.namespace === "" && method !== "DELETE")
    throw noSuchPath();
  if (method === "POST" && request.name === "") return create(parts, exchange, request);
  if (method === "PUT" && request.name !== "") return update(parts, exchange, request);
  if (method === "PATCH" && request.name !== "") return patch(parts, exchange, request);
  if (method === "DELETE") return serveDelete(parts, exchange, request);
  throw new StatusError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
  );
}

async function create(
  parts: WriterParts,
  exchange: Exchange,
  { type, namespace }: ResourceRequest,
): Promise<void> {
  const { store } = parts;
  const body = await readJson(exchange.incoming);
  const object = named(objectOf(type, body, namespace), parts);
  validate(type, object);
  if (type.namespaced && store.get(namespaces, { name: namespace }) === undefined) {
    throw notFound(namespaces, namespace);
  }
  if (store.get(type, object.metadata) !== undefined) {
    throw alreadyExists(type, object.metadata.name);
  }
  const { resourceVersion: _version, ...metadata } = object.metadata;
  const fresh = defaulted({ ...object, metadata: { ...metadata, generation: 1 } });
  sendJson(exchange.outgoing, 201, isDryRun(exchange) ? fresh : store.put(fresh));
}

const namespaces = resourceTypes.find(({ plural }) => plural === "namespaces") ?? fail();

function fail(): never {
  throw new Error("The table of resource types has lost its namespaces.");
}

function named(object: KubeObject, { random }: WriterParts): KubeObject {
  const { name, generateName } = object.metadata;
  if (name !== "" || generateName === undefined) return object;
  const made = `${generateName}${random.bytes(3).toString("hex").slice(0, 5)}`;
  return { ...object, metadata: { ...object.metadata, name: made } };
}

/** What the real server fills in at creation, as far as the lab's readers look at it. */
function defaulted(object: KubeObject): KubeObject {
  const spec = fieldsAt(object, "spec");
  switch (object.kind) {
    case "Namespace":
      return { ...object, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } };
    case "Pod":
      return {
        ...object,
        spec: { restartPolicy: "Always", serviceAccountName: "default", ...spec },
        status: { phase: "Pending" },
      };
    case "Deployment":
      return {
        ...object,
        spec: {
          replicas: 1,
          strategy: {
            type: "RollingUpdate",
            rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
          },
          ...spec,
        },
        status: {},
      };
    case "Service":
      return {
        ...object,
        spec: { type: "ClusterIP", clusterIP: "None", ...spec },
        status: { loadBalancer: {} },
      };
    default:
      return object;
  }
}

async function update(
  parts: WriterParts,
  exchange: Exchange,
  request: ResourceRequest,
): Promise<void> {
  const body = await readJson(exchange.incoming);
  const present = presentOf(parts, request);
  const object = objectOf(request.type, body, request.namespace);
  if (object.metadata.name !== request.name) {
    throw badRequest(
      `the name of the object (${object.metadata.name}) does not match the name on the URL (${request.name})`,
    );
  }
  sendJson(exchange.outgoing, 200, replace(parts, exchange, { request, present, object }));
}

async function patch(
  parts: WriterParts,
  exchange: Exchange,
  request: ResourceRequest,
): Promise<void> {
  const body = await readBody(exchange.incoming);
  const present = presentOf(parts, request);
  const patched = applyPatch(present, {
    contentType: exchange.incoming.headers["content-type"] ?? "",
    body,
    custom: request.type.custom,
  });
  const object = objectOf(request.type, patched, request.namespace);
  sendJson(exchange.outgoing, 200, replace(parts, exchange, { request, present, object }));
}

/** One object in the place of another: what each door may change, the generation, no version for no change. */
function replace(
  { store }: WriterParts,
  exchange: Exchange,
  {
    request,
    present,
    object,
  }: { request: ResourceRequest; present: KubeObject; object: KubeObject },
): KubeObject {
  const { type } = request;
  const uid = object.metadata.uid;
  if (uid !== undefined && uid !== present.metadata.uid) {
    throw conflict(
      type,
      request.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${present.metadata.uid ?? ""}`,
    );
  }
  const kept = throughDoor(request, present, object);
  validate(type, kept);
  refuseSelectorChange(request, present, kept);
  const changedSpec = JSON.stringify(kept["spec"]) !== JSON.stringify(present["spec"]);
  const generation = (present.metadata.generation ?? 1) + (changedSpec ? 1 : 0);
  const next: KubeObject = {
    ...kept,
    metadata: {
      ...kept.metadata,
      generation,
      ...(present.metadata.deletionTimestamp === undefined
        ? {}
        : { deletionTimestamp: present.metadata.deletionTimestamp }),
    },
  };
  if (isDryRun(exchange) || unchanged(present, next)) return isDryRun(exchange) ? next : present;
  const stored = store.put(next);
  const finished =
    next.metadata.deletionTimestamp !== undefined &&
    listAt(next, "metadata", "finalizers").length === 0;
  return finished ? (store.remove(type, request) ?? stored) : stored;
}

/** The `status` door changes the status alone, the object's own door all but the status. */
function throughDoor(
  { type, subresource }: ResourceRequest,
  present: KubeObject,
  object: KubeObject,
): KubeObject {
  if (subresource === "status") {
    const resourceVersion = object.metadata.resourceVersion ?? "";
    return {
      ...present,
      metadata: { ...present.metadata, resourceVersion },
      status: object["status"],
    };
  }
  if (!type.subresources.includes("status") || present["status"] === undefined) return object;
  return { ...object, status: present["status"] };
}

function refuseSelectorChange(
  request: ResourceRequest,
  present: KubeObject,
  next: KubeObject,
): void {
  if (request.type.group !== "apps") return;
  const selector = (object: KubeObject): string =>
    JSON.stringify(fieldsAt(object, "spec", "selector"));
  if (selector(present) === selector(next)) return;
  throw invalid(request.type, request.name, [
    {
      reason: "FieldValueInvalid",
      field: "spec.selector",
      message: `Invalid value: ${selector(next)}: field is immutable`,
    },
  ]);
}

function unchanged(present: KubeObject, next: KubeObject): boolean {
  const { resourceVersion } = next.metadata;
  const asked =
    resourceVersion === undefined || resourceVersion === ""
      ? present.metadata.resourceVersion
      : resourceVersion;
  const content = (object: KubeObject): string =>
    JSON.stringify(
      sorted({
        ...object,
        metadata: {
          ...present.metadata,
          ...object.metadata,
          generation: 0,
          resourceVersion: asked,
        },
      }),
    );
  return (
    asked === present.metadata.resourceVersion &&
    content(present) === content(next) &&
    !dropsMetadata(present, next)
  );
}

const dropsMetadata = (present: KubeObject, next: KubeObject): boolean =>
  (["labels", "annotations", "finalizers"] as const).some(
    (field) =>
      JSON.stringify(sorted(present.metadata[field])) !==
      JSON.stringify(sorted(next.metadata[field])),
  );

/** The same value with its fields in order, so that two spellings compare equal. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sorted(field)]),
  );
}

async function serveScale(
  parts: WriterParts,
  exchange: Exchange,
  request: ResourceRequest,
): Promise<void> {
  const { method, incoming, outgoing } = exchange;
  const present = presentOf(parts, request);
  if (method === "GET") return sendJson(outgoing, 200, scaleOf(present));
  const body = await readBody(incoming);
  const again = presentOf(parts, request);
  const asked =
    method === "PATCH"
      ? patchScale(again, { contentType: incoming.headers["content-type"] ?? "", body })
      : parseFields(body);
  const object = withScale(again, asked);
  sendJson(
    outgoing,
    200,
    scaleOf(
      replace(parts, exchange, {
        request: { ...request, subresource: "" },
        present: again,
        object,
      }),
    ),
  );
}

/** A token of a service account, as `kubectl create token` asks: opaque here, where the real one is signed. */
async function serveToken(
  parts: WriterParts,
  exchange: Exchange,
  request: ResourceRequest,
): Promise<void> {
  presentOf(parts, request);
  const body = await readJson(exchange.incoming);
  const seconds = numberAt(body, "spec", "expirationSeconds") || 3600;
  sendJson(exchange.outgoing, 201, {
    ...body,
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    status: {
      token: parts.access.issueForServiceAccount(request.namespace, request.name),
      expirationTimestamp: timeOf(exchange.nowMs + seconds * 1000),
    },
  });
}
