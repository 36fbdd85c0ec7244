/** Link ids: given once, on disk before they are used, read by the edge as soon as they are new. */
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fakeClock, limits } from "../core/index.ts";
import { openLinkTable, readLinkTable } from "./link-table.ts";

const endpoint = (name: string): string =>
  `/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/${name}`;

function tablePath(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ls-links-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "links.json");
}

test("an endpoint has one link id, in any case, and keeps it over a restart", (t) => {
  const path = tablePath(t);
  const table = openLinkTable(path);
  assert.equal(table.linkIdOf(endpoint("a")), 1);
  assert.equal(table.linkIdOf(endpoint("b")), 2);
  assert.equal(table.linkIdOf(endpoint("A").toUpperCase()), 1);
  assert.equal(openLinkTable(path).linkIdOf(endpoint("b")), 2);
});

test("a link id is in the file when it is given, and the file is its owner's alone", (t) => {
  const path = tablePath(t);
  const linkId = openLinkTable(path).linkIdOf(endpoint("a"));
  const file = JSON.parse(readFileSync(path, "utf8")) as { links: Record<string, number> };
  assert.equal(file.links[endpoint("a").toLowerCase()], linkId);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(existsSync(`${path}.new`), false);
});

test("an id that cannot be written is not given", (t) => {
  const path = tablePath(t);
  const table = openLinkTable(path);
  rmSync(join(path, ".."), { recursive: true });
  assert.throws(() => table.linkIdOf(endpoint("a")), /ENOENT/);
  assert.throws(() => table.linkIdOf(endpoint("a")), /ENOENT/);
});

test("an endpoint that is made again after it was gone gets a new id; no id is ever given twice", (t) => {
  const path = tablePath(t);
  const table = openLinkTable(path);
  table.linkIdOf(endpoint("a"));
  table.linkIdOf(endpoint("b"));
  table.retire((id) => id.endsWith("/a"));
  assert.equal(table.linkIdOf(endpoint("b")), 3);
  table.retire(() => false);
  assert.equal(openLinkTable(path).linkIdOf(endpoint("c")), 4);
});

test("the last link id is given, and then none", (t) => {
  const path = tablePath(t);
  writeFileSync(path, JSON.stringify({ version: 1, next: limits.linkIdMax, links: {} }));
  const table = openLinkTable(path);
  assert.equal(table.linkIdOf(endpoint("a")), limits.linkIdMax);
  assert.throws(() => table.linkIdOf(endpoint("b")), { code: "LinkIdsExhausted" });
  assert.equal(table.linkIdOf(endpoint("a")), limits.linkIdMax);
});

test("a damaged table is refused by name, whatever the damage", (t) => {
  const path = tablePath(t);
  const links = { [endpoint("a")]: 1 };
  for (const [text, says] of [
    ["{", /cannot be read/],
    ["null", /holds no object/],
    [JSON.stringify({ version: 2, next: 2, links }), /version is 2/],
    [JSON.stringify({ version: 1, next: 0, links }), /no next id/],
    [JSON.stringify({ version: 1, next: 2 }), /no links/],
    [JSON.stringify({ version: 1, next: 1, links }), /link id 1/],
    [JSON.stringify({ version: 1, next: 3, links: { ...links, [endpoint("b")]: 1 } }), /twice/],
    [JSON.stringify({ version: 1, next: 3, links: { b: 1 } }), /does not begin/],
  ] as const) {
    writeFileSync(path, text);
    assert.throws(() => openLinkTable(path), { code: "LinkTableUnreadable", message: says });
  }
});

test("the reader knows an id as soon as the table has it, and forgets none that is retired until it must read again", (t) => {
  const path = tablePath(t);
  const endpointOf = readLinkTable({ path, clock: fakeClock() });
  assert.equal(endpointOf(1), undefined);
  const table = openLinkTable(path);
  table.linkIdOf(endpoint("a"));
  assert.equal(endpointOf(1), endpoint("a").toLowerCase());
  table.linkIdOf(endpoint("b"));
  assert.equal(endpointOf(2), endpoint("b").toLowerCase());
  table.retire((id) => !id.endsWith("/a"));
  table.linkIdOf(endpoint("c"));
  assert.equal(endpointOf(3), endpoint("c").toLowerCase());
  assert.equal(endpointOf(1), undefined);
});

test("unknown ids read the file at most so many times a second", (t) => {
  const path = tablePath(t);
  const clock = fakeClock();
  const endpointOf = readLinkTable({ path, clock });
  for (let n = 0; n < limits.linkTableReadsPerSecondMax; n++)
    assert.equal(endpointOf(1), undefined);
  openLinkTable(path).linkIdOf(endpoint("a"));
  assert.equal(endpointOf(1), undefined);
  clock.advance(1_000);
  assert.equal(endpointOf(1), endpoint("a").toLowerCase());
});

test(
  "a reader that may not read says so",
  { skip: process.getuid?.() === 0 && "root reads everything" },
  (t) => {
    const path = tablePath(t);
    openLinkTable(path).linkIdOf(endpoint("a"));
    chmodSync(path, 0o000);
    assert.throws(() => readLinkTable({ path, clock: fakeClock() })(1), {
      code: "LinkTableUnreadable",
    });
  },
);

test("a table of the most bytes is read, and one byte more is refused by name", (t) => {
  const path = tablePath(t);
  openLinkTable(path).linkIdOf(endpoint("a"));
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.padEnd(limits.linkTableBytesMax));
  assert.equal(openLinkTable(path).linkIdOf(endpoint("a")), 1);
  writeFileSync(path, text.padEnd(limits.linkTableBytesMax + 1));
  assert.throws(() => openLinkTable(path), {
    code: "LinkTableUnreadable",
    message: /has 67108865 bytes; the limit is 67108864/,
  });
});
