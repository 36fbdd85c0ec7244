/** Publication and its feed over a Unix socket: read-your-writes, gaps, a dead subscriber, starts without control. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { graphFrom, graphSource } from "../arm/index.ts";
import type { GraphSource, Publication } from "../arm/index.ts";
import { fakeClock, limits, systemClock } from "../core/index.ts";
import { connectGraphFeed } from "./connect-graph-feed.ts";
import { feedLines, feedReader, lineSplitter } from "./feed-lines.ts";
import { createPublisher } from "./publisher.ts";
import { group, withGroup } from "./testing/sample-types.ts";
import { serveGraphFeed } from "./serve-graph-feed.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-feed-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const resource = (name: string, properties = {}) => ({
  id: `${group}/providers/Microsoft.Insights/privateLinkScopes/${name}`,
  name,
  type: "Microsoft.Insights/privateLinkScopes",
  properties,
});

const publicationOf = (version: number, ...names: readonly string[]): Publication => ({
  graph: graphFrom(
    names.map((name) => resource(name)),
    version,
  ),
  jwks: { keys: [] },
  tenantId: "t",
});

const names = ({ graph }: Publication): readonly string[] =>
  [...graph.all()].map(({ name }) => name);

/** Resolves when the source has this version. */
const reaches = (source: GraphSource, version: number): Promise<void> =>
  new Promise((resolve) => {
    const check = (): void => {
      if (source.current().graph.version !== version) return;
      leave();
      resolve();
    };
    const leave = source.subscribe(check);
    check();
  });

test("what the lines say is what was published, whole and as changes", () => {
  const first = publicationOf(3, "a", "b");
  const second = publicationOf(4, "b", "c");
  let current: Publication | undefined;
  const reader = feedReader(() => current);
  for (const [before, after] of [
    [undefined, first],
    [first, second],
  ] as const) {
    for (const line of feedLines(before, after, 1)) {
      const event = reader.take(line.trimEnd());
      if (event?.kind === "publication") current = event.publication;
    }
    assert.ok(current);
    assert.deepEqual(
      [current.graph.version, names(current).toSorted()],
      [after.graph.version, names(after).toSorted()],
    );
  }
});

test("changes that start from another version are a gap; lines out of order are invalid", () => {
  const reader = feedReader(() => publicationOf(9, "x"));
  const events = [...feedLines(publicationOf(3), publicationOf(4, "a"), 1)].map((line) =>
    reader.take(line),
  );
  assert.deepEqual(events.at(-1), { kind: "gap" });
  assert.equal(reader.take('{"kind":"end","sequence":1}')?.kind, "invalid");
  assert.equal(reader.take("no json")?.kind, "invalid");
});

test("lines are cut within their limit, at it and one past it, however the bytes arrive", () => {
  const split = lineSplitter(4);
  assert.deepEqual(split(Buffer.from("ab")), { lines: [], tooLong: false });
  assert.deepEqual(split(Buffer.from("cd\n\nx")), { lines: ["abcd", ""], tooLong: false });
  assert.deepEqual(split(Buffer.from("yzäb\n")).tooLong, true);
  assert.equal(lineSplitter(4)(Buffer.from("abcde")).tooLong, true);
  assert.deepEqual(lineSplitter(4)(Buffer.from("abcd")).tooLong, false);
});

test("large graphs are sent in lines of about the chunk's size", () => {
  const big = {
    ...publicationOf(1),
    graph: graphFrom([
      resource("a", { x: "y".repeat(limits.graphFeedChunkBytes) }),
      resource("b"),
      resource("c"),
    ]),
  };
  const lines = [...feedLines(undefined, big, 1)];
  assert.equal(lines.length, 4);
  assert.ok(lines.every((line) => line.length < limits.graphFeedLineBytesMax));
});

test("a subscriber has a write before the write is answered", async (t) => {
  const path = join(folderOf(t), "g.sock");
  const { control, ask } = await withGroup({ clock: systemClock() });
  await control.serveFeed(path);
  const feed = await connectGraphFeed({ path, clock: systemClock() });
  t.after(async () => {
    await feed.close();
    await control.close();
  });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.ok(feed.connected());
  for (let index = 0; index < 5; index++) {
    const id = `${group}/providers/Microsoft.Insights/privateLinkScopes/s${index}`;
    await ask("PUT", id, { body: { location: "global" } });
    assert.equal(feed.current().graph.get(id)?.name, `s${index}`);
    assert.equal(feed.current().graph.version, control.source.current().graph.version);
  }
  control.setKeys({ keys: [{ kid: "k2" }] });
  await new Promise<void>((resolve) => feed.subscribe(() => resolve()));
  assert.deepEqual(feed.current().jwks, { keys: [{ kid: "k2" }] });
});

