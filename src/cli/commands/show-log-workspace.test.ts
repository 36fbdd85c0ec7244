/** What a person reads of a Log Analytics workspace. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { logWorkspaceLines } from "./show-log-workspace.ts";

test("of a workspace that is closed to public queries it is said that Resource Manager gets none", () => {
  const linesOf = (publicQuery: string): string =>
    logWorkspaceLines("law-one", {
      region: "westeurope",
      customerId: "c",
      publicIngestion: "Enabled",
      publicQuery,
      ingestionHost: "c.ods",
      queryHost: "api",
      scopes: [],
      rules: [],
    }).join("\n");
  assert.match(linesOf("Disabled"), /queries +api; by Resource Manager none, for it asks publicly/);
  assert.match(linesOf("Enabled"), /queries +api; by Resource Manager, publicly/);
});
