/** Token clients: what they ask, how long they keep an answer, and how refusals are told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, fakeClock, limits } from "../core/index.ts";
import { managedIdentityClient, tokenClient, workloadIdentityClient } from "./index.ts";
import { driven, scriptedTransport } from "./testing/servers.ts";

const application = { tenantId: "t", clientId: "app", clientSecret: "s&cret" };
const coded = (code: string, status: number) => (error: unknown) =>
  error instanceof CodedError && error.code === code && error.status === status;

test("client credentials ask for /.default of the resource, in a form", async () => {
  const transport = scriptedTransport(() => ({ body: { access_token: "a", expires_in: 3600 } }));
  const source = tokenClient({ ...application, transport, clock: fakeClock() });
  assert.equal(await source("https://monitor.azure.com"), "a");
  const [sent] = transport.sent;
  assert.equal(sent?.url, "https://login.microsoftonline.com/t/oauth2/v2.0/token");
  assert.deepEqual(Object.fromEntries(new URLSearchParams(String(sent?.body))), {
    grant_type: "client_credentials",
    client_id: "app",
    client_secret: "s&cret",
    scope: "https://monitor.azure.com/.default",
  });
});

test("a token is kept until five minutes before its end, one for each resource, asked once at a time", async () => {
  const transport = scriptedTransport((_, count) => ({
    body: { access_token: `token ${count}`, expires_in: 3600 },
  }));
  const clock = fakeClock();
  const source = tokenClient({ ...application, transport, clock });
  assert.deepEqual(await Promise.all([source("a"), source("a"), source("b")]), [
    "token 1",
    "token 1",
    "token 2",
  ]);
  clock.advance(3600_000 - limits.tokenRefreshAheadMs - 1);
  assert.equal(await source("a"), "token 1");
  clock.advance(1);
  assert.equal(await source("a"), "token 3");
});

test("TokenNotIssued: the login host's description is the message, and the next call asks again", async () => {
  const transport = scriptedTransport((_, count) =>
    count === 1
      ? { status: 401, body: { error: "invalid_client", error_description: "AADSTS7000215: no" } }
      : { body: { access_token: "a", expires_in: 3600 } },
  );
  const source = tokenClient({ ...application, transport, clock: fakeClock() });
  await assert.rejects(source("a"), (error) => {
    assert.equal((error as Error).message, "AADSTS7000215: no");
    return coded("TokenNotIssued", 401)(error);
  });
  assert.equal(await source("a"), "a");
});

test("AnswerUnreadable: an answer without a token or its life is refused", async () => {
  for (const body of [{}, { access_token: "a" }, { expires_in: 5 }, "[]", "<html>"]) {
    const transport = scriptedTransport(() => ({ body }));
    const source = tokenClient({ ...application, transport, clock: fakeClock() });
    await assert.rejects(
      source("a"),
      (error) => error instanceof CodedError && error.code === "AnswerUnreadable",
    );
  }
});

test("a managed identity asks the metadata service with its header, and reads strings", async () => {
  const transport = scriptedTransport(() => ({ body: { access_token: "m", expires_in: "3599" } }));
  const clock = fakeClock();
  const source = managedIdentityClient({ transport, clock, clientId: "c-1" });
  assert.equal(await source("https://monitor.azure.com/"), "m");
  const [sent] = transport.sent;
  const url = new URL(sent?.url ?? "");
  assert.equal(url.origin + url.pathname, "http://169.254.169.254/metadata/identity/oauth2/token");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    "api-version": "2018-02-01",
    resource: "https://monitor.azure.com/",
    client_id: "c-1",
  });
  assert.equal(sent?.headers?.["Metadata"], "true");
});

test("IdentityNotIssued: no identity is told at once; a busy service is asked three times", async () => {
  const none = scriptedTransport(() => ({
    status: 400,
    body: { error: "invalid_request", error_description: "Identity not found" },
  }));
  const source = managedIdentityClient({ transport: none, clock: fakeClock() });
  await assert.rejects(source("a"), (error) => {
    assert.equal((error as Error).message, "Identity not found");
    return coded("IdentityNotIssued", 400)(error);
  });
  assert.equal(none.sent.length, 1);
  const busy = scriptedTransport(() => ({ status: 503, body: { error: "busy" } }));
  const clock = fakeClock();
  const waiting = managedIdentityClient({ transport: busy, clock })("a");
  await assert.rejects(driven(waiting, clock), coded("IdentityNotIssued", 503));
  assert.equal(busy.sent.length, 3);
});

test("a workload identity proves itself by the service account's token as it is at that moment", async () => {
  const transport = scriptedTransport(() => ({ body: { access_token: "w", expires_in: 3600 } }));
  const clock = fakeClock();
  let file = "first\n";
  const source = workloadIdentityClient({
    transport,
    clock,
    tenantId: "t",
    clientId: "app",
    assertion: async () => file,
  });
  assert.equal(await source("https://monitor.azure.com"), "w");
  file = "second\n";
  clock.advance(3_600_000);
  await source("https://monitor.azure.com");
  const forms = transport.sent.map(({ body }) => new URLSearchParams(String(body)));
  assert.deepEqual(
    forms.map((form) => form.get("client_assertion")),
    ["first", "second"],
  );
  assert.equal(
    forms[0]?.get("client_assertion_type"),
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  );
  assert.equal(forms[0]?.has("client_secret"), false);
});
