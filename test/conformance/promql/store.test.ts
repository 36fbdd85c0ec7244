/** PromQL over the real store: what remote write brought is what the API answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answerPrometheusApi } from "../../../src/query/index.ts";
import { requestOf } from "../../../src/query/testing/query-rig.ts";
import { message, storeFixture } from "../../../src/store/testing/fixture.ts";

test("samples written by remote write are queried by name, regular expression, rate and age", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const startMs = clock.nowMs() - 120_000;
  const up = (instance: string): Record<string, string> => ({
    __name__: "up",
    cluster: "aks-1",
    instance,
  });
  await workspace.appendWriteRequest(
    message(
      startMs,
      [
        up("a"),
        [
          [0, 1],
          [60_000, 1],
          [120_000, 1],
        ],
      ],
      [
        up("b"),
        [
          [0, 1],
          [60_000, "stale"],
        ],
      ],
      [
        { __name__: "requests_total", instance: "a" },
        [
          [0, 0],
          [60_000, 60],
          [120_000, 120],
        ],
      ],
    ),
  );
  const read = async (path: string): Promise<unknown> => {
    const request = requestOf(path);
    const { body } = await answerPrometheusApi(request, { clock, querier: workspace });
    const { data, error } = JSON.parse(String(body)) as {
      readonly data?: { readonly result?: unknown };
      readonly error?: string;
    };
    return error ?? data?.result ?? data;
  };
  const nowSeconds = clock.nowMs() / 1000;
  const query = (text: string): Promise<unknown> =>
    read(`/api/v1/query?query=${encodeURIComponent(text)}`);
  assert.deepEqual(await query("up"), [
    { metric: { __name__: "up", cluster: "aks-1", instance: "a" }, value: [nowSeconds, "1"] },
  ]);
  assert.deepEqual(await query('max(timestamp(up{cluster="aks-1"}))'), [
    { metric: {}, value: [nowSeconds, String(nowSeconds)] },
  ]);
  assert.deepEqual(
    await query('count by (cluster) (up{instance=~"a|b",cluster!~"x.*"} offset 90s)'),
    [{ metric: { cluster: "aks-1" }, value: [nowSeconds, "2"] }],
  );
  assert.deepEqual(await query("increase(requests_total[2m])"), [
    { metric: { instance: "a" }, value: [nowSeconds, "120"] },
  ]);
  assert.deepEqual(await query("count_over_time(up[3m])"), [
    { metric: { cluster: "aks-1", instance: "a" }, value: [nowSeconds, "3"] },
    { metric: { cluster: "aks-1", instance: "b" }, value: [nowSeconds, "1"] },
  ]);
  assert.deepEqual(await query("vector(1)"), [{ metric: {}, value: [nowSeconds, "1"] }]);
  assert.deepEqual(await read("/api/v1/label/__name__/values"), ["requests_total", "up"]);
  assert.deepEqual(await read("/api/v1/series?match[]=requests_total"), [
    { __name__: "requests_total", instance: "a" },
  ]);
});
