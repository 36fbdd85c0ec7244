/** Plans of Terraform (`terraform show -json PLANFILE`) as overlays: resources of the azurerm provider, by what they become. */
import { at, idKey, isObject, listAt, stringAt } from "../../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../../arm/index.ts";
import type { OpenResource, Overlay } from "./overlay.ts";
import { terraformTypes } from "./terraform-types.ts";
import type { TerraformType, TerraformValues } from "./terraform-types.ts";

/** Whether a JSON body is a plan. @see developer.hashicorp.com/terraform/internals/json-format */
export const isPlan = (body: JsonObject): boolean =>
  stringAt(body, "format_version") !== undefined && Array.isArray(body["resource_changes"]);

interface Change {
  readonly address: string;
  /** The module of the address: `module.network.`, empty at the root. */
  readonly module: string;
  readonly type: TerraformType;
  readonly values: JsonObject;
  /** `true` at what is known after apply. */
  readonly unknown: Json;
  readonly id: ResourceId | undefined;
}

/**
 * What the plan makes of the estate.
 *
 * @param subscription of resources that are to be made, whose ids the plan does not have: `/subscriptions/S`.
 */
export function planOverlay(body: JsonObject, subscription: ResourceId): Overlay {
  const all = listAt(body, "resource_changes").flatMap((change) =>
    isObject(change) ? [change] : [],
  );
  const references = referencesOf(body);
  const changes = withTargets(
    all.flatMap((change) => readChange(change, subscription) ?? []),
    references,
    subscription,
  );
  const ids = idsOf(changes);
  const puts: JsonObject[] = [];
  const open: OpenResource[] = [];
  for (const change of changes) {
    const missing: string[] = [];
    const made = change.type.make(valuesOf(change, { ids, references, missing }));
    const { id, type, address } = change;
    if (id === undefined || missing.length > 0) {
      const what = missing.length > 0 ? missing.join(", ") : "its name";
      const says = `the plan's ${address}: ${what} is known after apply`;
      open.push({ id, type: type.type, scope: subscription, says });
      continue;
    }
    puts.push({ ...made.body, id });
    for (const { suffix, ...child } of made.children ?? []) {
      puts.push({ ...child, id: `${id}${suffix}` });
    }
  }
  return { puts, removed: all.flatMap(removedBy), open };
}

const idsOf = (changes: readonly Change[]): ReadonlyMap<string, ResourceId> =>
  new Map(changes.flatMap(({ address, id }) => (id === undefined ? [] : [[address, id] as const])));

/** An association lies on what it is of: where that is to be made as well, its id is found by the reference. */
function withTargets(
  changes: readonly Change[],
  references: ReadonlyMap<string, JsonObject>,
  subscription: ResourceId,
): readonly Change[] {
  const ids = idsOf(changes);
  return changes.map((change) => {
    if (change.id !== undefined) return change;
    const expressions = references.get(withoutKeys(change.address));
    const target = referredId(expressions, ["target_resource_id"], change, ids);
    if (target === undefined) return change;
    const values = { ...change.values, target_resource_id: target };
    return { ...change, values, id: change.type.id(values, subscription) };
  });
}

function readChange(change: JsonObject, subscription: ResourceId): Change | undefined {
  const type = terraformTypes.get(stringAt(change, "type") ?? "");
  const actions = listAt(change, "change", "actions");
  const values = at(change, "change", "after");
  if (type === undefined || !isObject(values) || stringAt(change, "mode") === "data")
    return undefined;
  if (actions.includes("no-op") || actions.includes("read")) {
    // What does not change is known from the estate; its address may still be referred to.
    return undefined;
  }
  const address = stringAt(change, "address") ?? "";
  const module = stringAt(change, "module_address");
  const known = stringAt(values, "id") ?? stringAt(change, "change", "before", "id");
  const replaced = actions.includes("delete");
  return {
    address,
    module: module === undefined ? "" : `${module}.`,
    type,
    values,
    unknown: at(change, "change", "after_unknown") ?? {},
    id: (replaced ? undefined : known) ?? type.id(values, subscription),
  };
}

/** What is deleted, and not made again at the same place. */
function removedBy(change: JsonObject): readonly ResourceId[] {
  const actions = listAt(change, "change", "actions");
  const id = stringAt(change, "change", "before", "id");
  return actions.includes("delete") && id !== undefined && id.startsWith("/") ? [id] : [];
}

interface Resolving {
  readonly ids: ReadonlyMap<string, ResourceId>;
  readonly references: ReadonlyMap<string, JsonObject>;
  /** Takes the names of what stays unknown and matters. */
  readonly missing: string[];
}

/** The values, with ids of other planned resources in the place of what is known after apply. */
function valuesOf(change: Change, resolving: Resolving): TerraformValues {
  const expressions = resolving.references.get(withoutKeys(change.address));
  const read = (path: readonly (string | number)[]): Json | undefined => {
    const value = at(change.values, ...path);
    if (value !== undefined && value !== null) return value;
    if (!isUnknown(change.unknown, path)) return undefined;
    const referred = referredId(expressions, path, change, resolving.ids);
    if (referred === undefined && !change.type.computed.has(String(path[0]))) {
      resolving.missing.push(path.filter((step) => typeof step === "string").join("."));
    }
    return referred;
  };
  return { read, count: (name) => listAt(change.values, name).length };
}

function isUnknown(unknown: Json, path: readonly (string | number)[]): boolean {
  let here: Json | undefined = unknown;
  for (const step of path) {
    if (here === true) return true;
    here = at(here, step);
  }
  return here === true || (Array.isArray(here) && here.includes(true));
}

/** `module.a.azurerm_x.y[0]` as `module.a.azurerm_x.y`. */
const withoutKeys = (address: string): string => address.replace(/\[[^\]]*\]/g, "");

/** The expressions of each resource of the configuration, by address without keys. */
function referencesOf(body: JsonObject): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  const walk = (module: Json | undefined, prefix: string, depth: number): void => {
    if (depth > MODULES_DEPTH_MAX) return;
    for (const resource of listAt(module, "resources")) {
      const expressions = at(resource, "expressions");
      const address = stringAt(resource, "address");
      if (isObject(expressions) && address !== undefined)
        found.set(`${prefix}${address}`, expressions);
    }
    const calls = at(module, "module_calls");
    if (!isObject(calls)) return;
    for (const [name, call] of Object.entries(calls)) {
      walk(at(call, "module"), `${prefix}module.${name}.`, depth + 1);
    }
  };
  walk(at(body, "configuration", "root_module"), "", 0);
  return found;
}

const MODULES_DEPTH_MAX = 16;

/** The id that an expression refers to: `azurerm_x.y.id` of the same module, of which there is one instance. */
function referredId(
  expressions: JsonObject | undefined,
  path: readonly (string | number)[],
  { module }: Change,
  ids: ReadonlyMap<string, ResourceId>,
): ResourceId | undefined {
  // A block that stands once is a list of one in values, and may be an object in expressions.
  const direct = at(expressions, ...path) ?? at(expressions, ...path.filter((step) => step !== 0));
  const references = listAt(direct, "references").filter((one) => typeof one === "string");
  const last = path.at(-1);
  const [reference] = references
    .filter((one) => one.endsWith(".id"))
    .slice(typeof last === "number" ? last : 0);
  if (reference === undefined) return undefined;
  const target = idKey(withoutKeys(`${module}${reference.replace(/\.id$/, "")}`));
  const matching = [...ids].filter(([address]) => idKey(withoutKeys(address)) === target);
  return matching.length === 1 ? matching[0]?.[1] : undefined;
}
