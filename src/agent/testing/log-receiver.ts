/** For tests of the agent of logs: Azure's side as a script, what it took, and log files as a container runtime writes them. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scriptedTransport } from "../../client/testing/servers.ts";
import type { Scripted } from "../../client/testing/servers.ts";
import type { Transport, TransportRequest } from "../../client/index.ts";

export interface TakenRecords {
  readonly dataType: string;
  readonly ipName: string;
  readonly requestId: string;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

export interface LogReceiver {
  readonly transport: Transport & { readonly sent: readonly TransportRequest[] };
  /** Each request once, by its id. */
  readonly taken: TakenRecords[];
  /** What is answered to each call; changed by tests. */
  configuration: () => Scripted;
  token: () => Scripted;
  write: (request: TransportRequest) => Scripted;
}

export const workspaceHost = "11111111-2222-3333-4444-555555555555.ods.opinsights.azure.com";

/** The configuration's body for Container insights. */
export const logsConfigurationOf = (
  streams: readonly string[],
  settings: Readonly<Record<string, unknown>> = { enableContainerLogV2: true },
  channels: readonly Readonly<Record<string, unknown>>[] = [
    { id: "ods-1", protocol: "ods", endpoint: `https://${workspaceHost}` },
  ],
) => ({
  configurations: [
    {
      configurationId: "dcr-1",
      content: {
        dataSources: [],
        channels,
        extensionConfigurations: {
          ContainerInsights: [
            {
              id: "ContainerInsightsExtension",
              extensionSettings: { dataCollectionSettings: settings },
              outputStreams: Object.fromEntries(streams.map((name) => [name, `dcr-1:x:${name}`])),
            },
          ],
        },
      },
    },
  ],
});

/** A receiver that configures, issues tokens and takes records, until a test says otherwise. */
export function logReceiver(streams: readonly string[]): LogReceiver {
  let issued = 0;
  const seen = new Set<string>();
  const receiver: LogReceiver = {
    taken: [],
    configuration: () => ({ body: logsConfigurationOf(streams) }),
    token: () => ({
      headers: { "cache-control": "max-age=86400" },
      body: { ingestionAuthToken: `token ${(issued += 1)}` },
    }),
    write: () => ({ status: 200 }),
    transport: scriptedTransport((request) => {
      if (request.url.includes("/issueIngestionToken")) return receiver.token();
      if (request.url.includes("/agentConfigurations")) return receiver.configuration();
      const answer = receiver.write(request);
      const { status = 200 } = answer;
      const records = recordsOf(request);
      if (status >= 200 && status <= 299 && !seen.has(records.requestId)) {
        seen.add(records.requestId);
        receiver.taken.push(records);
      }
      return answer;
    }),
  };
  return receiver;
}

/** The records of a request to a workspace, or to a data collection endpoint. */
export function recordsOf({ url, body, headers = {} }: TransportRequest): TakenRecords {
  const value: unknown = JSON.parse(Buffer.from(body ?? "").toString("utf8"));
  type Items = TakenRecords["items"];
  if (Array.isArray(value)) {
    const dataType = /\/streams\/([^?]+)/.exec(url)?.[1] ?? "";
    const requestId = headers["x-ms-client-request-id"] ?? "";
    return { dataType, ipName: "", requestId, items: value as Items };
  }
  const { DataType, IPName, DataItems } = value as {
    DataType: string;
    IPName: string;
    DataItems: Items;
  };
  const requestId = headers["x-request-id"] ?? "";
  return { dataType: DataType, ipName: IPName, requestId, items: DataItems };
}

/** A column of all records of a type, in the order in which they were taken. */
export const column = (
  taken: readonly TakenRecords[],
  name: string,
  dataType?: string,
): readonly unknown[] =>
  taken
    .filter((one) => dataType === undefined || one.dataType === dataType)
    .flatMap(({ items }) => items.map((item) => item[name]));

export interface NodeFolder {
  readonly folder: string;
  /** Makes a container's live file and the link to it; answers the file's path. */
  readonly container: (pod: string, namespace: string, container: string, id?: string) => string;
  readonly remove: () => void;
}

/** A node's `/var/log`. */
export function nodeFolder(): NodeFolder {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-node-"));
  mkdirSync(join(folder, "containers"));
  return {
    folder,
    container(pod, namespace, container, id = "c".repeat(64)) {
      const place = join(folder, "pods", `${namespace}_${pod}_uid`, container);
      mkdirSync(place, { recursive: true });
      const path = join(place, "0.log");
      appendFileSync(path, "");
      symlinkSync(path, join(folder, "containers", `${pod}_${namespace}_${container}-${id}.log`));
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A line as the container runtime writes it. */
export const criLine = (
  text: string,
  {
    stream = "stdout",
    tag = "F",
    second = 0,
  }: { stream?: string; tag?: string; second?: number } = {},
): string =>
  `2026-01-01T00:00:${String(second).padStart(2, "0")}.123456789Z ${stream} ${tag} ${text}\n`;
