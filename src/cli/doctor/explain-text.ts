/** `explain 'LOG LINE'`: what an error text means, and the check that finds its cause. Offline. */
import { CodedError } from "../../core/index.ts";
import { checks, explainLine, knownTexts } from "../../doctor/index.ts";
import type { KnownText } from "../../doctor/index.ts";
import type { CliContext } from "../command.ts";

/** Prints what is known of a text; 0 when something is, 1 when nothing is. */
export function printExplanation(
  text: string,
  format: string | undefined,
  { out }: CliContext,
): number {
  if (text.trim() === "") {
    throw new CodedError("WrongUse", "Give the text to explain, in quotes: explain 'LOG LINE'.");
  }
  const found = explainLine(text);
  if (format === "json") out(`${JSON.stringify({ known: found.map(asJson) })}\n`);
  else out(`${(found.length === 0 ? unknownLines : found.flatMap(linesOf)).join("\n")}\n`);
  return found.length === 0 ? 1 : 0;
}

const titleOf = (id: string): string => checks.find((check) => check.id === id)?.title ?? "";

const asJson = ({ fragments: _, example: __, checks: ids, ...known }: KnownText): object => ({
  ...known,
  checks: ids.map((id) => ({ id, title: titleOf(id), page: `docs/checks/${id}.md` })),
});

const kinds: Readonly<Record<KnownText["kind"], string>> = {
  cause: "speaks of the fault itself",
  symptom: "a symptom of another fault",
  refusal: "a request was refused; no state of the estate is at fault",
  passing: "no fault",
};

function linesOf({ id, kind, means, remedy, checks: ids, failures, source }: KnownText): readonly string[] {
  return [
    `${id} (${kinds[kind]})`,
    `  ${means}`,
    `  Do: ${remedy}`,
    ...ids.map((one, index) => `  ${index === 0 ? "Found by" : "   or by"} ${one}: ${titleOf(one)} (docs/checks/${one}.md)`),
    ...(failures.length === 0 ? [] : [`  See ${failures.join(", ")} in docs/failures.md.`]),
    `  Source: ${source}`,
  ];
}

const unknownLines: readonly string[] = [
  `This text is none of the ${knownTexts.length} that are known, so nothing is said about it.`,
  "`./linkscope check` looks for the cause without it; `./linkscope probe --emit sh` looks from inside.",
];
