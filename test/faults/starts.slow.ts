/** `npm start` beside another, stopped in the middle, and killed: each ends as it says and leaves nothing behind. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { kill, linkscopeAt, place, platformOf, unmarkable, until } from "./marked-run.ts";
import type { Place, Run } from "./marked-run.ts";

const options = { skip: unmarkable, timeout: 120_000 };

async function endedWith(run: Run, code: number): Promise<void> {
  assert.deepEqual(await run.ended, { code, signal: null }, `${run.out()}\n${run.note()}`);
}

function assertNothingLeft(at: Place): void {
  assert.deepEqual(at.pids(), [], "no process is left");
  assert.deepEqual(readdirSync(at.temporary), [], "no sockets and no temporary data are left");
}

const exportLine = /^ *export LINKSCOPE_DATA=(.*)$/m;

test(
  "a second start beside the first takes a temporary folder, says which, and leaves nothing of it",
  options,
  async (t) => {
    const at = place(t);
    const first = linkscopeAt(at, ["start"]);
    const own = join(at.working, ".linkscope");
    await until("the first one runs", () => platformOf(own));
    const firstTemporary = readdirSync(at.temporary);
    const second = linkscopeAt(at, ["start", "--once"]);
    await second.printed("export LINKSCOPE_DATA=");
    const [, folder = ""] = exportLine.exec(second.out()) ?? [];
    assert.ok(folder.startsWith(at.temporary), folder);
    assert.notEqual(platformOf(folder)?.pid, platformOf(own)?.pid);
    await endedWith(second, 0);
    assert.match(second.out(), /Every path holds/);
    assert.equal(existsSync(folder), false);
    await first.printed("The platform stays up");
    assert.doesNotMatch(first.out(), exportLine);
    assert.match(first.out(), /Every path holds/);
    assert.deepEqual(readdirSync(at.temporary), firstTemporary);
    assert.equal(
      at.pids().length,
      8,
      "of the first: parent, control, edge, engine of logs, fabric, laboratory and two agents",
    );
    first.signal("SIGINT");
    await endedWith(first, 0);
    assertNothingLeft(at);
    assert.deepEqual(readdirSync(at.working), [".linkscope"]);
  },
);

test(
  "a start that is interrupted while it builds ends soon, and leaves nothing running",
  options,
  async (t) => {
    for (const signal of ["SIGINT", "SIGHUP"] as const) {
      const at = place(t);
      const run = linkscopeAt(at, ["start"]);
      await run.printed("enable     metrics of");
      // As a terminal does it: to every process at once.
      for (const pid of at.pids()) process.kill(pid, signal);
      const askedMs = Date.now();
      await run.ended;
      assert.ok(Date.now() - askedMs < 5_000, `${Date.now() - askedMs} ms`);
      assertNothingLeft(at);
    }
  },
);

test(
  "a start that was killed leaves no process, and the next one carries on from its data",
  options,
  async (t) => {
    const at = place(t);
    const killed = linkscopeAt(at, ["start"]);
    await killed.printed("agent of aks-prod");
    kill(killed.pid);
    await until("its processes are gone", () => at.pids().length === 0, 15_000);
    const next = linkscopeAt(at, ["start", "--once"]);
    await endedWith(next, 0);
    assert.doesNotMatch(next.out(), exportLine);
    assert.match(next.out(), /Every path holds/);
    assertNothingLeft(at);
  },
);

test(
  "a start on an estate that stands already waits for its own data before it proves",
  options,
  async (t) => {
    const at = place(t);
    await endedWith(linkscopeAt(at, ["start", "--once"]), 0);
    const beganMs = Date.now();
    const again = linkscopeAt(at, ["start", "--once"]);
    await endedWith(again, 0);
    assert.match(again.note(), /Nothing to change/);
    const ages = [...again.out().matchAll(/ (\d+) s ago/g)].map(([, seconds]) => Number(seconds));
    assert.equal(ages.length, 6, "two of metrics, four of logs");
    const runSeconds = Math.ceil((Date.now() - beganMs) / 1000);
    assert.ok(
      Math.max(...ages) < runSeconds,
      `${ages.join(" and ")} s of a run of ${runSeconds} s`,
    );
  },
);
