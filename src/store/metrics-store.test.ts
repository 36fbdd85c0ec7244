/** Appends and what comes back: order, duplicates, staleness, label rules and every limit at its bound. */
import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { CodedError, limits } from "../core/index.ts";
import { encodeWriteRequest } from "../wire/index.ts";
import type { RejectCode, WorkspaceMetrics } from "./index.ts";
import { ACCOUNT, ALL_TIME, message, metric, readable, storeFixture } from "./testing/fixture.ts";

async function refusedBy(workspace: WorkspaceMetrics, bytes: Uint8Array): Promise<object> {
  const { refused } = await workspace.appendWriteRequest(bytes);
  return Object.fromEntries(refused);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail("It was taken."),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CodedError);
  return `${error.code} ${error.status}`;
}

test("samples come back sorted by labels, in the range asked for, bounds included", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const start = clock.nowMs();
  const result = await workspace.appendWriteRequest(
    message(
      start,
      [
        { __name__: "up", job: "b" },
        [
          [0, 1],
          [1000, 2],
          [2000, 3],
        ],
      ],
      [{ __name__: "up", job: "a" }, [[0, -0.5]]],
      [{ __name__: "down" }, [[0, 9]]],
    ),
  );
  assert.equal(result.samplesAppended, 5);
  assert.equal(result.refused.size, 0);
  assert.deepEqual(readable(await workspace.select([metric("up")], ALL_TIME), start), [
    ['up{job="a"}', [[0, -0.5]]],
    [
      'up{job="b"}',
      [
        [0, 1],
        [1000, 2],
        [2000, 3],
      ],
    ],
  ]);
  const range = { mintMs: start + 1000, maxtMs: start + 2000 };
  assert.deepEqual(readable(await workspace.select([metric("up")], range), start), [
    [
      'up{job="b"}',
      [
        [1000, 2],
        [2000, 3],
      ],
    ],
  ]);
  const between = { mintMs: start + 1, maxtMs: start + 999 };
  assert.deepEqual(await workspace.select([metric("up")], between), []);
});

test("the staleness marker and other NaN keep their bits, before and after a restart", async (t) => {
  const { workspace, clock, reopen } = await storeFixture(t);
  const start = clock.nowMs();
  await workspace.appendWriteRequest(
    message(start, [
      { __name__: "m" },
      [
        [0, "stale"],
        [1, Number.NaN],
        [2, -0],
      ],
    ]),
  );
  const expected = [
    [
      "m",
      [
        [0, "7ff0000000000002"],
        [1, "7ff8000000000000"],
        [2, -0],
      ],
    ],
  ];
  assert.deepEqual(readable(await workspace.select([metric("m")], ALL_TIME), start), expected);
  const again = await reopen();
  assert.deepEqual(readable(await again.select([metric("m")], ALL_TIME), start), expected);
});

test("a repeated sample is no error; another value, an older time and a future one are refused by code", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const start = clock.nowMs();
  const one = (afterMs: number, value: number | "stale"): Buffer =>
    message(start, [{ __name__: "m" }, [[afterMs, value]]]);
  await workspace.appendWriteRequest(one(0, 1));
  const repeated = await workspace.appendWriteRequest(one(0, 1));
  assert.deepEqual([repeated.samplesAppended, repeated.samplesRepeated], [0, 1]);
  assert.equal(repeated.refused.size, 0);
  assert.deepEqual(await refusedBy(workspace, one(0, 2)), { DuplicateSample: 1 });
  assert.deepEqual(await refusedBy(workspace, one(-1, 1)), { OutOfOrderSample: 1 });
  assert.deepEqual(await refusedBy(workspace, one(limits.futureSampleMs + 1, 1)), {
    TooFarInFuture: 1,
  });
  assert.deepEqual(await refusedBy(workspace, one(limits.futureSampleMs, 1)), {});
  assert.deepEqual(readable(await workspace.select([metric("m")], ALL_TIME), start), [
    [
      "m",
      [
        [0, 1],
        [limits.futureSampleMs, 1],
      ],
    ],
  ]);
});

