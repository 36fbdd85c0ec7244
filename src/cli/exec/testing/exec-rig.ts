/** A fabric before a fake edge that speaks TLS, and `exec` in front of it with its output kept. */
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { EventEmitter } from "node:events";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock, systemRandom } from "../../../core/index.ts";
import { fabricRig } from "../../../network/testing/fabric-rig.ts";
import type { Arrival, FabricRig } from "../../../network/testing/fabric-rig.ts";
import { openAuthority } from "../../../tls/index.ts";
import type { Authority } from "../../../tls/index.ts";
import { runExec } from "../run-exec.ts";
import type { ExecOptions, Way } from "../run-exec.ts";
import type { Where } from "../admin-client.ts";

export interface ExecRig extends FabricRig {
  readonly run: (words: readonly string[], how: RunOptions) => Promise<RunResult>;
  readonly signals: EventEmitter;
}

export interface RunOptions extends Partial<Pick<ExecOptions, "quiet" | "platform" | "terminal">> {
  readonly way: Way;
  readonly where: Where;
  readonly input?: string;
}

export interface RunResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What `exec` itself said. */
  readonly notes: string;
}

/** Starts the rig. The edge answers each request with where it arrived, for which name, through which link. */
export async function execRig(
  test: TestContext,
  onArrival: (arrival: Arrival) => void = () => {},
): Promise<ExecRig> {
  const clock = systemClock();
  let serve = (_arrival: Arrival): void => {};
  const rig = await fabricRig(test, { clock, serve: (arrival) => serve(arrival) });
  const authority = await openAuthority({
    folder: join(rig.folder, "tls"),
    clock,
    random: systemRandom(),
  });
  serve = tlsEdge(authority, onArrival);
  const signals = new EventEmitter();
  let runs = 0;
  const run: ExecRig["run"] = async (words, how) => {
    runs += 1;
    const path = (name: string): string => join(rig.folder, `${runs}.${name}`);
    const read = (name: string): string => readFileSync(path(name), "utf8");
    writeFileSync(path("in"), how.input ?? "");
    const streams = [
      openSync(path("in"), "r"),
      openSync(path("out"), "w"),
      openSync(path("err"), "w"),
    ] as const;
    let notes = "";
    try {
      const code = await runExec({
        ...machine(),
        words,
        adminSocket: rig.fabric.adminSocket,
        caPem: authority.caPem,
        temporaryFolder: rig.folder,
        signals,
        stdio: streams,
        note: (text) => void (notes += text),
        ...how,
      });
      return { code, out: read("out"), err: read("err"), notes };
    } finally {
      for (const file of streams) closeSync(file);
    }
  };
  return { ...rig, run, signals };
}

/** What of the machine `exec` takes. */
const machine = () => ({
  environment: process.env,
  node: process.execPath,
  relay: fileURLToPath(new URL("../../../bin/relay.ts", import.meta.url)),
  platform: process.platform,
  userId: process.getuid?.() ?? 0,
  groupId: process.getgid?.() ?? 0,
  terminal: false,
  quiet: false,
});

/** Serves HTTPS on connections that have arrived, for any name. */
function tlsEdge(
  authority: Authority,
  onArrival: (arrival: Arrival) => void,
): (arrival: Arrival) => void {
  const arrivalOf = new WeakMap<object, Arrival>();
  const server = createServer(
    {
      SNICallback: (host, done) => {
        authority.secureContextFor(host).then(
          (context) => done(null, context),
          (error: Error) => done(error),
        );
      },
    },
    (request, response) => {
      const arrival = arrivalOf.get(request.socket);
      if (arrival !== undefined) onArrival(arrival);
      const link = arrival?.header?.linkId ?? "none";
      response.end(`${arrival?.at} ${request.headers.host} link=${link}\n`);
    },
  );
  return (arrival) => {
    server.once("secureConnection", (socket) => arrivalOf.set(socket, arrival));
    server.emit("connection", arrival.socket);
  };
}
