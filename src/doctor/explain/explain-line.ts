/** `explain 'LOG LINE'`: from an error text to the check that finds its cause. Reads nothing, asks nobody. */
import { limits } from "../../core/index.ts";
import { agentTexts } from "./agent-texts.ts";
import { clientTexts } from "./client-texts.ts";
import type { KnownText } from "./known-text.ts";
import { platformTexts } from "./platform-texts.ts";
import { toolTexts } from "./tool-texts.ts";

/** Every text that is known, with its source. */
export const knownTexts: readonly KnownText[] = [
  ...agentTexts,
  ...clientTexts,
  ...toolTexts,
  ...platformTexts,
];

/** What stands in a text of logs between its words: spaces of all kinds, colours, and no control character. */
const escapes = /\u001B\[[0-9;]*[A-Za-z]/g;
const blanks = /[\s\u0000-\u001F\u007F]+/g;

/**
 * The known texts that a line (or several) holds: the longest first, since it says most, and one for each cause.
 *
 * @param text bounded by `explainLineCharsMax`: what follows is not read.
 */
export function explainLine(text: string): readonly KnownText[] {
  const line = normal(text.slice(0, limits.explainLineCharsMax));
  const found = knownTexts.filter(({ fragments }) => holdsAll(line, fragments));
  const sorted = found.toSorted((a, b) => lengthOf(b) - lengthOf(a));
  // "ODS: 403" says what "ODS" would: a text whose words all stand in a longer one that was found adds nothing.
  return sorted.filter(
    (one, index) =>
      !sorted.slice(0, index).some((longer) => holdsAll(longer.fragments.join(" "), one.fragments)),
  );
}

/** The text as it is compared: lower case, one space between words, one kind of quotation mark, none after a colon that names a cause. */
const normal = (text: string): string =>
  text
    .replaceAll(escapes, "")
    .replaceAll(blanks, " ")
    .replaceAll(/[\u2018\u2019`]/g, "'")
    .toLowerCase()
    .replaceAll(": error resolving", ":error resolving");

function holdsAll(line: string, fragments: readonly string[]): boolean {
  let from = 0;
  for (const fragment of fragments) {
    const at = line.indexOf(fragment, from);
    if (at < 0) return false;
    from = at + fragment.length;
  }
  return true;
}

const lengthOf = ({ fragments }: KnownText): number => fragments.join(" ").length;