test("a sample as old as the head's span is taken; one millisecond older is refused", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const start = clock.nowMs();
  const bytes = message(
    start,
    [{ __name__: "at" }, [[-limits.headMs, 1]]],
    [{ __name__: "past" }, [[-limits.headMs - 1, 1]]],
  );
  assert.deepEqual(await refusedBy(workspace, bytes), { TooOldSample: 1 });
  assert.deepEqual(await workspace.labelValues("__name__", [], ALL_TIME), ["at"]);
});

test("one bad series does not hide the good ones, and the first refusal is told", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const result = await workspace.appendWriteRequest(
    message(
      clock.nowMs(),
      [{ __name__: "good" }, [[0, 1]]],
      [{ __name__: "bad name" }, [[0, 1]]],
      [{ nameless: "x" }, [[0, 1]]],
      [
        { __name__: "also_good" },
        [
          [0, 1],
          [0, 2],
        ],
      ],
    ),
  );
  assert.equal(result.samplesAppended, 2);
  assert.deepEqual(Object.fromEntries(result.refused), { InvalidLabels: 2, DuplicateSample: 1 });
  assert.match(result.firstRefusal ?? "", /"bad name"/);
  assert.deepEqual(Object.fromEntries(workspace.stats().refused), {
    InvalidLabels: 2,
    DuplicateSample: 1,
  });
});

test("labels are sorted, empty values dropped, and each order of one set is the same series", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const start = clock.nowMs();
  const orders = [
    ["job", "__name__", "a"],
    ["a", "job", "__name__"],
    ["__name__", "a", "job"],
    ["__name__", "a", "job"],
  ];
  const values = new Map([
    ["__name__", "m"],
    ["job", "x"],
    ["a", "1"],
  ]);
  for (const [index, order] of orders.entries()) {
    const labels = order.map((name) => ({ name, value: values.get(name) ?? "" }));
    const withEmpty = index % 2 === 0 ? labels : [...labels, { name: "none", value: "" }];
    const samples = [{ timestampMs: start + index, value: index }];
    const bytes = encodeWriteRequest([{ labels: withEmpty, samples }]);
    assert.deepEqual(await refusedBy(workspace, bytes), {});
  }
  assert.deepEqual(readable(await workspace.select([metric("m")], ALL_TIME), start), [
    [
      'm{a="1", job="x"}',
      [
        [0, 0],
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    ],
  ]);
  assert.equal(workspace.stats().series, 1);
});

test("each label rule holds at its limit and is refused one past it", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const { labelsPerSeriesMax, labelNameBytesMax, labelValueBytesMax } = limits;
  const many = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count - 1 }, (_, index) => [`l${index}`, "v"]));
  const cases: readonly (readonly [Record<string, string>, RejectCode | undefined])[] = [
    [many(labelsPerSeriesMax), undefined],
    [many(labelsPerSeriesMax + 1), "TooManyLabels"],
    [many(5 * labelsPerSeriesMax), "TooManyLabels"],
    [{ ["n".repeat(labelNameBytesMax)]: "v" }, undefined],
    [{ ["n".repeat(labelNameBytesMax + 1)]: "v" }, "LabelTooLong"],
    [{ v: "é".repeat(511) + "x" }, undefined],
    [{ v: "v".repeat(labelValueBytesMax) }, undefined],
    [{ v: "v".repeat(labelValueBytesMax + 1) }, "LabelTooLong"],
    [{ v: "é".repeat(512) }, "LabelTooLong"],
    [{ __name__: "m".repeat(labelNameBytesMax) }, undefined],
    [{ __name__: "m".repeat(labelNameBytesMax + 1) }, "LabelTooLong"],
    [{ __name__: "a:b" }, undefined],
    [{ __name__: "1a" }, "InvalidLabels"],
    [{ "a:b": "v" }, "InvalidLabels"],
    [{ "1a": "v" }, "InvalidLabels"],
    [{ "": "v" }, "InvalidLabels"],
    [{ ü: "v" }, "InvalidLabels"],
    [{ constructor: "v" }, undefined],
  ];
  for (const [index, [labels, code]] of cases.entries()) {
    const bytes = message(clock.nowMs(), [{ __name__: `m${index}`, ...labels }, [[0, 1]]]);
    assert.deepEqual(
      await refusedBy(workspace, bytes),
      code === undefined ? {} : { [code]: 1 },
      `case ${index}`,
    );
  }
});

