/** The Prometheus API, asked without a socket: routes, parameters, bodies, limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { labelsOf } from "../core/index.ts";
import type { Labels } from "../core/index.ts";
import { regular, rigOf, seriesOf } from "./testing/query-rig.ts";

const up = (instance: string, values: readonly number[]): ReturnType<typeof seriesOf> =>
  seriesOf({ __name__: "up", job: "node", instance }, regular(values, 60_000));

const two = [up("a", [1, 1, 0, 1]), up("b", [0, 0.5, 1e21, Infinity])];
const { ask, read } = rigOf(two);

test("an instant query answers a vector at the asked time", async () => {
  const response = await ask("/api/v1/query?query=up&time=120.5");
  assert.equal(response.status, 200);
  assert.equal(response.headers?.["content-type"], "application/json");
  assert.equal(
    response.body,
    '{"status":"success","data":{"resultType":"vector","result":[' +
      '{"metric":{"__name__":"up","instance":"a","job":"node"},"value":[120.500,"0"]},' +
      '{"metric":{"__name__":"up","instance":"b","job":"node"},"value":[120.500,"1000000000000000000000"]}]}}',
  );
});

test("numbers are written as Go writes them", async () => {
  const written = async (query: string): Promise<unknown> => {
    const { data } = await read(`/api/v1/query?time=1&query=${encodeURIComponent(query)}`);
    return (data as { readonly result: readonly unknown[] }).result[1];
  };
  assert.equal(await written("1/0"), "+Inf");
  assert.equal(await written("-1/0"), "-Inf");
  assert.equal(await written("0/0"), "NaN");
  assert.equal(await written("1e-7"), "0.0000001");
  assert.equal(await written("1.5e22"), "15000000000000000000000");
  assert.equal(await written("-0"), "-0");
  assert.equal(await written("0.1 + 0.2"), "0.30000000000000004");
  assert.equal(await written("-1.25e-10"), "-0.000000000125");
});

test("a query without a time is asked now", async () => {
  assert.deepEqual((await read("/api/v1/query?query=time()")).data, {
    resultType: "scalar",
    result: [600, "600"],
  });
});

test("a time may be RFC 3339", async () => {
  const { data } = await read("/api/v1/query?query=time()&time=1970-01-01T00:02:00.5%2B00:01");
  assert.deepEqual(data, { resultType: "scalar", result: [60.5, "60.5"] });
});

test("strings and range vectors have result types of their own", async () => {
  assert.deepEqual((await read('/api/v1/query?time=0&query="x"')).data, {
    resultType: "string",
    result: [0, "x"],
  });
  assert.deepEqual((await read('/api/v1/query?time=120&query=up{instance="a"}[2m]')).data, {
    resultType: "matrix",
    result: [
      {
        metric: { __name__: "up", instance: "a", job: "node" },
        values: [
          [60, "1"],
          [120, "0"],
        ],
      },
    ],
  });
});

test("a range query answers a matrix, sorted by labels", async () => {
  const { data } = await read("/api/v1/query_range?query=-up&start=0&end=120&step=1m");
  assert.deepEqual(data, {
    resultType: "matrix",
    result: [
      {
        metric: { instance: "a", job: "node" },
        values: [
          [0, "-1"],
          [60, "-1"],
          [120, "-0"],
        ],
      },
      {
        metric: { instance: "b", job: "node" },
        values: [
          [0, "-0"],
          [60, "-0.5"],
          [120, "-1000000000000000000000"],
        ],
      },
    ],
  });
});

test("parameters may come in a form, which stands before the URL", async () => {
  const form = new URLSearchParams({ query: "vector(2)", time: "5" }).toString();
  const { data } = await read("/api/v1/query?query=vector(1)", { form });
  assert.deepEqual(data, { resultType: "vector", result: [{ metric: {}, value: [5, "2"] }] });
});

test("a body that is no form is refused", async () => {
  const { status, body } = await ask("/api/v1/query", {
    form: "{}",
    contentType: "application/json; charset=utf-8",
  });
  assert.equal(status, 400);
  assert.match(String(body), /content-type .*application\/json.* is not taken here/);
});

/** Target, status, errorType, error. */
const refusals: readonly (readonly [string, number, string, string | RegExp])[] = [
  ["/api/v1/query", 400, "bad_data", /invalid parameter "query": .*no expression found in input/],
  [
    "/api/v1/query?query=sum(",
    400,
    "bad_data",
    'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
  ],
  [
    "/api/v1/query?query=up&time=yesterday",
    400,
    "bad_data",
    'invalid parameter "time": cannot parse "yesterday" to a valid timestamp',
  ],
  [
    "/api/v1/query?query=up&time=1e300",
    400,
    "bad_data",
    'invalid parameter "time": cannot parse "1e300" to a valid timestamp',
  ],
  [
    "/api/v1/query?query=up&time=2026-13-01T00:00:00Z",
    400,
    "bad_data",
    /cannot parse "2026-13-01T00:00:00Z"/,
  ],
  [
    "/api/v1/query?query=up&timeout=x",
    400,
    "bad_data",
    'invalid parameter "timeout": cannot parse "x" to a valid duration',
  ],
  [
    "/api/v1/query?query=up&timeout=-1",
    400,
    "bad_data",
    'invalid parameter "timeout": must be greater than 0',
  ],
  [
    "/api/v1/query?query=up&lookback_delta=0s",
    400,
    "bad_data",
    'invalid parameter "lookback_delta": must be greater than 0',
  ],
  [
    "/api/v1/query?query=up&limit=-1",
    400,
    "bad_data",
    'invalid parameter "limit": limit must be non-negative',
  ],
  [
    "/api/v1/query?query=up&stats=all",
    422,
    "execution",
    "parameter stats is not supported; leave it out",
  ],
  [
    "/api/v1/query?query=sin(up)",
    422,
    "execution",
    "function sin is not evaluated yet (1:1); write the query without it",
  ],
  [
    "/api/v1/query?time=60&query=up%2Bon(job)up",
    422,
    "execution",
    /found duplicate series for the match group \{job="node"\}/,
  ],
  [
    "/api/v1/query_range?query=up&end=1&step=1",
    400,
    "bad_data",
    'invalid parameter "start": cannot parse "" to a valid timestamp',
  ],
  [
    "/api/v1/query_range?query=up&start=2&end=1&step=1",
    400,
    "bad_data",
    'invalid parameter "end": end timestamp must not be before start time',
  ],
  [
    "/api/v1/query_range?query=up&start=1&end=1",
    400,
    "bad_data",
    'invalid parameter "step": cannot parse "" to a valid duration',
  ],
  [
    "/api/v1/query_range?query=up&start=1&end=1&step=0",
    400,
    "bad_data",
    /zero or negative query resolution step widths are not accepted/,
  ],
  [
    "/api/v1/query_range?query=up[1m]&start=1&end=1&step=1",
    400,
    "bad_data",
    /invalid expression type "range vector" for range query, must be Scalar or instant Vector/,
  ],
  ["/api/v1/series", 400, "bad_data", "no match[] parameter provided"],
  ["/api/v1/series?match[]=sum(up)", 400, "bad_data", /sum\(up\) is not a plain series selector/],
  ["/api/v1/series?match[]=up offset 5m", 400, "bad_data", /is not a plain series selector/],
  [
    "/api/v1/series?match[]={}",
    400,
    "bad_data",
    'invalid parameter "match[]": 1:1: parse error: vector selector must contain at least one non-empty matcher',
  ],
  [
    "/api/v1/labels?start=5&end=1",
    400,
    "bad_data",
    'invalid parameter "end": end timestamp must not be before start time',
  ],
  ["/api/v1/label/%ff/values", 400, "bad_data", 'invalid label name: "%ff"'],
  [
    "/api/v1/metadata?limit_per_metric=1",
    422,
    "execution",
    "parameter limit_per_metric is not supported; leave it out",
  ],
  [
    "/api/v1/rules",
    404,
    "not_found",
    /path \/api\/v1\/rules is not answered here; use one of \/api\/v1\/query,/,
  ],
  ["/api/v1/../v1/query", 404, "not_found", /is not answered here/],
];

