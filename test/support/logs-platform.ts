/** The whole platform in this process with an estate for logs on it, and clients that stand in its network. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { audiences } from "../../src/azure/index.ts";
import { startOneProcess } from "../../src/bin/one-process.ts";
import type { OneProcess } from "../../src/bin/one-process.ts";
import { openSession } from "../../src/cli/exec/index.ts";
import {
  agentConfigurationClient,
  armClient,
  logsQueryClient,
  managedIdentityClient,
  openTransport,
  tokenClient,
} from "../../src/client/index.ts";
import type {
  AgentConfigurationClient,
  ArmClient,
  LogsQueryClient,
  TokenSource,
} from "../../src/client/index.ts";
import { systemClock, systemRandom } from "../../src/core/index.ts";
import { makePrivateLogs } from "./private-logs.ts";
import type { PrivateLogs } from "./private-logs.ts";

export interface LogsPlatform {
  readonly platform: OneProcess;
  readonly estate: PrivateLogs;
  /** What went wrong beside any request; it should be nothing. */
  readonly notes: readonly string[];
  readonly arm: ArmClient;
  /** Tokens of the bootstrap credential: the subscription's owner, and the orders' publisher. */
  readonly token: TokenSource;
  /** A request from the cluster's network. */
  readonly send: (request: {
    readonly host: string;
    readonly path: string;
    readonly body: string | Uint8Array;
    readonly token: string;
    readonly headers?: Readonly<Record<string, string>>;
  }) => Promise<{
    readonly status: number;
    readonly code: string | undefined;
    readonly text: string;
  }>;
  /** Records for the stream `Custom-Orders`. */
  readonly post: (body: string | Uint8Array, stream?: string) => ReturnType<LogsPlatform["send"]>;
  /** Records of a data type to ODS, with the cluster's own token. */
  readonly ods: (dataType: string, items: string) => ReturnType<LogsPlatform["send"]>;
  readonly logs: LogsQueryClient;
  readonly configuration: AgentConfigurationClient;
  /** The proxy by which clients of others stand in the network. */
  readonly gatewayUrl: string;
  readonly close: () => Promise<void>;
}

/** Starts it all; the caller closes it. */
export async function startLogsPlatform(): Promise<LogsPlatform> {
  const folder = mkdtempSync(join(tmpdir(), "logs-platform-"));
  const clock = systemClock();
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(text);
  const platform = await startOneProcess({ folder, clock, random: systemRandom(), note });
  const { caPem, credential, arm: endpoint } = platform;
  const outside = openTransport({ clock, caPem });
  const token = tokenClient({ transport: outside, clock, endpoint, ...credential });
  const arm = armClient({ transport: outside, clock, token, endpoint });
  const estate = await makePrivateLogs({ arm, ...credential });
  const { clusterId } = estate;
  const where = { kind: "vnet", vnet: estate.vnetName, as: clusterId } as const;
  const session = await openSession(platform.adminSocket, where);
  const gateway = session.doors.gatewayUrl;
  const transport = openTransport({ clock, caPem, gateway });
  const identity = managedIdentityClient({ transport: openTransport({ clock, gateway }), clock });
  const configuration = agentConfigurationClient({
    transport,
    clock,
    token: identity,
    clusterId,
    region: "eastus",
  });
  const send: LogsPlatform["send"] = async ({ host, path, body, headers, ...rest }) => {
    const answer = await transport.send({
      method: "POST",
      url: `https://${host}${path}`,
      headers: {
        authorization: `Bearer ${rest.token}`,
        "content-type": "application/json",
        ...headers,
      },
      body: Buffer.from(body),
    });
    const text = Buffer.from(answer.body).toString();
    return { status: answer.status, code: answer.headers["x-ms-error-code"], text };
  };
  const channel = {
    configurationId: estate.insights.immutableId,
    channelId: `ods-${estate.customerId}`,
  };
  return {
    platform,
    estate,
    notes,
    arm,
    token,
    send,
    post: async (body, stream = "Custom-Orders") =>
      send({
        host: estate.logsHost,
        path: `/dataCollectionRules/${estate.orders.immutableId}/streams/${stream}?api-version=2023-01-01`,
        body,
        token: await token(audiences.monitor),
      }),
    ods: async (dataType, items) =>
      send({
        host: estate.odsHost,
        path: "/OperationalData.svc/PostJsonDataItems?api-version=2016-04-01",
        body: `{"DataType":"${dataType}","IPName":"ContainerInsights","DataItems":${items}}`,
        token: (await configuration.ingestionToken(channel)).token,
        headers: { "x-ms-azureresourceid": clusterId },
      }),
    logs: logsQueryClient({ transport, token, customerId: estate.customerId }),
    configuration,
    gatewayUrl: gateway,
    async close() {
      transport.close();
      await session.close();
      outside.close();
      await platform.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
