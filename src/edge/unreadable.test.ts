/** What a client that node:http gave up on is told: one whole answer, then the end. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { answerUnreadable } from "./unreadable.ts";

/** What a client reads after node:http reported `code` for its connection. */
async function toldOf(code: string): Promise<string> {
  const server = createServer((socket) =>
    answerUnreadable(Object.assign(new Error(code), { code }), socket),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  let answer = "";
  for await (const chunk of connect(port, "127.0.0.1")) answer += String(chunk);
  server.close();
  return answer;
}

const told: readonly (readonly [string, string, string])[] = [
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout", "RequestTimeout"],
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large", "HeadersTooLarge"],
  ["HPE_INVALID_METHOD", "400 Bad Request", "InvalidRequest"],
];
for (const [event, status, code] of told) {
  test(`${event} is answered ${status} with ${code}, and the connection ends`, async () => {
    const answer = await toldOf(event);
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    assert.ok(head.startsWith(`HTTP/1.1 ${status}\r\n`), head);
    assert.match(head, new RegExp(`^x-ms-error-code: ${code}$`, "m"));
    assert.match(head, /^connection: close$/m);
    assert.equal(Number(/content-length: (\d+)/.exec(head)?.[1]), Buffer.byteLength(body));
    const { error } = JSON.parse(body) as { error: { code: string; message: string } };
    assert.equal(error.code, code);
    assert.match(error.message, /\.$/);
  });
}

test("a connection that its client reset is told nothing", async () => {
  assert.equal(await toldOf("ECONNRESET"), "");
});
