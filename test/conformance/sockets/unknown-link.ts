/** A connection that says the link id of no private endpoint: no client can make one, and the edge still has to refuse it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { encodeProxyHeader } from "../../../src/wire/index.ts";
import type { SocketPlatform } from "./socket-platform.ts";

/** Link ids are given from 1 up; this one is the last. */
const UNKNOWN_LINK_ID = 0xffff_ffff;

/** Opens it at the edge's private listener; fails when the edge says a byte before it closes. */
export async function tryUnknownLink({ privateSocket }: SocketPlatform): Promise<void> {
  const socket = connect({ path: privateSocket });
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  socket.on("error", () => {});
  socket.write(
    encodeProxyHeader({
      source: { address: "10.1.0.7", port: 40_000 },
      destination: { address: "10.1.0.4", port: 443 },
      linkId: UNKNOWN_LINK_ID,
    }),
  );
  await once(socket, "close");
  assert.deepEqual(Buffer.concat(received), Buffer.alloc(0));
}
