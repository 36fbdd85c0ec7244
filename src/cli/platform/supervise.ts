/** Runs the platform's three processes on one data folder and says where they are found. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CliContext } from "../command.ts";
import { holdDataFolder } from "./hold-data-folder.ts";
import { keepProcess } from "./keep-process.ts";
import type { KeptProcess, Ready } from "./keep-process.ts";
import { removePlatformFile, writePlatformFile } from "./platform-file.ts";
import type { PlatformFile } from "./platform-file.ts";

export interface RunningPlatform {
  /** As it stands now: a process that was started again may have other ports. */
  readonly file: () => PlatformFile;
  /** Resolves with a sentence when a process died for good. */
  readonly gone: Promise<string>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts the platform on a data folder.
 *
 * @throws CodedError DataFolderInUse, DataFolderUnusable; ProcessFailed when a process does not start.
 */
export async function startPlatform(
  context: CliContext,
  options: { readonly data: string; readonly restart: boolean },
): Promise<RunningPlatform> {
  const held = holdDataFolder(options.data, context);
  const platform = new Platform(context, { ...options, sockets: held.sockets });
  const stop = async (): Promise<void> => {
    await platform.stop();
    held.release();
  };
  try {
    await platform.start();
    return { file: () => platform.file(), gone: platform.gone, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type ProcessName = "control" | "edge" | "fabric";

interface PlatformOptions {
  readonly data: string;
  readonly restart: boolean;
  readonly sockets: string;
}

/** The three processes while they run, and what each said of itself last. */
class Platform {
  readonly #context: CliContext;
  readonly #options: PlatformOptions;
  readonly #ports: RememberedPorts;
  readonly #kept = new Map<ProcessName, KeptProcess>();
  readonly #gone = Promise.withResolvers<string>();
  #ready: Ready = {};
  #isWhole = false;
  #fabricKnows = false;

  constructor(context: CliContext, options: PlatformOptions) {
    this.#context = context;
    this.#options = options;
    this.#ports = new RememberedPorts(join(options.data, "ports.json"));
  }

  get gone(): Promise<string> {
    return this.#gone.promise;
  }

  async start(): Promise<void> {
    const others = Promise.all([this.#keep("control").ready, this.#keep("edge").ready]);
    others.catch(() => {}); // It is awaited below; until then only the fabric waits for it.
    // The fabric loads beside the others, and is told where they listen once they do.
    const fabric = this.#keep("fabric", others).ready;
    await others;
    await fabric;
    this.#isWhole = true;
    this.#write();
  }

  async stop(): Promise<void> {
    this.#isWhole = false;
    removePlatformFile(this.#options.data);
    await Promise.all([...this.#kept.values()].toReversed().map((process) => process.stop()));
  }

  file(): PlatformFile {
    const { data, sockets } = this.#options;
    const text = (name: string): string => String(this.#ready[name]);
    return {
      version: 1,
      pid: this.#context.pid,
      processes: Object.fromEntries(
        [...this.#kept].flatMap(([name, kept]) => {
          const pid = kept.pid();
          return pid === undefined ? [] : [[name, pid]];
        }),
      ),
      arm: `https://localhost:${text("armPort")}`,
      portal: `http://127.0.0.1:${text("portalPort")}/`,
      portalToken: text("portalToken"),
      ca: text("ca"),
      credential: text("credential"),
      data,
      sockets,
      fabric: text("adminSocket"),
      metrics: `http://127.0.0.1:${text("metricsPort")}/metrics`,
      tenantId: text("tenantId"),
      subscriptionId: text("subscriptionId"),
    };
  }

  #write(): void {
    if (this.#isWhole) writePlatformFile(this.file());
  }

  #keep(name: ProcessName, told: Promise<unknown> = Promise.resolve()): KeptProcess {
    const { node, ...entries } = this.#context.entries;
    const { clock, environment, note } = this.#context;
    const process = keepProcess({
      name,
      node,
      entry: entries[name],
      config: () => told.then(() => this.#configOf(name)),
      environment,
      clock,
      restart: this.#options.restart,
      note,
      onReady: (ready) => this.#onReady(name, ready),
      onDied: () => this.#write(),
      onGone: this.#gone.resolve,
    });
    this.#kept.set(name, process);
    return process;
  }

  #configOf(name: ProcessName): Readonly<Record<string, unknown>> {
    const { data, sockets } = this.#options;
    if (name === "fabric") this.#fabricKnows = true;
    const ways =
      name === "fabric"
        ? { controlPort: this.#ready["armPort"], edgePort: this.#ready["publicPort"] }
        : {};
    return { data, sockets, ports: this.#ports.all, ...ways };
  }

  #onReady(name: ProcessName, ready: Ready): void {
    const before = this.#ready;
    this.#ready = { ...before, ...ready };
    this.#ports.remember(ready);
    this.#write();
    // The fabric was told where the others listen, if it was told already.
    const moved = ["armPort", "publicPort"].some((port) => before[port] !== this.#ready[port]);
    if (name !== "fabric" && moved && this.#fabricKnows) this.#kept.get("fabric")?.renew();
  }
}

/** The ports that were used last, so that a restart answers at the same addresses where they are free. */
class RememberedPorts {
  readonly #path: string;
  #ports: Readonly<Record<string, number>>;

  constructor(path: string) {
    this.#path = path;
    this.#ports = portsOf(read(path));
  }

  get all(): Readonly<Record<string, number>> {
    return this.#ports;
  }

  remember(ready: Ready): void {
    this.#ports = { ...this.#ports, ...portsOf(ready) };
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.#ports), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

/** The file's content; nothing where there is none that can be read: any free port will do. */
function read(path: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function portsOf(said: Readonly<Record<string, unknown>>): Readonly<Record<string, number>> {
  const ports = Object.entries(said).filter(
    (entry): entry is [string, number] => entry[0].endsWith("Port") && isPort(entry[1]),
  );
  return Object.fromEntries(ports);
}

const isPort = (value: unknown): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 1024 && value <= 65_535;
