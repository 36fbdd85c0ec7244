/** Writes to a control plane without pause and says each write that was answered; killed by control-crash.test.ts. */
import { writeSync } from "node:fs";
import { openDatabase } from "../../src/control/index.ts";
import { group, withGroup } from "../../src/control/testing/sample-types.ts";

const insights = `${group}/providers/Microsoft.Insights`;
const [path = "", first = "0"] = process.argv.slice(2);
const { ask, clock } = await withGroup({ database: openDatabase(path) });
await ask("PUT", `${insights}/privateLinkScopes/s`, { body: { location: "global" } });
for (let index = Number(first); ; index++) {
  const endpoint = `${insights}/dataCollectionEndpoints/e${index}`;
  await ask("PUT", endpoint, { body: { location: "eastus" } });
  const body = { properties: { linkedResourceId: endpoint } };
  const answer = await ask("PUT", `${insights}/privateLinkScopes/s/scopedResources/r${index}`, {
    body,
  });
  // The write must be on the pipe before the next one begins, or a kill would hide what was answered.
  writeSync(1, `${index} ${answer.status}\n`);
  clock.advance(1_000);
}
