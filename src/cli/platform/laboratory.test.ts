/** The laboratory beside a platform: started as a process of its own, or refused by name where the package has none. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CodedError, systemClock } from "../../core/index.ts";
import type { EntryPaths } from "../command.ts";
import { laboratoryEntry, startLaboratory } from "./laboratory.ts";

const folder = mkdtempSync(join(tmpdir(), "linkscope-laboratory-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const contextOf = (examples: string) => ({
  entries: { node: process.execPath, examples } as EntryPaths,
  environment: process.env,
  clock: systemClock(),
  note: (text: string) => void process.stderr.write(text),
});

test("LaboratoryMissing: a package without test/lab says so, and what to do", async () => {
  const context = contextOf(join(folder, "package", "examples"));
  assert.equal(laboratoryEntry(context), undefined);
  await assert.rejects(startLaboratory(context, { folder, logs: [] }), (error) => {
    assert.ok(error instanceof CodedError);
    assert.equal(error.code, "LaboratoryMissing");
    assert.match(error.message, /agent logs --cluster NAME --kubeconfig FILE/);
    return true;
  });
});

test("its pods log what a process's file says, as a container runtime writes it on their node", async () => {
  const context = contextOf(fileURLToPath(new URL("../../../examples", import.meta.url)));
  const file = join(folder, "edge.ndjson");
  appendFileSync(file, "before the pod\n");
  const logs = [{ name: "edge", file }];
  const lab = await startLaboratory(context, { folder: join(folder, "lab"), logs });
  try {
    assert.ok(existsSync(lab.kubeconfig));
    assert.equal(lab.nodes.length, 3);
    const linesOf = (): readonly string[] =>
      lab.nodes.flatMap((node) => {
        const containers = join(lab.logFolder, node, "containers");
        return readdirSync(containers).flatMap((name) =>
          readFileSync(join(containers, name), "utf8").split("\n").slice(0, -1),
        );
      });
    let count = 0;
    while (linesOf().length === 0) {
      appendFileSync(file, `request ${(count += 1)}\n`);
      await new Promise((done) => setImmediate(done));
    }
    assert.match(linesOf()[0] ?? "", /^\S+Z stdout F request \d+$/);
  } finally {
    await lab.stop();
  }
});
