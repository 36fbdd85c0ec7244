/** Which declared type, list or action a path names, and which right it needs. Pure: no graph, no state. */
import { parseId } from "../arm/index.ts";
import type { ParsedId, Problem, ResourceId, ResourceType, TypeAction } from "../arm/index.ts";
import { namespaceUnknown, scopeInvalid, typeUnknown } from "./refusals.ts";

/** The declared types, found without regard to case. */
export interface TypeTable {
  readonly all: readonly ResourceType[];
  readonly find: (type: string) => ResourceType | undefined;
  readonly namespaces: readonly string[];
}

export type TypedRoute =
  | {
      readonly kind: "resource";
      readonly type: ResourceType;
      readonly parsed: ParsedId;
      readonly id: ResourceId;
    }
  | {
      readonly kind: "list";
      readonly type: ResourceType;
      /** What it is listed under, as the request spells it. */
      readonly scopeId: ResourceId;
    }
  | {
      readonly kind: "action";
      readonly type: ResourceType;
      readonly parsed: ParsedId;
      readonly id: ResourceId;
      /** Those whose path fits; the method chooses among them. */
      readonly actions: readonly TypeAction[];
    }
  | {
      readonly kind: "unknown";
      readonly problem: Problem;
      /** The type as the path spells it, so that a caller without rights learns nothing else. */
      readonly typeName: string;
      readonly id: ResourceId;
    };

/** @throws Error when a type is declared twice: a bug. */
export function typeTable(types: readonly ResourceType[]): TypeTable {
  const byType = new Map<string, ResourceType>();
  for (const type of types) {
    const key = type.type.toLowerCase();
    if (byType.has(key)) throw new Error(`The type ${type.type} is declared twice.`);
    byType.set(key, type);
  }
  const namespaces = new Map(
    types.map(({ type }) => {
      const namespace = type.split("/")[0] ?? "";
      return [namespace.toLowerCase(), namespace] as const;
    }),
  );
  return {
    all: types,
    find: (type) => byType.get(type.toLowerCase()),
    namespaces: [...namespaces.values()],
  };
}

/** Reads the path of anything that a type's declaration serves. The segments are decoded and not empty. */
export function typedRoute(
  table: TypeTable,
  segments: readonly string[],
  apiVersion: string,
): TypedRoute {
  const id = `/${segments.join("/")}`;
  const parsed = parseId(id);
  const type = parsed === undefined ? undefined : table.find(parsed.type);
  if (parsed !== undefined && type !== undefined) return resourceRoute(type, parsed, id);
  const list = listRoute(table, segments);
  if (list !== undefined) return list;
  return actionRoute(table, segments) ?? unknownRoute(table, segments, apiVersion);
}

function resourceRoute(type: ResourceType, parsed: ParsedId, id: ResourceId): TypedRoute {
  const wanted = misplaced(type, parsed);
  if (wanted === undefined) return { kind: "resource", type, parsed, id };
  return { kind: "unknown", problem: scopeInvalid(type, wanted), typeName: type.type, id };
}

/** Where a type stands, when the path has it elsewhere. */
function misplaced(type: ResourceType, parsed: ParsedId): string | undefined {
  switch (type.scope) {
    case "subscription":
      return parsed.subscriptionId !== undefined && parsed.extendedId === undefined
        ? undefined
        : "in a subscription";
    case "resourceGroup":
      return parsed.resourceGroup !== undefined && parsed.extendedId === undefined
        ? undefined
        : "in a resource group";
    case "parent":
      return parsed.names.length > 1 ? undefined : "under its parent";
    case "extension":
      return parsed.parentId === undefined ? "on another resource" : undefined;
    default:
      return undefined;
  }
}

/** A path whose last segment names a type: any name behind it would make it an id. */
function listRoute(table: TypeTable, segments: readonly string[]): TypedRoute | undefined {
  const member = parseId(`/${[...segments, "any"].join("/")}`);
  const type = member === undefined ? undefined : table.find(member.type);
  if (member === undefined || type === undefined) return undefined;
  const scopeId = member.parentId ?? "";
  if (type.list !== undefined || listedAt(type, member)) return { kind: "list", type, scopeId };
  const problem = scopeInvalid(type, "elsewhere");
  return { kind: "unknown", problem, typeName: type.type, id: `/${segments.join("/")}` };
}

function listedAt(type: ResourceType, member: ParsedId): boolean {
  if (type.scope === "parent") return member.names.length > 1;
  if (type.scope === "extension") return member.parentId !== undefined;
  return member.subscriptionId !== undefined && member.extendedId === undefined;
}

/** Longest resource id first, so that `…/privateLinkResources/azuremonitor` is an action of the scope. */
function actionRoute(table: TypeTable, segments: readonly string[]): TypedRoute | undefined {
  for (let length = segments.length - 1; length > 0; length--) {
    const id = `/${segments.slice(0, length).join("/")}`;
    const parsed = parseId(id);
    const type = parsed === undefined ? undefined : table.find(parsed.type);
    if (parsed === undefined || type === undefined) continue;
    const path = segments.slice(length).join("/").toLowerCase();
    const actions = (type.actions ?? []).filter((action) => action.path === path);
    return actions.length === 0 ? undefined : { kind: "action", type, parsed, id, actions };
  }
  return undefined;
}

function unknownRoute(
  table: TypeTable,
  segments: readonly string[],
  apiVersion: string,
): TypedRoute {
  const id = `/${segments.join("/")}`;
  const at = segments.map((segment) => segment.toLowerCase()).lastIndexOf("providers");
  const namespace = segments[at + 1];
  if (at < 0 || namespace === undefined) {
    const problem = { code: "InvalidRequestUri", message: `The path '${id}' names no resource.` };
    return {
      kind: "unknown",
      problem: { ...problem, status: 404 },
      typeName: "Microsoft.Resources",
      id,
    };
  }
  const types = segments.slice(at + 2).filter((_, index) => index % 2 === 0);
  const typeName = [namespace, ...types].join("/");
  const known = table.all
    .map(({ type }) => type)
    .filter((type) => type.toLowerCase().startsWith(`${namespace.toLowerCase()}/`));
  const problem =
    known.length === 0
      ? namespaceUnknown(namespace, table.namespaces)
      : typeUnknown(
          typeName,
          apiVersion,
          known.map((type) => type.split("/").slice(1).join("/")),
        );
  return { kind: "unknown", problem, typeName, id };
}
