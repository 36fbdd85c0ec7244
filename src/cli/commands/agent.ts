/** `agent`: the monitoring agent of a cluster, standing in the cluster's virtual network. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { stringAt } from "../../arm/index.ts";
import { createAgent, hostSource } from "../../agent/index.ts";
import type { AgentState, ScrapeTarget } from "../../agent/index.ts";
import { managedIdentityClient, openTransport } from "../../client/index.ts";
import { CodedError } from "../../core/index.ts";
import type { CliContext, Command, CommandInput } from "../command.ts";
import { connect, findResource, vnetOfCluster } from "../platform/connect.ts";
import { lastingTransport } from "../platform/lasting-transport.ts";
import { types } from "../types.ts";
import { clusterOptions, clusterScraping } from "./agent-scraping.ts";
import { durationMs } from "./query-metrics.ts";
import { stopped } from "./up.ts";

const PROC = "/proc";

export const agent: Command = {
  name: "agent",
  summary: "Run a cluster's agent: read its configuration over the private link, scrape, and send.",
  options: [
    { flags: "--cluster <name>", help: "the cluster, by name or id", required: true },
    {
      flags: "--target <job=url>",
      help: "a target to scrape: shop=http://127.0.0.1:8080/metrics; several with commas",
    },
    { flags: "--interval <duration>", help: "how often to scrape", default: "15s" },
    {
      flags: "--no-host",
      help: "leave out this machine's own processor, memory, disk and network",
    },
    { flags: "--no-platform", help: "leave out the platform's own metrics" },
    ...clusterOptions,
  ],
  exitCodes: { 0: "stopped by Ctrl-C or SIGTERM", 1: "could not start", 2: "wrong use" },
  examples: [
    "./linkscope agent --cluster aks-one --target shop=http://127.0.0.1:8080/metrics",
    "./linkscope agent --cluster aks-one --kubeconfig ~/.kube/config --settings ama-metrics-settings-configmap.yaml",
  ],
  async run(input, context) {
    // What the files say is checked before anything is asked.
    const scraping = await clusterScraping(input, context);
    const connection = connect(input, context);
    const { clock, random } = context;
    const clusterId = await findResource(
      connection,
      types.cluster.type,
      input.text("cluster") ?? "",
    );
    const cluster = (await connection.arm.get(clusterId, types.cluster.apiVersion)) ?? {};
    const vnet = vnetOfCluster(cluster);
    if (vnet === undefined) {
      throw new CodedError(
        "ClusterWithoutNetwork",
        `The cluster ${clusterId} names no subnet (agentPoolProfiles[].vnetSubnetID), so its agent has nowhere to stand. Give its pool a subnet of your own network.`,
      );
    }
    const transport = await lastingTransport(connection, { kind: "vnet", vnet, as: clusterId });
    const intervalMs = durationMs(input.text("interval") ?? "15s");
    const name = stringAt(cluster, "name") ?? "";
    const running = createAgent({
      clusterId,
      region: stringAt(cluster, "location") ?? "",
      externalLabels: { ...scraping.externalLabels, cluster: scraping.clusterAlias || name },
      jobs: scraping.jobs,
      ...(scraping.kubernetes === undefined ? {} : { kubernetes: scraping.kubernetes }),
      transport,
      targetTransport: openTransport({ clock }),
      token: managedIdentityClient({ transport, clock }),
      targets: targetsOf(input, { intervalMs, platform: connection.file.metrics }),
      sources: input.flag("host")
        ? [hostSource({ clock, intervalMs, procPath: existsSync(PROC) ? PROC : undefined })]
        : [],
      folder: join(connection.file.data, "agents", name),
      lockFile: context.lockFile,
      clock,
      random,
    });
    context.note(
      `agent of ${name} in ${vnet.split("/").at(-1)}, scraping every ${intervalMs / 1000} s\n`,
    );
    await stopped(context);
    await running.stop();
    transport.close();
    scraping.kubernetes?.close();
    connection.close();
    sayState(running.state(), context);
    return 0;
  },
};

function targetsOf(
  input: CommandInput,
  { intervalMs, platform }: { readonly intervalMs: number; readonly platform: string },
): readonly ScrapeTarget[] {
  const own = input.flag("platform")
    ? [{ job: "linkscope-platform", url: platform, intervalMs }]
    : [];
  const named = (input.text("target") ?? "").split(",").filter((part) => part !== "");
  return [
    ...own,
    ...named.map((part) => {
      const mark = part.indexOf("=");
      if (mark <= 0) {
        throw new CodedError(
          "WrongUse",
          `'${part}' is not a target. Write job=url: shop=http://127.0.0.1:8080/metrics.`,
        );
      }
      return { job: part.slice(0, mark), url: part.slice(mark + 1), intervalMs };
    }),
  ];
}

function sayState(state: AgentState, context: CliContext): void {
  const { sender, queue, discovery } = state;
  if (discovery !== undefined) {
    const lists = discovery.lists.filter(({ failure }) => failure !== undefined);
    for (const { path, failure } of lists) context.note(`agent: ${path}: ${failure}\n`);
    context.note(
      `agent: ${discovery.targets} targets discovered, ${state.seriesKept} series; dropped ${discovery.dropped}, ` +
        `invalid ${discovery.invalid}, beyond limits ${discovery.beyondLimit}\n`,
    );
  }
  const failure = sender.failure === undefined ? "" : `; last: ${sender.failure}`;
  context.note(
    `agent: sent ${sender.samplesSent} samples in ${sender.requestsSent} requests, ${sender.retries} retries, ` +
      `${sender.samplesRefused} refused, ${queue.pendingSamples} still queued${failure}\n`,
  );
}
