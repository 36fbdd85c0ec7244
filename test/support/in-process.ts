/** Commands as they are typed, run in this process on a platform's data: a process of its own costs more than what most of them do. */
import { commands } from "../../src/cli/commands/index.ts";
import { runCli } from "../../src/cli/index.ts";
import { machineContext } from "../../src/bin/machine.ts";
import type { CommandResult } from "./command.ts";

/** Runs a command to its end. `onNote` is told all that it has noted so far, each time that it notes more. */
export async function runHere(
  data: string,
  words: readonly string[],
  onNote: (note: string) => void = () => undefined,
): Promise<CommandResult> {
  let out = "";
  let note = "";
  const code = await runCli(words, commands, {
    ...machineContext(new AbortController().signal),
    environment: { LINKSCOPE_DATA: data },
    columns: undefined,
    out: (text) => (out += text),
    note: (text) => {
      note += text;
      onNote(note);
    },
  });
  return { code, out, note };
}
