/** platform.json: where a running platform is found, kept in its data folder; and the lock that one `up` holds. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { CodedError } from "../../core/index.ts";
import type { CliContext, CommandInput } from "../command.ts";

/** What `up` says of the platform that it runs. Readable by its owner only. */
export interface PlatformFile {
  readonly version: 1;
  readonly pid: number;
  /** `https://localhost:PORT`, Azure Resource Manager and sign-in. */
  readonly arm: string;
  readonly portal: string;
  /** The local CA's certificate, PEM. */
  readonly ca: string;
  /** The bootstrap credential: a 0600 file with tenant, client id and secret. */
  readonly credential: string;
  readonly data: string;
  /** The folder with the platform's Unix sockets. */
  readonly sockets: string;
  /** The fabric's administration socket. */
  readonly fabric: string;
  /** The platform's own metrics in Prometheus text form. */
  readonly metrics: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
}

/** The data folder: `--data`, else LINKSCOPE_DATA, else `.linkscope` here. */
export function dataFolder(input: CommandInput, context: CliContext): string {
  const named = input.text("data") ?? context.environment["LINKSCOPE_DATA"] ?? ".linkscope";
  return isAbsolute(named) ? named : resolve(context.workingFolder, named);
}

const fileOf = (data: string): string => join(data, "platform.json");

/** Writes platform.json whole or not at all. */
export function writePlatformFile(platform: PlatformFile): void {
  const path = fileOf(platform.data);
  writeFileSync(`${path}.new`, `${JSON.stringify(platform, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function removePlatformFile(data: string): void {
  rmSync(fileOf(data), { force: true });
}

/**
 * The platform that runs on a data folder.
 *
 * @throws CodedError NoPlatform when none does.
 */
export function readPlatformFile(data: string): PlatformFile {
  const path = fileOf(data);
  if (existsSync(path)) {
    const platform = JSON.parse(readFileSync(path, "utf8")) as PlatformFile;
    if (isAlive(platform.pid)) return platform;
  }
  throw new CodedError(
    "NoPlatform",
    `No platform runs on ${data}. Start one with \`./linkscope up\` or \`npm start\`, or name its folder with --data or LINKSCOPE_DATA.`,
  );
}

/** Takes the data folder for one `up`; undefined when another process holds it. The folder is made, 0700. */
export function lockDataFolder(data: string, pid: number): (() => void) | undefined {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const path = join(data, "lock");
  for (let tries = 0; tries < 2; tries++) {
    try {
      const file = openSync(path, "wx", 0o600);
      writeSync(file, String(pid));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch {
      if (isAlive(lockHolder(data) ?? 0)) return undefined;
      rmSync(path, { force: true });
    }
  }
  return undefined;
}

/** Whether no living process holds the data folder. */
export const isDataFolderFree = (data: string): boolean => !isAlive(lockHolder(data) ?? 0);

/** The process that holds a data folder's lock, alive or not. */
export function lockHolder(data: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(data, "lock"), "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
