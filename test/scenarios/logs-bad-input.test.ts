/** Bad input of logs over the private link: what each gets as its answer, and what stands in the table afterwards. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { limits } from "../../src/core/index.ts";
import { startLogsPlatform } from "../support/logs-platform.ts";
import type { LogsPlatform } from "../support/logs-platform.ts";

let logs: LogsPlatform;
before(async () => {
  logs = await startLogsPlatform();
});
after(async () => {
  await logs?.close();
  assert.deepEqual(logs?.notes, []);
});

const iso = (offsetMs = 0): string => new Date(Date.now() + offsetMs).toISOString();
/** One order of a name of its own, with the fields that a test gives. */
const order = (Name: string, fields: object = {}): object => ({
  TimeGenerated: iso(),
  Name,
  ...fields,
});
const post = (...records: readonly object[]) => logs.post(JSON.stringify(records));
const rows = async (kql: string): Promise<readonly (readonly unknown[])[]> =>
  (await logs.logs.query(kql)).rows;
const ordersOf = (Name: string, columns: string) =>
  rows(`Orders_CL | where Name == '${Name}' | project ${columns}`);

test("the way is open: records come in by the endpoint and by ODS, and are asked for", async () => {
  assert.deepEqual(
    await post(order("open", { Number: 7, Price: 1.5, Paid: true, Detail: { a: [1] } })),
    {
      status: 204,
      code: undefined,
      text: "",
    },
  );
  assert.deepEqual(await ordersOf("open", "Number, Price, Paid, Detail, Type, TenantId"), [
    [7, 1.5, true, '{"a":[1]}', "Orders_CL", logs.estate.customerId],
  ]);
  const items = JSON.stringify([{ CollectionTime: iso(), Reason: "BackOff", Count: 2 }]);
  assert.equal((await logs.ods("KUBE_EVENTS_BLOB", items)).status, 200);
  const resourceId = logs.estate.clusterId.toLowerCase();
  assert.deepEqual(await rows("KubeEvents | project Reason, Count, _ResourceId"), [
    ["BackOff", 2, resourceId],
  ]);
});

test("malformed JSON is 400 InvalidPayload with the place, at both doors (our code; Azure's is in no document)", async () => {
  for (const [body, says] of [
    ['[{"Name":"malformed"},]', /JsonMalformed: At byte 22 there must be a member after the comma/],
    ['{"Name":"malformed"}', /JsonNotRecords: At byte 0 there must be an array of objects/],
    [Uint8Array.of(0x5b, 0xc3, 0x28, 0x5d), /JsonMalformed: The body is not UTF-8/],
    [`[{"Detail":${"[".repeat(100_000)}`, /JsonTooDeep: The JSON nests deeper than 64/],
  ] as const) {
    const answer = await logs.post(body);
    assert.deepEqual([answer.status, answer.code], [400, "InvalidPayload"], answer.text);
    assert.match(answer.text, says);
  }
  const atOds = await logs.ods("KUBE_EVENTS_BLOB", "[{]");
  assert.deepEqual([atOds.status, atOds.code], [400, "InvalidPayload"]);
  assert.deepEqual(await ordersOf("malformed", "Name"), []);
});

test("values of a wrong type become null, unknown fields are dropped, and the rest of the record stays", async () => {
  const wrong = order("types", {
    Number: "seven",
    Price: { not: "a number" },
    Paid: "maybe",
    Detail: "text",
    Unknown: 1,
    // A column of the table that the stream does not declare, and one that no sender may set.
    Undeclared: "x",
    _ResourceId: "/subscriptions/other",
    __proto__: 1,
  });
  const text = JSON.stringify([wrong]).replace(
    "}]",
    ',"__proto__":{"Paid":true},"constructor":1}]',
  );
  assert.equal((await logs.post(text)).status, 204);
  const found = await ordersOf("types", "Number, Price, Paid, Detail, Undeclared, _ResourceId");
  assert.deepEqual(found, [[null, null, null, "text", "", ""]]);
  assert.equal((await post(order("far", { Number: 9007199254740993n.toString() }))).status, 204);
});

test("numbers out of range and characters that are none do no harm to their neighbours", async () => {
  const TimeGenerated = iso();
  const odd = [
    `{"Name":"odd-1","Price":1e999,"Number":9223372036854775808}`,
    `{"Name":"odd-2","Price":-1e-999,"Number":-9223372036854775808}`,
    `{"Name":"odd-3","Number":9007199254740993,"Detail":{"a":"\\u0000","b":"\\ud800"}}`,
    `{"Name":"odd-4 \\u0000 \\ud800","Number":1e2}`,
    `{"name":"not the column","Name":"odd-5","NAME":"nor this"}`,
  ].map((text) => text.replace("}", `,"TimeGenerated":"${TimeGenerated}"}`));
  assert.equal((await logs.post(`[${odd.join()}]`)).status, 204);
  const kql = "Orders_CL | where Name startswith 'odd' | sort by Name asc";
  assert.deepEqual(await rows(`${kql} | project Name, Price, tostring(Number)`), [
    ["odd-1", "Infinity", ""],
    ["odd-2", 0, "-9223372036854775808"],
    ["odd-3", null, "9007199254740993"],
    ["odd-4 \u0000 \ufffd", null, "100"],
    ["odd-5", null, ""],
  ]);
});

