/** What callers see when a service behind the edge fails, and when the edge ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audiences } from "../azure/index.ts";
import { CodedError, limits } from "../core/index.ts";
import { edgeRig, remoteWrite } from "./testing/edge-rig.ts";
import type { Answer, EdgeRig } from "./testing/edge-rig.ts";
import { hosts, immutableIds, linkIds, principals } from "./testing/estate.ts";

const write = (rig: EdgeRig): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host: hosts.dce("a").metrics,
    path: `/api/v1/dataCollectionRules/${immutableIds.dcr("a")}/streams/Microsoft-PrometheusMetrics`,
    method: "POST",
    token: rig.token(principals.operator("a"), audiences.monitor),
    ...remoteWrite(rig.clock.nowMs()),
  });
const query = (rig: EdgeRig): Promise<Answer> =>
  rig.ask({
    via: linkIds.queryA,
    host: hosts.query("a"),
    path: "/api/v1/query?query=up",
    token: rig.token(principals.operator("a"), audiences.prometheus),
  });

async function withRig(
  protocols: Parameters<typeof edgeRig>[0],
  run: (rig: EdgeRig) => Promise<void>,
): Promise<void> {
  const rig = await edgeRig(protocols);
  try {
    await run(rig);
  } finally {
    await rig.close();
  }
}

const failing = (error: Error) => async (): Promise<never> => {
  throw error;
};

test("what fails inside is 500 with a request id, and its message stays inside", () => {
  const fail = failing(new Error("the secret path /x"));
  return withRig({ receiveRemoteWrite: fail, answerPrometheusApi: fail }, async (rig) => {
    for (const answer of [await write(rig), await query(rig)]) {
      assert.equal(answer.status, 500);
      assert.equal(answer.headers["x-ms-error-code"], "InternalServerError");
      assert.ok(!answer.body.includes("secret"));
      const entry = rig.edge.explainRequest(String(answer.headers["x-ms-request-id"]));
      assert.deepEqual(entry?.reasons.at(-1), {
        rule: "error.InternalServerError",
        says: "the secret path /x",
        source: "platform",
      });
    }
  });
});

test("a store that cannot take or give is 503 with Retry-After, in each protocol's own shape", () => {
  const fail = failing(new CodedError("StoreUnavailable", "The disk is full.", { status: 503 }));
  return withRig({ receiveRemoteWrite: fail, answerPrometheusApi: fail }, async (rig) => {
    const written = await write(rig);
    assert.equal(written.status, 503);
    assert.equal(written.headers["retry-after"], "1");
    assert.deepEqual(JSON.parse(written.body), {
      error: { code: "StoreUnavailable", message: "The disk is full." },
    });
    const queried = await query(rig);
    assert.equal(queried.status, 503);
    assert.deepEqual(JSON.parse(queried.body), {
      status: "error",
      errorType: "unavailable",
      error: "The disk is full.",
    });
  });
});

test("a client that goes away aborts its query", () => {
  const aborted = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const answerPrometheusApi: NonNullable<Parameters<typeof edgeRig>[0]>["answerPrometheusApi"] = (
    _,
    { signal },
  ) => {
    begun.resolve();
    signal?.addEventListener("abort", () => aborted.resolve());
    return new Promise(() => {});
  };
  return withRig({ answerPrometheusApi }, async (rig) => {
    const tls = await rig.handshake(linkIds.queryA, hosts.query("a"));
    const token = rig.token(principals.operator("a"), audiences.prometheus);
    tls.write(
      `GET /api/v1/query?query=up HTTP/1.1\r\nHost: ${hosts.query("a")}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await begun.promise;
    tls.destroy();
    await aborted.promise;
  });
});

test("closing lets an answer in work finish, and ends its connection", () => {
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const receiveRemoteWrite = async (): Promise<{ status: number }> => {
    begun.resolve();
    await go.promise;
    return { status: 204 };
  };
  return withRig({ receiveRemoteWrite }, async (rig) => {
    const idle = await rig.handshake("public", hosts.dce("a").metrics);
    const answer = write(rig);
    await begun.promise;
    const closed = rig.edge.close();
    await assert.rejects(rig.handshake("public", hosts.dce("a").metrics));
    go.resolve();
    assert.equal((await answer).status, 204);
    await closed;
    if (!idle.destroyed) await new Promise((resolve) => idle.resume().once("close", resolve));
  });
});

test("closing waits for an answer no longer than the drain's limit", () => {
  const begun = Promise.withResolvers<void>();
  const receiveRemoteWrite = (): Promise<never> => {
    begun.resolve();
    return new Promise(() => {});
  };
  return withRig({ receiveRemoteWrite }, async (rig) => {
    const answer = write(rig);
    await begun.promise;
    const closed = rig.edge.close();
    rig.clock.advance(limits.edgeDrainMs - 1);
    rig.clock.advance(1);
    await closed;
    await assert.rejects(answer);
  });
});
