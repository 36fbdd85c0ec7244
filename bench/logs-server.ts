/**
 * Our server in `bench/logs.ts`: the Logs Ingestion API over HTTP, with its verdicts, into a store in the folder given, its
 * engine beside it. Prints its port and a token. `GET /merge` answers when everything is in segments, with what that takes on disk.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { graphFrom } from "../src/arm/index.ts";
import { audiences } from "../src/azure/index.ts";
import { startLogEngine } from "../src/bin/start-log-engine.ts";
import { systemClock, systemRandom } from "../src/core/index.ts";
import { closedEstate, hosts, linkIds, linkOf, principals } from "../src/edge/testing/estate.ts";
import { assignment } from "../src/edge/testing/estate.ts";
import { customerIds, highScaleRule, logIds, logsEstate } from "../src/edge/testing/logs-estate.ts";
import { json, requestListener, serverOptions } from "../src/http/index.ts";
import { answerLogsIngestion, openedLogs } from "../src/ingest/index.ts";
import { originOfEndpoint, servedHosts } from "../src/rules/index.ts";
import { openLogsStore } from "../src/store/index.ts";
import { issueToken, openSigningKey } from "../src/tokens/index.ts";

const [folder = ""] = process.argv.slice(2);
const clock = systemClock();
const random = systemRandom();
const tenantId = "00000000-0000-0000-0000-00000000000e";
const publisher = "3913510d-42f4-4e42-8a64-420c390055eb";

const logs = join(folder, "logs");
const store = await openLogsStore({
  folder: logs,
  clock,
  startEngine: () => startLogEngine(logs),
  onNote: (says) => console.error(says),
});
const key = await openSigningKey({ path: join(folder, "key.json"), clock, random });
const graph = graphFrom([
  ...closedEstate().all(),
  ...logsEstate("a"),
  highScaleRule("a"),
  assignment(logIds.highScale("a"), principals.operator("a"), publisher),
]);
const publication = { graph, jwks: key.jwks(), tenantId };
const host = hosts.dce("a").logs;
const served = servedHosts(graph).get(host);
const { origin } = originOfEndpoint(graph, linkOf(linkIds.scopeA) ?? "");
if (served === undefined || origin === undefined) throw new Error("The estate has no way in.");
const opened = openedLogs(store, () => graph);
const context = {
  logs: { workspace: opened.workspace, transform: store.transform.bind(store) },
  kql: { translate: () => Promise.reject(new Error("no rule here transforms")) },
  onRecords: () => {},
  ingestionKey: key,
  // What one rule may bring in a minute is less than what is to be measured.
  ruleQuota: { request: () => undefined, bytes: () => undefined },
};

const server = createServer(
  serverOptions,
  requestListener(
    async (request) => {
      if (request.path === "/merge") {
        await store.merge(customerIds("a"));
        return json(200, (await store.workspace(customerIds("a"))).stats());
      }
      const trail = { principalId: undefined, reasons: [] };
      const { signal } = new AbortController();
      const exchange = {
        request,
        publication,
        origin,
        served,
        nowMs: clock.nowMs(),
        trail,
        signal,
      };
      return answerLogsIngestion(exchange, context);
    },
    (error) => json(error.status, { error: { code: error.code, message: error.message } }),
  ),
);
const token = issueToken(key, {
  audience: audiences.monitor,
  tenantId,
  objectId: principals.operator("a"),
  appId: principals.operator("a"),
  nowMs: clock.nowMs(),
});
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port, token }));
});
process.once("SIGTERM", () => process.exit(0));
