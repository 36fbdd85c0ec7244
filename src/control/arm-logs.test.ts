/** Queries of logs through Resource Manager: whom control passes on, what it says itself, and the socket between. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { allow, deny, limits } from "../core/index.ts";
import type { ArmLogsQuery } from "./arm-logs.ts";
import { READ_LOGS } from "./arm-logs.ts";
import { passLogsQueries } from "./pass-logs-query.ts";
import { group, withGroup } from "./testing/sample-types.ts";
import type { SampleControl } from "./testing/sample-types.ts";

const version = "2018-03-01-preview";
const endpoint = `${group}/providers/Microsoft.Insights/dataCollectionEndpoints/one`;
const logsOf = (id: string): string => `${id}/providers/microsoft.insights/logs`;

async function withEndpoint(
  options: Parameters<typeof withGroup>[0] = {},
): Promise<SampleControl & { readonly passed: ArmLogsQuery[] }> {
  const passed: ArmLogsQuery[] = [];
  const sample = await withGroup({
    passLogsQuery: async (asked) => {
      passed.push(asked);
      return { status: 200, headers: {}, body: JSON.stringify({ tables: [] }) };
    },
    ...options,
  });
  await sample.ask("PUT", endpoint, { body: { location: "eastus", properties: {} } });
  return { ...sample, passed };
}

test("a query of a resource's logs is passed on with the resource as it is spelled and who asks", async () => {
  const { ask, passed } = await withEndpoint();
  for (const method of ["GET", "POST"]) {
    const answer = await ask(method, logsOf(endpoint.toUpperCase()), {
      version,
      body: { query: "x" },
    });
    assert.deepEqual([answer.status, answer.body], [200, { tables: [] }]);
    assert.equal(passed.at(-1)?.requestId, answer.headers["x-ms-request-id"]);
  }
  assert.deepEqual(
    passed.map(({ principalId, request }) => [principalId, request.method]),
    [
      ["oid-1", "GET"],
      ["oid-1", "POST"],
    ],
  );
  assert.ok(passed.every(({ resourceId }) => resourceId === endpoint));
});

test("who has no right to the logs is refused before anything is passed on", async () => {
  const { ask, passed } = await withEndpoint({
    may: (_principal, action) => (action === READ_LOGS ? deny() : allow()),
  });
  const answer = await ask("POST", logsOf(endpoint), { version, body: { query: "x" } });
  assert.deepEqual([answer.status, answer.code], [403, "AuthorizationFailed"]);
  assert.match(answer.message, /'Microsoft.Insights\/logs\/read'/);
  assert.equal(passed.length, 0);
});

test("another version, another method, a resource that is none and a path that is none are refused", async () => {
  const { ask, passed } = await withEndpoint();
  const cases = [
    ["POST", logsOf(endpoint), "2017-10-01", 400, "InvalidApiVersionParameter"],
    ["PUT", logsOf(endpoint), version, 405, "MethodNotAllowed"],
    [
      "POST",
      logsOf(`${group}/providers/Microsoft.Insights/dataCollectionEndpoints/two`),
      version,
      404,
      "ResourceNotFound",
    ],
    ["POST", logsOf("/nowhere"), version, 400, "InvalidRequestUri"],
  ] as const;
  for (const [method, path, asked, status, code] of cases) {
    const answer = await ask(method, path, { version: asked, body: {} });
    assert.deepEqual([answer.status, answer.code], [status, code], path);
  }
  const missing = await ask("POST", `${logsOf(endpoint)}?x=1`, { body: {} });
  assert.equal(missing.code, "MissingApiVersionParameter");
  assert.equal(passed.length, 0);
});

test("a control plane without an edge refuses by name", async () => {
  const { ask } = await withGroup();
  await ask("PUT", endpoint, { body: { location: "eastus", properties: {} } });
  const answer = await ask("POST", logsOf(endpoint), { version, body: {} });
  assert.deepEqual([answer.status, answer.code], [400, "FeatureNotEmulated"]);
});

const folder = mkdtempSync(join(tmpdir(), "pass-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function listening(
  name: string,
  serve: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): Promise<{ readonly server: Server; readonly path: string }> {
  const path = join(folder, name);
  const server = createServer(serve);
  server.listen(path);
  await once(server, "listening");
  return { server, path };
}

test("over the socket go query, type and preference, and who asks; back comes the answer as it is", async () => {
  const seen: { headers: IncomingMessage["headers"]; url: string; body: string }[] = [];
  const { server, path } = await listening("logs.sock", (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { headers, url = "" } = incoming;
      seen.push({ headers, url, body: Buffer.concat(chunks).toString() });
      outgoing.writeHead(429, {
        "retry-after": "7",
        "x-ms-error-code": "QueryThrottled",
        "x-inside": "1",
      });
      outgoing.end('{"error":{}}');
    });
  });
  const bodies: number[] = [];
  const request = {
    method: "POST",
    host: "management.azure.com",
    path: "/",
    query: new URLSearchParams({ "api-version": version, timespan: "PT1H" }),
    headers: {
      "content-type": "application/json",
      prefer: "wait=5",
      authorization: "Bearer secret",
    },
    body: async (bytesMax: number) => {
      bodies.push(bytesMax);
      return Buffer.from('{"query":"x"}');
    },
    origin: "",
  };
  const asked = { resourceId: "/subscriptions/ü", principalId: "p", requestId: "r", request };
  const answer = await passLogsQueries(path)(asked);
  assert.equal(answer.status, 429);
  assert.deepEqual(answer.headers, { "retry-after": "7", "x-ms-error-code": "QueryThrottled" });
  assert.equal(String(answer.body), '{"error":{}}');
  const [got] = seen;
  assert.equal(got?.url, "/query?timespan=PT1H");
  assert.equal(got?.body, '{"query":"x"}');
  assert.equal(got?.headers["x-linkscope-resource"], "%2Fsubscriptions%2F%C3%BC");
  assert.equal(got?.headers["prefer"], "wait=5");
  assert.equal(got?.headers["authorization"], undefined);
  assert.deepEqual(bodies, [limits.logsQueryBodyBytesMax]);
  server.close();
  await assert.rejects(passLogsQueries(join(folder, "none.sock"))(asked), {
    code: "LogsQueryUnreachable",
    status: 503,
  });
});
