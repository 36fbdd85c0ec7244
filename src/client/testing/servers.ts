/** For tests of the clients: an HTTPS server whose certificate verifies, a CONNECT gateway, and a transport from a script. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { RequestListener, Server } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeClock, seededRandom } from "../../core/index.ts";
import type { FakeClock } from "../../core/index.ts";
import { openAuthority, sniCallback } from "../../tls/index.ts";
import type { Authority } from "../../tls/index.ts";
import type { Transport, TransportRequest, TransportResponse } from "../transport.ts";

export interface TestServer {
  readonly port: number;
  readonly close: () => void;
}

const folders: string[] = [];
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder of the test's own, removed when the process ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-client-"));
  folders.push(folder);
  return folder;
}

export const testAuthority = (clock: FakeClock, seed = 1): Promise<Authority> =>
  openAuthority({ folder: join(testFolder(), "tls"), clock, random: seededRandom(seed) });

/** Certificates are checked by the machine's clock, so that this one starts there. */
export const certificateClock = (): FakeClock => fakeClock(Date.now());

function listening(server: Server): Promise<TestServer> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      }),
    );
  });
}

/** An HTTPS server on 127.0.0.1 that has a certificate for every name. */
export const secureServer = (
  authority: Authority,
  listener: RequestListener,
): Promise<TestServer> =>
  listening(createSecureServer({ SNICallback: sniCallback(authority, () => true) }, listener));

export interface SeenByGateway {
  readonly target: string;
  readonly authorization: string | undefined;
}

/** A gateway whose every tunnel ends at `port`, and which says that it reached 10.1.0.4. */
export async function testGateway(options: {
  readonly port: number;
  readonly refuse?: string;
  readonly plain?: RequestListener;
}): Promise<TestServer & { readonly seen: SeenByGateway[] }> {
  const seen: SeenByGateway[] = [];
  const server = createServer((request, response) => {
    seen.push({ target: request.url ?? "", authorization: request.headers["proxy-authorization"] });
    options.plain?.(request, response);
  });
  server.on("connect", (request, socket) => {
    socket.on("error", () => undefined);
    seen.push({ target: request.url ?? "", authorization: request.headers["proxy-authorization"] });
    if (options.refuse !== undefined) {
      socket.end(`HTTP/1.1 ${options.refuse}\r\nx-linkscope-code: HostNotServed\r\n\r\n`);
      return;
    }
    const upstream = connect(options.port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\nx-linkscope-address: 10.1.0.4\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("close", () => upstream.destroy());
  });
  return { ...(await listening(server)), seen };
}

export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A transport that answers by `answer`, and keeps what it was sent. */
export function scriptedTransport(
  answer: (request: TransportRequest, count: number) => Scripted | Promise<Scripted>,
): Transport & { readonly sent: TransportRequest[] } {
  const sent: TransportRequest[] = [];
  return {
    sent,
    async send(request): Promise<TransportResponse> {
      sent.push(request);
      const { status = 200, headers = {}, body } = await answer(request, sent.length);
      const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
      const peer = { address: "10.1.0.4", throughGateway: false, certificate: undefined };
      return { status, headers, body: Buffer.from(text), peer };
    },
    close: () => undefined,
  };
}

/** Lets what is ready run, and moves the clock until the promise has settled. */
export async function driven<T>(promise: Promise<T>, clock: FakeClock, stepMs = 100): Promise<T> {
  const progress = { settled: false };
  const mark = (): void => void (progress.settled = true);
  promise.then(mark, mark);
  for (let step = 0; step < 100_000 && !progress.settled; step += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!progress.settled) clock.advance(stepMs);
  }
  return promise;
}
