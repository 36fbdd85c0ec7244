/** Explained requests: found at the edge, shown to who may read the resource, and to nobody else. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { stringAt } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { allow, deny } from "../core/index.ts";
import { explainedVersion, findRequests } from "./explained-requests.ts";
import type { FindRequest } from "./explained-requests.ts";
import { group, sampleControl, subscription } from "./testing/sample-types.ts";

const resourceId = `${group}/providers/Microsoft.Insights/dataCollectionEndpoints/dce`;
const entry: JsonObject = {
  requestId: "r-1",
  resourceId,
  status: 403,
  reasons: [{ rule: "dce.public-disabled", says: "it refuses", source: "x" }],
};

/** Asks for a request, as somebody who may do what `may` says. */
function asked(
  options: {
    readonly may?: (action: string, scope: string) => boolean;
    readonly find?: FindRequest;
  } = {},
) {
  const needs: string[] = [];
  const { ask } = sampleControl({
    findRequest: options.find ?? ((id) => Promise.resolve(id === "r-1" ? entry : undefined)),
    may: (_principal, action, scope) => {
      needs.push(`${action} ${scope}`);
      return (options.may ?? (() => true))(action, scope) ? allow() : deny();
    },
  });
  return {
    needs,
    ask: (method: string, id: string, version = explainedVersion) =>
      ask(method, `/providers/Linkscope.Platform/requests/${id}`, { version }),
  };
}

const codeOf = (answer: { readonly status: number; readonly body: JsonObject }) =>
  `${answer.status} ${stringAt(answer.body, "error", "code")}`;

test("who may read the resource reads the chain", async () => {
  const { ask, needs } = asked();
  const answer = await ask("GET", "r-1");
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, entry);
  assert.deepEqual(needs, [`Microsoft.Insights/dataCollectionEndpoints/read ${resourceId}`]);
});

test("to who may not, a request that is there and one that is not are the same", async () => {
  const { ask } = asked({ may: () => false });
  const there = await ask("GET", "r-1");
  const missing = await ask("GET", "r-2");
  assert.equal(codeOf(there), "404 RequestNotFound");
  const words = (answer: { readonly body: JsonObject }) =>
    stringAt(answer.body, "error", "message")?.replace(/'r-\d'/, "");
  assert.equal(words(there), words(missing));
});

test("a request to no resource is shown to who may read the subscription", async () => {
  const find: FindRequest = () => Promise.resolve({ requestId: "r-1", status: 404 });
  const { ask, needs } = asked({ find });
  assert.equal((await ask("GET", "r-1")).status, 200);
  assert.deepEqual(needs, [`Microsoft.Resources/subscriptions/read ${subscription}`]);
});

test("other methods, versions and ids that are none are refused", async () => {
  const { ask } = asked();
  assert.equal(codeOf(await ask("DELETE", "r-1")), "405 MethodNotAllowed");
  assert.match(codeOf(await ask("GET", "r-1", "2020-01-01")), /^400 /);
  assert.equal(codeOf(await ask("GET", "x".repeat(65))), "404 RequestNotFound");
});

test("the edge is asked over its socket, and its silence is an answer of its own", async () => {
  const folder = mkdtempSync(join(tmpdir(), "explain-"));
  const socket = join(folder, "e.sock");
  const server = createServer((request, response) => {
    if (request.url !== "/requests/r-1") return void response.writeHead(404).end();
    response.end(JSON.stringify(entry));
  });
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  const find = findRequests(socket);
  assert.deepEqual(await find("r-1"), entry);
  assert.equal(await find("r-2"), undefined);
  await new Promise((resolve) => void server.close(resolve));
  await assert.rejects(find("r-1"), { code: "RequestsUnreachable", status: 503 });
  rmSync(folder, { recursive: true });
});
