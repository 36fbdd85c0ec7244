/** Each known text finds its check, and what only looks like it does not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../core/index.ts";
import { explainLine, knownTexts } from "./explain-line.ts";

const idsOf = (line: string): readonly string[] => explainLine(line).map(({ id }) => id);

test("each text of the table is found by its own example, first", () => {
  for (const { id, example } of knownTexts) assert.equal(idsOf(example)[0], id, example);
});

test("each text is found among the other words of a log, in any case, over line ends and colours", () => {
  for (const { id, example } of knownTexts) {
    const line = `\u001B[31m2026-01-01T00:00:00Z pod/x \u001B[0m ${example.toUpperCase().replaceAll(" ", "\n  ")} | end`;
    assert.ok(idsOf(line).includes(id), id);
  }
});

test("a text that lacks any word of what it is known by is not found", () => {
  for (const { id, fragments } of knownTexts) {
    for (const [index, fragment] of fragments.entries()) {
      const words = fragment.trim().split(" ");
      for (const [at] of words.entries()) {
        const near = fragments.with(index, words.toSpliced(at, 1).join(" ")).join(" ");
        if (near === fragments.join(" ")) continue;
        assert.ok(!idsOf(near).includes(id), `${id}: ${near}`);
      }
    }
  }
});

test("what is none of them finds nothing: no guess", () => {
  for (const line of [
    "",
    " ",
    "connection refused",
    "403 Forbidden",
    "dial tcp 10.0.0.1:443: connect: connection refused",
    "dial tcp 127.0.0.1:55681: connect: connection refused",
    "Failed to upload to ODS: 503",
    "Action: Allow. Rule matched",
    "TokenConfig.json exists",
    "** server can't find example.com: NXDOMAIN",
    "lookup example.com on 10.0.0.10:53: no such host",
    "certificate is valid for *.ods.opinsights.azure.com",
  ]) {
    assert.deepEqual(idsOf(line), [], line);
  }
});

test("the words of a text in another order are another text", () => {
  assert.deepEqual(idsOf("connection refused by 127.0.0.1:55680"), []);
  assert.deepEqual(idsOf("no rule matched, so deny"), []);
});

test("the more special text stands before the general one, which adds nothing", () => {
  const line =
    "Failed to register certificate with OMS Homing Service:Error resolving address 6f8a.oms.opinsights.azure.com";
  assert.deepEqual(idsOf(line), ["oms.unresolved"]);
});

test("a line with two texts finds both", () => {
  const line =
    "TokenConfig.json does not exist; dial tcp 127.0.0.1:55680: connect: connection refused";
  assert.deepEqual(idsOf(line).toSorted(), ["agent.exporter-refused", "agent.no-token-file"]);
});

test("only the first characters of a line are read, up to the limit", () => {
  const text = "No configuration present for the AKS resource";
  const room = limits.explainLineCharsMax - text.length;
  assert.deepEqual(idsOf("x".repeat(room) + text), ["agent.no-configuration"]);
  assert.deepEqual(idsOf("x".repeat(room + 1) + text), []);
});

test("a hostile line of the greatest length is answered at once", () => {
  const started = process.cpuUsage().user;
  for (const unit of ["deny ", "certificate ", "lookup ", "\u001B[", "__proto__ ", "can't find "]) {
    assert.deepEqual(idsOf(unit.repeat(limits.explainLineCharsMax)), [], unit);
  }
  assert.ok(process.cpuUsage().user - started < 2_000_000);
});

test("each text has a source, says what it means and what to do, and names checks by their ids", () => {
  const ids = new Set<string>();
  for (const known of knownTexts) {
    assert.ok(!ids.has(known.id), known.id);
    ids.add(known.id);
    assert.match(known.means, /^\S.*[.]$/, known.id);
    assert.match(known.remedy, /\S/, known.id);
    assert.match(known.source, /\S/, known.id);
    for (const check of known.checks) assert.match(check, /^LS\d{4}$/, known.id);
    for (const failure of known.failures) assert.match(failure, /^F\d\d$/, known.id);
    if (known.kind !== "refusal") assert.notEqual(known.checks.length, 0, known.id);
    for (const fragment of known.fragments) assert.equal(fragment, fragment.toLowerCase());
  }
});
