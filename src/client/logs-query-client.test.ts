/** The client of log queries, against scripted answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { armLogsQueryClient, logsQueryClient, LogsQueryError } from "./index.ts";
import { scriptedTransport } from "./testing/servers.ts";
import type { Scripted } from "./testing/servers.ts";

const token = (resource: string) => Promise.resolve(`for ${resource}`);
const table = {
  name: "PrimaryResult",
  columns: [{ name: "n", type: "long" }],
  rows: [[1], [null]],
};

test("a query is POSTed as JSON to the workspace, and through Resource Manager to the resource", async () => {
  const transport = scriptedTransport(() => ({ body: { tables: [table] } }));
  const direct = logsQueryClient({ transport, token, customerId: "guid" });
  const answer = await direct.query("Pod", { timespan: "PT1H" });
  assert.deepEqual(
    [answer.columns, answer.rows, answer.partial],
    [table.columns, table.rows, undefined],
  );
  const endpoint = "https://arm.example/";
  await armLogsQueryClient({ transport, token, endpoint, resourceId: "/subscriptions/s" }).query(
    "Pod",
  );
  const [first, second] = transport.sent;
  assert.equal(first?.url, "https://api.loganalytics.azure.com/v1/workspaces/guid/query");
  assert.equal(first?.headers?.["authorization"], "Bearer for https://api.loganalytics.io");
  assert.equal(first?.body, '{"query":"Pod","timespan":"PT1H"}');
  assert.equal(
    second?.url,
    "https://arm.example/subscriptions/s/providers/microsoft.insights/logs?api-version=2018-03-01-preview",
  );
  assert.equal(second?.headers?.["authorization"], "Bearer for https://management.azure.com/");
});

const ask = (scripted: Scripted) =>
  logsQueryClient({
    transport: scriptedTransport(() => scripted),
    token,
    customerId: "guid",
  }).query("Pod");

test("a result that was cut says so", async () => {
  const error = {
    code: "PartialError",
    message: "some errors",
    details: [{ code: "EngineError", message: "outer", innererror: { code: "1", message: "cut" } }],
  };
  assert.equal((await ask({ body: { tables: [table], error } })).partial, "cut");
});

test("a refusal is told by its innermost sentence, with code and place", async () => {
  const error = {
    code: "BadArgumentError",
    message: "invalid",
    innererror: {
      code: "SyntaxError",
      message: "outer",
      innererror: { code: "KS006", message: "Missing expression", line: 2, pos: 4 },
    },
  };
  await assert.rejects(ask({ status: 400, body: { error } }), (thrown: LogsQueryError) => {
    assert.ok(thrown instanceof LogsQueryError);
    assert.deepEqual(
      [thrown.code, thrown.innerCode, thrown.message, thrown.status, thrown.place],
      ["BadArgumentError", "KS006", "Missing expression", 400, { line: 2, pos: 4 }],
    );
    return true;
  });
  const plain = { error: { code: "PathNotFoundError", message: "no such path" } };
  await assert.rejects(ask({ status: 404, body: plain }), {
    code: "PathNotFoundError",
    innerCode: "PathNotFoundError",
  });
  await assert.rejects(ask({ body: {} }), { code: "AnswerUnreadable" });
});
