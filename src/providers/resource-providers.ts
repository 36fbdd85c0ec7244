/** Resource providers as `GET /providers` shows them: their types, and where each can be. */
import type { ResourceType } from "../arm/index.ts";
import { regions } from "../azure/index.ts";
import { typeNames } from "./type-names.ts";

export interface ResourceProvider {
  readonly namespace: string;
  readonly resourceTypes: readonly {
    readonly resourceType: string;
    /** Display names, the same as `/locations` answers: clients look one up by the other. */
    readonly locations: readonly string[];
    /** Newest first. */
    readonly apiVersions: readonly string[];
  }[];
}

/** The providers that `types` make up, in the order of their first type. */
export function providersOf(types: readonly ResourceType[]): readonly ResourceProvider[] {
  const byNamespace = Map.groupBy(types, ({ type }) => type.slice(0, type.indexOf("/")));
  return [...byNamespace].map(([namespace, own]) => ({
    namespace,
    resourceTypes: own.map((type) => ({
      resourceType: type.type.slice(namespace.length + 1),
      locations: locationsOf(type),
      apiVersions: type.apiVersions.toSorted().toReversed(),
    })),
  }));
}

/** Types without a location of their own that Azure still lists by region; az looks the cluster's up among them. @see Azure/azure-cli acs/addonconfiguration.py, until 2.45 */
const listedByRegion: ReadonlySet<string> = new Set([typeNames.dataCollectionRuleAssociations]);

function locationsOf({ type, location }: ResourceType): readonly string[] {
  if (listedByRegion.has(type)) return regions.map(({ displayName }) => displayName);
  switch (location) {
    case "regional":
      return regions.map(({ displayName }) => displayName);
    case "global":
      return ["global"];
    case "any":
    case "none":
      return [];
  }
}
