/** One container's log: rotation by renaming and by copying, pieces, limits, and what another process left. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { limits } from "../../core/index.ts";
import { criLine } from "../testing/log-receiver.ts";
import { ContainerTail } from "./container-tail.ts";
import type { TailOptions } from "./container-tail.ts";
import type { TraceLanguage } from "./stack-traces.ts";

const root = mkdtempSync(join(tmpdir(), "linkscope-tail-"));
after(() => rmSync(root, { recursive: true, force: true }));

const ample = (): boolean => true;
const EVERYTHING = 64 * 1024 * 1024;

/** A live file, and tails of it that tell what they read. */
function scene(languages: readonly TraceLanguage[] = []) {
  const path = join(mkdtempSync(join(root, "c-")), "0.log");
  writeFileSync(path, "");
  const told: string[] = [];
  const open = (more: Partial<TailOptions> = {}): ContainerTail =>
    new ContainerTail({
      path,
      position: undefined,
      sinceMs: undefined,
      languages: new Set(languages),
      emit: ({ stream, text }) => void told.push(stream === "stdout" ? text : `! ${text}`),
      ...more,
    });
  const read = (tail: ContainerTail): readonly string[] => {
    told.length = 0;
    tail.read(EVERYTHING, ample, 0);
    return [...told];
  };
  /** Closes a tail, and opens another where it stood, by way of JSON as the file of positions does. */
  const reopen = (tail: ContainerTail, more: Partial<TailOptions> = {}): ContainerTail => {
    const position = JSON.parse(JSON.stringify(tail.position())) as TailOptions["position"];
    tail.close();
    return open({ position, ...more });
  };
  const write = (...lines: readonly string[]): void => appendFileSync(path, lines.join(""));
  /** Renames the live file as the kubelet does. */
  const rotate = (stamp: string): void => {
    renameSync(path, `${path}.20260101-0000${stamp}`);
    utimesSync(`${path}.20260101-0000${stamp}`, 1_000 + Number(stamp), 1_000 + Number(stamp));
    writeFileSync(path, "");
  };
  return { path, open, read, reopen, write, rotate, told };
}

test("pieces of a line are joined, each stream by itself", () => {
  const { open, read, write } = scene();
  write(criLine("long ", { tag: "P" }), criLine("other", { stream: "stderr" }));
  write(criLine("and ", { tag: "P" }), criLine("longer"));
  assert.deepEqual(read(open()), ["! other", "long and longer"]);
});

test("a piece that waits for its rest is kept over a restart and over a rotation", () => {
  const { open, read, reopen, write, rotate } = scene();
  write(criLine("begun", { tag: "P" }), criLine("meanwhile", { stream: "stderr" }));
  const first = open();
  assert.deepEqual(read(first), ["! meanwhile"]);
  rotate("01");
  write(criLine(" and ended"));
  assert.deepEqual(read(reopen(first)), ["begun and ended"]);
});

test("a line that is not whole in the file yet is read when it is", () => {
  const { open, read, write } = scene();
  const tail = open();
  write("2026-01-01T00:00:00.1Z stdout F ha");
  assert.deepEqual(read(tail), []);
  write("lf\n");
  assert.deepEqual(read(tail), ["half"]);
});

test("a renamed file is read to its end before the new one, and nothing twice", () => {
  const { open, read, write, rotate } = scene();
  const tail = open();
  write(criLine("one"));
  assert.deepEqual(read(tail), ["one"]);
  write(criLine("two"));
  rotate("01");
  write(criLine("three"));
  assert.deepEqual(read(tail), ["two", "three"]);
  rotate("02");
  rotate("03");
  write(criLine("four"));
  assert.deepEqual(read(tail), ["four"]);
});

test("files that were rotated twice between two looks are both read", () => {
  const { open, read, write, rotate } = scene();
  const tail = open();
  write(criLine("one"));
  assert.deepEqual(read(tail), ["one"]);
  rotate("01");
  write(criLine("two"));
  rotate("02");
  write(criLine("three"));
  assert.deepEqual(read(tail), ["two", "three"]);
});

test("a restart after rotations goes on in the renamed file, then in those after it", () => {
  const { open, read, reopen, write, rotate } = scene();
  write(criLine("one"), criLine("two"));
  const first = open();
  first.read(
    EVERYTHING,
    ((): (() => boolean) => {
      let lines = 0;
      return () => (lines += 1) <= 1;
    })(),
    0,
  );
  rotate("01");
  write(criLine("three"));
  rotate("02");
  write(criLine("four"));
  assert.deepEqual(read(reopen(first)), ["two", "three", "four"]);
});

test("a file that was copied and cut goes on in its copy, while the agent runs and after a restart", () => {
  const { path, open, read, reopen, write } = scene();
  const tail = open();
  write(criLine("one"));
  assert.deepEqual(read(tail), ["one"]);
  write(criLine("two"));
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
  assert.deepEqual(read(tail), ["two"]);
  write(
    criLine(
      "three, which is longer than what was there before it was cut, so that size says nothing",
    ),
  );
  assert.deepEqual(read(tail), [
    "three, which is longer than what was there before it was cut, so that size says nothing",
  ]);
  write(criLine("four"));
  copyFileSync(path, `${path}.2`);
  truncateSync(path, 0);
  write(criLine("five"));
  assert.deepEqual(read(reopen(tail)), ["four", "five"]);
});