test("a duplicate label name and a value that is not UTF-8 are refused", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const samples = [{ timestampMs: clock.nowMs(), value: 1 }];
  const name = { name: "__name__", value: "m" };
  const twice = [name, { name: "a", value: "1" }, { name: "a", value: "2" }];
  assert.deepEqual(await refusedBy(workspace, encodeWriteRequest([{ labels: twice, samples }])), {
    DuplicateLabel: 1,
  });
  const broken = encodeWriteRequest([{ labels: [name, { name: "a", value: "~" }], samples }]);
  broken[broken.indexOf("~")] = 0xff;
  assert.deepEqual(await refusedBy(workspace, broken), { InvalidLabels: 1 });
});

test("__proto__ is a label name like others", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const labels = [
    { name: "__name__", value: "m" },
    { name: "__proto__", value: "__proto__" },
  ];
  const samples = [{ timestampMs: clock.nowMs(), value: 1 }];
  await workspace.appendWriteRequest(encodeWriteRequest([{ labels, samples }]));
  assert.deepEqual(await workspace.labelNames([], ALL_TIME), ["__name__", "__proto__"]);
  assert.deepEqual(await workspace.labelValues("__proto__", [], ALL_TIME), ["__proto__"]);
});

test("a message that cannot be read leaves nothing, though its first series could", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const start = clock.nowMs();
  await workspace.appendWriteRequest(message(start, [{ __name__: "kept" }, [[0, 1]]]));
  const bytes = Buffer.concat([
    message(
      start,
      [
        { __name__: "kept" },
        [
          [5, 2],
          [6, 3],
        ],
      ],
      [{ __name__: "lost" }, [[0, 1]]],
    ),
    Buffer.from([0x0a, 0x05, 0x01]),
  ]);
  assert.equal(await codeOf(workspace.appendWriteRequest(bytes)), "InvalidProtobuf 400");
  assert.deepEqual(readable(await workspace.select([], ALL_TIME), start), [["kept", [[0, 1]]]]);
  const { series, samples } = workspace.stats();
  assert.deepEqual([series, samples], [1, 1]);
  // What was taken back can be sent again, older than what was lost.
  await workspace.appendWriteRequest(message(start, [{ __name__: "kept" }, [[4, 4]]]));
  assert.deepEqual(readable(await workspace.select([], ALL_TIME), start), [
    [
      "kept",
      [
        [0, 1],
        [4, 4],
      ],
    ],
  ]);
});

test("metadata and exemplars do not refuse the samples; native histograms are refused by name", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const body = message(clock.nowMs(), [{ __name__: "m" }, [[0, 1]]]).subarray(2);
  const extended = Buffer.concat([body, Buffer.from([0x1a, 0, 0x22, 0, 0x22, 0])]);
  const result = await workspace.appendWriteRequest(
    Buffer.concat([Buffer.from([0x0a, extended.length]), extended, Buffer.from([0x1a, 0])]),
  );
  assert.equal(result.samplesAppended, 1);
  assert.deepEqual(result.notTaken, { metadata: 1, exemplars: 1 });
  assert.deepEqual(Object.fromEntries(result.refused), { HistogramNotSupported: 2 });
  const { metadataNotTaken, exemplarsNotTaken } = workspace.stats();
  assert.deepEqual([metadataNotTaken, exemplarsNotTaken], [1, 1]);
});

