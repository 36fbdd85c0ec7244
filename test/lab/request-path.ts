/** What a request asks for, read from its method and path as the Kubernetes API's conventions say. */
import type { ResourceTypeRow } from "./resource-types.ts";
import { findType } from "./resource-types.ts";
import { noSuchPath } from "./status.ts";

export interface ResourceRequest {
  readonly kind: "resource";
  readonly type: ResourceTypeRow;
  /** Empty across namespaces and for cluster types. */
  readonly namespace: string;
  /** Empty for a collection. */
  readonly name: string;
  readonly subresource: string;
  /** What follows the subresource: a proxied path. */
  readonly rest: string;
}

export type ParsedPath = ResourceRequest | { readonly kind: "other"; readonly path: string };

/** @throws StatusError 404 for a resource that the lab has not. */
export function parsePath(path: string): ParsedPath {
  const parts = path.split("/").filter((part) => part !== "");
  const root = rootOf(parts);
  if (root === undefined || root.rest.length === 0) return { kind: "other", path };
  const { rest } = root;
  const namespaced = isInNamespace(rest);
  const [plural = "", name = "", subresource = "", ...more] = namespaced ? rest.slice(2) : rest;
  const type = findType(root.group, root.version, plural);
  const scopeFits = type?.namespaced === true ? namespaced || name === "" : !namespaced;
  if (type === undefined || !scopeFits) throw noSuchPath();
  return {
    kind: "resource",
    type,
    namespace: namespaced ? decode(rest[1] ?? "") : "",
    name: decode(name),
    subresource,
    rest: more.map(decode).join("/"),
  };
}

interface Root {
  readonly group: string;
  readonly version: string;
  readonly rest: readonly string[];
}

/** `/api/v1/…` or `/apis/GROUP/VERSION/…`; undefined for every other path. */
function rootOf(parts: readonly string[]): Root | undefined {
  if (parts[0] === "api") return { group: "", version: parts[1] ?? "", rest: parts.slice(2) };
  if (parts[0] !== "apis") return undefined;
  return { group: parts[1] ?? "", version: parts[2] ?? "", rest: parts.slice(3) };
}

/** `namespaces/NAME/PLURAL…`; `namespaces/NAME/status` and `/finalize` are of the namespace itself. */
const isInNamespace = (rest: readonly string[]): boolean =>
  rest[0] === "namespaces" && rest.length > 2 && rest[2] !== "status" && rest[2] !== "finalize";

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw noSuchPath();
  }
}

/** The verb by which RBAC knows a request. */
export function verbOf(method: string, request: ResourceRequest, watch: boolean): string {
  const collection = request.name === "";
  switch (method) {
    case "GET":
    case "HEAD":
      return collection ? (watch ? "watch" : "list") : "get";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return collection ? "deletecollection" : "delete";
    default:
      return method.toLowerCase();
  }
}