test("cut and grown past where it was read to, the file is known by its beginning", () => {
  const { path, open, read, write } = scene();
  const tail = open();
  write(criLine("one", { second: 1 }));
  assert.deepEqual(read(tail), ["one"]);
  truncateSync(path, 0);
  write(criLine("two", { second: 2 }), criLine("three", { second: 3 }));
  assert.deepEqual(read(tail), ["two", "three"]);
  assert.equal(tail.counts.lostFiles, 1);
});

test("a file that is gone when the agent comes back is told as lost, and the live one is read whole", () => {
  const { path, open, read, reopen, write, rotate } = scene();
  write(criLine("one"));
  const first = open();
  assert.deepEqual(read(first), ["one"]);
  write(criLine("never read"));
  rotate("01");
  rmSync(`${path}.20260101-000001`);
  write(criLine("two", { second: 2 }));
  const second = reopen(first);
  assert.deepEqual(read(second), ["two"]);
  assert.equal(second.counts.lostFiles, 1);
});

test("of a log that is new to it an agent that ran before reads what was rotated since then, and no more", () => {
  const { open, read, write, rotate } = scene();
  write(criLine("old"));
  rotate("01");
  write(criLine("while it was away"));
  rotate("50");
  write(criLine("now"));
  assert.deepEqual(read(open()), ["now"]);
  assert.deepEqual(read(open({ sinceMs: 1_020_000 })), ["while it was away", "now"]);
});

test("where there is no room the line waits, and so does the position", () => {
  const { open, read, reopen, write } = scene();
  write(criLine("one"), criLine("two"), criLine("three"));
  const tail = open();
  let lines = 0;
  tail.read(EVERYTHING, () => (lines += 1) <= 2, 0);
  assert.deepEqual(read(reopen(tail)), ["three"]);
});

test("a line has 64 KiB, cut where a character ends; one byte more is cut", () => {
  const { open, read, write } = scene();
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
  const { open, read, reopen, write } = scene();
  write(criLine("x".repeat(3 * limits.logReadBytes)), criLine("after"));
  const first = open();
  let lines = 0;
  first.read(limits.logReadBytes, () => (lines += 1) <= 1, 0);
  const second = reopen(first);
  assert.deepEqual(read(second), ["after"]);
  assert.ok(second.counts.skippedBytes > 0);
});

test("binary bytes, NUL and lines of no runtime do no harm; the latter are counted", () => {
  const { path, open, read, write } = scene();
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
    const { open, read, reopen, write, told } = scene([language as TraceLanguage]);
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
  const { open, read, write } = scene();
  write(criLine("java.lang.Error: a"), criLine("\tat b.c(d)"));
  const tail = open();
  assert.deepEqual(read(tail), ["java.lang.Error: a", "\tat b.c(d)"]);
  assert.ok(tail.isIdle);
});

test("a group has a most of lines and of bytes", () => {
  const { open, read, write, told } = scene(["java"]);
  write(criLine("java.lang.Error: a"));
  for (let at = 0; at < limits.logGroupLinesMax; at += 1) write(criLine("\tat b.c(d)"));
  const tail = open();
  const [group = ""] = read(tail);
  assert.equal(group.split("\n").length, limits.logGroupLinesMax);
  tail.flush(Infinity, ample);
  assert.deepEqual(told.slice(1), ["\tat b.c(d)"]);
});

test("a position that is taken while a chunk is read stands before the line that asked for room", () => {
  const { open, read, write } = scene();
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

test("between two files the position stands at the end of the one that was left", () => {
  const { path, open, read, reopen, write } = scene();
  const tail = open();
  write(criLine("one"));
  assert.deepEqual(read(tail), ["one"]);
  write(criLine("two"));
  renameSync(path, `${path}.20260101-000001`);
  const other = `${path}.hidden`;
  // The live file is there when it is looked at, and gone when it is opened.
  writeFileSync(path, "");
  tail.read(
    EVERYTHING,
    () => {
      renameSync(path, other);
      return true;
    },
    0,
  );
  const again = reopen(tail);
  renameSync(other, path);
  write(criLine("three", { second: 3 }));
  assert.deepEqual(read(again), ["three"]);
});

test("a file that is rotated again before it was opened is read all the same", () => {
  const { open, read, write, rotate, told } = scene();
  const tail = open();
  write(criLine("one"));
  assert.deepEqual(read(tail), ["one"]);
  write(criLine("two"));
  rotate("01");
  write(criLine("three", { second: 3 }));
  told.length = 0;
  let rotated = false;
  tail.read(
    EVERYTHING,
    () => {
      // While the first rotated file is read to its end, the second is rotated too.
      if (!rotated) rotate("02");
      if (!rotated) write(criLine("four", { second: 4 }));
      rotated = true;
      return true;
    },
    0,
  );
  assert.deepEqual(told, ["two", "three", "four"]);
});
