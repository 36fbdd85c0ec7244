/** Reads the text of a snapshot, which anybody may have written: bounded, by its fields, and nothing taken that is not allowed. */
import { idProblem, isObject, listAt, stringAt } from "../arm/index.ts";
import type { ArmResource, Json, JsonObject, ResourceId } from "../arm/index.ts";
import { cloudNames } from "../azure/index.ts";
import type { CloudName } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import type { CoverageRecord, Unread } from "./coverage.ts";
import { snapshotError } from "./errors.ts";
import { keptResource } from "./gathering.ts";
import { snapshotFormat, snapshotVersion } from "./snapshot.ts";
import type { Snapshot } from "./snapshot.ts";

const fields: ReadonlySet<string> = new Set([
  "format",
  "version",
  "takenAt",
  "cloud",
  "source",
  "redacted",
  "clusters",
  "resources",
  "lists",
  "absent",
  "unread",
]);

/**
 * Reads a snapshot.
 *
 * @param file its name, for the message.
 * @throws CodedError SnapshotInvalid with what is wrong, the value and what there should be; FileTooLarge.
 */
export function readSnapshot(text: string, file: string): Snapshot {
  if (text.length > limits.snapshotBytesMax) throw tooLarge(file, text.length);
  const body = parsed(text, file);
  const refuse = (says: string) => snapshotError("SnapshotInvalid", `${file}: ${says}`);
  if (stringAt(body, "format") !== snapshotFormat) {
    throw refuse(`"format" must be "${snapshotFormat}", not ${shown(body["format"])}.`);
  }
  if (body["version"] !== snapshotVersion) {
    throw refuse(
      `version ${shown(body["version"])} is not read here; this is version ${snapshotVersion}.`,
    );
  }
  const unknown = Object.keys(body).find((name) => !fields.has(name));
  if (unknown !== undefined) throw refuse(`the field ${shown(unknown)} is not of version 1.`);
  const takenAtMs = Date.parse(stringAt(body, "takenAt") ?? "");
  if (Number.isNaN(takenAtMs))
    throw refuse(`"takenAt" must be a time, not ${shown(body["takenAt"])}.`);
  const cloud = cloudNames.find((name) => name === body["cloud"]);
  if (cloud === undefined) {
    throw refuse(`"cloud" must be one of ${cloudNames.join(", ")}, not ${shown(body["cloud"])}.`);
  }
  const { source } = body;
  if (source !== "platform" && source !== "azure") {
    throw refuse(`"source" must be "platform" or "azure", not ${shown(source)}.`);
  }
  return {
    cloud,
    source,
    takenAtMs,
    redacted: body["redacted"] === true,
    clusters: ids(body, "clusters", refuse),
    resources: resourcesOf(body, refuse),
    record: recordOf(body, refuse),
  };
}

type Refuse = (says: string) => Error;

function parsed(text: string, file: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw snapshotError("SnapshotInvalid", `${file} is no JSON.`, error);
  }
  if (!isObject(value)) throw snapshotError("SnapshotInvalid", `${file} is no JSON object.`);
  return value;
}

const tooLarge = (file: string, bytes: number): Error =>
  snapshotError(
    "FileTooLarge",
    `${file} has ${bytes} bytes; the limit is ${limits.snapshotBytesMax}.`,
  );

function resourcesOf(body: JsonObject, refuse: Refuse): readonly ArmResource[] {
  const list = entries(body, "resources", refuse);
  return list.map((item, index) => {
    const id = stringAt(item, "id");
    const resource = isObject(item) ? keptResource(item) : undefined;
    if (resource !== undefined && !/\s/.test(resource.id)) return resource;
    const problem = idProblem(id) ?? `resources of ${shown(id)}'s type are not of version 1`;
    throw refuse(`resources[${index}]: ${problem}.`);
  });
}

function recordOf(body: JsonObject, refuse: Refuse): CoverageRecord {
  return {
    lists: paths(body, "lists", refuse),
    absent: ids(body, "absent", refuse),
    unread: entries(body, "unread", refuse).map((item, index) => {
      const unread = unreadOf(item);
      if (unread === undefined) {
        throw refuse(`unread[${index}] must have path, status, code and says.`);
      }
      return unread;
    }),
  };
}

function unreadOf(item: Json): Unread | undefined {
  if (!isObject(item)) return undefined;
  const { path, status, code, says } = item;
  const isText = (value: unknown): value is string =>
    typeof value === "string" && value.length <= limits.snapshotStringCharsMax;
  if (!isText(path) || !isText(code) || !isText(says)) return undefined;
  return typeof status === "number" && Number.isInteger(status)
    ? { path, status, code, says }
    : undefined;
}

function entries(body: JsonObject, name: string, refuse: Refuse): readonly Json[] {
  if (!Array.isArray(body[name])) throw refuse(`"${name}" must be a list.`);
  const list = listAt(body, name);
  if (list.length > limits.armResourcesMax) {
    throw refuse(`"${name}" has ${list.length} entries; the limit is ${limits.armResourcesMax}.`);
  }
  return list;
}

const ids = (body: JsonObject, name: string, refuse: Refuse): readonly ResourceId[] =>
  entries(body, name, refuse).map((item, index) => {
    const problem = idProblem(item);
    if (problem !== undefined || typeof item !== "string") {
      throw refuse(`${name}[${index}]: ${problem ?? "it is no id"}.`);
    }
    return item;
  });

const paths = (body: JsonObject, name: string, refuse: Refuse): readonly string[] =>
  entries(body, name, refuse).map((item, index) => {
    const fits = typeof item === "string" && item.length <= limits.armIdCharsMax;
    if (!fits || !item.startsWith("/")) throw refuse(`${name}[${index}] is no path.`);
    return item;
  });

const SHOWN_CHARS = 60;

/** A value of the file, as JSON and short. */
const shown = (value: Json | CloudName | undefined): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS - 1)}…` : text;
};
