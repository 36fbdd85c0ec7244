/** Reads the cases of this folder: README.md says what they are. */

export interface Section {
  readonly kind: "given" | "ask" | "expect";
  /** The rest of the section's line. */
  readonly text: string;
  readonly lines: readonly string[];
}

export interface ScrapeCase {
  readonly name: string;
  readonly given: Section;
  readonly sections: readonly Section[];
}

/** @throws Error with file and line where the text is no case. */
export function parseCases(text: string, file: string): readonly ScrapeCase[] {
  const cases: { name: string; sections: { kind: string; text: string; lines: string[] }[] }[] = [];
  text.split("\n").forEach((line, index) => {
    const wrong = (says: string): Error => new Error(`${file}:${index + 1}: ${says}`);
    const current = cases.at(-1);
    const section = current?.sections.at(-1);
    if (line.startsWith("# ")) cases.push({ name: line.slice(2), sections: [] });
    else if (line.startsWith("  ")) {
      if (section === undefined || section.kind === "ask") throw wrong("nothing takes this line");
      section.lines.push(line.slice(2));
    } else if (line === "" || line.startsWith("//")) return;
    else {
      const [, kind = "", rest = ""] = /^(given|ask|expect) (?:labels ?)?(.*)$/.exec(line) ?? [];
      if (kind === "" || current === undefined) throw wrong(`'${line}' is no section`);
      current.sections.push({ kind, text: rest, lines: [] });
    }
  });
  return cases.map(({ name, sections }) => {
    const [given, ...rest] = sections as readonly Section[];
    if (given?.kind !== "given" || rest.every(({ kind }) => kind !== "expect")) {
      throw new Error(`${file}: '${name}' needs a given and an expect`);
    }
    return { name, given, sections: rest };
  });
}
