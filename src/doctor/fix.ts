/** What mends a finding: a command as the words it is made of, quoted for a shell by one function; or a step in words. */

export interface Fix {
  /** What it does, in one sentence. */
  readonly says: string;
  /** The command's words, the program first; absent where no command does it. */
  readonly argv?: readonly string[];
}

/** A command that mends. */
export const command = (says: string, ...argv: readonly string[]): Fix => ({ says, argv });
/** A step that no command does. */
export const step = (says: string): Fix => ({ says });

const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * A command line of a POSIX shell: each word as it is where it has only harmless characters, else in single quotes.
 * Names are not to be trusted: control characters, which a terminal would act on, are shown as `?`.
 */
export const shellLine = (argv: readonly string[]): string => argv.map(shellWord).join(" ");

function shellWord(word: string): string {
  const shown = word.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?");
  return plain.test(shown) ? shown : `'${shown.replaceAll("'", String.raw`'\''`)}'`;
}
