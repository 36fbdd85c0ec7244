/** Control, edge and fabric as processes that nothing starts again: a test kills one and keeps it down. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { keepProcess } from "../../src/cli/platform/keep-process.ts";
import type { KeptProcess, Ready } from "../../src/cli/platform/keep-process.ts";
import { systemClock } from "../../src/core/index.ts";
import { projectRoot } from "../support/command.ts";

export type ProcessName = "control" | "edge" | "fabric";

export interface ThreeProcesses {
  readonly data: string;
  /** What a running process said when it was ready. */
  readonly said: (name: ProcessName, what: string) => string;
  /** kill -9; resolves when it is gone. */
  readonly kill: (name: ProcessName) => Promise<void>;
  /** Starts it, or starts it again with the ports that it had. */
  readonly start: (name: ProcessName) => Promise<void>;
}

/** Starts all three on a new data folder; the test's end is theirs. */
export async function threeProcesses(t: TestContext): Promise<ThreeProcesses> {
  const folder = mkdtempSync(join(tmpdir(), "lf-"));
  const [data, sockets] = ["data", "sockets"].map((name) => mkdtempSync(join(folder, name)));
  assert.ok(data !== undefined && sockets !== undefined);
  const running = new Map<ProcessName, Running>();
  const saidBy = new Map<ProcessName, Ready>();
  t.after(async () => {
    await Promise.all([...running.values()].map(({ kept }) => kept.stop()));
    rmSync(folder, { recursive: true, force: true });
  });
  const said = (name: ProcessName, what: string): string => String(saidBy.get(name)?.[what]);
  const start = async (name: ProcessName): Promise<void> => {
    const one = run(name, () => ({
      data,
      sockets,
      ports: Object.assign({}, ...saidBy.values()) as Ready,
      controlPort: saidBy.get("control")?.["armPort"],
      edgePort: saidBy.get("edge")?.["publicPort"],
    }));
    running.set(name, one);
    saidBy.set(name, await one.kept.ready);
  };
  await Promise.all([start("control"), start("edge")]);
  await start("fabric");
  return {
    data,
    said,
    start,
    kill: async (name) => {
      const one = running.get(name);
      const pid = one?.kept.pid();
      assert.ok(one !== undefined && pid !== undefined, `${name} runs`);
      process.kill(pid, "SIGKILL");
      await one.gone;
    },
  };
}

interface Running {
  readonly kept: KeptProcess;
  readonly gone: Promise<string>;
}

function run(name: ProcessName, config: () => Readonly<Record<string, unknown>>): Running {
  const gone = Promise.withResolvers<string>();
  const kept = keepProcess({
    name,
    node: process.execPath,
    entry: join(projectRoot, `src/bin/${name}.ts`),
    config,
    environment: process.env,
    clock: systemClock(),
    restart: false,
    note: () => {},
    onReady: () => {},
    onDied: () => {},
    onGone: gone.resolve,
  });
  return { kept, gone: gone.promise };
}
