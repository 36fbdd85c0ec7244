/** The bootstrap credential of a running platform, rotated as its owner would. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { tokenClient, openTransport } from "../../src/client/index.ts";
import { systemClock } from "../../src/core/index.ts";
import { removeFolder, startPlatform } from "../support/command.ts";
import { credentialOf } from "../support/private-estate.ts";

test("a rotated credential gives tokens at once, and the old secret gives none", async (t) => {
  const platform = await startPlatform();
  const clock = systemClock();
  const transport = openTransport({ clock, caPem: readFileSync(platform.ready.ca, "utf8") });
  t.after(async () => {
    transport.close();
    await platform.stop();
    removeFolder(platform.data);
  });
  const tokenWith = (credential: ReturnType<typeof credentialOf>): Promise<string> =>
    tokenClient({ transport, clock, endpoint: platform.ready.arm, ...credential })(
      "https://monitor.azure.com",
    );
  const old = credentialOf(platform.ready);
  assert.match(await tokenWith(old), /^eyJ/);
  const rotated = await platform.linkscope(["credential", "rotate"]);
  assert.equal(rotated.code, 0, rotated.note);
  assert.equal(rotated.out, `rotated: ${platform.ready.credential}\n`);
  const renewed = credentialOf(platform.ready);
  assert.notEqual(renewed.clientSecret, old.clientSecret);
  assert.equal(renewed.objectId, old.objectId);
  assert.equal(statSync(platform.ready.credential).mode & 0o777, 0o600);
  assert.match(await tokenWith(renewed), /^eyJ/);
  await assert.rejects(tokenWith(old), /AADSTS7000215/);
  const printed = await platform.linkscope(["token", "--resource", "https://monitor.azure.com"]);
  assert.equal(printed.code, 0, printed.note);
});