test("a field is kept up to 64 KB and cut behind it; a call up to 1 MB, and refused behind it", async () => {
  const max = limits.logsFieldBytesMax;
  const long = [
    order("cut", { Detail: "x".repeat(max) }),
    order("cut", { Detail: "x".repeat(max + 1) }),
  ];
  assert.equal((await post(...long)).status, 204);
  assert.deepEqual(await ordersOf("cut", "N = strlen(tostring(Detail))"), [[max], [max]]);
  const large = await logs.post(`[{"Name":"large"}${" ".repeat(limits.logsIngestionBytesMax)}]`);
  assert.deepEqual([large.status, large.code], [413, "ContentLengthLimitExceeded"]);
  assert.match(large.text, /Maximum allowed content length: 1048576 bytes \(1 MB\)\./);
});

test("a time too far from now is replaced by the time of receipt, as Azure does; one that is no time too", async () => {
  const hour = 3_600_000;
  const times = {
    old: iso(-49 * hour),
    far: iso(25 * hour),
    late: iso(-47 * hour),
    none: "yesterday",
  };
  for (const [name, TimeGenerated] of Object.entries(times)) {
    assert.equal((await post(order(`time-${name}`, { TimeGenerated }))).status, 204);
  }
  const near = async (name: string): Promise<boolean> => {
    const [[time] = []] = await ordersOf(`time-${name}`, "TimeGenerated");
    return Math.abs(Date.parse(String(time)) - Date.now()) < hour;
  };
  assert.deepEqual(
    [await near("old"), await near("far"), await near("late"), await near("none")],
    [true, true, false, true],
  );
});

test("streams, data types and rules that are not there are named", async () => {
  const stream = await logs.post("[]", "Custom-Unknown");
  assert.deepEqual([stream.status, stream.code], [400, "UnknownStream"]);
  const type = await logs.ods("NPM_BLOB", "[]");
  assert.deepEqual([type.status, type.code], [400, "UnknownDataType"]);
  // Of this data type the rule has no flow: ODS refuses without a word, as it does the way.
  assert.deepEqual(await logs.ods("LINUX_SYSLOGS_BLOB", "[]"), {
    status: 403,
    code: undefined,
    text: "",
  });
});

test("literals that try to leave the SQL are data, in records, in transformations and in queries", async () => {
  const evil = `'; DROP TABLE "Orders_CL"; --" $1 \\ %`;
  assert.equal((await post(order(evil, { Number: 1 }), order("kept", { Number: 2 }))).status, 204);
  const literal = `"${evil.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  assert.deepEqual(await rows(`Orders_CL | where Name == ${literal} | project Number`), [[1]]);
  await logs.estate.changeOrders({
    transformKql: `source | where Name != ${literal} | extend Name = ${literal}`,
  });
  assert.equal((await post(order(evil, { Number: 3 }), order("x", { Number: 4 }))).status, 204);
  await logs.estate.changeOrders({});
  const numbers = `Orders_CL | where Name == ${literal} | sort by Number asc | project Number`;
  assert.deepEqual(await rows(numbers), [[1], [4]]);
});

test("what a transformation drops of agents' records is counted, and the rest is as it was sent", async () => {
  const streams = ["Microsoft-ContainerLogV2"];
  const transformKql = "source | where PodNamespace != 'kube-system' | extend LogLevel = 'info'";
  await logs.estate.changeInsights([
    { streams, transformKql },
    { streams: ["Microsoft-KubeEvents"] },
  ]);
  const line = (PodNamespace: string) => ({ TimeGenerated: iso(), PodNamespace, LogMessage: "x" });
  const items = JSON.stringify([line("kube-system"), line("shop"), line("kube-system")]);
  assert.equal((await logs.ods("CONTAINERINSIGHTS_CONTAINERLOGV2", items)).status, 200);
  assert.deepEqual(
    await rows(
      "ContainerLogV2 | project PodNamespace, LogMessage, LogLevel, TenantId, _ResourceId",
    ),
    [["shop", "x", "info", logs.estate.customerId, logs.estate.clusterId.toLowerCase()]],
  );
  const port = logs.platform.ports.metrics;
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(
    metrics,
    /linkscope_edge_records_total\{[^}]*table="ContainerLogV2",outcome="dropped"\} 2/,
  );
});

test("past the daily cap records are taken and dropped, and the workspace says so in Operation", async () => {
  const law = (dailyQuotaGb: number) =>
    logs.estate.put(logs.estate.lawId, "2023-09-01", {
      location: "eastus",
      properties: {
        sku: { name: "PerGB2018" },
        publicNetworkAccessForIngestion: "Disabled",
        publicNetworkAccessForQuery: "Disabled",
        workspaceCapping: { dailyQuotaGb },
      },
    });
  await law(0.023);
  const filler = "x".repeat(60_000);
  const records = Array.from({ length: 16 }, () => order("filler", { Detail: filler }));
  for (let sent = 0; sent < 26; sent++) assert.equal((await post(...records)).status, 204);
  assert.equal((await post(order("capped"))).status, 204);
  assert.deepEqual(await ordersOf("capped", "Name"), []);
  const [operation] = await rows("Operation | project OperationCategory, OperationStatus, Detail");
  assert.match(String(operation?.[2]), /OverQuota/);
  await law(-1);
  assert.equal((await post(order("uncapped"))).status, 204);
  assert.deepEqual(await ordersOf("uncapped", "Name"), [["uncapped"]]);
});
