/** For tests of the agent: Azure's side as a script, and what it took. */
import { scriptedTransport } from "../../client/testing/servers.ts";
import type { Scripted } from "../../client/testing/servers.ts";
import type { Transport, TransportRequest } from "../../client/index.ts";
import { formatLabels, STALE_NAN_BITS } from "../../core/index.ts";
import type { Label } from "../../core/index.ts";
import { decodeRawLabels, snappyDecode, WriteRequestCursor } from "../../wire/index.ts";

export interface TakenSample {
  readonly series: string;
  readonly timestampMs: number;
  /** `stale` for the staleness marker. */
  readonly value: number | "stale";
}

export interface Receiver {
  readonly transport: Transport & { readonly sent: readonly TransportRequest[] };
  readonly taken: TakenSample[];
  /** What is answered to each call; changed by tests. */
  configuration: () => Scripted;
  token: () => Scripted;
  write: (request: TransportRequest) => Scripted;
}

export const metricsEndpoint =
  "https://dce-ab12.eastus-1.metrics.ingest.monitor.azure.com/api/v1/dataCollectionRules/dcr-1/streams/Microsoft-PrometheusMetrics";

/** The configuration's body with one metrics channel for each id. */
export const configurationOf = (...channelIds: readonly string[]) => ({
  configurations: channelIds.map((id) => ({
    configurationId: "dcr-1",
    content: { channels: [{ id, protocol: "prometheus", endpoint: metricsEndpoint }] },
  })),
});

/** A receiver that configures, issues tokens and takes writes, until a test says otherwise. */
export function testReceiver(): Receiver {
  let issued = 0;
  const receiver: Receiver = {
    taken: [],
    configuration: () => ({ body: configurationOf("metrics-dce-1") }),
    token: () => ({
      headers: { "cache-control": "max-age=86400" },
      body: { ingestionAuthToken: `token ${(issued += 1)}` },
    }),
    write: () => ({ status: 204 }),
    transport: scriptedTransport((request) => {
      if (request.url.includes("/issueIngestionToken")) return receiver.token();
      if (request.url.includes("/agentConfigurations")) return receiver.configuration();
      const answer = receiver.write(request);
      const { status = 200 } = answer;
      if (status >= 200 && status <= 299) receiver.taken.push(...samplesOf(request.body));
      return answer;
    }),
  };
  return receiver;
}

/** The samples of a write, in order. */
export function samplesOf(body: TransportRequest["body"]): readonly TakenSample[] {
  const message = snappyDecode(body as Uint8Array, { bytesMax: 32 * 1024 * 1024 });
  const cursor = new WriteRequestCursor(message);
  const samples: TakenSample[] = [];
  while (cursor.nextSeries()) {
    cursor.readLabels();
    const raw = decodeRawLabels(message.subarray(cursor.labelsStart, cursor.labelsEnd), 100) ?? [];
    const labels: Label[] = raw.map(({ name, value }) => ({
      name: Buffer.from(name).toString(),
      value: Buffer.from(value).toString(),
    }));
    const series = formatLabels(labels);
    while (cursor.nextSample()) samples.push({ series, ...sampleOf(cursor) });
  }
  return samples;
}

function sampleOf(cursor: WriteRequestCursor): Omit<TakenSample, "series"> {
  const bits = Buffer.alloc(8);
  bits.writeInt32LE(cursor.valueLow, 0);
  bits.writeInt32LE(cursor.valueHigh, 4);
  const stale = bits.readBigUInt64LE() === STALE_NAN_BITS;
  return { timestampMs: cursor.timestampMs, value: stale ? "stale" : bits.readDoubleLE() };
}
