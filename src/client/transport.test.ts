/** The transport on real sockets: direct and through a gateway, what it sees, and how each way of failing is named. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { CodedError, limits } from "../core/index.ts";
import { openTransport } from "./index.ts";
import { certificateClock, secureServer, testAuthority, testGateway } from "./testing/servers.ts";

const coded = (code: string) => (error: unknown) => {
  assert.ok(error instanceof CodedError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

const clock = certificateClock();
const authority = await testAuthority(clock);
const { caPem } = authority;

test("a direct request answers with status, headers and body, and with evidence of its peer", async () => {
  const server = await secureServer(authority, (request, response) => {
    request.pipe(response.writeHead(202, { "x-saw": `${request.method} ${request.url}` }));
  });
  const transport = openTransport({ clock, caPem });
  const url = `https://localhost:${server.port}/a?b=c`;
  const response = await transport.send({ method: "POST", url, body: "hello" });
  assert.equal(response.status, 202);
  assert.equal(response.headers["x-saw"], "POST /a?b=c");
  assert.equal(response.body.toString(), "hello");
  const { address, throughGateway, certificate } = response.peer;
  assert.deepEqual({ address, throughGateway }, { address: "127.0.0.1", throughGateway: false });
  assert.equal(certificate?.subject, "localhost");
  assert.match(certificate?.issuer ?? "", /^Linkscope/);
  assert.match(certificate?.subjectAltName ?? "", /DNS:localhost/);
  assert.match(certificate?.fingerprint256 ?? "", /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  transport.close();
  server.close();
});

test("through a gateway the name goes to the gateway, the certificate is the host's, the address the gateway's word", async () => {
  const server = await secureServer(authority, (_, response) => void response.end("in"));
  const gateway = await testGateway({ port: server.port });
  const url = `http://session:s%20e@127.0.0.1:${gateway.port}`;
  const transport = openTransport({ clock, caPem, gateway: url });
  const host = "dce-ab12.eastus-1.metrics.ingest.monitor.azure.com";
  for (let count = 0; count < 2; count += 1) {
    const response = await transport.send({ method: "GET", url: `https://${host}/x` });
    assert.equal(response.body.toString(), "in");
    assert.equal(response.peer.address, "10.1.0.4");
    assert.equal(response.peer.throughGateway, true);
    assert.equal(response.peer.certificate?.subjectAltName, `DNS:${host}`);
  }
  const authorization = `Basic ${Buffer.from("session:s e").toString("base64")}`;
  // The second request uses the first one's tunnel.
  assert.deepEqual(gateway.seen, [{ target: `${host}:443`, authorization }]);
  transport.close();
  gateway.close();
  server.close();
});

test("a host that the caller resolved itself is reached at that address, and verified by its name", async () => {
  const server = await secureServer(authority, (_, response) => void response.end("in"));
  const gateway = await testGateway({ port: server.port });
  const host = "dce-ab12.eastus-1.metrics.ingest.monitor.azure.com";
  const transport = openTransport({
    clock,
    caPem,
    gateway: `http://session:secret@127.0.0.1:${gateway.port}`,
    addressOf: (asked) => (asked === host ? "10.1.0.9" : undefined),
  });
  const { peer } = await transport.send({ method: "GET", url: `https://${host}/x` });
  assert.equal(gateway.seen[0]?.target, "10.1.0.9:443");
  assert.equal(peer.address, "10.1.0.9");
  assert.equal(peer.certificate?.subjectAltName, `DNS:${host}`);
  transport.close();
  gateway.close();
  server.close();
});

test("plain HTTP goes through the gateway in absolute form, with the header of the host", async () => {
  const gateway = await testGateway({
    port: 1,
    plain: (request, response) =>
      void response.end(`${request.headers.host} ${request.headers["metadata"]}`),
  });
  const transport = openTransport({ clock, gateway: `http://s:p@127.0.0.1:${gateway.port}` });
  const url = "http://169.254.169.254/metadata/identity/oauth2/token?resource=x";
  const response = await transport.send({ method: "GET", url, headers: { Metadata: "true" } });
  assert.equal(response.body.toString(), "169.254.169.254 true");
  assert.equal(gateway.seen[0]?.target, url);
  assert.match(gateway.seen[0]?.authorization ?? "", /^Basic /);
  assert.equal(response.peer.certificate, undefined);
  transport.close();
  gateway.close();
});

test("CertificateRefused: another authority's certificate, and one for another name, end the request", async () => {
  const server = await secureServer(
    await testAuthority(clock, 2),
    (_, response) => void response.end(),
  );
  const transport = openTransport({ clock, caPem });
  const url = `https://localhost:${server.port}/`;
  await assert.rejects(transport.send({ method: "GET", url }), coded("CertificateRefused"));
  transport.close();
  server.close();
});

test("GatewayRefused: the gateway's status and code are told", async () => {
  const gateway = await testGateway({ port: 1, refuse: "403 Forbidden" });
  const transport = openTransport({ clock, caPem, gateway: `http://127.0.0.1:${gateway.port}` });
  const sent = transport.send({ method: "GET", url: "https://other.example/" });
  await assert.rejects(sent, (error) => {
    assert.match((error as Error).message, /CONNECT other\.example:443 with 403 HostNotServed/);
    return coded("GatewayRefused")(error);
  });
  gateway.close();
});

test("ConnectionFailed and NameNotFound: nobody there, and no such name", async () => {
  const server = await secureServer(authority, () => undefined);
  server.close();
  const transport = openTransport({ clock, caPem });
  const closed = transport.send({ method: "GET", url: `https://localhost:${server.port}/` });
  await assert.rejects(closed, coded("ConnectionFailed"));
  // A label of 64 characters is no name anywhere: no resolver is asked.
  const url = `https://${"a".repeat(64)}.invalid/`;
  await assert.rejects(transport.send({ method: "GET", url }), coded("NameNotFound"));
});

test("RequestTimedOut: an answer that does not come ends by the clock, without the query in the message", async () => {
  const server = await secureServer(authority, () => arrived());
  let arrived = (): void => undefined;
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  const transport = openTransport({ clock, caPem });
  const url = `https://localhost:${server.port}/slow?secret=1`;
  const sent = transport.send({ method: "GET", url, timeoutMs: 500 });
  await arrival;
  clock.advance(500);
  await assert.rejects(sent, (error) => {
    assert.doesNotMatch((error as Error).message, /secret/);
    return coded("RequestTimedOut")(error);
  });
  transport.close();
  server.close();
});

test("an aborted request ends with the signal's reason", async () => {
  const stop = new AbortController();
  const server = await secureServer(authority, () => stop.abort(new Error("enough")));
  const transport = openTransport({ clock, caPem });
  const url = `https://localhost:${server.port}/`;
  const sent = transport.send({ method: "GET", url, signal: stop.signal });
  await assert.rejects(sent, /enough/);
  await assert.rejects(transport.send({ method: "GET", url, signal: stop.signal }), /enough/);
  transport.close();
  server.close();
});

test("AnswerTooLarge: an answer of the limit is taken, one byte more is not", async () => {
  const server = await secureServer(authority, (request, response) => {
    response.end(Buffer.alloc(Number(request.url?.slice(1))));
  });
  const transport = openTransport({ clock, caPem });
  const ask = (bytes: number) =>
    transport.send({
      method: "GET",
      url: `https://localhost:${server.port}/${bytes}`,
      answerBytesMax: 1000,
    });
  assert.equal((await ask(1000)).body.length, 1000);
  await assert.rejects(ask(1001), coded("AnswerTooLarge"));
  assert.ok(limits.clientAnswerBytesMax > 1000);
  transport.close();
  server.close();
});

test("redirects are answers, and a connection that breaks in the middle is an error", async () => {
  const server = await secureServer(authority, (request, response) => {
    if (request.url === "/moved") return void response.writeHead(302, { location: "/x" }).end();
    response.writeHead(200, { "content-length": "10" });
    response.write("half");
    once(response, "drain").catch(() => undefined);
    setImmediate(() => response.destroy());
  });
  const transport = openTransport({ clock, caPem });
  const base = `https://localhost:${server.port}`;
  assert.equal((await transport.send({ method: "GET", url: `${base}/moved` })).status, 302);
  const broken = transport.send({ method: "GET", url: `${base}/broken` });
  await assert.rejects(broken, coded("ConnectionFailed"));
  transport.close();
  server.close();
});

test("RequestTimedOut: a server that takes the connection and says nothing, before there is a TLS socket", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on("error", () => undefined)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const transport = openTransport({ clock, caPem });
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  const sent = transport.send({ method: "GET", url, timeoutMs: 1_000 });
  await once(server, "connection");
  clock.advance(1_000);
  await assert.rejects(sent, coded("RequestTimedOut"));
  // The connection itself ends by the time that a handshake may take.
  const ended = once(sockets[0] as Socket, "close");
  clock.advance(limits.clientTimeoutMs);
  sockets[0]?.resume();
  await ended;
  server.close();
});