for (const [target, status, errorType, error] of refusals) {
  test(`${target} is refused: ${status} ${errorType}`, async () => {
    const response = await ask(target.replaceAll(" ", "%20"));
    const body = JSON.parse(String(response.body)) as Record<string, string>;
    assert.equal(response.status, status, String(response.body));
    assert.equal(body["status"], "error");
    assert.equal(body["errorType"], errorType);
    if (typeof error === "string") assert.equal(body["error"], error);
    else assert.match(body["error"] ?? "", error);
  });
}

test("QueryMethodNotAllowed: other methods are refused, naming those that are taken", async () => {
  const response = await ask("/api/v1/query?query=up", { method: "DELETE" });
  assert.equal(response.status, 405);
  assert.equal(response.headers?.["allow"], "GET, POST");
});

test("a parse error comes with the lines at fault and carets under every problem", async () => {
  const { excerpt } = await read(
    `/api/v1/query?query=${encodeURIComponent("abs(1) +\n rate(up)")}`,
  );
  assert.equal(
    excerpt,
    [
      "abs(1) +",
      '    ^ expected type instant vector in call to function "abs", got scalar',
      " rate(up)",
      '      ^^ expected type range vector in call to function "rate", got instant vector',
    ].join("\n"),
  );
});

test("limit cuts the results and says so", async () => {
  const { data, warnings } = await read("/api/v1/query?time=60&query=up&limit=1");
  assert.equal((data as { readonly result: readonly unknown[] }).result.length, 1);
  assert.deepEqual(warnings, ["results truncated due to limit"]);
  assert.equal((await read("/api/v1/query?time=60&query=up&limit=2")).warnings, undefined);
  const range = await read("/api/v1/query_range?start=0&end=60&step=60&query=up&limit=1");
  assert.deepEqual(range.warnings, ["results truncated due to limit"]);
});

