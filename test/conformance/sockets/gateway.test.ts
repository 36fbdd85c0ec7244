/** The link cases on real sockets, by a gateway: programs that read the proxy variables, and each network's resolver. */
import { after, before } from "node:test";
import { runCases } from "../link/run-cases.ts";
import { openSocketCases } from "./socket-implementation.ts";
import type { SocketCases } from "./socket-implementation.ts";

let opened: SocketCases;
before(async () => {
  opened = await openSocketCases("gateway");
});
after(() => opened.close());

runCases({
  name: "by the gateway",
  implementation: (...question) => opened.implementation(...question),
});
