/** Patches of the three kinds that the lab takes: JSON merge (RFC 7386), strategic merge, JSON patch (RFC 6902). */
import { isFields } from "./kube.ts";
import type { Fields } from "./kube.ts";
import { badRequest, StatusError } from "./status.ts";
import { strategicMerge } from "./strategic-merge.ts";

/** The patched object. @throws StatusError 400, 415 (server-side apply among them), 422. */
export function applyPatch(
  object: Fields,
  patch: { readonly contentType: string; readonly body: string; readonly custom: boolean },
): Fields {
  const type = patch.contentType.split(";")[0]?.trim() ?? "";
  const value = parse(patch.body);
  if (type === "application/json-patch+json") return jsonPatch(object, value);
  if (!isFields(value)) throw badRequest("the patch is not a JSON object");
  if (type === "application/merge-patch+json") return mergePatch(object, value);
  if (type === "application/strategic-merge-patch+json" && !patch.custom) {
    return strategicMerge(object, value);
  }
  throw new StatusError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, ` +
      `application/merge-patch+json${patch.custom ? "" : ", application/strategic-merge-patch+json"}; it was ${type}`,
  );
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(`error decoding patch: ${error instanceof Error ? error.message : ""}`);
  }
}

export function mergePatch(target: unknown, patch: Fields): Fields {
  const merged = new Map(Object.entries(isFields(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isFields(value) ? mergePatch(merged.get(name), value) : value);
  }
  return Object.fromEntries(merged);
}

function jsonPatch(object: Fields, operations: unknown): Fields {
  if (!Array.isArray(operations)) throw badRequest("a JSON patch is a list of operations");
  const root: unknown = operations.reduce<unknown>(
    (value, operation) => patchAt(value, pointerOf(operation), operation as Fields),
    structuredClone(object),
  );
  if (!isFields(root)) throw badRequest("the patch leaves no object");
  return root;
}

function pointerOf(operation: unknown): readonly string[] {
  if (!isFields(operation) || typeof operation["path"] !== "string") {
    throw badRequest("an operation of a JSON patch has an op and a path");
  }
  return operation["path"]
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function patchAt(here: unknown, path: readonly string[], operation: Fields): unknown {
  const [step, ...rest] = path;
  if (step === undefined)
    return operation["op"] === "test" ? tested(here, operation) : operation["value"];
  if (Array.isArray(here))
    return patchList([...(here as readonly unknown[])], { step, rest, operation });
  if (!isFields(here)) throw unappliable(operation);
  const fields = new Map(Object.entries(here));
  if (rest.length > 0 || operation["op"] === "test") {
    if (!fields.has(step)) throw unappliable(operation);
    fields.set(step, patchAt(fields.get(step), rest, operation));
  } else if (operation["op"] === "remove") {
    if (!fields.delete(step)) throw unappliable(operation);
  } else if (operation["op"] === "add" || (operation["op"] === "replace" && fields.has(step))) {
    fields.set(step, operation["value"]);
  } else throw unappliable(operation);
  return Object.fromEntries(fields);
}

function patchList(
  list: unknown[],
  { step, rest, operation }: { step: string; rest: readonly string[]; operation: Fields },
): unknown {
  const index = step === "-" ? list.length : Number(step);
  const inside = Number.isInteger(index) && index >= 0 && index < list.length;
  if (rest.length > 0 || operation["op"] === "test") {
    if (!inside) throw unappliable(operation);
    list[index] = patchAt(list[index], rest, operation);
  } else if (operation["op"] === "add" && (inside || index === list.length)) {
    list.splice(index, 0, operation["value"]);
  } else if (operation["op"] === "remove" && inside) list.splice(index, 1);
  else if (operation["op"] === "replace" && inside) list[index] = operation["value"];
  else throw unappliable(operation);
  return list;
}

function tested(here: unknown, operation: Fields): unknown {
  if (JSON.stringify(here) === JSON.stringify(operation["value"])) return here;
  throw unappliable(operation);
}

/** `move` and `copy` among them: the lab has no use for them. */
const unappliable = (operation: Fields): StatusError =>
  new StatusError(
    422,
    "Invalid",
    `the server rejected our request due to an error in our request: operation ${String(operation["op"])} on ${String(operation["path"])}`,
  );
