/** The fabric's bounds, each at its limit and one past it, without the sockets that they would cost. */
import assert from "node:assert/strict";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { fakeClock, limits, seededRandom } from "../core/index.ts";
import { networkTypes } from "../rules/index.ts";
import { connectTo, createDialer } from "./dial.ts";
import { createResolvers } from "./resolvers.ts";
import { createSessions } from "./sessions.ts";
import { addresses, estate, ids } from "./testing/estate.ts";

const clock = fakeClock();
const place = { kind: "vnet", vnetId: ids.inside } as const;
const nobody = (): Duplex =>
  new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });

test("a dialer holds as many connections as its limit, and one more when one is gone", async () => {
  const opened: Duplex[] = [];
  const dialer = createDialer({
    graph: () => graph,
    links: { linkIdOf: () => 1, retire: () => {} },
    edge: { privateSocket: "/none", publicAddress: { host: "127.0.0.1", port: 1 } },
    control: { address: { host: "127.0.0.1", port: 1 } },
    clock,
    connect: () => {
      const socket = nobody();
      opened.push(socket);
      return Promise.resolve(socket as Socket);
    },
  });
  const graph = estate();
  const dial = () =>
    dialer.dial(
      place,
      { address: addresses.metrics, port: 443 },
      { address: "10.10.0.4", port: 1 },
    );
  for (let n = 0; n < limits.connectionsPerListenerMax; n++) await dial();
  await assert.rejects(dial(), { code: "TooManyConnections", status: 503 });
  assert.equal(dialer.counters().open, limits.connectionsPerListenerMax);
  const [first] = opened;
  const gone = new Promise((done) => first?.once("close", done));
  first?.destroy();
  await gone;
  await dial();
  dialer.close();
});

test("a listener that does not take a connection in time is unavailable", async () => {
  const time = fakeClock();
  let settled = false;
  const connecting = connectTo({ path: "/none" }, time, () => new Socket());
  connecting.catch(() => {}).finally(() => (settled = true));
  time.advance(limits.dialTimeoutMs - 1);
  await new Promise((done) => setImmediate(done));
  assert.equal(settled, false);
  time.advance(1);
  await assert.rejects(connecting, { code: "ListenerUnavailable", message: /after 5000 ms/ });
});

test("a session counts its connections up to the limit, and ends them all", () => {
  const sessions = createSessions(seededRandom(1));
  const { session } = sessions.begin(place, undefined);
  const held = Array.from({ length: limits.connectionsPerSessionMax }, nobody);
  for (const connection of held) session.hold(connection);
  assert.throws(() => session.hold(nobody()), { code: "TooManyConnections" });
  assert.equal(sessions.end(session.id), true);
  assert.ok(held.every((connection) => connection.destroyed));
  assert.equal(sessions.end(session.id), false);
  assert.equal(sessions.get(session.id), undefined);
});

test("as many resolvers listen as the limit; past it a place has none, until one is gone", async (t) => {
  const vnet = (n: number) => ({
    id: `${ids.inside}-${n}`,
    name: `vnet-${n}`,
    type: networkTypes.vnet,
    properties: {},
  });
  const some = estate(Array.from({ length: limits.resolversMax }, (_, n) => vnet(n)));
  const failures: unknown[] = [];
  const resolvers = createResolvers({
    graph: () => some,
    clock,
    onFailure: (error) => void failures.push(error),
  });
  t.after(resolvers.close);
  await resolvers.follow(some);
  assert.equal(resolvers.ports().length, limits.resolversMax);
  const over = { kind: "vnet", vnetId: vnet(limits.resolversMax - 1).id } as const;
  assert.equal(await resolvers.addressOf(over), undefined);
  await resolvers.follow(estate());
  assert.equal(resolvers.ports().length, 5);
  assert.ok((await resolvers.addressOf(over)) !== undefined);
  assert.deepEqual(failures, []);
});

test("a bug in a rule is SERVFAIL for the client and a failure for the fabric, and the next query is answered", () => {
  const failures: unknown[] = [];
  let broken = true;
  const resolvers = createResolvers({
    graph: () => {
      if (broken) throw new Error("a bug");
      return estate();
    },
    clock,
    onFailure: (error) => void failures.push(error),
  });
  const query = Buffer.from("1234010000010000000000000161016200000100 01".replace(" ", ""), "hex");
  const answer = resolvers.respondIn(place)(query, "udp");
  assert.equal(answer?.toString("hex"), "123480820000000000000000");
  broken = false;
  assert.equal(((resolvers.respondIn(place)(query, "udp")?.[3] ?? 0) & 15) === 2, false);
  assert.equal(failures.length, 1);
  assert.deepEqual(resolvers.counters(), { queries: 2, failures: 1 });
});
