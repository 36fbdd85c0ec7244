/** Lists and watches against a server from a script: pages, events, cuts, 410, silence, and lines without an end. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { CodedError, limits, seededRandom, systemClock } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { kubernetesClient } from "./kubernetes-client.ts";
import { startReflector } from "./kubernetes-reflector.ts";
import { splitLines } from "./line-splitter.ts";

const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

type Answer = (url: URL, response: ServerResponse, request: IncomingMessage) => void;

/** A server on 127.0.0.1, a client of it, and the URLs that it was asked. */
async function scene(answer: Answer, { clock = systemClock() }: { readonly clock?: Clock } = {}) {
  const asked: URL[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    asked.push(url);
    answer(url, response, request);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const client = kubernetesClient({
    access: {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      caPem: undefined,
      serverName: undefined,
      verify: true,
      clientCertificate: undefined,
      credential: { kind: "token", token: "secret" },
      namespace: "default",
    },
    clock,
    environment: {},
  });
  closers.push(() => {
    client.close();
    server.close();
    server.closeAllConnections();
  });
  return { client, asked };
}

const pod = (name: string, resourceVersion: string) => ({
  metadata: { namespace: "n", name, resourceVersion },
});
const listOf = (items: readonly object[], resourceVersion: string, next = "") =>
  JSON.stringify({ metadata: { resourceVersion, continue: next }, items });
const event = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;
const signal = (): AbortSignal => new AbortController().signal;

test("a list is read page by page, with selectors, the token and no more than a page at once", async () => {
  const { client, asked } = await scene((url, response, request) => {
    assert.equal(request.headers["authorization"], "Bearer secret");
    const next = url.searchParams.get("continue");
    response.end(
      next === null ? listOf([pod("a", "1")], "9", "more") : listOf([pod("b", "2")], "9"),
    );
  });
  const query = { path: "/api/v1/pods", labelSelector: "a=b", fieldSelector: "c=d" };
  const first = await client.list(query, { signal: signal() });
  assert.deepEqual([first.items.length, first.next, first.resourceVersion], [1, "more", "9"]);
  const second = await client.list(query, { signal: signal(), next: "more" });
  assert.equal(second.next, undefined);
  assert.equal(
    asked[0]?.search,
    `?labelSelector=a%3Db&fieldSelector=c%3Dd&limit=${limits.kubernetesListPage}`,
  );
});

test("KubernetesRefused, AnswerUnreadable, ConnectionFailed: refusals and broken answers are told, redirects not followed", async () => {
  const answers: readonly (readonly [Answer, string, RegExp])[] = [
    [
      (_url, response) =>
        response.writeHead(403).end(JSON.stringify({ message: "pods is forbidden" })),
      "KubernetesRefused",
      /403 pods is forbidden/,
    ],
    [
      (_url, response) => response.writeHead(302, { location: "http://evil.example/" }).end(),
      "KubernetesRefused",
      /302/,
    ],
    [(_url, response) => response.end("<html>"), "AnswerUnreadable", /no JSON object/],
    [(_url, response) => response.destroy(), "ConnectionFailed", /GET http/],
  ];
  for (const [answer, code, says] of answers) {
    const { client, asked } = await scene(answer);
    await assert.rejects(client.list({ path: "/api/v1/pods" }, { signal: signal() }), (error) => {
      assert.ok(error instanceof CodedError);
      assert.equal(error.code, code);
      assert.match(error.message, says);
      return true;
    });
    assert.ok(asked.length <= 2);
  }
});

test("401 is asked once more with a new token", async () => {
  let tries = 0;
  const { client } = await scene((_url, response) => {
    tries += 1;
    response.writeHead(tries === 1 ? 401 : 200).end(listOf([], "1"));
  });
  assert.equal((await client.list({ path: "/x" }, { signal: signal() })).resourceVersion, "1");
});

/** Follows one list; `known` is what the reflector has told so far. */
function follow(client: Awaited<ReturnType<typeof scene>>["client"]) {
  const known = new Map<string, string>();
  const waiting: (() => void)[] = [];
  const told = (): void => {
    for (const wake of waiting.splice(0)) wake();
  };
  const reflector = startReflector<string>({
    client,
    query: { path: "/api/v1/pods" },
    clock: systemClock(),
    random: seededRandom(1),
    project: (object) => (object["metadata"] as { resourceVersion: string }).resourceVersion,
    replace(items) {
      known.clear();
      for (const [key, item] of items) known.set(key, item);
      told();
    },
    put(key, item) {
      if (item === undefined) known.delete(key);
      else known.set(key, item);
      told();
    },
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { known, reflector, until };
}

test("objects are followed over events, bookmarks, an ended watch, and a 410 that has them listed anew", async () => {
  let lists = 0;
  const versions: (string | null)[] = [];
  const { client } = await scene((url, response) => {
    if (url.searchParams.get("watch") === null) {
      lists += 1;
      response.end(
        lists === 1 ? listOf([pod("a", "1"), pod("b", "2")], "2") : listOf([pod("z", "50")], "50"),
      );
      return;
    }
    versions.push(url.searchParams.get("resourceVersion"));
    if (versions.length === 1) {
      response.write(event("ADDED", pod("c", "3")));
      response.write(event("DELETED", pod("a", "4")));
      response.end(event("BOOKMARK", { metadata: { resourceVersion: "7" } }));
    } else if (versions.length === 2) {
      response.end(event("ERROR", { code: 410, message: "too old" }));
    } else response.write(event("MODIFIED", pod("z", "51")));
  });
  const { known, reflector, until } = follow(client);
  await until(() => known.get("n/z") === "51");
  assert.deepEqual([...known], [["n/z", "51"]]);
  assert.deepEqual(versions, ["2", "7", "50"]);
  const { synced, failure, lists: counted } = reflector.state();
  assert.deepEqual([synced, failure, counted], [true, undefined, 2]);
  await reflector.stop();
});

test("AnswerTooLarge: a line of a watch has a most, and one that never ends is cut there", async () => {
  const bytesMax = 10;
  const split = async (...chunks: readonly string[]) => {
    const stream = (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk);
    })();
    const lines: (string | undefined)[] = [];
    for await (const line of splitLines(stream, bytesMax)) lines.push(line?.toString());
    return lines;
  };
  assert.deepEqual(await split("a\nb", "c\n", "end"), ["a", "bc", "end"]);
  assert.deepEqual(await split("0123456789\n"), ["0123456789"]);
  assert.deepEqual(await split("01234567890\n"), [undefined]);
  assert.deepEqual(await split("a\n", "0123456789", "0", "never read"), ["a", undefined]);
  const { client } = await scene((url, response) => {
    if (url.searchParams.get("watch") === null) response.end(listOf([], "1"));
    else response.end("x".repeat(limits.kubernetesWatchLineBytesMax + 1));
  });
  const watch = client.watch({ path: "/x" }, { resourceVersion: "1", signal: signal() });
  await assert.rejects(
    watch.next(),
    (error) => error instanceof CodedError && error.code === "AnswerTooLarge",
  );
});

test("KubernetesListTooLong: a list of more objects than are kept is refused, and said", async () => {
  const items = Array.from({ length: limits.discoveredObjectsMax + 1 }, (_, index) =>
    pod(`p${index}`, "1"),
  );
  const body = listOf(items, "1");
  const { client } = await scene((_url, response) => response.end(body));
  const { reflector, known } = follow(client);
  while (reflector.state().failure === undefined)
    await new Promise((resolve) => setImmediate(resolve));
  assert.match(reflector.state().failure ?? "", /has more than 50000 objects/);
  assert.equal(known.size, 0);
  await reflector.stop();
});
