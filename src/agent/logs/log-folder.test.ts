/** Which files of a node's folder are followed. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { testFolder } from "../../client/testing/servers.ts";
import { limits } from "../../core/index.ts";
import { criLine, nodeFolder } from "../testing/log-receiver.ts";
import { scanLogFolder } from "./log-folder.ts";

test("a folder of log files without containers/ is read as that", () => {
  const folder = testFolder();

  const name = `web-1_shop_web-${"c".repeat(64)}.log`;
  writeFileSync(join(folder, name), criLine("here"));
  const { logs, failure } = scanLogFolder(folder, new Map());
  assert.deepEqual([[...logs.keys()], failure], [[name], undefined]);
  assert.match(scanLogFolder(join(folder, "none"), new Map()).failure ?? "", /ENOENT/);
});

test("at most 2,000 files are followed; one more is told", () => {
  const node = nodeFolder();

  for (let at = 0; at <= limits.logFilesMax; at += 1) {
    writeFileSync(join(node.folder, "containers", `p-${at}_shop_web-${"c".repeat(64)}.log`), "");
  }
  const { logs, refused } = scanLogFolder(node.folder, new Map());
  assert.equal(logs.size, limits.logFilesMax);
  assert.equal(refused.length, 1);
  assert.match(refused[0] ?? "", /beyond the limit of 2000 files/);
  node.remove();
});
