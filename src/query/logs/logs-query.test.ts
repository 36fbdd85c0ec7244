/** The Log Analytics query API as a handler: requests, answers, errors, and what one principal may ask. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, fakeClock, limits } from "../../core/index.ts";
import type { FakeClock, LogTable } from "../../core/index.ts";
import type { HttpRequest, HttpResponse } from "../../http/index.ts";
import type { TranslateRequest, Translation } from "../../kql/index.ts";
import type { LogAnswer, LogQuestion } from "../../store/index.ts";
import { answerLogsQuery } from "./answer-logs-query.ts";
import type { LogsQueryContext } from "./answer-logs-query.ts";
import { parseTimespan } from "./iso-timespan.ts";
import { userQueries } from "./user-queries.ts";

const nowMs = Date.UTC(2026, 0, 2);
const tables: readonly LogTable[] = [
  { name: "Pod", columns: [{ name: "Name", type: "string" }] },
  { name: "Node", columns: [{ name: "Name", type: "string" }] },
];

const translated: Translation = {
  ok: true,
  sql: "SELECT 1",
  parameters: [],
  columns: [{ name: "Name", type: "string" }],
  tables: ["Pod"],
};

interface Rig {
  readonly clock: FakeClock;
  readonly asked: TranslateRequest[];
  readonly questions: LogQuestion[];
  readonly failures: CodedError[];
  translation: Translation;
  answer: (question: LogQuestion) => Promise<LogAnswer>;
  ask(request: Partial<HttpRequest>, context?: Partial<LogsQueryContext>): Promise<HttpResponse>;
}

function rigOf(): Rig {
  const clock = fakeClock(nowMs);
  const users = userQueries(clock);
  const rig: Rig = {
    clock,
    asked: [],
    questions: [],
    failures: [],
    translation: translated,
    answer: async () => ({ rows: [["web-1"]], cut: false }),
    ask: (request, context = {}) =>
      answerLogsQuery(requestOf(request), {
        tables,
        translator: {
          async translate(asked) {
            rig.asked.push(asked);
            return rig.translation;
          },
        },
        querier: async () => ({
          query(question) {
            rig.questions.push(question);
            return rig.answer(question);
          },
        }),
        users,
        principalId: "someone",
        clock,
        signal: new AbortController().signal,
        onFailure: (error) => rig.failures.push(error),
        ...context,
      }),
  };
  return rig;
}

const requestOf = (more: Partial<HttpRequest>): HttpRequest => ({
  method: "POST",
  host: "",
  path: "/",
  query: new URLSearchParams(),
  headers: { "content-type": "application/json" },
  body: async () => Buffer.from(JSON.stringify({ query: "Pod" })),
  origin: "",
  ...more,
});

const post = (body: unknown, headers: Record<string, string> = {}): Partial<HttpRequest> => ({
  headers: { "content-type": "application/json; charset=utf-8", ...headers },
  body: async () => Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
});

interface Said {
  readonly code?: string;
  readonly message?: string;
  readonly line?: number;
  readonly pos?: number;
  readonly innererror?: Said;
  readonly details?: readonly Said[];
}

function errorOf({ body, headers }: HttpResponse): Said {
  const { error } = JSON.parse(String(body)) as { error: Said };
  assert.equal(headers?.["x-ms-error-code"], error.code);
  return error;
}

test("a query by POST and by GET answers the same table", async () => {
  const rig = rigOf();
  const get = { method: "GET", query: new URLSearchParams({ query: "Pod" }), headers: {} };
  for (const request of [post({ query: "Pod" }), get]) {
    const answer = await rig.ask(request);
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(String(answer.body)), {
      tables: [
        { name: "PrimaryResult", columns: [{ name: "Name", type: "string" }], rows: [["web-1"]] },
      ],
    });
  }
  assert.deepEqual(
    rig.asked.map(({ text, use, nowMs: now }) => [text, use, now]),
    [
      ["Pod", "query", nowMs],
      ["Pod", "query", nowMs],
    ],
  );
  assert.deepEqual(rig.questions[0]?.tables, [tables[0]]);
  assert.equal(rig.questions[0]?.timeoutMs, limits.logsQueryTimeoutMs);
});

test("a timespan in the body and one in the URL are both kept", async () => {
  const rig = rigOf();
  const timespan = "2026-01-01T00:00:00Z/2026-01-01T12:00:00Z";
  await rig.ask({
    ...post({ query: "Pod", timespan }),
    query: new URLSearchParams({ timespan: "PT18H" }),
  });
  assert.deepEqual(rig.asked[0]?.timespan, {
    fromMs: Date.UTC(2026, 0, 1, 6),
    toMs: Date.UTC(2026, 0, 1, 12),
  });
});

test("the scope in time that Grafana sends is kept with the timespan", async () => {
  const rig = rigOf();
  const [from, to] = ["2026-01-01T00:00:00Z", "2026-01-01T06:00:00Z"];
  const scope = {
    query_datetimescope_column: "TimeGenerated",
    query_datetimescope_from: from,
    query_datetimescope_to: to,
  };
  const answer = await rig.ask(post({ query: "Pod", timespan: `${from}/${to}`, ...scope }));
  assert.equal(answer.status, 200);
  const timespan = { fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2026, 0, 1, 6) };
  assert.deepEqual(rig.asked[0]?.timespan, timespan);
});

test("a timespan is a duration or an interval of ISO 8601", () => {
  const day = 86_400_000;
  const at = Date.UTC(2026, 0, 1);
  const cases: readonly (readonly [string, number, number])[] = [
    ["PT1H", nowMs - 3_600_000, nowMs],
    ["P1DT12H", nowMs - 1.5 * day, nowMs],
    ["P2W", nowMs - 14 * day, nowMs],
    ["pt30m", nowMs - 1_800_000, nowMs],
    ["PT0.5S", nowMs - 500, nowMs],
    ["2026-01-01/2026-01-02", at, at + day],
    ["2026-01-01T00:00:00/PT1H", at, at + 3_600_000],
    ["P1D/2026-01-01T01:00:00+01:00", at - day, at],
  ];
  for (const [text, fromMs, toMs] of cases) {
    assert.deepEqual(parseTimespan(text, nowMs), { fromMs, toMs }, text);
  }
  for (const text of [
    "",
    "P",
    "PT",
    "1h",
    "P1H",
    "a/b",
    "2026-01-01",
    "PT1H/PT1H",
    "a/b/c",
    "2026-13-01/2026-01-01",
  ]) {
    assert.equal(parseTimespan(text, nowMs), undefined, text);
  }
});

test("a request that is wrong is a BadArgumentError that says how", async () => {
  const rig = rigOf();
  const cases: readonly (readonly [Partial<HttpRequest>, string, RegExp])[] = [
    [post("{"), "InvalidArgument", /no JSON object/],
    [post("[]"), "InvalidArgument", /no JSON object/],
    [post({}), "InvalidArgument", /has no query/],
    [post({ query: " " }), "InvalidArgument", /has no query/],
    [post({ query: 5 }), "InvalidArgument", /has no query/],
    [post({ query: "Pod", timespan: "1h" }), "InvalidArgument", /"1h" is no ISO 8601/],
    [post({ query: "Pod", timespan: 5 }), "InvalidArgument", /5 is no ISO 8601/],
    [post({ query: "Pod", timespan: "2026-01-02/2026-01-01" }), "InvalidArgument", /ends before/],
    [post({ query: "Pod", workspaces: ["b"] }), "FeatureNotEmulated", /several workspaces/],
    [post({ query: "Pod", maxRows: 5 }), "FeatureNotEmulated", /'maxRows' is not supported/],
    [post({ query: "Pod", query_datetimescope_column: "Other" }), "FeatureNotEmulated", /"Other"/],
    [post({ query: "Pod", query_datetimescope_from: "x" }), "InvalidArgument", /"x" is no ISO/],
    [post({ query: "Pod" }, { prefer: "wait=soon" }), "InvalidArgument", /wait=soon is no number/],
  ];
  for (const [request, inner, says] of cases) {
    const answer = await rig.ask(request);
    const error = errorOf(answer);
    assert.deepEqual(
      [answer.status, error.code, error.message, error.innererror?.code],
      [400, "BadArgumentError", "The request had some invalid properties", inner],
    );
    assert.match(error.innererror?.message ?? "", says);
  }
  assert.equal(rig.asked.length, 0);
});

test("a POST without a JSON type is answered by nothing, as the service documents it", async () => {
  const answer = await rigOf().ask({ headers: {} });
  assert.deepEqual([answer.status, answer.body], [200, ""]);
});

test("an empty list of workspaces names no other workspace", async () => {
  assert.equal((await rigOf().ask(post({ query: "Pod", workspaces: [] }))).status, 200);
});

test("another method is refused with those that are taken", async () => {
  const answer = await rigOf().ask({ method: "DELETE" });
  assert.deepEqual([answer.status, answer.headers?.["allow"]], [405, "GET, POST"]);
  assert.equal(errorOf(answer).code, "MethodNotAllowed");
});

test("a body at its limit is read, one past it is the caller's fault", async () => {
  const rig = rigOf();
  const taken: number[] = [];
  await rig.ask({
    body: async (bytesMax) => {
      taken.push(bytesMax);
      throw new CodedError("BodyTooLarge", "The body is too large.", { status: 413 });
    },
  });
  assert.deepEqual(taken, [limits.logsQueryBodyBytesMax]);
  assert.deepEqual(
    rig.failures.map(({ code }) => code),
    ["BodyTooLarge"],
  );
});

test("preferences: the server's time, its statistics, and what was applied", async () => {
  const rig = rigOf();
  const prefer =
    'wait=30, include-statistics=true;ai.include-render="true", include-dataSources=true';
  const answer = await rig.ask(post({ query: "Pod" }, { prefer }));
  const body = JSON.parse(String(answer.body)) as Record<string, unknown>;
  assert.deepEqual(body["statistics"], {
    query: { executionTime: 0, datasetStatistics: [{ tableRowCount: 1 }] },
  });
  assert.deepEqual(body["render"], {});
  assert.equal(
    answer.headers?.["preference-applied"],
    "include-statistics=true, include-render=true",
  );
  assert.equal(rig.questions[0]?.timeoutMs, 30_000);
  const seconds = limits.logsQueryTimeoutMsMax / 1000;
  for (const wait of [seconds, seconds + 1]) {
    await rig.ask(post({ query: "Pod" }, { prefer: `wait=${wait}` }));
    assert.equal(rig.questions.at(-1)?.timeoutMs, limits.logsQueryTimeoutMsMax);
  }
});

test("problems of a query nest as the service nests them, each with its line and position", async () => {
  const rig = rigOf();
  rig.translation = {
    ok: false,
    problems: [
      { kind: "syntax", code: "KS006", says: "Missing expression", start: 8, length: 1 },
      {
        kind: "unsupported",
        code: "KqlNotSupported",
        says: "The operator join is not supported here.",
        start: 0,
        length: 3,
      },
    ],
  };
  const error = errorOf(await rig.ask(post({ query: "Pod\n| where" })));
  assert.deepEqual(error.innererror, {
    code: "SyntaxError",
    message: "A recognition error occurred in the query.",
    innererror: { code: "KS006", message: "Missing expression", line: 2, pos: 4 },
  });
  assert.deepEqual(
    error.details?.map(({ code, innererror }) => [code, innererror?.code]),
    [["FeatureNotEmulated", "KqlNotSupported"]],
  );
  rig.translation = {
    ok: false,
    problems: [{ kind: "semantic", code: "KS142", says: "No column", start: 0, length: 3 }],
  };
  const semantic = errorOf(await rig.ask(post({ query: "Pod" })));
  assert.equal(semantic.innererror?.code, "SemanticError");
  assert.equal(semantic.details, undefined);
});

test("a result that was cut is a 200 with a PartialError", async () => {
  const rig = rigOf();
  rig.answer = async () => ({ rows: [["a"]], cut: true });
  const answer = await rig.ask(post({ query: "Pod" }));
  assert.equal(answer.status, 200);
  const { tables: all, error } = JSON.parse(String(answer.body)) as {
    tables: unknown[];
    error: Said;
  };
  assert.equal(all.length, 1);
  assert.equal(error.code, "PartialError");
  assert.match(error.details?.[0]?.innererror?.message ?? "", /set limit of 500000 records/);
});

test("what fails behind becomes the service's status, and is told to the log", async () => {
  const cases: readonly (readonly [Error, number, string])[] = [
    [new CodedError("LogQueryTimeout", "slow", { status: 504 }), 504, "GatewayTimeout"],
    [new CodedError("KqlTimeout", "slow", { status: 504 }), 504, "GatewayTimeout"],
    [new CodedError("LogsUnavailable", "gone", { status: 503 }), 503, "ServiceUnavailable"],
    [new CodedError("LogsBusy", "busy", { status: 429 }), 429, "QueryThrottled"],
    [new CodedError("LogQueryMemory", "large", { status: 422 }), 400, "BadArgumentError"],
    [new CodedError("LogQueryFailed", "wrong", { status: 400 }), 400, "BadArgumentError"],
    [new Error("a secret path"), 500, "InternalServerError"],
  ];
  for (const [thrown, status, code] of cases) {
    const rig = rigOf();
    rig.answer = () => Promise.reject(thrown);
    const answer = await rig.ask(post({ query: "Pod" }));
    const error = errorOf(answer);
    assert.deepEqual([answer.status, error.code], [status, code]);
    assert.equal(
      answer.headers?.["retry-after"],
      status === 429 || status === 503 ? "1" : undefined,
    );
    assert.equal(rig.failures.length, 1);
    assert.doesNotMatch(String(answer.body), /secret/);
  }
});

test("a principal asks as often as it may in its window, and once more is throttled until the window moves", async () => {
  const rig = rigOf();
  for (let count = 0; count < limits.logsQueriesPerWindowMax; count++) {
    assert.equal((await rig.ask(post({ query: "Pod" }))).status, 200);
  }
  rig.clock.advance(10_000);
  const refused = await rig.ask(post({ query: "Pod" }));
  assert.deepEqual([refused.status, refused.headers?.["retry-after"]], [429, "20"]);
  assert.match(
    errorOf(refused).message ?? "",
    /200 queries came in the last 30 seconds; the limit is 200/,
  );
  assert.equal((await rig.ask(post({ query: "Pod" }), { principalId: "another" })).status, 200);
  rig.clock.advance(20_000);
  assert.equal((await rig.ask(post({ query: "Pod" }))).status, 200);
});
