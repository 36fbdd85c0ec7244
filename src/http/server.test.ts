/** The listener on a real socket: what it bounds, and that a refusal reaches its sender. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { test } from "node:test";
import { fakeClock, limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { json, requestListener, serverOptions } from "./index.ts";
import type { HttpHandler } from "./index.ts";

async function serve(handler: HttpHandler, drainClock?: Clock) {
  const server = createServer(
    serverOptions,
    requestListener(
      handler,
      (error) => json(error.status, { code: error.code, says: error.message }),
      drainClock,
    ),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, close: () => server.close() };
}

const echo: HttpHandler = async (request) => {
  const body = await request.body(8);
  return json(200, { path: request.path, host: request.host, size: body.length });
};

test("a body at the limit is read and one past it is refused by name, declared or chunked", async () => {
  const { origin, close } = await serve(echo);
  const at = await fetch(origin, { method: "POST", body: "12345678" });
  assert.deepEqual(((await at.json()) as { size: number }).size, 8);
  const past = await fetch(origin, { method: "POST", body: "123456789" });
  assert.equal(past.status, 413);
  assert.equal(((await past.json()) as { code: string }).code, "BodyTooLarge");
  const chunks = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from("12345"));
      controller.enqueue(Buffer.from("67890"));
      controller.close();
    },
  });
  const chunked = await fetch(origin, {
    method: "POST",
    body: chunks,
    duplex: "half",
  } as RequestInit);
  assert.equal(chunked.status, 413);
  await chunked.text();
  close();
});

test("a path with two slashes stays a path, and the host loses its port", async () => {
  const { port, close } = await serve(echo);
  const socket = connect(port, "127.0.0.1");
  socket.end(
    "GET //subscriptions/a?b=c HTTP/1.1\r\nHost: Example.ORG:8443\r\nConnection: close\r\n\r\n",
  );
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  assert.match(answer, /"path":"\/\/subscriptions\/a","host":"example.org"/);
  close();
});

test("what a handler throws becomes a coded answer and the listener goes on", async () => {
  const { origin, close } = await serve(async ({ path }) => {
    if (path === "/bug") throw new Error("a bug");
    return json(200, {});
  });
  const failed = await fetch(`${origin}/bug`);
  assert.equal(failed.status, 500);
  assert.equal(((await failed.json()) as { code: string }).code, "InternalServerError");
  assert.equal((await fetch(`${origin}/fine`)).status, 200);
  close();
});

test("with a clock, a refused body is read to its end, so that its sender reads the refusal and may go on", async () => {
  const { origin, close } = await serve(echo, fakeClock());
  const answer = await fetch(origin, { method: "POST", body: new Uint8Array(8 * 1024 * 1024) });
  assert.equal(answer.status, 413);
  assert.notEqual(answer.headers.get("connection"), "close");
  assert.equal(((await answer.json()) as { code: string }).code, "BodyTooLarge");
  close();
});

test("a refused body that does not come is waited for no longer than its time", async () => {
  const clock = fakeClock();
  const { port, close } = await serve(echo, clock);
  const socket = connect(port, "127.0.0.1");
  socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
  let answer = "";
  const read = (async (): Promise<void> => {
    for await (const chunk of socket) answer += String(chunk);
  })();
  while (!socket.closed) {
    clock.advance(limits.refusedBodyTimeoutMs);
    await new Promise(setImmediate);
  }
  await read;
  assert.match(answer, /^HTTP\/1\.1 413 [^]*^connection: close/im);
  close();
});

test("every listener bounds the time of headers, requests and idle connections alike", () => {
  const server = createServer(serverOptions);
  assert.deepEqual(
    [server.headersTimeout, server.requestTimeout, server.keepAliveTimeout],
    [limits.httpHeadersTimeoutMs, limits.httpRequestTimeoutMs, limits.httpKeepAliveMs],
  );
});