test("a subscriber that never answers delays one write, by a bound, and no more after that", async (t) => {
  const path = join(folderOf(t), "g.sock");
  const clock = fakeClock();
  const { control, ask } = await withGroup({ clock });
  const server = await control.serveFeed(path);
  const dead = connect({ path });
  await new Promise((resolve) => dead.once("data", resolve));
  t.after(() => control.close());
  assert.equal(server.subscribers(), 1);
  const scope = `${group}/providers/Microsoft.Insights/privateLinkScopes/s`;
  let answered = false;
  const put = ask("PUT", scope, { body: { location: "global" } }).then(
    () => void (answered = true),
  );
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(limits.graphFeedAckMs - 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answered, false);
  clock.advance(1);
  await put;
  await ask("PUT", scope, { body: { location: "global" } });
  dead.destroy();
});

test("a reader that lost its place asks for the whole graph", async (t) => {
  const path = join(folderOf(t), "g.sock");
  const source = graphSource(publicationOf(1, "a"));
  const server = await serveGraphFeed({ path, source, clock: systemClock() });
  t.after(() => server.close());
  const socket = connect({ path });
  t.after(() => socket.destroy());
  const { promise, resolve } = Promise.withResolvers<unknown>();
  let ends = 0;
  const split = lineSplitter(limits.graphFeedLineBytesMax);
  socket.on("data", (bytes: Buffer) => {
    for (const line of split(bytes).lines) {
      const { kind, from } = JSON.parse(line) as { kind: string; from?: unknown };
      if (kind === "end" && ++ends === 1) socket.write('{"kind":"resync"}\n');
      else if (kind === "begin" && ends === 1) resolve(from);
    }
  });
  assert.equal(await promise, null);
});

test("a subscriber that talks nonsense, or too much, is cut off", async (t) => {
  const path = join(folderOf(t), "g.sock");
  const source = graphSource(publicationOf(1, "a"));
  const server = await serveGraphFeed({ path, source, clock: systemClock() });
  t.after(() => server.close());
  for (const bytes of ["nonsense\n", '{"kind":"ack"}\n', "x".repeat(2_000)]) {
    const socket = connect({ path });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume().write(bytes);
    await closed;
  }
});

test("a subscriber that reads and never answers is left after as many publications as the limit", async (t) => {
  const path = join(folderOf(t), "g.sock");
  const source = graphSource(publicationOf(1));
  const server = await serveGraphFeed({ path, source, clock: systemClock() });
  t.after(() => server.close());
  const socket = connect({ path });
  t.after(() => socket.destroy());
  let ends = 0;
  let closed = false;
  socket.on("close", () => (closed = true));
  socket.on("data", (bytes: Buffer) => {
    ends += bytes.toString().split('"kind":"end"').length - 1;
    if (ends < limits.graphFeedUnansweredMax) source.publish(publicationOf(ends + 1));
  });
  while (ends < limits.graphFeedUnansweredMax)
    await new Promise((resolve) => setImmediate(resolve));
  assert.equal(closed, false);
  source.publish(publicationOf(ends + 1));
  await new Promise((resolve) => socket.once("close", resolve));
  assert.equal(ends, limits.graphFeedUnansweredMax);
});

test("no more subscribers are taken than the limit", async (t) => {
  const path = join(folderOf(t), "g.sock");
  const server = await serveGraphFeed({
    path,
    source: graphSource(publicationOf(1, "a")),
    clock: systemClock(),
  });
  t.after(() => server.close());
  const sockets: Socket[] = [];
  for (let count = 1; count <= limits.graphFeedSubscribersMax; count++) {
    const socket = connect({ path });
    sockets.push(socket);
    await new Promise((resolve) => socket.once("data", resolve));
  }
  assert.equal(server.subscribers(), limits.graphFeedSubscribersMax);
  const past = connect({ path });
  await new Promise((resolve) => past.resume().once("close", resolve));
  assert.equal(server.subscribers(), limits.graphFeedSubscribersMax);
  for (const socket of sockets) socket.destroy();
});

