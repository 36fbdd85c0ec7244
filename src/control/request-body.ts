/** A PUT's or PATCH's body, read by its type's declaration. */
import {
  isObject,
  object,
  parseBody,
  readOnly,
  regionKey,
  schemaProblems,
  stored,
} from "../arm/index.ts";
import type {
  ArmResource,
  Json,
  JsonObject,
  Problem,
  RequestBody,
  ResourceType,
  Schema,
} from "../arm/index.ts";
import { regions } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import { isResourceGroup } from "./resource-groups.ts";

export interface ReadBody {
  readonly body: RequestBody;
  readonly problems: readonly Problem[];
}

/** Fields that every GET shows and that a client may send back: set aside. `apiVersion` and `dependsOn` are a template's. */
const echoed: Readonly<Record<string, Schema>> = {
  id: readOnly(),
  name: readOnly(),
  type: readOnly(),
  etag: readOnly(),
  systemData: readOnly(),
};

const common: Readonly<Record<string, Schema>> = {
  ...echoed,
  location: stored(),
  tags: stored(limits.armBodyBytesMax),
  properties: stored(limits.armBodyBytesMax),
};

/**
 * Reads a whole resource.
 *
 * @param previous - what a merging type's PUT is laid over; undefined when the body stands for itself.
 */
export function readResourceBody(
  type: ResourceType,
  sent: Json,
  previous: ArmResource | undefined,
): ReadBody {
  const partial = previous !== undefined;
  const envelope = parseBody(object({ ...type.top?.fields, ...common }), sent, { partial });
  const own = type.top ?? object({});
  const said = pick(envelope.value, own.fields);
  const top =
    previous === undefined
      ? said
      : parseBody(own, merged(asJson(previous), said), { unknown: "drop" }).value;
  const properties = readProperties(type, envelope.value["properties"] ?? {}, previous);
  const tags = readTags(envelope.value["tags"]);
  const location = readLocation(type, envelope.value["location"], previous);
  return {
    body: {
      location: location.value,
      tags: tags.value ?? (partial ? previous.tags : undefined),
      properties: properties.value,
      top,
    },
    problems: [
      ...schemaProblems(envelope.problems),
      ...location.problems,
      ...tags.problems,
      ...properties.problems,
    ],
  };
}

/** The properties; with `previous`, what the body does not say stays as it was. */
function readProperties(
  type: ResourceType,
  sent: Json,
  previous: ArmResource | undefined,
): { readonly value: JsonObject; readonly problems: readonly Problem[] } {
  const target = "properties";
  const said = parseBody(type.properties, sent, { partial: previous !== undefined, target });
  if (previous === undefined || said.problems.length > 0) {
    return { value: said.value, problems: schemaProblems(said.problems) };
  }
  const together = merged(previous.properties, said.value);
  const whole = parseBody(type.properties, together, { unknown: "drop", target });
  return { value: whole.value, problems: schemaProblems(whole.problems) };
}

/** JSON merge: objects by their fields, everything else as a whole. */
function merged(before: Json | undefined, after: Json): Json {
  if (!isObject(before) || !isObject(after)) return after;
  const fields = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(after)) {
    if (value !== undefined) fields.set(name, merged(fields.get(name), value));
  }
  return Object.fromEntries(fields);
}

const asJson = (resource: ArmResource): JsonObject => resource as unknown as JsonObject;

const pick = (value: JsonObject, fields: Readonly<Record<string, Schema>>): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => Object.hasOwn(fields, name)));

/** Tags: a flat object of strings. @see learn.microsoft.com/azure/azure-resource-manager/management/tag-resources */
export function readTags(sent: Json | undefined): {
  readonly value: JsonObject | undefined;
  readonly problems: readonly Problem[];
} {
  if (sent === undefined || sent === null) return { value: undefined, problems: [] };
  const problems: Problem[] = [];
  const wrong = (message: string): void =>
    void problems.push({ code: "InvalidRequestContent", target: "tags", message });
  if (!isObject(sent)) {
    wrong("'tags' must be an object of strings.");
    return { value: undefined, problems };
  }
  const entries = Object.entries(sent).filter(([, value]) => value !== null);
  if (entries.length > limits.armTagsMax) {
    wrong(`A resource takes at most ${limits.armTagsMax} tags; there are ${entries.length}.`);
    return { value: undefined, problems };
  }
  for (const [name, value] of entries) {
    if (name.length > limits.armTagNameCharsMax) {
      wrong(
        `A tag's name has ${name.length} characters; the limit is ${limits.armTagNameCharsMax}.`,
      );
    }
    if (typeof value !== "string") wrong(`The tag '${name.slice(0, 80)}' must be a string.`);
    else if (value.length > limits.armTagValueCharsMax) {
      wrong(
        `The tag '${name.slice(0, 80)}' has ${value.length} characters; the limit is ${limits.armTagValueCharsMax}.`,
      );
    }
  }
  return { value: Object.fromEntries(entries), problems };
}

function readLocation(
  type: ResourceType,
  sent: Json | undefined,
  previous: ArmResource | undefined,
): { readonly value: string | undefined; readonly problems: readonly Problem[] } {
  if (type.location === "none") return { value: undefined, problems: [] };
  if (sent === undefined) {
    if (previous?.location !== undefined) return { value: previous.location, problems: [] };
    if (type.location === "any") return { value: undefined, problems: [] };
    return failed("LocationRequired", "The location property is required for this definition.");
  }
  if (typeof sent !== "string") {
    return failed("InvalidRequestContent", "'location' must be a string.");
  }
  const location = regionKey(sent);
  const known = location === "global" ? type.location !== "regional" : isRegion(location);
  if (known && (type.location !== "global" || location === "global")) {
    return { value: location, problems: [] };
  }
  const code = isResourceGroup(type)
    ? "LocationNotAvailableForResourceGroup"
    : "LocationNotAvailableForResourceType";
  return failed(
    code,
    `The provided location '${sent.slice(0, 80)}' is not available for resource type '${type.type}'. List of available regions for the resource type is '${locationsOf(type).join(",")}'.`,
  );
}

const failed = (
  code: string,
  message: string,
): { readonly value: undefined; readonly problems: readonly Problem[] } => ({
  value: undefined,
  problems: [{ code, message, target: "location" }],
});

const isRegion = (location: string): boolean => regions.some(({ name }) => name === location);

/** Where a type can be, as names. */
export const locationsOf = (type: ResourceType): readonly string[] =>
  type.location === "regional" ? regions.map(({ name }) => name) : ["global"];
