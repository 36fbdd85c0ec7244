/** How a translation stops inside: with one problem, caught once by `translate.ts`, and never seen outside this folder. */
import type { KqlProblem } from "./seams.ts";
import type { KustoNode } from "./kusto-library.ts";

export class KqlRefused extends Error {
  readonly problem: KqlProblem;

  constructor(problem: KqlProblem) {
    super(problem.says);
    this.name = "KqlRefused";
    this.problem = problem;
  }
}

/** Where a problem stands in the text. */
export type Place = Pick<KustoNode, "TextStart" | "Width">;

/** Right KQL that is refused by name. @throws KqlRefused always */
export function unsupported(place: Place, construct: string, remedy = ""): never {
  throw new KqlRefused({
    kind: "unsupported",
    code: "KqlNotSupported",
    says: `${construct} is not supported here${remedy === "" ? "." : `; ${remedy}.`}`,
    start: place.TextStart,
    length: place.Width,
  });
}

/** What the analysis lets pass and the language's own engine does not. @throws KqlRefused always */
export function mistaken(place: Place, says: string): never {
  throw new KqlRefused({
    kind: "semantic",
    code: "KqlInvalid",
    says,
    start: place.TextStart,
    length: place.Width,
  });
}
