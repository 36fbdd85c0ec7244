/** Reads the estates and the cases of this folder. README.md specifies the language; what it does not know is an error with file and line. */
import { readdirSync, readFileSync } from "node:fs";
import { parseEstateLine, withLine, withoutLine } from "./estate-lines.ts";
import type { EstateLine } from "./estate-lines.ts";

/** A change of the resources after they are made: what no line can say. */
export interface Edit {
  readonly line: number;
  readonly verb: "delete" | "set" | "record" | "unread" | "probe";
  readonly words: readonly string[];
}

export interface DoctorCase {
  readonly name: string;
  readonly file: string;
  readonly failures: readonly string[];
  readonly estate: string;
  readonly lines: readonly EstateLine[];
  readonly edits: readonly Edit[];
  readonly expect: {
    readonly status: string;
    readonly check: string;
    /** How the root's subject ends. */
    readonly subject: string;
  };
  /** Checks of which a finding must be explained by the root. */
  readonly explains: readonly string[];
}

const here = new URL(".", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, here), "utf8");

/** Calls `take` with each line that says something; an error gets the file and the line's number. */
function eachLine(file: string, text: string, take: (line: string, at: number) => void): void {
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("//")) continue;
    try {
      take(line.trim(), index + 1);
    } catch (error) {
      throw new Error(`${file}:${index + 1}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** The healthy estates that cases begin from, by name. */
export function loadEstates(): ReadonlyMap<string, readonly EstateLine[]> {
  const estates = new Map<string, EstateLine[]>();
  let current: EstateLine[] | undefined;
  eachLine("healthy.estates", read("healthy.estates"), (line) => {
    if (line.startsWith("# ")) {
      current = [];
      estates.set(line.slice(2), current);
    } else if (current === undefined) throw new Error("an estate begins with '# '");
    else current.push(parseEstateLine(line));
  });
  return estates;
}

type Draft = { -readonly [Key in keyof DoctorCase]: DoctorCase[Key] } & { edits: Edit[] };

/** Every case of every `.case` file. @throws Error with file and line. */
export function loadCases(): readonly DoctorCase[] {
  const estates = loadEstates();
  const files = readdirSync(here).filter((file) => file.endsWith(".case"));
  return files.sort().flatMap((file) => parseCases(file, read(file), estates));
}

/** The cases of one file's text. @throws Error with file and line. */
export function parseCases(
  file: string,
  text: string,
  estates: ReadonlyMap<string, readonly EstateLine[]>,
): readonly DoctorCase[] {
  const drafts: Draft[] = [];
  eachLine(file, text, (line, at) => {
    if (line.startsWith("# ")) drafts.push(newDraft(file, line.slice(2)));
    else {
      const draft = drafts.at(-1);
      if (draft === undefined) throw new Error("a case begins with '# '");
      addLine(draft, line, { at, estates });
    }
  });
  for (const { name, expect, failures, estate } of drafts) {
    if (expect.check === "" || failures.length === 0 || estate === "") {
      throw new Error(`${file}: the case '${name}' lacks failure, estate or expect`);
    }
  }
  return drafts;
}

const newDraft = (file: string, name: string): Draft => ({
  name,
  file,
  failures: [],
  estate: "",
  lines: [],
  edits: [],
  expect: { status: "", check: "", subject: "" },
  explains: [],
});

function addLine(
  draft: Draft,
  line: string,
  {
    at,
    estates,
  }: { readonly at: number; readonly estates: ReadonlyMap<string, readonly EstateLine[]> },
): void {
  const [verb = "", ...words] = line.split(/ +/);
  switch (verb) {
    case "failure":
      draft.failures = words;
      return;
    case "estate": {
      const lines = estates.get(words.join(" "));
      if (lines === undefined) throw new Error(`there is no estate '${words.join(" ")}'`);
      draft.estate = words.join(" ");
      draft.lines = lines;
      return;
    }
    case "with":
      draft.lines = withLine(draft.lines, parseEstateLine(words.join(" ")));
      return;
    case "without":
      draft.lines = withoutLine(draft.lines, { kind: words[0] ?? "", name: words[1] ?? "" });
      return;
    case "expect":
      draft.expect = expected(words);
      return;
    case "explains":
      draft.explains = words;
      return;
    default:
      draft.edits.push({ line: at, verb: editVerb(verb), words });
  }
}

const editVerbs = ["delete", "set", "record", "unread", "probe"] as const;

function editVerb(word: string): Edit["verb"] {
  const verb = editVerbs.find((one) => one === word);
  if (verb === undefined) throw new Error(`'${word}' is no word of a case`);
  return verb;
}

const statuses = ["fail", "warn", "unknown", "waiting"];

function expected([
  status = "",
  check = "",
  subject = "",
]: readonly string[]): DoctorCase["expect"] {
  if (!statuses.includes(status)) throw new Error(`'${status}' is none of ${statuses.join(", ")}`);
  if (!/^LS\d{4}$/.test(check)) throw new Error(`'${check}' is no check`);
  if (subject === "") throw new Error("'expect STATUS CHECK SUBJECT' is meant");
  return { status, check, subject };
}
