/** ARM templates and lists of resources as overlays. */
import { idKey, isObject, listAt, parseId, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../../arm/index.ts";
import { keep } from "../keep-fields.ts";
import { keptType } from "../kept-types.ts";
import type { KeptType } from "../kept-types.ts";
import type { OpenResource, Overlay } from "./overlay.ts";
import { evaluate, typedId } from "./template-expression.ts";
import type { Evaluated, TemplateScope } from "./template-expression.ts";

/** Where a template is deployed, and what is given to it. */
export interface TemplatePlace {
  readonly groupId: ResourceId;
  readonly location: string | undefined;
}

/** Whether a JSON body is an ARM template. */
export const isTemplate = (body: JsonObject): boolean =>
  /deploymenttemplate\.json/i.test(stringAt(body, "$schema") ?? "") ||
  (stringAt(body, "contentVersion") !== undefined && "resources" in body);

/** Resources as GET answers them, or as `az … -o json` lists them: each with its id. */
export function resourcesOverlay(list: readonly Json[]): Overlay {
  return {
    puts: list.flatMap((one) => (isObject(one) && stringAt(one, "id") !== undefined ? [one] : [])),
    removed: [],
    open: [],
  };
}

/** A template's resources: those whose names and fields are known are set; the others are named as open. */
export function templateOverlay(body: JsonObject, place: TemplatePlace): Overlay {
  const scope = scopeOf(body, place);
  const puts: JsonObject[] = [];
  const open: OpenResource[] = [];
  const walk = (resources: Json | undefined, parent: Parent | undefined): void => {
    // Language version 2.0 has an object of resources by symbolic names.
    const list = isObject(resources) ? Object.values(resources) : listAt(resources ?? null);
    for (const one of list) {
      if (!isObject(one)) continue;
      const read = readResource(one, { scope, place, parent });
      if (read.kind === "put") puts.push(read.body);
      if (read.kind === "open") open.push(read.open);
      if (read.kind !== "none") walk(one["resources"], read.self);
    }
  };
  walk(body["resources"], undefined);
  return { puts, removed: [], open };
}

interface Parent {
  readonly type: string;
  readonly id: ResourceId | undefined;
}

interface Reading {
  readonly scope: TemplateScope;
  readonly place: TemplatePlace;
  readonly parent: Parent | undefined;
}

type Read =
  | { readonly kind: "put"; readonly body: JsonObject; readonly self: Parent }
  | { readonly kind: "open"; readonly open: OpenResource; readonly self: Parent }
  /** Of a type that is not read here; its children may be. */
  | { readonly kind: "other"; readonly self: Parent }
  | { readonly kind: "none" };

function readResource(resource: JsonObject, reading: Reading): Read {
  const { scope, parent } = reading;
  const type = typeOf(resource, parent);
  const id = idOf(resource, type, reading);
  const self: Parent = { type, id: id.known ? String(id.value) : undefined };
  // An extension's type in a template carries that of what it extends; its id tells its own.
  const kept = keptType(parseId(self.id ?? "")?.type ?? type);
  const isDeployment = idKey(type) === "microsoft.resources/deployments";
  const condition = evaluate(resource["condition"] ?? true, scope);
  if (condition.known && condition.value === false) return { kind: "none" };
  if (kept === undefined && !isDeployment) return { kind: "other", self };
  const fields = evaluate(kept === undefined ? {} : bodyOf(resource, kept), scope);
  const why = whyOpen({ isDeployment, condition, id, fields, copies: "copy" in resource });
  if (why === undefined && fields.known && isObject(fields.value)) {
    return { kind: "put", body: { ...fields.value, id: self.id ?? "" }, self };
  }
  return openRead(resource, { self, why, reading });
}

function typeOf(resource: JsonObject, parent: Parent | undefined): string {
  const own = stringAt(resource, "type") ?? "";
  return parent === undefined || own.includes(".") ? own : `${parent.type}/${own}`;
}

function openRead(
  resource: JsonObject,
  of: { readonly self: Parent; readonly why: string | undefined; readonly reading: Reading },
): Read {
  const { self, why, reading } = of;
  const { id, type } = self;
  const says = `the template's ${stringAt(resource, "name") ?? type}: ${why ?? "it is no object"}`;
  const scope = reading.parent?.id ?? reading.place.groupId;
  return { kind: "open", open: { id, type, scope, says }, self };
}

function whyOpen(read: {
  readonly isDeployment: boolean;
  readonly condition: Evaluated;
  readonly id: Evaluated;
  readonly fields: Evaluated;
  readonly copies: boolean;
}): string | undefined {
  if (read.isDeployment) return "nested deployments are not evaluated";
  if (read.copies) return "copies are not evaluated";
  for (const part of [read.id, read.condition, read.fields]) if (!part.known) return part.says;
  return undefined;
}

/** The fields that are kept, not evaluated yet: what is not kept need not be known. */
const bodyOf = (
  { location, kind, identity, properties }: JsonObject,
  type: KeptType,
): JsonObject => ({
  ...(location === undefined ? {} : { location }),
  ...(kind === undefined ? {} : { kind }),
  ...(identity === undefined ? {} : { identity }),
  properties: isObject(properties) ? keep(properties, type.properties) : (properties ?? {}),
});

function idOf(resource: JsonObject, type: string, { scope, place, parent }: Reading): Evaluated {
  const name = evaluate(resource["name"] ?? "", scope);
  if (!name.known) return name;
  const names = String(name.value).split("/");
  const extended = resource["scope"];
  if (extended !== undefined) {
    const target = evaluate(extended, scope);
    if (!target.known) return target;
    const text = String(target.value);
    const base = text.startsWith("/") ? text : `${place.groupId}/providers/${text}`;
    return { known: true, value: typedId(base, type, names) };
  }
  const legacy = extensionOf(type, names, place.groupId);
  if (legacy !== undefined) return { known: true, value: legacy };
  if (
    parent !== undefined &&
    !type.slice(parent.type.length + 1).includes("/") &&
    names.length === 1
  ) {
    if (parent.id === undefined) return { known: false, says: "its parent's name is not known" };
    const kind = type.split("/").at(-1) ?? "";
    return { known: true, value: `${parent.id}/${kind}/${names[0] ?? ""}` };
  }
  return { known: true, value: typedId(place.groupId, type, names) };
}

/** `Microsoft.ContainerService/managedClusters/providers/dataCollectionRuleAssociations` named `aks/Microsoft.Insights/NAME`. */
function extensionOf(
  type: string,
  names: readonly string[],
  groupId: ResourceId,
): ResourceId | undefined {
  const kinds = type.split("/");
  const at = kinds.findIndex((kind) => kind.toLowerCase() === "providers");
  if (at < 0) return undefined;
  const base = typedId(groupId, kinds.slice(0, at).join("/"), names.slice(0, at - 1));
  const [namespace = "", ...rest] = names.slice(at - 1);
  return typedId(base, `${namespace}/${kinds.slice(at + 1).join("/")}`, rest);
}

function scopeOf(body: JsonObject, place: TemplatePlace): TemplateScope {
  const field = (group: string, name: string): Json | undefined => {
    const fields = body[group];
    if (!isObject(fields)) return undefined;
    const found = Object.keys(fields).find((one) => one.toLowerCase() === name.toLowerCase());
    return found === undefined ? undefined : fields[found];
  };
  const open = new Set<string>();
  // Variables may refer to each other: one that leads to itself is not known.
  const once = (key: string, value: () => Evaluated): Evaluated => {
    if (open.has(key)) return { known: false, says: `${key} refers to itself` };
    open.add(key);
    try {
      return value();
    } finally {
      open.delete(key);
    }
  };
  const scope: TemplateScope = {
    ...place,
    parameter: (name) =>
      once(`parameter ${name}`, () => {
        const parameter = field("parameters", name);
        const value = isObject(parameter) ? parameter["defaultValue"] : undefined;
        return value === undefined
          ? { known: false, says: `the parameter ${name} has no value` }
          : evaluate(value, scope);
      }),
    variable: (name) =>
      once(`variable ${name}`, () => {
        const value = field("variables", name);
        return value === undefined
          ? { known: false, says: `there is no variable ${name}` }
          : evaluate(value, scope);
      }),
  };
  return scope;
}

/** The group of an id: where a template goes when nothing is said. */
export function groupOfId(id: ResourceId): ResourceId {
  const parsed = parseId(id);
  return `/subscriptions/${parsed?.subscriptionId ?? ""}/resourceGroups/${parsed?.resourceGroup ?? ""}`;
}
