/** Small graphs for the tests of this folder. */
import { graphFrom, parseId } from "../arm/index.ts";
import type { Graph, JsonObject, ResourceId } from "../arm/index.ts";

export const subscription = "/subscriptions/00000000-0000-4000-8000-000000000001";
export const group = `${subscription}/resourceGroups/rg`;

/** A graph of resources by id; `location` stands beside the properties. */
export function graphOf(
  resources: Readonly<Record<ResourceId, JsonObject & { readonly location?: string }>>,
): Graph {
  return graphFrom(
    Object.entries(resources).map(([id, { location, ...properties }]) => {
      const parsed = parseId(id);
      if (parsed === undefined) throw new Error(`'${id}' is no resource id`);
      const top = location === undefined ? {} : { location };
      return { id, name: parsed.name, type: parsed.type, properties, ...top };
    }),
  );
}
