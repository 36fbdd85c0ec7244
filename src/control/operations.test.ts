/** Long-running operations: what a write answers, how it is followed, what it locks, and what a restart does to it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { limits } from "../core/index.ts";
import { graphFrom } from "../arm/index.ts";
import {
  group,
  subscription,
  subscriptionId,
  tenantId,
  sampleControl,
  sampleTypes,
  withGroup,
} from "./testing/sample-types.ts";
import type { SampleControl } from "./testing/sample-types.ts";
import { openDatabase, openState, refuseTooMany } from "./state.ts";
import type { Operation } from "./state.ts";

const insights = `${group}/providers/Microsoft.Insights`;
const scope = `${insights}/privateLinkScopes/ampls1`;
const endpoint = `${insights}/dataCollectionEndpoints/dce1`;
const body = { properties: { linkedResourceId: endpoint } };

async function withScope(options: Parameters<typeof withGroup>[0] = {}): Promise<SampleControl> {
  const sample = await withGroup(options);
  await sample.ask("PUT", scope, { body: { location: "global" } });
  return sample;
}

const stateOf = async ({ ask }: SampleControl, path: string): Promise<unknown> =>
  ((await ask("GET", path)).body["properties"] as { provisioningState: string }).provisioningState;

const pathOf = (url: unknown): string => {
  const { pathname, search } = new URL(String(url));
  return `${pathname}${search}`;
};

test("an asynchronous write is readable at once and Provisioning until its operation ends", async () => {
  const sample = await withScope();
  const { ask, clock } = sample;
  const put = await ask("PUT", `${scope}/scopedResources/r1`, { body });
  assert.equal(put.status, 201);
  assert.equal(await stateOf(sample, `${scope}/scopedResources/r1`), "Provisioning");
  assert.equal(put.headers["retry-after"], "1");
  assert.equal(put.headers["location"], put.headers["azure-asyncoperation"]);
  const status = pathOf(put.headers["azure-asyncoperation"]);
  assert.match(
    status,
    new RegExp(
      `^${group}/providers/Microsoft.Insights/privateLinkScopeOperationStatuses/[0-9a-f-]{36}\\?api-version=2021-09-01$`,
    ),
  );
  const running = await ask("GET", status);
  assert.deepEqual([running.status, running.body["status"]], [200, "InProgress"]);
  assert.equal(running.headers["retry-after"], "1");
  clock.advance(99);
  assert.equal(await stateOf(sample, `${scope}/scopedResources/r1`), "Provisioning");
  clock.advance(1);
  assert.equal(await stateOf(sample, `${scope}/scopedResources/r1`), "Succeeded");
  const ended = await ask("GET", status);
  assert.deepEqual([ended.status, ended.body["status"]], [200, "Succeeded"]);
  assert.equal(ended.body["id"], status.split("?")[0]);
  assert.equal(ended.body["startTime"], "2026-01-01T00:00:00.000Z");
  assert.equal(ended.body["endTime"], "2026-01-01T00:00:00.100Z");
  assert.equal((await ask("PUT", `${scope}/scopedResources/r1`, { body })).status, 200);
});

test("other types' operations are read at their provider and location", async () => {
  const { sampleTypes } = await import("./testing/sample-types.ts");
  const types = sampleTypes.map((type) => ({ ...type, writes: "async" as const }));
  const { ask, clock } = await withGroup({ types });
  const put = await ask("PUT", endpoint, { body: { location: "eastus" } });
  const status = pathOf(put.headers["azure-asyncoperation"]);
  assert.ok(
    status.startsWith(
      `${subscription}/providers/Microsoft.Insights/locations/eastus/operationStatuses/`,
    ),
  );
  assert.equal((await ask("GET", status)).body["resourceId"], endpoint);
  const result = pathOf(put.headers["location"]);
  assert.ok(result.includes("/operationResults/"));
  const running = await ask("GET", result);
  assert.deepEqual([running.status, running.headers["retry-after"]], [202, "1"]);
  clock.advance(100);
  const ended = await ask("GET", result);
  assert.deepEqual([ended.status, ended.body["id"]], [200, endpoint]);
  const gone = await ask("DELETE", endpoint);
  clock.advance(100);
  assert.equal((await ask("GET", pathOf(gone.headers["location"]))).status, 204);
  const unknown = await ask(
    "GET",
    `${subscription}/providers/Microsoft.Insights/locations/eastus/operationStatuses/none`,
  );
  assert.deepEqual([unknown.status, unknown.code], [404, "OperationNotFound"]);
});

test("while a write holds its lock a second one is refused with Azure's words, and passes after", async () => {
  const { ask, clock } = await withScope();
  await ask("PUT", `${scope}/scopedResources/r1`, { body });
  for (const [method, name] of [
    ["PUT", "r2"],
    ["PUT", "r1"],
    ["DELETE", "r1"],
  ] as const) {
    const second = await ask(method, `${scope}/scopedResources/${name}`, { body });
    assert.deepEqual([second.status, second.code], [409, "Conflict"]);
    assert.equal(
      second.message,
      "Cannot modify resource while in provisioning state: 'Provisioning'",
    );
  }
  clock.advance(100);
  assert.equal((await ask("PUT", `${scope}/scopedResources/r2`, { body })).status, 201);
  const other = `${insights}/privateLinkScopes/ampls2`;
  await ask("PUT", other, { body: { location: "global" } });
  assert.equal((await ask("PUT", `${other}/scopedResources/r1`, { body })).status, 201);
});

test("two writes at once: one passes, the other is refused", async () => {
  const { ask } = await withScope();
  const answers = await Promise.all(
    ["r1", "r2"].map((name) => ask("PUT", `${scope}/scopedResources/${name}`, { body })),
  );
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409]);
});

test("an asynchronous deletion answers 202 with its operation, and the resource is gone", async () => {
  const { ask, clock } = await withScope();
  await ask("PUT", `${scope}/scopedResources/r1`, { body });
  clock.advance(100);
  const gone = await ask("DELETE", `${scope}/scopedResources/r1`);
  assert.equal(gone.status, 202);
  assert.equal((await ask("GET", `${scope}/scopedResources/r1`)).status, 404);
  clock.advance(100);
  assert.equal((await ask("GET", pathOf(gone.headers["location"]))).body["status"], "Succeeded");
  assert.equal((await ask("DELETE", `${scope}/scopedResources/r1`)).status, 204);
});

test("a start ends what an earlier process left running", async () => {
  const database = new DatabaseSync(":memory:");
  const first = await withScope({ database });
  const put = await first.ask("PUT", `${scope}/scopedResources/r1`, { body });
  await first.control.close();
  first.clock.advance(1_000);
  const second = sampleControl({ database });
  assert.equal(await stateOf(second, `${scope}/scopedResources/r1`), "Succeeded");
  const status = await second.ask("GET", pathOf(put.headers["location"]));
  assert.equal(status.body["status"], "Succeeded");
  assert.equal((await second.ask("PUT", `${scope}/scopedResources/r2`, { body })).status, 201);
});

const owner = { tenantId, subscriptionId };

test("a state of another layout, tenant or subscription is refused by name, and so is a row that was altered", async () => {
  const database = new DatabaseSync(":memory:");
  await (await withScope({ database })).control.close();
  const codeOf = (run: () => unknown): unknown => {
    try {
      run();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return undefined;
  };
  assert.equal(
    codeOf(() => openState(database, owner)),
    undefined,
  );
  assert.equal(
    codeOf(() => openState(database, { ...owner, tenantId: "t" })),
    "StateOfAnotherTenant",
  );
  assert.equal(
    codeOf(() => openState(database, { ...owner, subscriptionId: "s" })),
    "StateOfAnotherTenant",
  );
  database.exec("UPDATE resources SET json = '{}' WHERE seq = 1");
  assert.equal(
    codeOf(() => openState(database, owner)),
    "StateCorrupt",
  );
  database.exec("UPDATE control_meta SET value = '99' WHERE name = 'schemaVersion'");
  assert.throws(() => openState(database, owner), /layout 99; this program reads layout 1/);
  assert.equal(
    codeOf(() => openState(database, owner)),
    "StateVersionUnknown",
  );
});

test("what a state begins with is there when it is created, and never put again", async () => {
  const database = new DatabaseSync(":memory:");
  const resource = {
    id: scope,
    name: "ampls1",
    type: "Microsoft.Insights/privateLinkScopes",
    properties: {},
  };
  const first = openState(database, owner, [resource]);
  assert.deepEqual([first.graph().version, [...first.graph().all()]], [1, [resource]]);
  first.commit({ changes: [{ kind: "delete", id: scope }] });
  assert.equal(openState(database, owner, [resource]).graph().size, 0);
});

test("a state's file is its owner's alone, and one that is no database is refused", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-state-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "state.sqlite");
  openState(openDatabase(path), owner).close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const other = join(folder, "other");
  writeFileSync(other, "no database ".repeat(100));
  assert.throws(() => openDatabase(other), { code: "StateCorrupt" });
});

test("what the disk does not take has not happened", async () => {
  const database = new DatabaseSync(":memory:");
  const sample = await withScope({ database });
  const before = sample.control.source.current().graph;
  database.exec("PRAGMA query_only = ON");
  const refused = await sample.ask("PUT", endpoint, { body: { location: "eastus" } });
  assert.deepEqual([refused.status, refused.code], [503, "StateNotWritten"]);
  assert.equal((await sample.ask("GET", endpoint)).status, 404);
  assert.equal(sample.control.source.current().graph, before);
  database.exec("PRAGMA query_only = OFF");
  assert.equal((await sample.ask("PUT", endpoint, { body: { location: "eastus" } })).status, 201);
});

test("an operation whose end the disk does not take goes on, with its lock, until it does", async () => {
  const database = new DatabaseSync(":memory:");
  const sample = await withScope({ database });
  await sample.ask("PUT", `${scope}/scopedResources/r1`, { body });
  database.exec("PRAGMA query_only = ON");
  sample.clock.advance(100);
  assert.equal(await stateOf(sample, `${scope}/scopedResources/r1`), "Provisioning");
  database.exec("PRAGMA query_only = OFF");
  sample.clock.advance(100);
  assert.equal(await stateOf(sample, `${scope}/scopedResources/r1`), "Succeeded");
});

test("the last operations are kept, as many as the limit and not one more", () => {
  const state = openState(new DatabaseSync(":memory:"), owner);
  const operation = (index: number): Operation => ({
    id: `op${index}`,
    kind: "write",
    resourceId: scope,
    statusPath: "/x",
    lockId: undefined,
    status: "Succeeded",
    startTime: "t",
    endTime: "t",
  });
  const count = limits.armOperationsKept;
  state.commit({ operations: Array.from({ length: count }, (_, index) => operation(index)) });
  assert.equal(state.operation("op0")?.id, "op0");
  state.commit({ operations: [operation(count)] });
  assert.equal(state.operation("op0"), undefined);
  assert.equal(state.operation("op1")?.id, "op1");
});

test("resources are taken up to their limit and not one more", () => {
  const resource = {
    id: scope,
    name: "x",
    type: "Microsoft.Insights/privateLinkScopes",
    properties: {},
  };
  const changes = [{ kind: "put", resource } as const];
  const full = (size: number) => ({ ...graphFrom([]), size });
  refuseTooMany(full(limits.armResourcesMax - 1), { changes });
  assert.throws(() => refuseTooMany(full(limits.armResourcesMax), { changes }), {
    code: "ResourceQuotaExceeded",
    status: 409,
  });
});

test("where the lock ends with the answer, writes one after the other pass, and of two together one is refused", async () => {
  const types = sampleTypes.map((type) =>
    type.type.endsWith("/scopedResources") ? { ...type, lockEndsWithAnswer: true } : type,
  );
  const sample = await withScope({ types });
  const at = (name: string): string => `${scope}/scopedResources/${name}`;
  for (const name of ["r1", "r2"]) {
    assert.equal((await sample.ask("PUT", at(name), { body })).status, 201);
  }
  assert.equal(await stateOf(sample, at("r1")), "Succeeded");
  assert.equal(await stateOf(sample, at("r2")), "Provisioning");
  sample.clock.advance(100);
  const together = await Promise.all(
    ["r3", "r4"].map((name) => sample.ask("PUT", at(name), { body })),
  );
  assert.deepEqual(together.map(({ status }) => status).toSorted(), [201, 409]);
});
