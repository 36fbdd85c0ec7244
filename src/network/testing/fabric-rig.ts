/** A fabric on real sockets in front of a fake edge, which reads the PROXY header and answers in TLS or plain text. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { graphSource } from "../../arm/index.ts";
import type { Graph } from "../../arm/index.ts";
import { seededRandom } from "../../core/index.ts";
import type { Clock } from "../../core/index.ts";
import { json } from "../../http/index.ts";
import { decodeProxyHeader } from "../../wire/index.ts";
import type { ProxyAddresses } from "../../wire/index.ts";
import { createFabric } from "../fabric.ts";
import type { Fabric } from "../fabric.ts";
import type { FabricAccess } from "../gateway.ts";
import type { IdentityTokenRequest } from "../identity-endpoint.ts";
import { estate } from "./estate.ts";

/** A connection that reached the fake edge or control; `header` is that of a private endpoint. */
export interface Arrival {
  readonly at: "private" | "edge" | "control";
  readonly header: ProxyAddresses | undefined;
  readonly socket: Socket;
}

export interface FabricRig {
  readonly fabric: Fabric;
  readonly folder: string;
  readonly publish: (graph: Graph) => void;
  readonly arrivals: Arrival[];
  readonly accesses: FabricAccess[];
  readonly tokenRequests: IdentityTokenRequest[];
  readonly failures: unknown[];
}

export interface RigOptions {
  readonly graph?: Graph;
  readonly clock: Clock;
  /** Serves a connection behind its header; by default it sends back what comes. */
  readonly serve?: (arrival: Arrival) => void;
  /** Whether anything listens behind the endpoints. */
  readonly edge?: boolean;
  readonly gatewayPort?: number;
  /** The name of the sockets' folder. */
  readonly socketFolder?: string;
}

const echo = ({ socket }: Arrival): void => void socket.pipe(socket);

/** Starts a fabric with all around it; everything ends with the test. */
export async function fabricRig(test: TestContext, options: RigOptions): Promise<FabricRig> {
  const folder = mkdtempSync(join(tmpdir(), "ls-net-"));
  const arrivals: Arrival[] = [];
  const accesses: FabricAccess[] = [];
  const tokenRequests: IdentityTokenRequest[] = [];
  const failures: unknown[] = [];
  const serve = options.serve ?? echo;
  const arrive = (at: Arrival["at"], socket: Socket, header?: ProxyAddresses): void => {
    const arrival = { at, header, socket };
    socket.on("error", () => {});
    arrivals.push(arrival);
    serve(arrival);
  };
  const privateSocket = join(folder, "e", "edge.sock");
  mkdirSync(join(folder, "e"), { mode: 0o700 });
  const servers: Server[] = [];
  const listening = async (take: (socket: Socket) => void, path?: string): Promise<number> => {
    const server = createServer({ allowHalfOpen: true }, take);
    servers.push(server);
    await new Promise<void>((done) => {
      if (path === undefined) server.listen(0, "127.0.0.1", done);
      else server.listen(path, done);
    });
    return path === undefined ? (server.address() as AddressInfo).port : 0;
  };
  const edgePort = await listening((socket) => arrive("edge", socket));
  const controlPort = await listening((socket) => arrive("control", socket));
  if (options.edge !== false) {
    await listening(
      (socket) => readHeader(socket, (header) => arrive("private", socket, header)),
      privateSocket,
    );
  }
  const source = graphSource({
    graph: options.graph ?? estate(),
    jwks: { keys: [] },
    tenantId: "00000000-0000-0000-0000-00000000000a",
  });
  let fabric: Fabric | undefined;
  test.after(async () => {
    await fabric?.close();
    for (const { socket } of arrivals) socket.destroy();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  fabric = await createFabric({
    source,
    folder: join(folder, options.socketFolder ?? "s"),
    linkTablePath: join(folder, "links.json"),
    edge: { privateSocket, publicAddress: { host: "127.0.0.1", port: edgePort } },
    control: { address: { host: "127.0.0.1", port: controlPort } },
    identityToken: (request) => {
      tokenRequests.push(request);
      return Promise.resolve(json(200, { access_token: "t", resource: request.resource }));
    },
    clock: options.clock,
    random: seededRandom(7),
    accessLog: (access) => void accesses.push(access),
    onFailure: (error) => void failures.push(error),
    gatewayPort: options.gatewayPort ?? 0,
  });
  const publish = (graph: Graph): void => source.publish({ ...source.current(), graph });
  return { fabric, folder, publish, arrivals, accesses, tokenRequests, failures };
}

/** Reads the header as the edge does, and leaves the rest to be read. */
function readHeader(socket: Socket, done: (header: ProxyAddresses | undefined) => void): void {
  let held: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk]);
    const decoded = decodeProxyHeader(held);
    if (decoded.kind === "incomplete") return;
    socket.off("data", onData);
    socket.pause();
    if (decoded.kind === "invalid") return void socket.destroy();
    if (held.length > decoded.length) socket.unshift(held.subarray(decoded.length));
    done(decoded.addresses);
  };
  socket.on("error", () => {});
  socket.on("data", onData);
}
