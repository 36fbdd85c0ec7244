/** The launcher: what it is told to end, it ends, with all that it started. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "./repository-rules.ts";

for (const signal of ["SIGINT", "SIGHUP"] as const) {
  const name = `${signal} to the launcher alone ends the platform that it started`;
  // A platform that does not start says nothing; the test must not wait for it.
  test(name, { timeout: 60_000 }, async (t) => {
    const data = mkdtempSync(join(tmpdir(), "linkscope-test-"));
    t.after(() => rmSync(data, { recursive: true, force: true }));
    const child = spawn(
      process.execPath,
      [join(root, "scripts/launch.mjs"), "cli", "up", "-o", "json", "--data", data],
      { stdio: ["ignore", "pipe", "inherit"], detached: true },
    );
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { pid } = JSON.parse(line.toString()) as { readonly pid: number };
    child.kill(signal);
    const [code] = (await once(child, "exit")) as [number | null];
    assert.equal(code, 0);
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  });
}
