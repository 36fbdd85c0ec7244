/** The agent of metrics in a cluster: scrapes what is discovered, and sends. */
import { createAgent } from "../agent/index.ts";
import { openTransport } from "../client/index.ts";
import { systemClock, systemRandom } from "../core/index.ts";
import { ownClusterScraping } from "./cluster-agent-scraping.ts";
import type { ClusterAgentSettings } from "./cluster-agent-settings.ts";
import { azureWay, serveHealth, tokenOf, untilSignal } from "./cluster-agent-way.ts";
import { lockFile } from "./file-lock.ts";

/** Runs until SIGTERM or SIGINT. */
export async function runMetricsAgent(settings: ClusterAgentSettings): Promise<void> {
  const clock = systemClock();
  const scraping = await ownClusterScraping({
    folder: settings.serviceAccountFolder,
    environment: process.env,
    clock,
  });
  const { kubernetes, jobs } = scraping;
  for (const target of scraping.notScraped) {
    process.stderr.write(`linkscope agent: the settings switch ${target} on; it is not scraped\n`);
  }
  const cluster = scraping.clusterAlias || settings.clusterName;
  const transport = openTransport({ clock, ...azureWay(settings) });
  const targetTransport = openTransport({ clock });
  const agent = createAgent({
    clusterId: settings.clusterId,
    region: settings.region,
    externalLabels: { cluster, ...scraping.externalLabels },
    transport,
    targetTransport,
    token: tokenOf(settings, { transport, targetTransport, clock }),
    ...(settings.configurationEndpoint === undefined
      ? {}
      : { configurationEndpoint: settings.configurationEndpoint }),
    targets: [],
    sources: [],
    jobs,
    kubernetes,
    folder: settings.data,
    lockFile,
    clock,
    random: systemRandom(),
  });
  const health = await serveHealth(settings.listen, () => {
    const { channel, sender } = agent.state();
    return channel.readAtMs === undefined ? (sender.failure ?? "no configuration yet") : undefined;
  });
  process.stdout.write(`${JSON.stringify({ ready: true, cluster, port: health.port })}\n`);
  await untilSignal();
  await agent.stop();
  kubernetes.close();
  health.close();
  transport.close();
  targetTransport.close();
}
