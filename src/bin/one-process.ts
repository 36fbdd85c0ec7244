/** The whole platform in one process: control, edge and fabric over one graph in memory, on free ports. For tests. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Random } from "../core/index.ts";
import { composeControl } from "./compose-control.ts";
import { composeEdge } from "./compose-edge.ts";
import { composeFabric } from "./compose-fabric.ts";
import type { StartedPart } from "./platform-process.ts";

export interface OneProcessOptions {
  /** The data folder: made when missing, and left where it is by `close`, so that a second start finds it. */
  readonly folder: string;
  /** TLS judges certificates by the machine's time: a clock far from it gives a platform that clients do not trust. */
  readonly clock: Clock;
  readonly random: Random;
  readonly note: (text: string) => void;
  /** Where the folder of Unix sockets is made; the machine's where absent. Short: a socket's path has 107 bytes at most. */
  readonly temporaryFolder?: string;
}

/** The bootstrap credential, which owns the subscription. */
export interface OneProcessCredential {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly objectId: string;
  readonly clientSecret: string;
}

/** A running platform, as its clients find it. Resources are made through ARM, as everywhere. */
export interface OneProcess {
  /** `https://localhost:PORT`: Azure Resource Manager and sign-in. */
  readonly arm: string;
  readonly caPem: string;
  readonly caPath: string;
  readonly credential: OneProcessCredential;
  /** The fabric's administration socket, at which sessions begin. */
  readonly adminSocket: string;
  readonly ports: {
    readonly arm: number;
    readonly portal: number;
    /** The edge's public listener. */
    readonly edge: number;
    readonly metrics: number;
    readonly gateway: number;
  };
  /** Ends every part, the last one started first, and removes the sockets. */
  readonly close: () => Promise<void>;
}

/** Unix sockets take paths of at most 107 bytes: a long TMPDIR is passed over, as in `machine.ts`. */
const SOCKET_FOLDER_CHARS_MAX = 60;
const machineFolder = (): string =>
  tmpdir().length <= SOCKET_FOLDER_CHARS_MAX ? tmpdir() : "/tmp";

/**
 * Starts control, then the edge and the fabric over control's own graph; what a process of each would do, without its
 * feed. A part that does not start ends those before it.
 *
 * @throws CodedError of the parts, such as KeyFileExposed or StateCorrupt.
 */
export async function startOneProcess(options: OneProcessOptions): Promise<OneProcess> {
  const { folder: data } = options;
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const sockets = mkdtempSync(join(options.temporaryFolder ?? machineFolder(), "linkscope-"));
  const parts: StartedPart[] = [];
  const close = async (): Promise<void> => {
    for (const part of parts.splice(0).toReversed()) await part.close();
    rmSync(sockets, { recursive: true, force: true });
  };
  try {
    const config = { data, sockets, ports: {} };
    const control = await composeControl(config, options);
    parts.push(control);
    const following = { ...options, source: control.source };
    const edge = await composeEdge(config, following);
    parts.push(edge);
    const controlPort = numberIn(control, "armPort");
    const edgePort = numberIn(edge, "publicPort");
    const fabric = await composeFabric({ ...config, controlPort, edgePort }, following);
    parts.push(fabric);
    const caPath = textIn(control, "ca");
    return {
      arm: `https://localhost:${controlPort}`,
      caPath,
      caPem: readFileSync(caPath, "utf8"),
      credential: JSON.parse(
        readFileSync(textIn(control, "credential"), "utf8"),
      ) as OneProcessCredential,
      adminSocket: textIn(fabric, "adminSocket"),
      ports: {
        arm: controlPort,
        portal: numberIn(control, "portalPort"),
        edge: edgePort,
        metrics: numberIn(edge, "metricsPort"),
        gateway: numberIn(fabric, "gatewayPort"),
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const numberIn = ({ ready }: StartedPart, name: string): number => Number(ready[name]);
const textIn = ({ ready }: StartedPart, name: string): string => String(ready[name]);
