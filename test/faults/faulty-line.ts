/** A line that fails on demand: a proxy that opens TLS with the platform's own authority, and answers in the edge's place. */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { audiences, cloud } from "../../src/azure/index.ts";
import { dataPaths } from "../../src/bin/paths.ts";
import { openSession } from "../../src/cli/exec/index.ts";
import type { Where } from "../../src/cli/exec/index.ts";
import { openTransport } from "../../src/client/index.ts";
import { systemClock, systemRandom } from "../../src/core/index.ts";
import { openAuthority } from "../../src/tls/index.ts";
import { issueToken, openSigningKey } from "../../src/tokens/index.ts";
import { credentialOf } from "../support/private-estate.ts";
import type { TestPlatform } from "../support/command.ts";

export interface FaultyLine {
  /** The value for proxy_url. */
  readonly url: string;
  /** Answers the next writes with these statuses, and hands none of them on. */
  readonly fail: (...statuses: readonly number[]) => void;
  /** The faults that are still to come. */
  readonly waiting: () => number;
  /** The tokens that were given, first to last. */
  readonly tokens: readonly string[];
  /** Writes with a token, as the edge answers it. */
  readonly statusWith: (token: string, url: string) => Promise<number>;
  readonly close: () => Promise<void>;
}

export interface FaultyLineOptions {
  readonly platform: TestPlatform;
  readonly fabric: string;
  /** Where the line leads on from. */
  readonly where: Where;
  /** For how long the edge takes a token. */
  readonly tokenLifeSeconds: number;
  readonly clockSkewSeconds: number;
}

/** Listens on 127.0.0.1, and hands on what it does not answer itself by a session's gateway. */
export async function openFaultyLine(options: FaultyLineOptions): Promise<FaultyLine> {
  const clock = systemClock();
  const paths = dataPaths(options.platform.data);
  const authority = await openAuthority({
    folder: paths.authority,
    clock,
    random: systemRandom(),
  });
  const session = await openSession(options.fabric, options.where);
  const { gatewayUrl } = session.doors;
  const transport = openTransport({ clock, caPem: authority.caPem, gateway: gatewayUrl });
  const faults: number[] = [];
  const tokens: string[] = [];
  const newToken = await tokenMaker(options);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readAll(request);
    const host = request.headers.host ?? "";
    if (host.startsWith(cloud.loginHost)) {
      const token = newToken();
      tokens.push(token);
      // Go's client takes a token for expired ten seconds early.
      const expires_in = options.tokenLifeSeconds - 1;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ token_type: "Bearer", expires_in, access_token: token }));
      return;
    }
    const fault = faults.shift();
    if (fault !== undefined) {
      response.writeHead(fault).end();
      return;
    }
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(
        (entry): entry is [string, string] =>
          typeof entry[1] === "string" &&
          !["host", "connection", "content-length"].includes(entry[0]),
      ),
    );
    const method = request.method ?? "POST";
    const sent = await transport.send({
      method,
      url: `https://${host}${request.url}`,
      headers,
      body,
    });
    response.writeHead(sent.status).end(sent.body);
  };

  const inner = createServer((request, response) => {
    // A line that is cut by the edge's end is cut here too, as a proxy would.
    answer(request, response).catch(() => request.socket.destroy());
  });
  const outer = createServer();
  const open = new Set<Socket>();
  outer.on("connect", (request: IncomingMessage, socket: Socket) => {
    open.add(socket);
    socket.on("error", () => {});
    const host = (request.url ?? "").replace(/:\d+$/, "");
    authority.secureContextFor(host).then(
      (secureContext) => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        const tls = new TLSSocket(socket, { isServer: true, secureContext });
        tls.on("error", () => {});
        inner.emit("connection", tls);
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((done) => outer.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(outer.address() as AddressInfo).port}`,
    fail: (...statuses) => void faults.push(...statuses),
    waiting: () => faults.length,
    tokens,
    statusWith: async (token, url) => {
      const headers = { authorization: `Bearer ${token}`, ...writeHeaders };
      const body = new Uint8Array([0]);
      return (await transport.send({ method: "POST", url, headers, body })).status;
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((done) => outer.close(() => done()));
      transport.close();
      await session.close();
    },
  };
}

const writeHeaders = {
  "content-type": "application/x-protobuf",
  "content-encoding": "snappy",
  "x-prometheus-remote-write-version": "0.1.0",
};

/** Makes tokens of the bootstrap application that the edge takes for so long and no longer. */
async function tokenMaker(options: FaultyLineOptions): Promise<() => string> {
  const clock = systemClock();
  const { tenantId, objectId, clientId } = credentialOf(options.platform.ready);
  const path = `${dataPaths(options.platform.data).keys}/tokens.json`;
  const key = await openSigningKey({ path, clock, random: systemRandom() });
  const lifeSeconds = options.tokenLifeSeconds - options.clockSkewSeconds;
  return () =>
    issueToken(key, {
      audience: audiences.monitor,
      tenantId,
      objectId,
      appId: clientId,
      lifeSeconds,
      nowMs: clock.nowMs(),
    });
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
