/** Clients inside: one program for each place, started as `exec` starts any, and asked over a Unix socket of its own. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runExec } from "../../../src/cli/exec/index.ts";
import type { Way, Where } from "../../../src/cli/exec/index.ts";
import type { Errand, Finding } from "./inside-client.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A client that stands in a place until it is closed. */
export interface InsideClient {
  readonly ask: (errand: Errand) => Promise<Finding>;
  /** Ends the program; fails when it did not end as it should. */
  readonly close: () => Promise<void>;
}

export interface InsideOptions {
  readonly where: Where;
  readonly way: Exclude<Way, "auto">;
  readonly adminSocket: string;
  readonly caPem: string;
  /** For the client's socket and the files of `exec`; not one that `exec` hides. */
  readonly folder: string;
  /** Names the client's socket. */
  readonly name: string;
}

/** Starts the client; resolves when it stands inside and waits for questions. */
export async function standInside(options: InsideOptions): Promise<InsideClient> {
  const path = join(options.folder, `${options.name}.sock`);
  const server = createServer();
  server.listen(path);
  await once(server, "listening");
  const ended = runExec({
    ...options,
    words: [process.execPath, here("./inside-client.ts"), path],
    environment: process.env,
    temporaryFolder: options.folder,
    node: process.execPath,
    relay: here("../../../src/bin/relay.ts"),
    platform: process.platform,
    userId: process.getuid?.() ?? 0,
    groupId: process.getgid?.() ?? 0,
    signals: new EventEmitter(),
    terminal: false,
    stdio: ["ignore", "inherit", "inherit"],
    note: () => {},
    quiet: true,
  });
  const early = ended.then((code) => assert.fail(`the client in ${path} ended with ${code}`));
  const [socket] = (await Promise.race([once(server, "connection"), early])) as [Socket];
  server.close();
  return clientOn(socket, ended);
}

function clientOn(socket: Socket, ended: Promise<number>): InsideClient {
  const waiting = new Map<number, (finding: Finding) => void>();
  let count = 0;
  createInterface({ input: socket }).on("line", (line) => {
    const { id, finding } = JSON.parse(line) as { readonly id: number; readonly finding: Finding };
    waiting.get(id)?.(finding);
    waiting.delete(id);
  });
  const gone = ended.then((code): never => assert.fail(`the client inside ended with ${code}`));
  gone.catch(() => {});
  return {
    ask: (errand) => {
      count += 1;
      const id = count;
      const found = new Promise<Finding>((done) => waiting.set(id, done));
      socket.write(`${JSON.stringify({ id, errand })}\n`);
      return Promise.race([found, gone]);
    },
    close: async () => {
      socket.end();
      assert.equal(await ended, 0, "the client inside ends without an error");
    },
  };
}
