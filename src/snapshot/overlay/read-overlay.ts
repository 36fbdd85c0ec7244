/** Reads what `--with` names: a template, a list of resources, a plan of Terraform, or a probe's fragment. */
import { isObject, listAt, parseId, stringAt } from "../../arm/index.ts";
import type { JsonObject } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import { looksLikeFragment, readFragment } from "../fragment-lines.ts";
import { snapshotError } from "../errors.ts";
import type { ProbeFragment } from "../fragment.ts";
import { isTemplate, resourcesOverlay, templateOverlay } from "./arm-template.ts";
import type { TemplatePlace } from "./arm-template.ts";
import type { Overlay } from "./overlay.ts";
import { isPlan, planOverlay } from "./terraform-plan.ts";

export type Laid =
  | { readonly kind: "fragment"; readonly fragment: ProbeFragment }
  | { readonly kind: "overlay"; readonly overlay: Overlay };

/**
 * Reads one file of `--with`.
 *
 * @param place the group that a template goes to; a plan takes its subscription for what it is going to make.
 * @throws CodedError OverlayInvalid, FragmentInvalid, FileTooLarge.
 */
export function readOverlay(text: string, file: string, place: TemplatePlace): Laid {
  if (text.length > limits.overlayBytesMax) {
    const says = `${file} has ${text.length} bytes; the limit is ${limits.overlayBytesMax}.`;
    throw snapshotError("FileTooLarge", says);
  }
  if (looksLikeFragment(text)) return { kind: "fragment", fragment: readFragment(text, file) };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    const says = `${file} is neither JSON nor a probe's fragment.`;
    throw snapshotError("OverlayInvalid", says, error);
  }
  return { kind: "overlay", overlay: overlayOf(body, file, place) };
}

function overlayOf(body: unknown, file: string, place: TemplatePlace): Overlay {
  if (Array.isArray(body)) return resourcesOverlay(body.filter(isObject));
  if (isObject(body)) {
    if (isTemplate(body)) return templateOverlay(body, place);
    if (isPlan(body)) return planOverlay(body, subscriptionOf(place));
    if (Array.isArray(body["value"])) return resourcesOverlay(listAt(body, "value"));
    if (isResource(body)) return resourcesOverlay([body]);
  }
  throw snapshotError(
    "OverlayInvalid",
    `${file} is no ARM template (no $schema of one), no list of resources with ids, and no plan of Terraform (no resource_changes).`,
  );
}

const isResource = (body: JsonObject): boolean =>
  parseId(stringAt(body, "id") ?? "") !== undefined && isObject(body["properties"]);

const subscriptionOf = ({ groupId }: TemplatePlace): string =>
  groupId.split("/").slice(0, 3).join("/");
