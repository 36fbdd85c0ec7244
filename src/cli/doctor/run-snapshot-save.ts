/** `snapshot save`: reads the facts and writes the file. */
import { writeFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { CodedError, messageOf } from "../../core/index.ts";
import { loadRole, redacted, snapshotText } from "../../snapshot/index.ts";
import type { Snapshot } from "../../snapshot/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { openSource, snapshotFrom } from "./sources.ts";

/** Runs `snapshot save` and answers with its exit code. */
export async function runSnapshotSave(input: CommandInput, context: CliContext): Promise<number> {
  if (input.flag("print-role")) {
    const { roleDefinition } = await loadRole();
    context.out(roleDefinition());
    return 0;
  }
  const [file] = input.words;
  if (file === undefined) {
    throw new CodedError("WrongUse", "Say where to save: FILE, or - for the standard output.");
  }
  const open = await openSource(input, context);
  try {
    const clusters = await open.clusterIds(input.text("cluster"));
    const taken = await snapshotFrom(open, clusters, context);
    const addresses = input.flag("redact-addresses");
    const snapshot = input.flag("redact") || addresses ? redacted(taken, { addresses }) : taken;
    const text = snapshotText(snapshot);
    if (file === "-") context.out(text);
    else {
      const path = isAbsolute(file) ? file : resolve(context.workingFolder, file);
      save(path, file, text);
    }
    context.note(savedText(snapshot, file));
    return 0;
  } finally {
    open.close();
  }
}

function save(path: string, file: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    throw new CodedError("WrongUse", `${file} cannot be written: ${messageOf(error)}`);
  }
}

function savedText({ resources, record }: Snapshot, file: string): string {
  const refused = record.unread.length;
  const where = file === "-" ? "" : ` in ${file}`;
  const unread =
    refused === 0
      ? ""
      : ` ${refused} ${refused === 1 ? "read was" : "reads were"} refused and ${refused === 1 ? "is" : "are"} noted as unknown.`;
  return `${resources.length} resources are saved${where}.${unread}\n`;
}
