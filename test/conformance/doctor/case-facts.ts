/** The facts of a case: its estate's graph with the edits done, what could not be read, and what probes saw. */
import { graphFrom, sameId } from "../../../src/arm/index.ts";
import type { ArmResource, Json, JsonObject, ResourceId } from "../../../src/arm/index.ts";
import { completeFacts } from "../../../src/doctor/index.ts";
import type { CheckFacts } from "../../../src/doctor/index.ts";
import { matchesPattern } from "../../../src/rules/index.ts";
import type { Coverage, Unread } from "../../../src/snapshot/index.ts";
import { fragment, nowMs, probe } from "./case-probes.ts";
import type { Work } from "./case-probes.ts";
import { recordResource } from "./estate-endpoints.ts";
import { estateResources } from "./estate-graph.ts";
import { groupId } from "./estate-parts.ts";
import type { DoctorCase, Edit } from "./parse-cases.ts";

/** The facts of a case. @throws Error with file and line where an edit finds nothing to change. */
export function factsOfCase({ lines, edits, file }: DoctorCase): CheckFacts {
  const resources = estateResources(lines);
  const clusterId = resources.find(({ type }) => type.endsWith("/managedClusters"))?.id;
  const work: Work = {
    resources,
    unread: [],
    inside: fragment("inside", clusterId),
    outside: fragment("outside", undefined),
  };
  for (const edit of edits) {
    try {
      doEdit(work, edit);
    } catch (error) {
      throw new Error(`${file}:${edit.line}: ${(error as Error).message}`, { cause: error });
    }
  }
  const probed = edits.some(({ verb }) => verb === "probe");
  return completeFacts(graphFrom(work.resources), {
    nowMs,
    probes: probed ? [work.inside, work.outside] : [],
    coverage: coverageOf(work.unread),
  });
}

const coverageOf = (unread: readonly Unread[]): Coverage => {
  const above = (id: ResourceId): Unread | undefined =>
    unread.find(
      ({ path }) => sameId(path, id) || id.toLowerCase().startsWith(`${path.toLowerCase()}/`),
    );
  return { ofResource: above, ofList: (scope) => above(scope), unread };
};

/** Whether an id ends in the segments of a pattern, in any case; `*` stands for any characters of a segment. */
export function endsIn(id: ResourceId, pattern: string): boolean {
  const wanted = pattern.toLowerCase().split("/");
  const segments = id.toLowerCase().split("/").slice(-wanted.length);
  return (
    segments.length === wanted.length &&
    wanted.every((want, index) => matchesPattern(want, segments[index] ?? ""))
  );
}

function named(work: Work, suffix: string): ArmResource {
  const found = work.resources.filter(({ id }) => endsIn(id, suffix));
  const [one] = found;
  if (one === undefined || found.length > 1) {
    throw new Error(`${found.length} resources end in '${suffix}', not one`);
  }
  return one;
}

function doEdit(work: Work, { verb, words }: Edit): void {
  const [first = "", second = "", third = "", ...rest] = words;
  switch (verb) {
    case "delete": {
      const { id } = named(work, first);
      const below = (one: ArmResource): boolean => one.id === id || one.id.startsWith(`${id}/`);
      work.resources = work.resources.filter((one) => !below(one));
      return;
    }
    case "set": {
      const target = named(work, first);
      const value = JSON.parse([third, ...rest].join(" ")) as Json;
      const changed = { ...target, ...withValue(target, second.split("."), value) };
      work.resources = work.resources.map((one) => (one === target ? changed : one));
      return;
    }
    case "record": {
      const group = rest[0] ?? "dns";
      const id = `${groupId("1", group)}/providers/Microsoft.Network/privateDnsZones/${first}`;
      const record = recordResource({ id, name: first }, second, third);
      work.resources = [...work.resources.filter((one) => one.id !== record.id), record];
      return;
    }
    case "unread": {
      // A whole subscription, or one resource, and all below it.
      const path = first.startsWith("/") ? first : named(work, first).id;
      work.resources = work.resources.filter(({ id }) => id !== path && !id.startsWith(`${path}/`));
      work.unread.push({ path, status: Number(second), code: third, says: rest.join(" ") });
      return;
    }
    case "probe":
      return probe(work, words);
  }
}

/** The object with a value at a path: `properties.addressPrefix`. */
function withValue(
  object: object,
  [key = "", ...rest]: readonly string[],
  value: Json,
): JsonObject {
  const before = object as JsonObject;
  const inner = before[key];
  return {
    ...before,
    [key]:
      rest.length === 0
        ? value
        : withValue(typeof inner === "object" && inner !== null ? inner : {}, rest, value),
  };
}
