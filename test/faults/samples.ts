/** Reads samples back through a workspace's private endpoint and holds them to what was acknowledged. */
import assert from "node:assert/strict";
import { at, listAt } from "../../src/arm/index.ts";
import { prometheusClient } from "../../src/client/index.ts";
import type { PrometheusClient } from "../../src/client/index.ts";
import { SERIES_PER_LANE } from "./recording-writer.ts";
import type { Inside, Lane } from "./recording-writer.ts";

export const queryClient = (
  { transport, connection }: Inside,
  queryHost: string,
): PrometheusClient =>
  prometheusClient({ transport, token: connection.token, endpoint: `https://${queryHost}` });

export interface RawSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly timestampsMs: readonly number[];
  readonly values: readonly number[];
}

/** Every sample of the last hour as it is stored. */
export async function rawSamples(
  client: PrometheusClient,
  selector: string,
): Promise<readonly RawSeries[]> {
  const { result } = await client.query(`${selector}[1h]`, { timeMs: Date.now() + 5_000 });
  return listAt(result).map((one) => {
    const values = listAt(one, "values");
    return {
      labels: at(one, "metric") as Readonly<Record<string, string>>,
      timestampsMs: values.map((value) => Math.round(Number(at(value, 0)) * 1000)),
      values: values.map((value) => Number(at(value, 1))),
    };
  });
}

/** No sample of these is there twice. */
export function assertOnce(all: readonly RawSeries[]): void {
  for (const { labels, timestampsMs } of all) {
    const says = `samples of ${JSON.stringify(labels)} are in order, each once`;
    const isOnce = timestampsMs.every((time, index) => time > (timestampsMs[index - 1] ?? 0));
    assert.ok(isOnce, says);
  }
}

/** Every acknowledged sample is there with its value, none twice, and nothing that was never sent. */
export async function assertKept(
  client: PrometheusClient,
  writer: string,
  lanes: readonly Lane[],
): Promise<void> {
  for (const { lane, timestampsMs, acknowledged } of lanes) {
    const found = await rawSamples(client, `fault_load{writer="${writer}",lane="${lane}"}`);
    assert.equal(found.length, SERIES_PER_LANE);
    assertOnce(found);
    for (const series of found) {
      const count = series.timestampsMs.length;
      assert.ok(
        count === acknowledged || count === timestampsMs.length,
        `${count} samples are there; ${acknowledged} were acknowledged, ${timestampsMs.length} sent`,
      );
      assert.deepEqual(series.timestampsMs, timestampsMs.slice(0, count));
      assert.deepEqual(
        series.values,
        Array.from({ length: count }, (_, round) => round),
      );
    }
  }
}

/** The newest sample of a series, milliseconds; 0 when there is none. */
export async function newestMs(client: PrometheusClient, selector: string): Promise<number> {
  const { result } = await client.query(`max(timestamp(${selector}))`);
  return Number(at(result, 0, "value", 1) ?? 0) * 1000;
}
