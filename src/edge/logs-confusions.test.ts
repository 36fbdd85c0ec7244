/** Every credential at every door of logs by every way, of two estates: only what belongs together opens. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { audiences } from "../azure/index.ts";
import { issueIngestionToken } from "../tokens/index.ts";
import { edgeRig } from "./testing/edge-rig.ts";
import type { Ask, EdgeRig, Via } from "./testing/edge-rig.ts";
import { hosts, ids, linkIds, principals } from "./testing/estate.ts";
import type { Side } from "./testing/estate.ts";
import { customerIds, lawHosts, logsEstate, ruleIds } from "./testing/logs-estate.ts";
import { selfSigned } from "./testing/self-signed.ts";

const sides = ["a", "b"] as const;
const ways: readonly Via[] = ["public", linkIds.scopeA, linkIds.scopeB];
const wayOf = { a: linkIds.scopeA, b: linkIds.scopeB } as const;

let rig: EdgeRig;
before(async () => {
  rig = await edgeRig();
  const estates = sides.flatMap((side) => logsEstate(side));
  rig.change(...estates.map((resource) => ({ kind: "put", resource }) as const));
});
after(() => rig.close());

interface Credential {
  readonly name: string;
  readonly ask: Partial<Ask>;
  /** What the credential is worth at a side's ODS host, and for a side's rule at its endpoint, by the right way. */
  readonly ods: (side: Side) => number;
  readonly endpoint: (side: Side) => number;
}

async function credentialsOf(own: Side): Promise<readonly Credential[]> {
  const nowMs = rig.clock.nowMs();
  const token = (rule: string, workspaceId?: string): string =>
    issueIngestionToken(rig.ingestionKey, {
      ruleImmutableId: rule,
      targetId: ids.cluster(own),
      ...(workspaceId === undefined ? {} : { workspaceId }),
      nowMs,
    });
  const certificate = await selfSigned({ fromMs: nowMs - 1000, toMs: nowMs + 86_400_000 });
  const der = Buffer.from(certificate.base64, "base64");
  await rig.agentCertificates.register(customerIds(own), { der });
  const insights = ruleIds.insights(own);
  const orders = ruleIds.orders(own);
  const operator = principals.operator(own);
  const mine = (open: number, foreign: number) => (side: Side) => (side === own ? open : foreign);
  const never = () => 401;
  return [
    {
      name: "the token of the ods channel",
      ask: { token: token(insights, customerIds(own)) },
      ods: mine(200, 403),
      endpoint: never,
    },
    {
      name: "the token of a rule's endpoint",
      ask: { token: token(orders) },
      ods: () => 403,
      endpoint: mine(204, 403),
    },
    {
      name: "the token of another rule's endpoint",
      ask: { token: token(insights) },
      ods: () => 403,
      endpoint: () => 403,
    },
    {
      name: "the publisher's access token",
      ask: { token: rig.token(operator, audiences.monitor) },
      ods: never,
      endpoint: mine(204, 403),
    },
    {
      name: "the publisher's token for another service",
      ask: { token: rig.token(operator, audiences.logAnalytics) },
      ods: never,
      endpoint: never,
    },
    {
      name: "the cluster's access token",
      ask: { token: rig.token(principals.kubelet(own), audiences.monitor) },
      ods: never,
      endpoint: () => 403,
    },
    { name: "an agent's certificate", ask: { certificate }, ods: mine(200, 401), endpoint: never },
    { name: "nothing", ask: {}, ods: never, endpoint: never },
  ];
}

const body = '[{"Number":1}]';
const doors = {
  ods: (side: Side): Ask => ({
    via: "public",
    host: lawHosts(side).ods,
    path: "/OperationalData.svc/PostJsonDataItems",
    method: "POST",
    body: `{"DataType":"KUBE_EVENTS_BLOB","DataItems":${body}}`,
  }),
  endpoint: (side: Side): Ask => ({
    via: "public",
    host: hosts.dce(side).logs,
    path: `/dataCollectionRules/${ruleIds.orders(side)}/streams/Custom-Orders?api-version=2023-01-01`,
    method: "POST",
    body,
  }),
};

interface Case {
  readonly own: Side;
  readonly credential: Credential;
  readonly door: keyof typeof doors;
  readonly side: Side;
  readonly via: Via;
}

async function everyCase(): Promise<readonly Case[]> {
  const bearers = await Promise.all(
    sides.map(async (own) => (await credentialsOf(own)).map((credential) => ({ own, credential }))),
  );
  const places = (["ods", "endpoint"] as const).flatMap((door) =>
    sides.flatMap((side) => ways.map((via) => ({ door, side, via }))),
  );
  return bearers.flat().flatMap((bearer) => places.map((place) => ({ ...bearer, ...place })));
}

test("only what belongs together opens: credential, door and way of one estate", async () => {
  const counts = new Map<number, number>();
  const cases = await everyCase();
  for (const { own, credential, door, side, via } of cases) {
    const worth = credential[door](side);
    // Who proves nothing learns that first, then that the way is closed, then what the token may not.
    const wanted = worth === 401 || via === wayOf[side] ? worth : 403;
    const { status } = await rig.ask({ ...doors[door](side), ...credential.ask, via });
    const what = `${own}: ${credential.name} at ${door} of ${side} by ${via}`;
    assert.equal(status, wanted, what);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  // Those that open are eight: two credentials a door and side.
  assert.deepEqual([cases.length, counts.get(200), counts.get(204)], [192, 4, 4]);
  assert.equal(rig.logs.appended.length, 8);
  for (const { customerId, batches } of rig.logs.appended) {
    assert.equal(batches[0]?.constants["TenantId"], customerId);
  }
});
