/** Runs the platform's three processes on one data folder and says where they are found. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "../../core/index.ts";
import type { CliContext } from "../command.ts";
import { keepProcess } from "./keep-process.ts";
import type { KeepOptions, KeptProcess, Ready } from "./keep-process.ts";
import {
  lockDataFolder,
  lockHolder,
  removePlatformFile,
  writePlatformFile,
} from "./platform-file.ts";
import type { PlatformFile } from "./platform-file.ts";

export interface RunningPlatform {
  readonly file: PlatformFile;
  readonly pids: () => Readonly<Record<string, number | undefined>>;
  /** Resolves with a sentence when a process died for good. */
  readonly gone: Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Ports that were used last, so that a restart answers at the same addresses where they are free. */
type Ports = Readonly<Record<string, number>>;

/**
 * Starts the platform on a data folder.
 *
 * @throws CodedError DataFolderInUse when another process holds the folder; ProcessFailed when one does not start.
 */
export async function startPlatform(
  context: CliContext,
  options: { readonly data: string; readonly restart: boolean },
): Promise<RunningPlatform> {
  const { data } = options;
  const unlock = lockDataFolder(data, context.pid);
  if (unlock === undefined) {
    throw new CodedError(
      "DataFolderInUse",
      `The data folder ${data} is in use by process ${lockHolder(data) ?? "unknown"}. Name another with --data or LINKSCOPE_DATA, or stop that platform.`,
    );
  }
  const sockets = mkdtempSync(join(context.temporaryFolder, "linkscope-"));
  chmodSync(sockets, 0o700);
  const gone = Promise.withResolvers<string>();
  const kept: KeptProcess[] = [];
  const stop = async (): Promise<void> => {
    removePlatformFile(data);
    await Promise.all(kept.toReversed().map((process) => process.stop()));
    rmSync(sockets, { recursive: true, force: true });
    unlock();
  };
  try {
    const keep = keeper(context, { ...options, sockets, gone: gone.resolve, kept });
    const control = keep("control", context.entries.control, () => ({}));
    const edge = keep("edge", context.entries.edge, () => ({}));
    const [atControl, atEdge] = await Promise.all([control.ready, edge.ready]);
    const fabric = keep("fabric", context.entries.fabric, () => ({
      controlPort: atControl["armPort"],
      edgePort: atEdge["publicPort"],
    }));
    const atFabric = await fabric.ready;
    const file = platformFile({ data, sockets, pid: context.pid }, atControl, {
      ...atEdge,
      ...atFabric,
    });
    writePlatformFile(file);
    const names = ["control", "edge", "fabric"];
    const pids = (): Record<string, number | undefined> =>
      Object.fromEntries(names.map((name, index) => [name, kept[index]?.pid()]));
    return { file, pids, gone: gone.promise, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface KeeperOptions {
  readonly data: string;
  readonly restart: boolean;
  readonly sockets: string;
  readonly gone: (says: string) => void;
  readonly kept: KeptProcess[];
}

function keeper(context: CliContext, options: KeeperOptions) {
  const portsPath = join(options.data, "ports.json");
  const remembered: Ports = existsSync(portsPath)
    ? (JSON.parse(readFileSync(portsPath, "utf8")) as Ports)
    : {};
  const used: Record<string, number> = {};
  return (
    name: string,
    entry: string,
    extra: () => Readonly<Record<string, unknown>>,
  ): KeptProcess => {
    const config: KeepOptions["config"] = (last) => ({
      data: options.data,
      sockets: options.sockets,
      ports: { ...remembered, ...portsOf(last ?? {}) },
      ...extra(),
    });
    const process = keepProcess({
      name,
      node: context.entries.node,
      entry,
      config,
      environment: context.environment,
      clock: context.clock,
      restart: options.restart,
      note: context.note,
      onGone: options.gone,
    });
    options.kept.push(process);
    process.ready.then(
      (ready) => {
        Object.assign(used, portsOf(ready));
        writeFileSync(portsPath, JSON.stringify(used), { mode: 0o600 });
      },
      () => {},
    );
    return process;
  };
}

const portsOf = (ready: Ready): Ports =>
  Object.fromEntries(
    Object.entries(ready).flatMap(([name, value]) =>
      name.endsWith("Port") && typeof value === "number" ? [[name, value]] : [],
    ),
  );

function platformFile(
  where: { readonly data: string; readonly sockets: string; readonly pid: number },
  control: Ready,
  others: Ready,
): PlatformFile {
  const text = (from: Ready, name: string): string => String(from[name]);
  return {
    version: 1,
    pid: where.pid,
    arm: `https://localhost:${text(control, "armPort")}`,
    portal: `http://127.0.0.1:${text(control, "portalPort")}/`,
    ca: text(control, "ca"),
    credential: text(control, "credential"),
    data: where.data,
    sockets: where.sockets,
    fabric: text(others, "adminSocket"),
    metrics: `http://127.0.0.1:${text(others, "metricsPort")}/metrics`,
    tenantId: text(control, "tenantId"),
    subscriptionId: text(control, "subscriptionId"),
  };
}
