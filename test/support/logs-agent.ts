/** The agent of logs for tests: the product's own process on a node's folder, and its conversation step by step from inside a network. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSession } from "../../src/cli/exec/index.ts";
import {
  agentConfigurationClient,
  makeLegacyAgent,
  managedIdentityClient,
  openTransport,
  registerLegacyAgent,
  sendRecords,
} from "../../src/client/index.ts";
import type {
  LogsChannel,
  LogsConfiguration,
  RecordsOutcome,
  TransportResponse,
} from "../../src/client/index.ts";
import { systemClock, systemRandom } from "../../src/core/index.ts";
import { projectRoot } from "./command.ts";
import type { CommandResult, ReadyLine, TestPlatform } from "./command.ts";
import { runHere } from "./in-process.ts";

const entry = join(projectRoot, "src/bin/linkscope.ts");

/** An agent process that runs until it is stopped. */
export interface RunningAgent {
  readonly stop: () => Promise<void>;
}

/** Starts `agent logs` of a cluster on a node whose one container has written a line. */
export function startLogsAgent(
  platform: TestPlatform,
  { cluster, line }: { readonly cluster: string; readonly line: string },
): RunningAgent {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-node-"));
  const containers = join(folder, "containers");
  mkdirSync(containers);
  const file = `app-1_shop_web-${"0".repeat(63)}1.log`;
  const time = new Date().toISOString().replace("Z", "000000Z");
  writeFileSync(join(containers, file), `${time} stdout F ${line}\n`);
  const words = ["agent", "logs", "--cluster", cluster, "--log-folder", folder];
  const agent = startAgent(platform, [...words, "--node", "node-1"]);
  return {
    stop: async () => {
      await agent.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts the agent of a cluster's metrics. */
export const startMetricsAgent = (platform: TestPlatform, cluster: string): RunningAgent =>
  startAgent(platform, ["agent", "--cluster", cluster, "--interval", "1s"]);

function startAgent(platform: TestPlatform, words: readonly string[]): RunningAgent {
  const child = spawn(process.execPath, [entry, ...words, "--data", platform.data], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  return {
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Runs `enable …` to its end; `onTold` is called when the cluster has been told to collect, as AKS starts its agent then. */
export function enableWhile(
  platform: TestPlatform,
  words: readonly string[],
  onTold: () => void,
): Promise<CommandResult> {
  let told = false;
  return runHere(platform.data, ["enable", ...words], (note) => {
    if (told || !/~ Enable (?:Container insights|Managed Prometheus) on/.test(note)) return;
    told = true;
    onTold();
  });
}

/** The agent's conversation from inside a network, as a cluster's identity. */
export interface Conversation {
  readonly configuration: LogsConfiguration;
  readonly channel: LogsChannel;
  readonly token: string;
  /** Sends records by the first channel. */
  readonly send: (dataType: string, items: readonly object[]) => Promise<RecordsOutcome>;
  readonly close: () => Promise<void>;
}

/** Asks for the configuration and the token of the first channel, as the agent of Azure does. The caller closes it. */
export async function converse(
  ready: ReadyLine,
  place: { readonly vnet: string; readonly cluster: string; readonly region: string },
): Promise<Conversation> {
  const { fabric } = JSON.parse(readFileSync(join(ready.data, "platform.json"), "utf8")) as {
    readonly fabric: string;
  };
  const session = await openSession(fabric, { kind: "vnet", vnet: place.vnet, as: place.cluster });
  const clock = systemClock();
  const caPem = readFileSync(ready.ca, "utf8");
  const transport = openTransport({ clock, caPem, gateway: session.doors.gatewayUrl });
  const client = agentConfigurationClient({
    transport,
    clock,
    token: managedIdentityClient({ transport, clock }),
    clusterId: place.cluster,
    region: place.region,
  });
  const configuration = await client.readLogs();
  const [channel] = configuration?.channels ?? [];
  if (configuration === undefined || channel === undefined) throw new Error("no configuration");
  const { configurationId } = configuration;
  const { token } = await client.ingestionToken({ configurationId, channelId: channel.channelId });
  return {
    configuration,
    channel,
    token,
    send: (dataType, items) =>
      sendRecords(
        {
          dataType,
          ipName: "ContainerInsights",
          items: Buffer.from(JSON.stringify(items)),
          requestId: "00000000-0000-4000-8000-00000000000f",
          resourceId: place.cluster,
        },
        { transport, clock, channel, token },
      ),
    close: async () => {
      transport.close();
      await session.close();
    },
  };
}

/** A legacy agent that is registered from inside a network. */
export interface Registered {
  /** Posts records to ODS by its certificate: from inside, or from the public internet. */
  readonly post: (
    where: "inside" | "outside",
    items: readonly object[],
  ) => Promise<TransportResponse>;
  readonly close: () => Promise<void>;
}

/** Registers an agent with a workspace by its shared key, as the legacy agent does. The caller closes it. */
export async function registered(
  ready: ReadyLine,
  place: {
    readonly vnet: string;
    readonly cluster: string;
    readonly customerId: string;
    readonly sharedKey: string;
  },
): Promise<Registered> {
  const { customerId, sharedKey, vnet, cluster } = place;
  const { fabric } = JSON.parse(readFileSync(join(ready.data, "platform.json"), "utf8")) as {
    readonly fabric: string;
  };
  const sessions = {
    inside: await openSession(fabric, { kind: "vnet", vnet, as: cluster }),
    outside: await openSession(fabric, { kind: "public" }),
  };
  const clock = systemClock();
  const caPem = readFileSync(ready.ca, "utf8");
  const agent = await makeLegacyAgent({ clock, random: systemRandom(), lifeMs: 3_600_000 });
  const by = (where: "inside" | "outside") => {
    const gateway = sessions[where].doors.gatewayUrl;
    return openTransport({ clock, caPem, gateway, clientCertificate: agent });
  };
  const transports = { inside: by("inside"), outside: by("outside") };
  await registerLegacyAgent(agent, {
    transport: transports.inside,
    clock,
    host: `${customerId}.oms.opinsights.azure.com`,
    customerId,
    sharedKey,
    computer: "node-1",
  });
  return {
    post: (where, items) =>
      transports[where].send({
        method: "POST",
        url: `https://${customerId}.ods.opinsights.azure.com/OperationalData.svc/PostJsonDataItems`,
        headers: { "content-type": "application/json", "x-ms-azureresourceid": cluster },
        body: JSON.stringify({
          DataType: "CONTAINER_LOG_BLOB",
          IPName: "Containers",
          DataItems: items,
        }),
      }),
    close: async () => {
      for (const transport of Object.values(transports)) transport.close();
      for (const session of Object.values(sessions)) await session.close();
    },
  };
}
