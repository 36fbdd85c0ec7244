/** The shape of a scalar function's entry: what it takes, what it gives, and its SQL. */
import type { LogColumnType } from "../core/index.ts";
import type { SqlParameter } from "./seams.ts";
import { mistaken, unsupported } from "./refused.ts";
import type { Place } from "./refused.ts";
import type { SqlExpression } from "./sql.ts";
import { typed } from "./typed.ts";
import type { Typed } from "./typed.ts";
import { widened } from "./comparisons.ts";
import { isNumber } from "./typed.ts";

/** A parameter's type. `any` takes every type as it is, `number` an int, a long or a real. */
export type Takes = LogColumnType | "any" | "number";

export interface CallSite {
  readonly name: string;
  readonly place: Place;
  /** The arguments' own places, for problems that one of them has. */
  readonly places: readonly Place[];
  readonly now: SqlParameter;
  /** What the analysis says that the call gives. */
  readonly gives: string;
}

export interface ScalarFunction {
  readonly takes: readonly Takes[];
  /** How many of `takes`, from its end, may be left out. */
  readonly optional?: number;
  /** What any further arguments are. */
  readonly rest?: Takes;
  /** The types are as `takes` wants them; a string's null is already an empty one. */
  readonly apply: (args: readonly Typed[], site: CallSite) => Typed;
}

/** An entry whose type and SQL follow from its arguments alone. */
export const plainFunction = (
  takes: readonly Takes[],
  gives: LogColumnType,
  sql: (...args: readonly SqlExpression[]) => SqlExpression,
): ScalarFunction => ({
  takes,
  apply: (args) => typed(gives, sql(...args.map((each) => each.sql))),
});

/** Checks and converts the arguments, then applies. @throws KqlRefused for a wrong number or type */
export function applyFunction(
  entry: ScalarFunction,
  args: readonly Typed[],
  site: CallSite,
): Typed {
  const least = entry.takes.length - (entry.optional ?? 0);
  if (args.length < least || (args.length > entry.takes.length && entry.rest === undefined)) {
    mistaken(site.place, `${site.name}() cannot take ${args.length} arguments.`);
  }
  const taken = args.map((each, index): Typed => {
    const takes = entry.takes[index] ?? entry.rest ?? "any";
    const place = site.places[index] ?? site.place;
    return converted(each, takes, place, site.name);
  });
  return entry.apply(taken, site);
}

function converted(of: Typed, takes: Takes, place: Place, name: string): Typed {
  if (takes === "any") return of;
  if (takes === "number") {
    if (isNumber(of.type)) return of;
    if (of.type === "dynamic") return typed("real", widened(of, "real", place, `${name}()`));
    return mistaken(place, `${name}() takes a number, not a value of type ${of.type}.`);
  }
  const { literal } = of;
  return {
    type: takes,
    sql: widened(of, takes, place, `${name}()`),
    ...(literal === undefined ? {} : { literal }),
  };
}

/** An argument that must be a string written in the query. @throws KqlRefused where it is computed */
export function literalText(args: readonly Typed[], index: number, site: CallSite): string {
  const { literal } = args[index] ?? {};
  if (literal !== undefined) return literal;
  return unsupported(
    site.places[index] ?? site.place,
    `${site.name}() with an argument ${index + 1} that is no literal`,
    "write it as a string",
  );
}
