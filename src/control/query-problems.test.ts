/** Queries within bodies: checked before the write, and refused where nothing can check them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stringAt } from "../arm/index.ts";
import type { QueryAsked, ResourceType } from "../arm/index.ts";
import { group, sampleTypes, withGroup } from "./testing/sample-types.ts";

const [base] = sampleTypes.filter(
  ({ type }) => type === "Microsoft.Insights/dataCollectionEndpoints",
);
const queried = (text: string): ResourceType => {
  const query: QueryAsked = {
    text,
    source: { name: "source", columns: [] },
    judge: (checked) =>
      checked.ok ? [] : checked.problems.map(({ code, says: message }) => ({ code, message })),
  };
  return { ...(base as ResourceType), queries: () => [query] };
};

async function put(text: string, checks: boolean): Promise<{ status: number; code: string }> {
  const types = sampleTypes.map((one) => (one === base ? queried(text) : one));
  const checkQuery = (asked: { readonly text: string }) =>
    Promise.resolve(
      asked.text === "right"
        ? ({ ok: true, columns: [] } as const)
        : ({ ok: false, problems: [{ kind: "syntax", code: "KS001", says: "no" }] } as const),
    );
  const { ask } = await withGroup({ types, ...(checks ? { checkQuery } : {}) });
  const path = `${group}/providers/${base?.type ?? ""}/one`;
  const answer = await ask("PUT", path, { body: { location: "eastus", properties: {} } });
  return { status: answer.status, code: stringAt(answer.body, "error", "code") ?? "" };
}

test("a right query is written, a wrong one refused with what its judge says", async () => {
  assert.equal((await put("right", true)).status, 201);
  assert.deepEqual(await put("wrong", true), { status: 400, code: "KS001" });
});

test("a control plane without a parser refuses a body with a query", async () => {
  assert.deepEqual(await put("right", false), { status: 400, code: "FeatureNotEmulated" });
});
