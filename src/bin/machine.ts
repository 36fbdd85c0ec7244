/** This machine as the commands' context: clock, randomness, environment, terminal, paths. */
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { systemClock, systemRandom } from "../core/index.ts";
import type { CliContext } from "../cli/index.ts";
import { lockFile } from "./file-lock.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Unix sockets take paths of at most 107 bytes: a long TMPDIR is passed over. */
const SOCKET_FOLDER_CHARS_MAX = 60;

export function machineContext(stopped: AbortSignal): CliContext {
  const folder = tmpdir();
  return {
    clock: systemClock(),
    random: systemRandom(),
    environment: process.env,
    workingFolder: process.cwd(),
    temporaryFolder: folder.length <= SOCKET_FOLDER_CHARS_MAX ? folder : "/tmp",
    entries: {
      node: process.execPath,
      control: here("./control.ts"),
      edge: here("./edge.ts"),
      fabric: here("./fabric.ts"),
      relay: here("./relay.ts"),
      cli: here("./linkscope.ts"),
      examples: here("../../examples"),
    },
    out: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    pid: process.pid,
    lockFile,
    terminal: {
      signals: process,
      isTerminal: process.stdin.isTTY,
      platform: process.platform,
      userId: process.getuid?.() ?? -1,
      groupId: process.getgid?.() ?? -1,
    },
    stopped,
  };
}