test("as many series as the limit are taken in one request and in the head; one more is refused", async (t) => {
  const { workspace, clock } = await storeFixture(t, { seriesPerRequestMax: 3, headSeriesMax: 4 });
  const start = clock.nowMs();
  const named = (...names: readonly string[]): Buffer =>
    message(start, ...names.map((name) => [{ __name__: name }, [[0, 1]]] as const));
  assert.deepEqual(await refusedBy(workspace, named("a", "b", "c")), {});
  const four = workspace.appendWriteRequest(named("d", "e", "f", "g"));
  assert.equal(await codeOf(four), "TooManySeriesInRequest 400");
  const result = await refusedBy(workspace, named("d", "e"));
  assert.deepEqual(result, { TooManySeries: 1 });
  assert.equal(workspace.stats().series, 4);
});

test("a query takes as many series and samples as the limits, and no more", async (t) => {
  const { workspace, clock } = await storeFixture(t, { querySeriesMax: 2, querySamplesMax: 3 });
  const start = clock.nowMs();
  await workspace.appendWriteRequest(
    message(
      start,
      [
        { __name__: "a" },
        [
          [0, 1],
          [1, 1],
        ],
      ],
      [
        { __name__: "b" },
        [
          [0, 1],
          [1, 1],
        ],
      ],
      [{ __name__: "c", x: "1" }, [[0, 1]]],
    ),
  );
  const regex = (value: string) => [{ name: "__name__", kind: "=~", value }] as const;
  assert.equal((await workspace.select(regex("a|c"), ALL_TIME)).length, 2);
  assert.equal(await codeOf(workspace.select(regex("a|b"), ALL_TIME)), "TooManySamples 422");
  assert.equal(await codeOf(workspace.select(regex(".+"), ALL_TIME)), "TooManySeries 422");
  assert.equal(await codeOf(workspace.series(regex(".+"), ALL_TIME)), "TooManySeries 422");
  assert.equal(await codeOf(workspace.select(regex("("), ALL_TIME)), "InvalidMatcher 400");
});

test("an account id is a GUID in lower case, and removing a workspace removes its folder", async (t) => {
  const fixture = await storeFixture(t);
  const { folder, clock } = fixture;
  for (const id of ["", "..", "../x", ACCOUNT.toUpperCase().replace("1", "A"), `${ACCOUNT}/x`]) {
    assert.equal(await codeOf(fixture.store().workspace(id)), "InvalidAccountId 400");
    assert.equal(await codeOf(fixture.store().remove(id)), "InvalidAccountId 400");
  }
  await fixture.workspace.appendWriteRequest(message(clock.nowMs(), [{ __name__: "m" }, [[0, 1]]]));
  await access(join(folder, ACCOUNT, "00000001.wal"));
  await fixture.store().remove(ACCOUNT);
  await assert.rejects(access(join(folder, ACCOUNT)));
  const late = fixture.workspace.appendWriteRequest(message(clock.nowMs()));
  assert.equal(await codeOf(late), "StoreUnavailable 503");
  const fresh = await fixture.store().workspace(ACCOUNT);
  assert.deepEqual(await fresh.select([], ALL_TIME), []);
});

test("two workspaces share nothing", async (t) => {
  const fixture = await storeFixture(t);
  const other = await fixture.store().workspace(ACCOUNT.replaceAll("1", "9"));
  const bytes = message(fixture.clock.nowMs(), [{ __name__: "m" }, [[0, 1]]]);
  await fixture.workspace.appendWriteRequest(bytes);
  assert.deepEqual(await other.select([], ALL_TIME), []);
  assert.equal((await fixture.workspace.select([], ALL_TIME)).length, 1);
});