test("warnings and hints about the data name their place in the query", async () => {
  const { warnings } = await read("/api/v1/query?time=60&query=quantile(2,up)");
  assert.deepEqual(warnings, [
    "PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)",
  ]);
});

test("series, labels and label values list what has samples in the range", async () => {
  assert.deepEqual(
    (await read("/api/v1/series?match[]=up{instance='a'}&match[]={job=~'n.*'}&limit=9")).data,
    [
      { __name__: "up", instance: "a", job: "node" },
      { __name__: "up", instance: "b", job: "node" },
    ],
  );
  assert.deepEqual((await read("/api/v1/labels")).data, ["__name__", "instance", "job"]);
  assert.deepEqual((await read("/api/v1/labels?match[]=absent")).data, []);
  assert.deepEqual((await read("/api/v1/label/__name__/values")).data, ["up"]);
  assert.deepEqual((await read("/api/v1/label/instance/values?limit=1")).data, ["a"]);
  assert.deepEqual((await read("/api/v1/label/instance/values?start=300&end=301")).data, []);
  assert.deepEqual((await read("/api/v1/series", { form: "match%5B%5D=up&limit=1" })).warnings, [
    "results truncated due to limit",
  ]);
});

test("labels that JavaScript objects treat apart come out like others", async () => {
  const labels: Labels = labelsOf(
    Object.fromEntries([
      ["__name__", "m"],
      ["__proto__", "x"],
    ]),
  );
  const odd = rigOf([{ ...seriesOf({}, regular([1], 1)), labels }]);
  const { body } = await odd.ask("/api/v1/query?time=0&query=m");
  assert.match(String(body), /"metric":\{"__name__":"m","__proto__":"x"\}/);
});

test("QueryRouteUnknown: the answer names the paths that are taken", async () => {
  const { error } = await read("/api/v1/alerts");
  assert.match(
    error ?? "",
    /use one of .*\/api\/v1\/query_range, .*\/api\/v1\/label\/NAME\/values/,
  );
});

test("build information names the platform, and metadata is empty", async () => {
  const { data } = await read("/api/v1/status/buildinfo");
  assert.equal((data as { readonly application: string }).application, "Linkscope");
  assert.deepEqual((await read("/api/v1/metadata")).data, {});
});
