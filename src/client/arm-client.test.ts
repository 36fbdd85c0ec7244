/** The ARM client against answers as ARM gives them: pages, operations, refusals, throttling. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, fakeClock, limits } from "../core/index.ts";
import type { FakeClock } from "../core/index.ts";
import { armClient } from "./index.ts";
import type { ArmClient, ArmClientOptions } from "./index.ts";
import { driven, scriptedTransport } from "./testing/servers.ts";
import type { Scripted } from "./testing/servers.ts";
import type { TransportRequest } from "./transport.ts";

const origin = "https://localhost:8443";
const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
const apiVersion = "2024-01-01";
const coded = (code: string) => (error: unknown) => {
  assert.ok(error instanceof CodedError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

interface Bench {
  readonly arm: ArmClient;
  readonly clock: FakeClock;
  readonly sent: readonly TransportRequest[];
}
function bench(
  answer: (request: TransportRequest, count: number) => Scripted,
  more: Partial<ArmClientOptions> = {},
): Bench {
  const clock = fakeClock();
  const transport = scriptedTransport(answer);
  const token = (resource: string) => Promise.resolve(`for ${resource}`);
  const arm = armClient({ transport, clock, token, endpoint: `${origin}/`, ...more });
  return { arm, clock, sent: transport.sent };
}
const state = (provisioningState: string) => ({ id, properties: { provisioningState } });

test("a GET carries api-version and ARM's token; a missing resource is undefined", async () => {
  const { arm, sent } = bench((request) =>
    request.url.includes("virtualNetworks")
      ? { body: { id } }
      : { status: 404, body: { error: { code: "ResourceGroupNotFound", message: "no" } } },
  );
  assert.deepEqual(await arm.get(id, apiVersion), { id });
  assert.equal(sent[0]?.url, `${origin}${id}?api-version=${apiVersion}`);
  assert.equal(sent[0]?.headers?.["authorization"], "Bearer for https://management.azure.com/");
  assert.equal(await arm.get("/subscriptions/s/resourceGroups/x", apiVersion), undefined);
});

test("a 404 that is no missing resource is an error, and so is every other refusal, with ARM's code", async () => {
  const error = { code: "InvalidResourceType", message: "no such type", target: "type" };
  const { arm } = bench(() => ({ status: 404, body: { error } }));
  await assert.rejects(arm.get(id, apiVersion), (thrown) => {
    assert.equal((thrown as CodedError).target, "type");
    assert.equal((thrown as CodedError).status, 404);
    return coded("InvalidResourceType")(thrown);
  });
  const bare = bench(() => ({ status: 502, body: "<html>" }));
  await assert.rejects(bare.arm.get(id, apiVersion), coded("AnswerUnreadable"));
});

test("a list follows its pages, and the token never to another origin", async () => {
  const { arm } = bench((request, count) => ({
    body: {
      value: [{ id: `${count}` }],
      ...(count < 3 ? { nextLink: `${origin}/more?page=${count}` } : {}),
    },
  }));
  assert.deepEqual(await arm.list("/subscriptions/s/x", apiVersion), [
    { id: "1" },
    { id: "2" },
    { id: "3" },
  ]);
  const evil = bench(() => ({ body: { value: [], nextLink: "https://evil.example/more" } }));
  await assert.rejects(evil.arm.list("/x", apiVersion), coded("UrlRefused"));
  assert.equal(evil.sent.length, 1);
});

test("TooManyPages: a list of the most pages is taken, one more is not", async () => {
  const pages = (count: number) =>
    bench((_, page) => ({
      body: { value: [{}], ...(page < count ? { nextLink: `${origin}/${page}` } : {}) },
    }));
  const most = await pages(limits.listPagesMax).arm.list("/x", apiVersion);
  assert.equal(most.length, limits.listPagesMax);
  await assert.rejects(
    pages(limits.listPagesMax + 1).arm.list("/x", apiVersion),
    coded("TooManyPages"),
  );
});

test("a PUT with Azure-AsyncOperation is polled as Retry-After says, then the resource is read", async () => {
  const clockTimes: number[] = [];
  const { arm, clock, sent } = bench((request, count) => {
    clockTimes.push(clock.nowMs());
    if (request.method === "PUT") {
      const headers = { "azure-asyncoperation": `${origin}/op/1`, "retry-after": "3" };
      return { status: 201, headers, body: state("Creating") };
    }
    if (!request.url.includes("/op/")) return { body: state("Succeeded") };
    const status = count < 4 ? "InProgress" : "Succeeded";
    return { headers: { "retry-after": "1" }, body: { status } };
  });
  const body = { location: "eastus" };
  const done = await driven(arm.put(id, { apiVersion, body }), clock);
  assert.deepEqual(done, state("Succeeded"));
  assert.equal(sent[0]?.body, JSON.stringify(body));
  assert.deepEqual(
    sent.map(({ method }) => method),
    ["PUT", "GET", "GET", "GET", "GET"],
  );
  const waits = clockTimes.slice(1).map((at, index) => at - (clockTimes[index] ?? 0));
  assert.ok((waits[0] ?? 0) >= 3_000 && (waits[1] ?? 0) >= 1_000, waits.join());
});

test("a PUT that answers as done is not polled; one without headers is polled by its provisioning state", async () => {
  const done = bench(() => ({ body: state("Succeeded") }));
  await done.arm.put(id, { apiVersion, body: {} });
  assert.equal(done.sent.length, 1);
  const slow = bench((_, count) => ({
    status: count === 1 ? 201 : 200,
    body: state(count < 3 ? "Updating" : "Succeeded"),
  }));
  await driven(slow.arm.patch(id, { apiVersion, body: {} }), slow.clock);
  assert.deepEqual(
    slow.sent.map(({ method }) => method),
    ["PATCH", "GET", "GET"],
  );
});

test("a failed operation throws its own code, or OperationFailed where it has none", async () => {
  const failing = (last: unknown) =>
    bench((request) =>
      request.method === "PUT"
        ? { status: 201, headers: { "azure-asyncoperation": `${origin}/op` }, body: {} }
        : { body: last },
    );
  const named = failing({ status: "Failed", error: { code: "SubnetIsFull", message: "full" } });
  const write = { apiVersion, body: {} };
  await assert.rejects(driven(named.arm.put(id, write), named.clock), coded("SubnetIsFull"));
  const bare = failing({ status: "Canceled" });
  await assert.rejects(driven(bare.arm.put(id, write), bare.clock), coded("OperationFailed"));
});

test("OperationTimedOut: an operation that does not end is left after its time", async () => {
  const { arm, clock } = bench((request) =>
    request.method === "PUT"
      ? { status: 201, headers: { "azure-asyncoperation": `${origin}/op` }, body: {} }
      : { body: { status: "InProgress" } },
  );
  const startMs = clock.nowMs();
  const put = arm.put(id, { apiVersion, body: {}, timeoutMs: 60_000 });
  await assert.rejects(driven(put, clock, 1_000), coded("OperationTimedOut"));
  assert.ok(clock.nowMs() - startMs < 65_000);
});

test("a DELETE waits on Location until it is no longer 202; nothing to remove is false", async () => {
  const { arm, clock, sent } = bench((request, count) =>
    request.method === "DELETE" || count < 4
      ? { status: 202, headers: { location: `${origin}/result`, "retry-after": "1" } }
      : { status: 204 },
  );
  assert.equal(await driven(arm.delete(id, { apiVersion }), clock), true);
  assert.equal(sent.length, 4);
  const absent = bench(() => ({ status: 204 }));
  assert.equal(await absent.arm.delete(id, { apiVersion }), false);
});

test("an action's answer is its body, at once or at its Location", async () => {
  const { arm, clock } = bench((request) =>
    request.method === "POST"
      ? { status: 202, headers: { location: `${origin}/result` } }
      : { body: { keys: [] } },
  );
  assert.deepEqual(await driven(arm.post(`${id}/listKeys`, { apiVersion }), clock), { keys: [] });
});

test("a 409 while the scope is provisioning is sent again; any other 409 is thrown", async () => {
  const message = "Cannot modify resource while in provisioning state: 'Provisioning'";
  const busy = bench((_, count) =>
    count < 3
      ? { status: 409, body: { error: { code: "Conflict", message } } }
      : { body: state("Succeeded") },
  );
  await driven(busy.arm.put(id, { apiVersion, body: {} }), busy.clock);
  assert.equal(busy.sent.length, 3);
  const taken = bench(() => ({
    status: 409,
    body: { error: { code: "Conflict", message: "already exists in this private link scope" } },
  }));
  await assert.rejects(taken.arm.put(id, { apiVersion, body: {} }), coded("Conflict"));
  assert.equal(taken.sent.length, 1);
  const never = bench(() => ({ status: 409, body: { error: { code: "X", message } } }), {
    onConflict: () => undefined,
  });
  await assert.rejects(never.arm.put(id, { apiVersion, body: {} }), coded("X"));
});

test("429 and 503 are waited out as Retry-After says, until the most tries", async () => {
  const { arm, clock, sent } = bench((_, count) =>
    count < 3 ? { status: count === 1 ? 429 : 503, headers: { "retry-after": "7" } } : { body: {} },
  );
  const startMs = clock.nowMs();
  await driven(arm.get(id, apiVersion), clock);
  assert.equal(sent.length, 3);
  assert.ok(clock.nowMs() - startMs >= 14_000);
  const always = bench(() => ({ status: 429, body: { error: { code: "TooManyRequests" } } }));
  await assert.rejects(
    driven(always.arm.get(id, apiVersion), always.clock),
    coded("TooManyRequests"),
  );
  assert.equal(always.sent.length, limits.clientTriesMax);
});
