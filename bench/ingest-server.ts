/** Our server in `bench/ingest.ts`: remote write over HTTP into a store in the folder given. Prints its port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock, systemRandom } from "../src/core/index.ts";
import { json, requestListener, serverOptions } from "../src/http/index.ts";
import { receiveRemoteWrite } from "../src/ingest/index.ts";
import { openMetricsStore } from "../src/store/index.ts";

const store = await openMetricsStore({
  folder: process.argv[2] ?? "",
  clock: systemClock(),
  random: systemRandom(),
  onNote: (says) => console.error(says),
});
const workspace = await store.workspace("11111111-2222-4333-8444-555555555555");
const server = createServer(
  serverOptions,
  requestListener(
    (request) =>
      request.path === "/stats"
        ? Promise.resolve(json(200, { samples: workspace.stats().samples }))
        : receiveRemoteWrite(request, workspace),
    (error) => json(error.status, { error: { code: error.code, message: error.message } }),
  ),
);
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
process.once("SIGTERM", () => process.exit(0));
