/** The page of a check: bundled with the tool, so that it is there without a network. */
import { existsSync, readFileSync } from "node:fs";
import { CodedError } from "../../core/index.ts";
import { checks } from "../../doctor/index.ts";
import type { CliContext } from "../command.ts";

/** Whether a word is the id of a check, of any spelling. */
export const isCheckId = (word: string): boolean => /^ls\d{4}$/i.test(word);

/** Prints the page `docs/checks/LSnnnn.md`. */
export function printHint(word: string, { out }: CliContext): number {
  const check = checks.find(({ id }) => id === word.toUpperCase());
  if (check === undefined) {
    const says = `There is no check '${word}'. Checks are ${checks.map(({ id }) => id).join(", ")}.`;
    throw new CodedError("NameNotFound", says);
  }
  const page = new URL(`../../../docs/checks/${check.id}.md`, import.meta.url);
  out(existsSync(page) ? readFileSync(page, "utf8") : `${check.id}: ${check.title}\n`);
  return 0;
}
