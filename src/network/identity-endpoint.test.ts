/** The managed-identity endpoint checks what Azure's does, and gives tokens of the session's identity alone. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { json } from "../http/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { limits } from "../core/index.ts";
import { answerIdentityRequest, identityTokenOver } from "./identity-endpoint.ts";
import type { IdentityToken, IdentityTokenRequest } from "./identity-endpoint.ts";
import type { Place } from "./route.ts";
import { ids } from "./testing/estate.ts";

const place: Place = { kind: "vnet", vnetId: ids.inside };
const path = "/metadata/identity/oauth2/token";
const good = "api-version=2018-02-01&resource=https://monitor.azure.com/";
const asked: IdentityTokenRequest[] = [];
const token: IdentityToken = (request) => {
  asked.push(request);
  return Promise.resolve(json(200, { access_token: "t" }));
};

interface Ask {
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly method?: string;
  readonly place?: Place;
  readonly identityId?: string | undefined;
  readonly token?: IdentityToken;
}

const ask = (how: Ask): Promise<HttpResponse> =>
  answerIdentityRequest(
    {
      method: how.method ?? "GET",
      path: how.path ?? path,
      query: new URLSearchParams(how.query ?? good),
      headers: how.headers ?? { metadata: "true" },
    },
    { place: how.place ?? place, identityId: "identityId" in how ? how.identityId : ids.cluster },
    how.token ?? token,
  );

const problemOf = ({ status, body }: HttpResponse): readonly [number, string, string] => {
  const { error, error_description: says } = JSON.parse(String(body)) as Record<string, string>;
  return [status, error ?? "", says ?? ""];
};

test("a request without Metadata: true, api-version or resource is 400, as Azure's", async () => {
  const lacks = "Required metadata header not specified";
  for (const headers of [{}, { metadata: "false" }]) {
    assert.deepEqual(problemOf(await ask({ headers })), [400, "invalid_request", lacks]);
  }
  for (const [query, name] of [
    ["resource=x", "api-version"],
    ["api-version=2018-02-01", "resource"],
    ["api-version=&resource=x", "api-version"],
  ] as const) {
    assert.match(problemOf(await ask({ query }))[2], new RegExp(`'${name}' is missing`));
  }
  assert.equal((await ask({ headers: { metadata: "True" } })).status, 200);
});

test("a request that was forwarded is 400", async () => {
  const headers = { metadata: "true", "x-forwarded-for": "10.0.0.1" };
  assert.equal(problemOf(await ask({ headers }))[0], 400);
});

test("without an identity, or with another one named, the answer is Identity not found", async () => {
  const notFound = [400, "invalid_request", "Identity not found"];
  assert.deepEqual(problemOf(await ask({ identityId: undefined })), notFound);
  const other = `${good}&msi_res_id=${ids.cluster}2`;
  assert.deepEqual(problemOf(await ask({ query: other })), notFound);
  assert.equal(
    (await ask({ query: `${good}&mi_res_id=${ids.cluster.toUpperCase()}` })).status,
    200,
  );
});

test("the token service is asked for the session's identity, with the client id that the client named", async () => {
  asked.length = 0;
  await ask({ query: `${good}&client_id=c1` });
  assert.deepEqual(asked, [
    { identityId: ids.cluster, resource: "https://monitor.azure.com/", clientId: "c1" },
  ]);
});

test("object_id, other methods, other metadata and a place outside are refused by name", async () => {
  assert.match(
    problemOf(await ask({ query: `${good}&object_id=o` }))[2],
    /object_id is not supported/,
  );
  assert.deepEqual(problemOf(await ask({ method: "POST" })).slice(0, 2), [405, "invalid_request"]);
  const instance = problemOf(await ask({ path: "/metadata/instance" }));
  assert.deepEqual(instance.slice(0, 2), [404, "not_supported"]);
  const public_ = problemOf(await ask({ place: { kind: "public" } }));
  assert.deepEqual(public_.slice(0, 2), [404, "not_supported"]);
});

test("a token service that is down is 503, to be tried again", async () => {
  const down: IdentityToken = () => Promise.reject(new Error("connect ENOENT"));
  assert.deepEqual(problemOf(await ask({ token: down })).slice(0, 2), [
    503,
    "temporarily_unavailable",
  ]);
});

test("the token service is asked over its Unix socket, and its answer handed on as it is", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "ls-id-"));
  const socketPath = join(folder, "c.sock");
  const seen: string[] = [];
  const server = createServer((request, response) => {
    request.setEncoding("utf8");
    let body = "";
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      seen.push(`${request.method} ${request.url} ${body}`);
      const long = body.includes("long");
      response.writeHead(long ? 200 : 400, { "content-type": "application/json" });
      response.end(
        long ? Buffer.alloc(limits.httpBodyBytesMax + 1) : '{"error":"invalid_request"}',
      );
    });
  });
  await new Promise<void>((done) => server.listen(socketPath, done));
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = identityTokenOver(socketPath);
  const request = { identityId: ids.cluster, resource: "r" };
  const answer = await ask(request);
  assert.deepEqual([answer.status, String(answer.body)], [400, '{"error":"invalid_request"}']);
  assert.deepEqual(seen, [`POST /token ${JSON.stringify(request)}`]);
  await assert.rejects(ask({ identityId: ids.cluster, resource: "long" }), /too long/);
  await assert.rejects(identityTokenOver(join(folder, "none.sock"))(request), /ENOENT/);
});