test("the graph stays when control goes, and is renewed when it comes back", async (t) => {
  const path = join(folderOf(t), "g.sock");
  const clock = systemClock();
  const first = await serveGraphFeed({ path, source: graphSource(publicationOf(1, "a")), clock });
  const feed = await connectGraphFeed({ path, clock });
  t.after(() => feed.close());
  await first.close();
  assert.deepEqual(names(feed.current()), ["a"]);
  const second = await serveGraphFeed({
    path,
    source: graphSource(publicationOf(2, "a", "b")),
    clock,
  });
  t.after(() => second.close());
  await reaches(feed, 2);
  assert.deepEqual(names(feed.current()), ["a", "b"]);
});

test("a start without control uses the kept graph, which only its owner may read", async (t) => {
  const folder = folderOf(t);
  const path = join(folder, "g.sock");
  const cacheFile = join(folder, "graph.json");
  const clock = systemClock();
  const source = graphSource(publicationOf(1, "a"));
  const server = await serveGraphFeed({ path, source, clock });
  const feed = await connectGraphFeed({ path, clock, cacheFile });
  source.publish(publicationOf(2, "a", "b"));
  await reaches(feed, 2);
  await feed.close();
  await server.close();
  assert.equal(statSync(cacheFile).mode & 0o777, 0o600);
  const later = await connectGraphFeed({ path, clock, cacheFile });
  assert.equal(later.connected(), false);
  assert.deepEqual([later.current().graph.version, names(later.current())], [2, ["a", "b"]]);
  await later.close();
});

test("a start does not wait for a control that says nothing, where a graph is kept", async (t) => {
  const folder = folderOf(t);
  const path = join(folder, "g.sock");
  const cacheFile = join(folder, "graph.json");
  writeFileSync(cacheFile, [...feedLines(undefined, publicationOf(3, "a"), 1)].join(""));
  const server = createServer((socket) => void socket.resume().on("error", () => {}));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  const clock = fakeClock();
  const connecting = connectGraphFeed({ path, clock, cacheFile });
  await new Promise((resolve) => server.once("connection", resolve));
  clock.advance(1_000);
  const feed = await connecting;
  assert.equal(feed.current().graph.version, 3);
  await feed.close();
});

test("without control and without a readable kept graph a start fails by name", async (t) => {
  const folder = folderOf(t);
  const cacheFile = join(folder, "graph.json");
  const notes: string[] = [];
  writeFileSync(cacheFile, '{"kind":"begin"');
  await assert.rejects(
    connectGraphFeed({
      path: join(folder, "g.sock"),
      clock: systemClock(),
      cacheFile,
      waitMs: 20,
      onNote: (text) => notes.push(text),
    }),
    { code: "GraphFeedUnavailable" },
  );
  assert.match(notes[0] ?? "", /cannot be read; it is not used/);
});

test("a feed whose lines are too long is left, and tried again", async (t) => {
  const folder = folderOf(t);
  const path = join(folder, "g.sock");
  const clock = systemClock();
  const notes: string[] = [];
  let connections = 0;
  const good = [...feedLines(undefined, publicationOf(5, "a"), 1)].join("");
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket
      .resume()
      .write(++connections === 1 ? "x".repeat(limits.graphFeedLineBytesMax + 1) : good);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const feed = await connectGraphFeed({ path, clock, onNote: (text) => notes.push(text) });
  t.after(async () => {
    await feed.close();
    await new Promise((resolve) => server.close(resolve));
  });
  assert.equal(feed.current().graph.version, 5);
  assert.match(notes[0] ?? "", /a line has over/);
});

test("publications are at most one in their interval; a write waits for its own", async () => {
  const clock = fakeClock();
  const publisher = createPublisher(publicationOf(1), { clock, publishMs: 2 });
  const seen: number[] = [];
  publisher.source.subscribe(({ graph }) => seen.push(graph.version));
  publisher.changed(publicationOf(2).graph);
  await publisher.settled();
  assert.deepEqual(seen, [2]);
  publisher.changed(publicationOf(3).graph);
  publisher.changed(publicationOf(4).graph);
  let settled = false;
  const waiting = publisher.settled().then(() => void (settled = true));
  clock.advance(1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([seen, settled], [[2], false]);
  clock.advance(1);
  await waiting;
  assert.deepEqual(seen, [2, 4]);
  publisher.changed(publicationOf(4).graph);
  assert.deepEqual(seen, [2, 4]);
});
