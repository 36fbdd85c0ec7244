/** Reads a file of suppressions: each names a check, perhaps a resource, a reason and the day on which it ends. */
import { idProblem, isObject, listAt } from "../arm/index.ts";
import type { Json } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { doctorError } from "./errors.ts";
import type { CheckId } from "./check.ts";
import type { Suppression } from "./suppressions.ts";

/**
 * Reads the text. docs/formats/suppressions.md has the format.
 *
 * @param known the ids of all checks: a suppression of one that is not there is a mistake.
 * @throws CodedError SuppressionsInvalid with the entry, the value and what there should be.
 */
export function readSuppressions(
  text: string,
  file: string,
  known: readonly CheckId[],
): readonly Suppression[] {
  const refuse = (says: string) => doctorError("SuppressionsInvalid", `${file}: ${says}`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw doctorError("SuppressionsInvalid", `${file} is no JSON.`, error);
  }
  if (!isObject(body) || !Array.isArray(body["suppressions"])) {
    throw refuse('there must be a list "suppressions".');
  }
  const list = listAt(body, "suppressions");
  if (list.length > limits.suppressionsMax) {
    throw refuse(`there are ${list.length}; the limit is ${limits.suppressionsMax}.`);
  }
  return list.map((entry, index) => {
    const read = suppression(entry, known);
    if (typeof read === "string") throw refuse(`suppressions[${index}]: ${read}`);
    return read;
  });
}

const fields: ReadonlySet<string> = new Set(["check", "resource", "reason", "expires"]);
const dayPattern = /^\d{4}-\d{2}-\d{2}$/;

function suppression(entry: Json, known: readonly CheckId[]): Suppression | string {
  if (!isObject(entry)) return "it must be an object.";
  const other = Object.keys(entry).find((name) => !fields.has(name));
  if (other !== undefined) return `it has no field "${other.slice(0, 40)}".`;
  const { resource, reason, expires } = entry;
  const check = known.find((id) => id === entry["check"]);
  if (check === undefined) return `"check" must be the id of a check, as ${known[0] ?? "LS0101"}.`;
  if (typeof reason !== "string" || reason.trim() === "") return '"reason" must say why.';
  if (typeof expires !== "string" || !dayPattern.test(expires)) {
    return '"expires" must be a day, as 2027-01-31.';
  }
  const expiresMs = Date.parse(`${expires}T00:00:00Z`);
  if (Number.isNaN(expiresMs)) return `"expires": there is no day ${expires}.`;
  if (resource === undefined) return { check, reason, expiresMs };
  const problem = idProblem(resource);
  if (problem !== undefined || typeof resource !== "string") return `"resource": ${problem}.`;
  return { check, resource, reason, expiresMs };
}
