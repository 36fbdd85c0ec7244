/** The access log beside a proof: the newest line for each host and way, whatever else the file holds. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { accessLines } from "./access-log.ts";

const entry = (more: object): string =>
  JSON.stringify({ host: "a.example", origin: "public", status: 403, reasons: [], ...more });

test("each host and way has its newest decision, and lines that are none are passed over", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-access-"));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.deepEqual(accessLines(folder, ["a.example"]), []);
  const endpointId = "/subscriptions/s/providers/Microsoft.Network/privateEndpoints/pe-one";
  const lines = [
    '"cut": 1}',
    "null",
    entry({ status: 200 }),
    entry({ host: "other.example" }),
    entry({ origin: "private", endpointId, status: 204 }),
    entry({ reasons: [{ rule: "first" }, { rule: "dce.public-disabled" }] }),
  ];
  writeFileSync(join(folder, "access.ndjson"), `${lines.join("\n")}\n`);
  assert.deepEqual(accessLines(folder, ["a.example", undefined]), [
    "the edge's log: a.example publicly: 403, dce.public-disabled",
    "the edge's log: a.example by pe-one: 204",
  ]);
});
