/** A request's path as segments: slashes collapsed, each segment decoded once, nothing that could climb or hide. */
import { limits } from "../core/index.ts";
import type { Problem } from "../arm/index.ts";

export type ArmPath =
  | {
      readonly kind: "path";
      readonly segments: readonly string[];
      readonly lower: readonly string[];
    }
  | { readonly kind: "refused"; readonly problem: Problem };

/**
 * Takes the path apart. Duplicate slashes are collapsed before anything else: az sends `GET //subscriptions/…`, and
 * generic clients `…/Microsoft.Insights//privateLinkScopes/NAME`.
 *
 * Refused: `.` and `..` segments, encoded slashes, control characters, what does not decode, and ids with blanks.
 */
export function armPath(path: string): ArmPath {
  if (path.length > limits.armIdCharsMax) {
    return refused(`The path has ${path.length} characters; the limit is ${limits.armIdCharsMax}.`);
  }
  const segments: string[] = [];
  for (const raw of path.split("/")) {
    if (raw === "") continue;
    const segment = decode(raw);
    if (segment === undefined) return refused(`The path segment '${raw}' cannot be decoded.`);
    const problem = segmentProblem(segment);
    if (problem !== undefined) return refused(problem);
    segments.push(segment);
  }
  return { kind: "path", segments, lower: segments.map((segment) => segment.toLowerCase()) };
}

const refused = (message: string): ArmPath => ({
  kind: "refused",
  problem: { code: "InvalidRequestUri", message },
});

function decode(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

function segmentProblem(segment: string): string | undefined {
  if (segment === "." || segment === "..") {
    return `The path has a segment '${segment}'; a resource id has none. Send the path without it.`;
  }
  if (/[/\\\p{Cc}]/u.test(segment)) {
    return `The path segment ${JSON.stringify(segment)} has a slash, a backslash or a control character within it.`;
  }
  if (segment.length > limits.armNameCharsMax) {
    return `A path segment has ${segment.length} characters; the limit is ${limits.armNameCharsMax}.`;
  }
  const blank = segment.search(/\s/);
  return blank < 0
    ? undefined
    : `The path segment '${segment}' has a blank at character ${blank + 1}; resource ids have none. Remove it.`;
}
