/** Our agent as a process of its own, for `bench/agent.ts`: `node bench/agent-ours.ts FOLDER SINK INTERVAL_MS TARGET…`. */
import { createAgent } from "../src/agent/index.ts";
import { lockFile } from "../src/bin/file-lock.ts";
import { openTransport } from "../src/client/index.ts";
import type { Transport, TransportResponse } from "../src/client/index.ts";
import { systemClock, systemRandom } from "../src/core/index.ts";

const [folder = "", sink = "", interval = "", ...targets] = process.argv.slice(2);
const clock = systemClock();
const direct = openTransport({ clock });
const peer = { address: undefined, throughGateway: false, certificate: undefined };
const answer = (value: object, headers = {}): TransportResponse => ({
  status: 200,
  headers,
  body: Buffer.from(JSON.stringify(value)),
  peer,
});
const endpoint =
  "https://dce.metrics.ingest.monitor.azure.com/api/v1/dataCollectionRules/d/streams/s";

/** The configuration and the token come from here; writes go to the sink over HTTP, as Prometheus's do. */
const transport: Transport = {
  async send(request) {
    if (request.url.includes("/issueIngestionToken")) {
      return answer({ ingestionAuthToken: "t" }, { "cache-control": "max-age=86400" });
    }
    if (request.url.includes("/agentConfigurations")) {
      const channels = [{ id: "metrics", protocol: "prometheus", endpoint }];
      return answer({ configurations: [{ configurationId: "d", content: { channels } }] });
    }
    return direct.send({ ...request, url: sink });
  },
  close: () => direct.close(),
};

const intervalMs = Number(interval);
const agent = createAgent({
  clusterId:
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c",
  region: "westeurope",
  externalLabels: { cluster: "c" },
  transport,
  targetTransport: openTransport({ clock }),
  token: () => Promise.resolve("identity"),
  targets: targets.map((url, index) => ({
    job: `bench${index}`,
    url,
    intervalMs,
    timeoutMs: intervalMs,
  })),
  sources: [],
  folder,
  lockFile,
  clock,
  random: systemRandom(),
});
// The agent's own timers keep no process alive.
setInterval(() => undefined, 60_000);
process.once("SIGTERM", () => {
  void agent.stop().then(() => process.exit(0));
});
