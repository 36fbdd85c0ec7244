/**
 * The logs of a node's containers: the links in `containers/` of a folder, or in the folder itself where it has none. Each
 * must stay below the folder.
 */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { limits, messageOf } from "../../core/index.ts";
import { containerOf } from "./log-file-name.ts";
import type { LoggedContainer } from "./log-file-name.ts";

export interface FoundLog {
  /** The link's name: the tail's key. */
  readonly key: string;
  /** Where the link leads. */
  readonly path: string;
  readonly container: LoggedContainer;
}

export interface FolderScan {
  readonly logs: ReadonlyMap<string, FoundLog>;
  /** Names that are not followed, each with the reason; at most `REFUSED_MAX`. */
  readonly refused: readonly string[];
  /** Why the folder could not be listed. */
  readonly failure: string | undefined;
}

const REFUSED_MAX = 20;
const NAME_CHARS_MAX = 120;

/** Lists the logs. `known` are taken as they are: their links are not resolved again. */
export function scanLogFolder(folder: string, known: ReadonlyMap<string, FoundLog>): FolderScan {
  const below = join(folder, "containers");
  const containers = existsSync(below) ? below : folder;
  const logs = new Map<string, FoundLog>();
  const refused: string[] = [];
  const refuse = (name: string, why: string): void => {
    if (refused.length < REFUSED_MAX) {
      refused.push(`${JSON.stringify(name.slice(0, NAME_CHARS_MAX))} ${why}`);
    }
  };
  let names: readonly string[];
  let root: string;
  try {
    root = realpathSync(folder);
    names = readdirSync(containers);
  } catch (error) {
    return { logs: known, refused, failure: `${containers}: ${messageOf(error)}` };
  }
  for (const name of names) {
    if (!name.endsWith(".log")) continue;
    if (logs.size >= limits.logFilesMax) {
      refuse(name, `is beyond the limit of ${limits.logFilesMax} files`);
      continue;
    }
    const before = known.get(name);
    const found = before ?? resolveLog({ name, containers, root }, refuse);
    if (found !== undefined) logs.set(name, found);
  }
  return { logs, refused, failure: undefined };
}

function resolveLog(
  where: { readonly name: string; readonly containers: string; readonly root: string },
  refuse: (name: string, why: string) => void,
): FoundLog | undefined {
  const { name, containers, root } = where;
  const container = containerOf(name);
  if (container === undefined) {
    refuse(name, "is not named POD_NAMESPACE_CONTAINER-ID.log");
    return undefined;
  }
  let path: string;
  try {
    path = realpathSync(join(containers, name));
  } catch {
    // For a moment only, where a container comes or goes; for all of them, where the folder is mounted at another place.
    refuse(name, "leads nowhere: mount the node's folder where its links lead");
    return undefined;
  }
  if (!path.startsWith(`${root}${sep}`)) {
    refuse(name, `leads out of the folder, to ${JSON.stringify(path.slice(0, NAME_CHARS_MAX))}`);
    return undefined;
  }
  return { key: name, path, container };
}
