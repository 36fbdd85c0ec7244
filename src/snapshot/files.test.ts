/** Snapshots and fragments as files that anybody may have written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json, JsonObject } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { fragmentText, readFragment } from "./fragment-lines.ts";
import type { ProbeFragment } from "./fragment.ts";
import { keptResource } from "./gathering.ts";
import { keep, keptFields } from "./keep-fields.ts";
import { readSnapshot } from "./read-snapshot.ts";
import { snapshotText } from "./snapshot.ts";
import type { Snapshot } from "./snapshot.ts";

const group = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg";
const dceId = `${group}/providers/Microsoft.Insights/dataCollectionEndpoints/dce`;
const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/aks`;

const snapshot: Snapshot = {
  cloud: "AzureCloud",
  source: "azure",
  takenAtMs: Date.UTC(2026, 0, 2),
  redacted: false,
  clusters: [clusterId],
  resources: [
    {
      id: dceId,
      name: "dce",
      type: "Microsoft.Insights/dataCollectionEndpoints",
      location: "westeurope",
      properties: { networkAcls: { publicNetworkAccess: "Disabled" } },
    },
  ],
  record: {
    lists: [`${group}/providers/Microsoft.Insights/dataCollectionEndpoints`],
    absent: [clusterId],
    unread: [{ path: dceId, status: 403, code: "AuthorizationFailed", says: "no" }],
  },
};

const body = (): Record<string, Json> => JSON.parse(snapshotText(snapshot)) as Record<string, Json>;
const refused = (change: Record<string, Json> | string): string => {
  const text = typeof change === "string" ? change : JSON.stringify({ ...body(), ...change });
  try {
    readSnapshot(text, "x.json");
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error);
    return `${String(error.code)} ${error.message}`;
  }
  return "taken";
};

test("a snapshot is read as it was written", () => {
  assert.deepEqual(readSnapshot(snapshotText(snapshot), "x.json"), snapshot);
});

test("a snapshot of another format, version, cloud, source or field is refused by name", () => {
  assert.match(refused("{"), /^SnapshotInvalid x\.json is no JSON\.$/);
  assert.match(refused("[]"), /no JSON object/);
  assert.match(refused({ format: "else" }), /"format" must be "linkscope\/snapshot", not "else"/);
  assert.match(refused({ version: 2 }), /version 2 is not read here; this is version 1/);
  assert.match(refused({ extra: 1 }), /the field "extra" is not of version 1/);
  assert.match(refused({ takenAt: "yesterday" }), /"takenAt" must be a time/);
  assert.match(refused({ cloud: "AzureMoon" }), /"cloud" must be one of AzureCloud/);
  assert.match(refused({ source: "me" }), /"source" must be "platform" or "azure"/);
});

test("ids, types and records that are none are refused with their place", () => {
  assert.match(
    refused({ clusters: ["/x y"] }),
    /clusters\[0\]: the resource id '\/x y' has a blank/,
  );
  assert.match(refused({ resources: [{ id: dceId }, { id: 3 }] }), /resources\[1\]/);
  const other = `${group}/providers/Microsoft.KeyVault/vaults/v`;
  assert.match(
    refused({ resources: [{ id: other }] }),
    /resources of .* type are not of version 1/,
  );
  assert.match(refused({ lists: ["x"] }), /lists\[0\] is no path/);
  assert.match(refused({ unread: [{ path: "/x" }] }), /unread\[0\] must have path, status, code/);
  assert.match(refused({ absent: {} }), /"absent" must be a list/);
});

test("a list is read up to its limit of entries, and no further", () => {
  const many = (count: number): readonly string[] => Array.from({ length: count }, () => "/a");
  assert.equal(refused({ lists: many(limits.armResourcesMax) }), "taken");
  assert.match(
    refused({ lists: many(limits.armResourcesMax + 1) }),
    /"lists" has 200001 entries; the limit is 200000/,
  );
});

test("a field that is not allowed is left out, whatever the file says", () => {
  const resource = {
    id: dceId,
    tags: { owner: "x" },
    properties: JSON.parse(
      '{"networkAcls":{"publicNetworkAccess":"Enabled","secret":"s"},"__proto__":{"x":1},"key":"k"}',
    ) as JsonObject,
  };
  const kept = keptResource(resource);
  assert.deepEqual(kept?.properties, { networkAcls: { publicNetworkAccess: "Enabled" } });
  assert.equal("tags" in (kept ?? {}), false);
});

test("fields are kept by their list: within objects and lists, under any name, without credentials in URLs", () => {
  const fields = keptFields("a{b c{*}} list{x} Proxy any{*{on}}");
  assert.deepEqual(
    keep(
      {
        A: { b: 1, d: 2, c: { p: "q", deep: { no: 1 } } },
        list: [{ x: 1, y: 2 }, 3],
        proxy: "http://user:secret@proxy:3128",
        any: { one: { on: true, off: 1 } },
        other: 1,
      },
      fields,
    ),
    {
      A: { b: 1, c: { p: "q" } },
      list: [{ x: 1 }],
      proxy: "http://proxy:3128",
      any: { one: { on: true } },
    },
  );
  const long = "x".repeat(limits.snapshotStringCharsMax + 1);
  const cut = keep({ proxy: long }, fields)["proxy"];
  assert.equal(String(cut).length, limits.snapshotStringCharsMax);
});

const fragment: ProbeFragment = {
  place: "inside",
  clusterId,
  vnetId: undefined,
  takenAtMs: 1_770_000_000_000,
  proxy: { used: true, exempt: [".svc", "10.0.0.0/8"] },
  names: [
    {
      name: "a.example",
      resolver: "system",
      outcome: "addresses",
      addresses: ["10.0.0.1", "10.0.0.2"],
      aliases: ["b.example"],
      says: "",
    },
  ],
  connections: [
    {
      host: "a.example",
      address: "10.0.0.1",
      outcome: "connected",
      issuer: "CN = x",
      subjectAltName: "DNS:a.example",
      validTo: "Jan  1 00:00:00 2027 GMT",
      says: "",
    },
  ],
  requests: [
    {
      host: "a.example",
      method: "POST",
      purpose: "metrics-ingestion",
      authenticated: true,
      address: "10.0.0.1",
      status: 403,
      code: "X",
      redirect: "",
      says: "",
    },
  ],
  files: [{ path: "/etc/x", present: false }],
  samples: [{ clusterId, path: "metrics-query", newestMs: null }],
};

const lines = (...rows: readonly string[]): string =>
  ["linkscope-probe\t1", ...rows, `end\t${rows.length}`, ""].join("\n");
const head = ["time\t1770000000", "place\tinside"];
const refusedLines = (text: string): string => {
  try {
    readFragment(text, "f.txt");
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error);
    return `${String(error.code)} ${error.message}`;
  }
  return "taken";
};

test("a fragment is read as it was written, with the line ends of a terminal too", () => {
  assert.deepEqual(readFragment(fragmentText(fragment), "f.txt"), fragment);
  assert.deepEqual(readFragment(fragmentText(fragment).replaceAll("\n", "\r\n"), "f"), fragment);
});

test("what a probe saw cannot break its line", () => {
  const [request] = fragment.requests;
  assert.ok(request !== undefined);
  const hostile = { ...request, says: "x\ty\nend\t0\u001b[31m" };
  const again = readFragment(fragmentText({ ...fragment, requests: [hostile] }), "f.txt");
  assert.equal(again.requests[0]?.says, "x y end 0 [31m");
  assert.equal(again.files.length, 1);
});

test("a fragment that is cut off, of another version or with unknown lines is refused with the line", () => {
  assert.match(refusedLines("x"), /^FragmentInvalid f\.txt, line 1: a fragment begins with/);
  assert.match(refusedLines(lines(...head).replace("\t1\n", "\t2\n")), /line 1: a fragment begins/);
  assert.match(refusedLines(lines(...head).replace("end\t2\n", "")), /it is cut off/);
  assert.match(refusedLines(lines(...head).replace("end\t2", "end\t3")), /it is cut off/);
  assert.match(refusedLines(lines(...head, "what\tx")), /line 4: "what" is no line of version 1/);
  assert.match(refusedLines(lines(...head, "time\t1")), /line 4: "time" stands once/);
  assert.match(refusedLines(lines("place\tinside")), /"time" must be seconds/);
  assert.match(refusedLines(lines("time\t1", "place\tthere")), /"place" must be inside or outside/);
  assert.match(refusedLines(lines(...head, "cluster\tx")), /"cluster" must be a resource id/);
});

test("lines with a field too many, of no form or with control characters are refused", () => {
  const bad = (row: string): string => refusedLines(lines(...head, row));
  assert.match(bad("name\ta.example\tsystem\tperhaps\t\t\t"), /line 4: "name" has name, resolver/);
  assert.match(bad("name\ta b\tsystem\tnodata\t\t\t"), /"name" has/);
  assert.match(bad("connection\ta\t\tconnected"), /"connection" has host/);
  assert.match(bad("request\ta\tPUT\treach\t0\t\t200\t\t\t"), /"request" has host/);
  assert.match(bad("request\ta\tGET\treach\t2\t\t200\t\t\t"), /"request" has host/);
  assert.match(bad("file\tx\tpresent"), /"file" has a path/);
  assert.match(bad("sample\tx\ty\t1"), /"sample" has a cluster's id/);
  assert.match(bad("exempt\ta\u0007"), /line 4: it has a control character/);
});

test("fields, lines and bytes of a fragment are taken at their limits, and not one past them", () => {
  const exempt = (chars: number): string =>
    refusedLines(lines(...head, `exempt\t${"x".repeat(chars)}`));
  assert.equal(exempt(limits.fragmentFieldCharsMax), "taken");
  assert.match(exempt(limits.fragmentFieldCharsMax + 1), /a field has 1025 characters/);
  const many = (count: number): string =>
    refusedLines(lines(...head, ...Array.from({ length: count }, () => "exempt\tx")));
  assert.equal(many(limits.fragmentLinesMax - 4), "taken");
  assert.match(many(limits.fragmentLinesMax - 3), /more lines than 20000/);
  const large = "x".repeat(limits.fragmentBytesMax + 1);
  assert.match(refusedLines(large), /^FileTooLarge f\.txt has 4194305 bytes; the limit is 4194304/);
  assert.match(refusedLines(large.slice(1)), /^FragmentInvalid/);
});
