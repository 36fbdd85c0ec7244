/** Ids that lead into other tenants. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tenantAware } from "./azure-source.ts";
import type { TokenSend } from "./azure-source.ts";

const other = "22222222-2222-4222-8222-222222222222";
const wrongTenant = {
  status: 401,
  headers: {
    "www-authenticate": `Bearer authorization_uri="https://login.windows.net/${other}", error="invalid_token"`,
  },
  body: Buffer.from("{}"),
};
const fine = { status: 200, headers: {}, body: Buffer.from("{}") };
const get = (subscription: string) =>
  ({ method: "GET", target: `/subscriptions/${subscription}/providers/x?api-version=1` }) as const;

test("a subscription of another tenant is asked again with that tenant's token, which is then kept for it", async () => {
  const sent: string[] = [];
  const send: TokenSend = ({ target }, token) => {
    sent.push(`${target.split("/")[2]} ${token}`);
    return Promise.resolve(
      target.includes("/far/") && token !== `token of ${other}` ? wrongTenant : fine,
    );
  };
  const way = tenantAware(send, (tenantId) => Promise.resolve(`token of ${tenantId ?? "home"}`));
  assert.equal((await way(get("far"))).status, 200);
  assert.equal((await way(get("far"))).status, 200);
  assert.equal((await way(get("near"))).status, 200);
  assert.deepEqual(sent, [
    "far token of home",
    `far token of ${other}`,
    `far token of ${other}`,
    "near token of home",
  ]);
});

test("a tenant that gives no token is a refusal with its reason, and no failure of the whole", async () => {
  const way = tenantAware(
    () => Promise.resolve(wrongTenant),
    (tenantId) =>
      tenantId === undefined ? Promise.resolve("home") : Promise.reject(new Error("not a guest")),
  );
  const answer = await way(get("far"));
  assert.equal(answer.status, 401);
  assert.match(answer.body.toString(), /InvalidAuthenticationTokenTenant.*not a guest/);
});

test("a 401 that names no tenant stays what it is", async () => {
  const refused = { status: 401, headers: {}, body: Buffer.from("expired") };
  const way = tenantAware(
    () => Promise.resolve(refused),
    () => Promise.resolve("home"),
  );
  assert.equal((await way(get("near"))).body.toString(), "expired");
});
