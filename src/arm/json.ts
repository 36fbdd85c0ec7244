/** JSON values as ARM keeps them. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads `value.a.b` safely: undefined where a step is missing or no object. Own properties only. */
export function at(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (typeof step === "number") {
      here = Array.isArray(here) ? (here as readonly Json[])[step] : undefined;
    } else {
      here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined;
    }
  }
  return here;
}

/** Reads a string at a path, or undefined. */
export function stringAt(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

/** Reads a list at a path; empty where there is none. */
export function listAt(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): readonly Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? (found as readonly Json[]) : [];
}
