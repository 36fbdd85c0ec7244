/** A snapshot: the resources of an estate as ARM showed them at one time, and what of it could not be read. */
import { graphFrom, isObject } from "../arm/index.ts";
import type { ArmResource, Graph, Json, JsonObject, ResourceId } from "../arm/index.ts";
import { toPublicNames } from "../azure/index.ts";
import type { CloudName } from "../azure/index.ts";
import type { CoverageRecord } from "./coverage.ts";

export const snapshotFormat = "linkscope/snapshot";
export const snapshotVersion = 1;

export interface Snapshot {
  readonly cloud: CloudName;
  /** `platform`: a running platform of this project; `azure`: real Azure. */
  readonly source: "platform" | "azure";
  readonly takenAtMs: number;
  /** Whether names and ids were replaced. */
  readonly redacted: boolean;
  readonly clusters: readonly ResourceId[];
  readonly resources: readonly ArmResource[];
  readonly record: CoverageRecord;
}

/** The snapshot as the text of its file. */
export function snapshotText(snapshot: Snapshot): string {
  const { record, resources, takenAtMs, ...rest } = snapshot;
  const head = {
    format: snapshotFormat,
    version: snapshotVersion,
    takenAt: new Date(takenAtMs).toISOString(),
    ...rest,
  };
  // One resource a line: two snapshots can be compared with diff.
  const list = (values: readonly unknown[]): string =>
    values.length === 0 ? "[]" : `[\n${values.map((one) => JSON.stringify(one)).join(",\n")}\n]`;
  return [
    `${JSON.stringify(head, undefined, 1).slice(0, -2)},`,
    ` "resources": ${list(resources)},`,
    ` "lists": ${list(record.lists)},`,
    ` "absent": ${list(record.absent)},`,
    ` "unread": ${list(record.unread)}`,
    "}",
    "",
  ].join("\n");
}

/** The graph that rules run on. Names of another cloud are spelled as the public cloud's, whose rules they follow. */
export function graphOf({ cloud, resources }: Pick<Snapshot, "cloud" | "resources">): Graph {
  return graphFrom(
    cloud === "AzureCloud" ? resources : resources.map((one) => inPublicNames(cloud, one)),
  );
}

/** A resource with all names in it spelled as the public cloud's. */
export const inPublicNames = (cloud: CloudName, resource: ArmResource): ArmResource =>
  respelled(resource as unknown as JsonObject, (text) =>
    toPublicNames(cloud, text),
  ) as unknown as ArmResource;

/** A value with every string of it, and every name of a field, rewritten. */
export function respelled(value: Json, rewrite: (text: string) => string): Json {
  if (typeof value === "string") return rewrite(value);
  if (Array.isArray(value)) return value.map((one: Json) => respelled(one, rewrite));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      rewrite(name),
      respelled(inner ?? null, rewrite),
    ]),
  );
}
