/** Resource providers, as the declared types make them up. */
import type { ResourceType } from "../arm/index.ts";
import { regions } from "../azure/index.ts";
import type { ResourceProvider } from "./platform.ts";

/** The providers of `types`: locations are display names, as `/locations` answers them. */
export function providersOf(types: readonly ResourceType[]): readonly ResourceProvider[] {
  const providers = new Map<string, ResourceProvider["resourceTypes"][number][]>();
  for (const { type, location, apiVersions } of types) {
    const [namespace = "", ...rest] = type.split("/");
    const list = providers.get(namespace) ?? [];
    providers.set(namespace, list);
    const locations =
      location === "regional" ? regions.map(({ displayName }) => displayName) : ["global"];
    list.push({
      resourceType: rest.join("/"),
      locations: location === "none" ? [] : locations,
      apiVersions: apiVersions.toSorted().toReversed(),
    });
  }
  return [...providers].map(([namespace, resourceTypes]) => ({ namespace, resourceTypes }));
}
