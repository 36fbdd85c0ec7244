/** Tokens of probes: each asked for once, brought from inside, kept in a file that its owner alone reads. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Transport } from "../../client/index.ts";
import { CodedError, fakeClock, limits } from "../../core/index.ts";
import type { CliContext } from "../command.ts";
import { probeTokens, readTokens, saveTokens } from "./probe-tokens.ts";

const folder = mkdtempSync(join(tmpdir(), "tokens-"));
test.after(() => rmSync(folder, { recursive: true }));
const context = { workingFolder: folder } as CliContext;

/** A place with a managed identity, or none, and a service that issues tokens of channels. */
function place(hasIdentity: boolean) {
  const asked: string[] = [];
  const transport: Transport = {
    close: () => {},
    send: ({ url, headers }) => {
      asked.push(url.split("?")[0] ?? "");
      const peer = { address: undefined, throughGateway: false, certificate: undefined };
      const answer = (status: number, body: unknown) =>
        Promise.resolve({ status, headers: {}, body: Buffer.from(JSON.stringify(body)), peer });
      if (url.includes("169.254.169.254")) {
        const expires_on = String(3_600 + Date.UTC(2026, 0, 1) / 1000);
        return hasIdentity
          ? answer(200, { access_token: "identity", expires_on, expires_in: "3600" })
          : answer(400, { error: "invalid_request" });
      }
      assert.equal(headers?.["authorization"], "Bearer identity");
      return answer(200, { ingestionAuthToken: "channel" });
    },
  };
  return { asked, transport, clientIds: [], clock: fakeClock(), spell: (text: string) => text };
}

const request = {
  host: "h",
  method: "GET",
  path: "/",
  headers: {},
  audience: "https://a",
} as const;
const channel = {
  ...request,
  asCluster: "/c",
  ingestionToken: { host: "config.example", path: "/issue?x=1" },
};

test("agents' questions carry the identity's token, and a channel's where one is asked for, each got once", async () => {
  const here = place(true);
  const tokens = probeTokens(here);
  assert.equal(await tokens.for({ ...request, asCluster: "/c" }), "identity");
  assert.equal(await tokens.for(channel), "channel");
  assert.equal(await tokens.for(channel), "channel");
  assert.equal(here.asked.filter((url) => url === "https://config.example/issue").length, 1);
  assert.deepEqual(
    [...tokens.own()],
    [
      ["https://a", "identity"],
      ["https://config.example/issue?x=1", "channel"],
    ],
  );
});

test("where there is no identity nothing is carried, unless it was brought", async () => {
  const none = probeTokens(place(false));
  assert.equal(await none.for(channel), undefined);
  const brought = new Map([["https://config.example/issue?x=1", "from inside"]]);
  const here = place(false);
  assert.equal(await probeTokens({ ...here, brought }).for(channel), "from inside");
  assert.deepEqual(here.asked, []);
});

test("people's questions carry the credential that signed in, and its failure is told", async () => {
  const signIn = () => Promise.resolve("person");
  assert.equal(await probeTokens({ ...place(true), signIn }).for(request), "person");
  const fails = () => Promise.reject(new CodedError("CredentialUnavailable", "none"));
  await assert.rejects(probeTokens({ ...place(true), signIn: fails }).for(request), {
    code: "CredentialUnavailable",
  });
});

test("the file of tokens is its owner's alone, and a file that is none is refused without being shown", () => {
  saveTokens("t.json", new Map([["https://a", "x.y-z"]]), context);
  assert.equal(statSync(join(folder, "t.json")).mode & 0o777, 0o600);
  assert.deepEqual([...readTokens("t.json", context)], [["https://a", "x.y-z"]]);
  const refused = (text: string): boolean => {
    writeFileSync(join(folder, "bad.json"), text);
    try {
      readTokens("bad.json", context);
      return false;
    } catch (error) {
      assert.ok(error instanceof CodedError && error.code === "WrongUse");
      return !error.message.includes("SECRET");
    }
  };
  assert.ok(refused("SECRET"));
  assert.ok(refused('{"tokens":[]}'));
  assert.ok(refused('{"tokens":{"a":"SECRET\\nx: y"}}'));
  const long = (chars: number) => JSON.stringify({ tokens: { a: "x".repeat(chars) } });
  assert.ok(refused(long(limits.tokenCharsMax + 1)));
  assert.ok(!refused(long(limits.tokenCharsMax)));
});
