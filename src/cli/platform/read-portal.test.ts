/** The portal's JSON for commands: the token goes along, and what is no picture is refused by name. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { PlatformFile } from "./platform-file.ts";
import { readTopology } from "./read-portal.ts";

/** A portal that gives one answer, and keeps the last request's token. */
async function portal(t: TestContext, status: number, body: string) {
  const folder = mkdtempSync(join(tmpdir(), "read-portal-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "token"), "the-token\n");
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const file = { portal: `http://127.0.0.1:${port}/`, portalToken: join(folder, "token") };
  return { file: file as PlatformFile, seen };
}

test("the token of the platform's file opens the portal", async (t) => {
  const { file, seen } = await portal(t, 200, `{"topology":{},"rates":{}}`);
  assert.deepEqual(await readTopology(file), { topology: {}, rates: {} });
  assert.deepEqual(seen, ["Bearer the-token"]);
});

test("a refusal, a text that is no JSON and a missing token are PortalUnanswered", async (t) => {
  const refused = await portal(t, 401, "no");
  await assert.rejects(readTopology(refused.file), {
    code: "PortalUnanswered",
    message: /401: no/,
  });
  const text = await portal(t, 200, "<html>");
  await assert.rejects(readTopology(text.file), { code: "PortalUnanswered" });
  const gone = { ...text.file, portalToken: "/nowhere/token" };
  await assert.rejects(readTopology(gone), { code: "PortalUnanswered", message: /ENOENT/ });
});
