/** The agent of logs in a cluster: of its node, or of the cluster's inventory. */
import {
  defaultLogsSettings,
  listenSyslog,
  logsConfigMap,
  parseLogsSettings,
  parseSyslogAddress,
  sayProblems,
  startLogsRoles,
} from "../agent/index.ts";
import type { ReadLogsSettings } from "../agent/index.ts";
import { inClusterAccess, kubernetesClient, openTransport } from "../client/index.ts";
import type { KubernetesClient } from "../client/index.ts";
import { CodedError, systemClock, systemRandom } from "../core/index.ts";
import type { ClusterAgentSettings } from "./cluster-agent-settings.ts";
import { azureWay, serveHealth, tokenOf, untilSignal } from "./cluster-agent-way.ts";
import { configMapText, NAMESPACE } from "./config-map-text.ts";
import { lockFile } from "./file-lock.ts";

/** Runs until SIGTERM or SIGINT. */
export async function runLogsAgent(settings: ClusterAgentSettings): Promise<void> {
  const clock = systemClock();
  const { role, node, clusterName } = settings;
  const syslog = settings.syslogListen.map(parseSyslogAddress);
  const access = await inClusterAccess({
    folder: settings.serviceAccountFolder,
    environment: process.env,
  });
  const kubernetes = kubernetesClient({ access, clock, environment: process.env });
  const read = await ownSettings(kubernetes);
  for (const says of read.notDone) process.stderr.write(`linkscope agent: ${says}\n`);
  const transport = openTransport({ clock, ...azureWay(settings) });
  const targetTransport = openTransport({ clock });
  const agent = startLogsRoles({
    clusterId: settings.clusterId,
    clusterName,
    region: settings.region,
    transport,
    token: tokenOf(settings, { transport, targetTransport, clock }),
    ...(settings.configurationEndpoint === undefined
      ? {}
      : { configurationEndpoint: settings.configurationEndpoint }),
    folder: settings.data,
    lockFile,
    ...read,
    nodes: node === undefined ? [] : [{ name: node.name, folder: node.logFolder }],
    kubernetes,
    inventory: role === "cluster-logs",
    syslog: syslog.length > 0,
    podName: settings.podName,
    clock,
    random: systemRandom(),
  });
  const listener = await listenSyslog(syslog, (text) => agent.syslogMessage(text));
  const health = await serveHealth(settings.listen, () => {
    const { channel, configurationFailure } = agent.state();
    return channel.readAtMs === undefined
      ? (configurationFailure ?? "no configuration yet")
      : undefined;
  });
  const ready = { ready: true, cluster: clusterName, role, port: health.port };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  await untilSignal();
  await listener.close();
  await agent.stop();
  kubernetes.close();
  health.close();
  transport.close();
  targetTransport.close();
}

/** The cluster's settings, read once; a change of them is taken at the next start. @throws CodedError AgentSettingsInvalid; the client's. */
async function ownSettings(kubernetes: KubernetesClient): Promise<ReadLogsSettings> {
  const text = await configMapText(kubernetes, logsConfigMap);
  if (text === undefined) return { settings: defaultLogsSettings, notDone: [] };
  const read = parseLogsSettings(text);
  if (!("problems" in read)) return read;
  const says = sayProblems(`${NAMESPACE}/${logsConfigMap}`, read.problems);
  throw new CodedError("AgentSettingsInvalid", says);
}
