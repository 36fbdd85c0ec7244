/** Delete: one object or a collection, finalizers, what is orphaned, and the contents of a namespace. */
import type { Clock } from "../../src/core/index.ts";
import { parseFields, readBody, sendJson, sendStatus } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { textAt, timeOf } from "./kube.ts";
import type { Fields, KubeObject } from "./kube.ts";
import type { ObjectStore } from "./object-store.ts";
import type { ResourceRequest } from "./request-path.ts";
import { resourceTypes } from "./resource-types.ts";
import { selectorOf } from "./selectors.ts";
import { conflict, notFound } from "./status.ts";

export interface DeleteParts {
  readonly store: ObjectStore;
  readonly clock: Clock;
}

export const isDryRun = ({ query }: Exchange): boolean => query.get("dryRun") === "All";

/** The object that a request names. @throws StatusError 404. */
export function presentOf(
  { store }: Pick<DeleteParts, "store">,
  request: ResourceRequest,
): KubeObject {
  const present = store.get(request.type, request);
  if (present === undefined) throw notFound(request.type, request.name);
  return present;
}

/** Serves one DELETE. @throws StatusError 404, 409. */
export async function serveDelete(
  parts: DeleteParts,
  exchange: Exchange,
  request: ResourceRequest,
): Promise<void> {
  const text = await readBody(exchange.incoming);
  const options: Fields = text.trim() === "" ? {} : parseFields(text);
  const { type } = request;
  if (request.name === "") {
    const { query } = exchange;
    const matches = selectorOf(query.get("labelSelector") ?? "", query.get("fieldSelector") ?? "");
    for (const object of parts.store.list(type)) {
      const inside = request.namespace === "" || object.metadata.namespace === request.namespace;
      if (inside && matches(object))
        removeOne(parts, exchange, { request, present: object, options });
    }
    return sendStatus(exchange.outgoing, success({}));
  }
  const present = presentOf(parts, request);
  const wanted = textAt(options, "preconditions", "uid");
  if (wanted !== "" && wanted !== present.metadata.uid) {
    throw conflict(type, request.name, `Precondition failed: UID in precondition: ${wanted}`);
  }
  const waiting = removeOne(parts, exchange, { request, present, options });
  if (waiting !== undefined) return sendJson(exchange.outgoing, 200, waiting);
  sendStatus(
    exchange.outgoing,
    success({
      name: request.name,
      ...(type.group === "" ? {} : { group: type.group }),
      kind: type.plural,
      uid: present.metadata.uid ?? "",
    }),
  );
}

const success = (details: object) =>
  ({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details,
    code: 200,
  }) as const;

/** The object when its finalizers keep it; undefined when it is gone. */
function removeOne(
  { store, clock }: DeleteParts,
  exchange: Exchange,
  { request, present, options }: { request: ResourceRequest; present: KubeObject; options: Fields },
): KubeObject | undefined {
  if (isDryRun(exchange)) return undefined;
  const { type } = request;
  const policy =
    textAt(options, "propagationPolicy") || (exchange.query.get("propagationPolicy") ?? "");
  if (policy === "Orphan") orphan(store, present);
  if (type.kind === "Namespace") emptyNamespace(store, present.metadata.name);
  if ((present.metadata.finalizers ?? []).length > 0) {
    return store.put({
      ...present,
      metadata: { ...present.metadata, deletionTimestamp: timeOf(clock.nowMs()) },
    });
  }
  store.remove(type, present.metadata);
  return undefined;
}

function orphan(store: ObjectStore, owner: KubeObject): void {
  for (const type of resourceTypes) {
    for (const object of store.list(type)) {
      const owners = object.metadata.ownerReferences ?? [];
      const left = owners.filter(({ uid }) => uid !== owner.metadata.uid);
      if (left.length < owners.length) {
        store.put({ ...object, metadata: { ...object.metadata, ownerReferences: left } });
      }
    }
  }
}

function emptyNamespace(store: ObjectStore, namespace: string): void {
  for (const type of resourceTypes.filter(({ namespaced }) => namespaced)) {
    for (const object of store.list(type)) {
      if (object.metadata.namespace === namespace) store.remove(type, object.metadata);
    }
  }
}
