/** One container's log: pieces and traces that are joined, limits, hostile bytes, and where a position stands. */
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { test } from "node:test";
import { limits } from "../../core/index.ts";
import { criLine } from "../testing/log-receiver.ts";
import { EVERYTHING, ample, tailScene } from "../testing/tail-scene.ts";
import type { TailOptions } from "./container-tail.ts";
import type { TraceLanguage } from "./stack-traces.ts";

test("pieces of a line are joined, each stream by itself", () => {
  const { open, read, write } = tailScene();
  write(criLine("long ", { tag: "P" }), criLine("other", { stream: "stderr" }));
  write(criLine("and ", { tag: "P" }), criLine("longer"));
  assert.deepEqual(read(open()), ["! other", "long and longer"]);
});

test("a line that is not whole in the file yet is read when it is", () => {
  const { open, read, write } = tailScene();
  const tail = open();
  write("2026-01-01T00:00:00.1Z stdout F ha");
  assert.deepEqual(read(tail), []);
  write("lf\n");
  assert.deepEqual(read(tail), ["half"]);
});

test("where there is no room the line waits, and so does the position", () => {
  const { open, read, reopen, write } = tailScene();
  write(criLine("one"), criLine("two"), criLine("three"));
  const tail = open();
  let lines = 0;
  tail.read(EVERYTHING, () => (lines += 1) <= 2, 0);
  assert.deepEqual(read(reopen(tail)), ["three"]);
});

test("a line has 64 KiB, cut where a character ends; one byte more is cut", () => {
  const { open, read, write } = tailScene();
  const most = "x".repeat(limits.logLineBytesMax);
  write(criLine(most), criLine(`${most}y`), criLine(`${most.slice(2)}é!`));
  write(criLine(most.slice(1), { tag: "P" }), criLine("é"));
  const texts = read(open());
  assert.deepEqual(
    texts.map((text) => Buffer.byteLength(text)),
    [
      limits.logLineBytesMax,
      limits.logLineBytesMax,
      limits.logLineBytesMax,
      limits.logLineBytesMax - 1,
    ],
  );
  assert.ok(!texts.join("").includes("\ufffd"));
});

test("a line longer than a read is taken up to the limit, and passed over to its end, over a restart too", () => {
  const { open, read, reopen, write } = tailScene();
  write(criLine("x".repeat(3 * limits.logReadBytes)), criLine("after"));
  const first = open();
  let lines = 0;
  first.read(limits.logReadBytes, () => (lines += 1) <= 1, 0);
  const second = reopen(first);
  assert.deepEqual(read(second), ["after"]);
  assert.ok(second.counts.skippedBytes > 0);
});

test("binary bytes, NUL and lines of no runtime do no harm; the latter are counted", () => {
  const { path, open, read, write } = tailScene();
  write(
    "no time at all\n",
    "\n",
    "2026-01-01T00:00:00Z stdxxx F a\n",
    "2026-13-41T99:00:00Z stdout Q a\n",
  );
  appendFileSync(
    path,
    Buffer.concat([
      Buffer.from("2026-01-01T00:00:00Z stdout F "),
      Buffer.from([0x00, 0xff, 0xfe, 0xc3]),
      Buffer.from("\n"),
    ]),
  );
  write(criLine("", {}), criLine("tagged", { tag: "F:x:y" }));
  const tail = open();
  assert.deepEqual(read(tail), ["\u0000\ufffd\ufffd\ufffd", "", "tagged"]);
  assert.equal(tail.counts.malformed, 3);
});

test("stack traces are one record each in the languages that are asked for", () => {
  const traces: Readonly<Record<TraceLanguage, readonly string[]>> = {
    java: [
      "java.lang.NullPointerException: nothing there",
      "\tat com.example.Foo.bar(Foo.java:42)",
      "Caused by: java.io.IOException: disk",
      "\t... 3 more",
    ],
    dotnet: [
      "Unhandled exception. System.InvalidOperationException: no",
      "   at Program.Main(String[] args) in /app/Program.cs:line 5",
      "   --- End of inner exception stack trace ---",
    ],
    python: [
      "Traceback (most recent call last):",
      '  File "a.py", line 1, in <module>',
      "    main()",
      "ValueError: no",
    ],
    go: [
      "panic: no",
      "",
      "goroutine 1 [running]:",
      "main.main()",
      "\t/app/main.go:5 +0x1d",
      "exit status 2",
    ],
  };
  for (const [language, lines] of Object.entries(traces)) {
    const { open, read, reopen, write, told } = tailScene([language as TraceLanguage]);
    write(criLine("before"), ...lines.map((line) => criLine(line)));
    const first = open();
    // The last line may go on: it waits, and is kept over a restart.
    assert.deepEqual(read(first), ["before"], language);
    write(criLine("after"));
    const second = reopen(first);
    assert.deepEqual(read(second), [lines.join("\n")], language);
    second.flush(Infinity, ample);
    assert.deepEqual(told.slice(1), ["after"], language);
  }
});

test("without being asked for, a stack trace stays lines, and no text waits", () => {
  const { open, read, write } = tailScene();
  write(criLine("java.lang.Error: a"), criLine("\tat b.c(d)"));
  const tail = open();
  assert.deepEqual(read(tail), ["java.lang.Error: a", "\tat b.c(d)"]);
  assert.ok(tail.isIdle);
});

test("a group has a most of lines and of bytes", () => {
  const { open, read, write, told } = tailScene(["java"]);
  write(criLine("java.lang.Error: a"));
  for (let at = 0; at < limits.logGroupLinesMax; at += 1) write(criLine("\tat b.c(d)"));
  const tail = open();
  const [group = ""] = read(tail);
  assert.equal(group.split("\n").length, limits.logGroupLinesMax);
  tail.flush(Infinity, ample);
  assert.deepEqual(told.slice(1), ["\tat b.c(d)"]);
});

test("a position that is taken while a chunk is read stands before the line that asked for room", () => {
  const { open, read, write } = tailScene();
  write(criLine("one"), criLine("two"), criLine("three"));
  const tail = open();
  let taken: TailOptions["position"];
  let lines = 0;
  tail.read(
    EVERYTHING,
    () => {
      lines += 1;
      if (lines === 3) taken = tail.position();
      return true;
    },
    0,
  );
  assert.deepEqual(read(open({ position: taken })), ["three"]);
});
