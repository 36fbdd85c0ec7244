/** platform.json: where a running platform is found, kept in its data folder. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { CodedError } from "../../core/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { isDataFolderHeld } from "./hold-data-folder.ts";

/** What `up` says of the platform that it runs. Readable by its owner only. */
export interface PlatformFile {
  readonly version: 1;
  readonly pid: number;
  /** The ids of control, edge and fabric as they run now; one that is being started again is absent. */
  readonly processes: Readonly<Record<string, number>>;
  /** `https://localhost:PORT`, Azure Resource Manager and sign-in. */
  readonly arm: string;
  /** `http://127.0.0.1:PORT/`: the portal, without the token that opens it. */
  readonly portal: string;
  /** The 0600 file of the portal's token. */
  readonly portalToken: string;
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

/** The address that opens the portal: the token stands after the #, which browsers keep to themselves. */
export const portalAddress = ({ portal, portalToken }: PlatformFile): string =>
  `${portal}#${readFileSync(portalToken, "utf8").trim()}`;

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
export function readPlatformFile(
  data: string,
  context: Pick<CliContext, "lockFile">,
): PlatformFile {
  const platform = existsSync(fileOf(data))
    ? parsed(readFileSync(fileOf(data), "utf8"))
    : undefined;
  // A platform that was killed leaves its file behind.
  if (platform !== undefined && isDataFolderHeld(data, context)) return platform;
  throw new CodedError(
    "NoPlatform",
    `No platform runs on ${data}. Start one with \`./linkscope up\` or \`npm start\`, or name its folder with --data or LINKSCOPE_DATA.`,
  );
}

function parsed(text: string): PlatformFile | undefined {
  try {
    const platform = JSON.parse(text) as PlatformFile | null;
    return platform?.version === 1 ? platform : undefined;
  } catch {
    return undefined;
  }
}
