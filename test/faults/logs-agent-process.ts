/** The agent of logs as a process that can be killed: what it takes stands in a file that its one argument names. */
import { readFileSync } from "node:fs";
import { defaultLogsSettings, startLogsRoles } from "../../src/agent/index.ts";
import { lockFile } from "../../src/bin/file-lock.ts";
import { openTransport } from "../../src/client/index.ts";
import { systemClock, systemRandom } from "../../src/core/index.ts";

export interface LogsAgentProcessOptions {
  readonly gateway: string;
  readonly caPath: string;
  readonly folder: string;
  readonly logFolder: string;
}

const { gateway, caPath, folder, logFolder } = JSON.parse(
  readFileSync(process.argv[2] ?? "", "utf8"),
) as LogsAgentProcessOptions;
const clock = systemClock();
const agent = startLogsRoles({
  clusterId:
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-one",
  clusterName: "aks-one",
  region: "westeurope",
  transport: openTransport({ clock, gateway, caPem: readFileSync(caPath, "utf8") }),
  token: () => Promise.resolve("identity"),
  folder,
  lockFile,
  settings: defaultLogsSettings,
  nodes: [{ name: "node-1", folder: logFolder }],
  inventory: false,
  podName: "",
  notDone: [],
  syslog: false,
  clock,
  random: systemRandom(),
});
const awake = setInterval(() => {}, 60_000);
process.once("SIGTERM", () => {
  void agent.stop().then(() => {
    process.stdout.write(`${JSON.stringify(agent.state().logs)}\n`);
    clearInterval(awake);
    process.exit(0);
  });
});
process.stdout.write("ready\n");
