/** Proofs over fragments: what they cover is told, and nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProbeRequest } from "../../onboard/index.ts";
import type { ProbeFragment } from "../../snapshot/index.ts";
import { fragmentProbes } from "./fragment-probes.ts";

const at = (name: string): string =>
  `/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/${name}`;
const place = { clusterId: at("one"), vnetId: undefined };
const fragment = (change: Partial<ProbeFragment>): ProbeFragment => ({
  place: "inside",
  clusterId: at("ONE"),
  vnetId: undefined,
  takenAtMs: 1_000,
  proxy: { used: false, exempt: [] },
  names: [
    {
      name: "a.example",
      resolver: "system",
      outcome: "addresses",
      addresses: ["10.0.0.1"],
      aliases: ["b.example"],
      says: "",
    },
  ],
  connections: [
    {
      host: "a.example",
      address: "10.0.0.1",
      outcome: "connected",
      issuer: "CN=x",
      subjectAltName: "DNS:a.example",
      validTo: "x",
      says: "",
    },
  ],
  requests: [request({})],
  files: [],
  samples: [],
  ...change,
});
const request = (change: Partial<ProbeFragment["requests"][number]>) => ({
  host: "a.example",
  method: "POST" as const,
  purpose: "metrics-ingestion",
  authenticated: true,
  address: "10.0.0.1",
  status: 204,
  code: "",
  redirect: "",
  says: "",
  ...change,
});
const asked: ProbeRequest = {
  host: "A.example",
  method: "POST",
  path: "/",
  headers: {},
  audience: "x",
};
const inside = (...fragments: readonly ProbeFragment[]) =>
  fragmentProbes(fragments, place).requestInside(asked);

test("a request is answered as the newest fragment of the cluster saw it, with the certificate of its connection", async () => {
  const seen = await inside(
    fragment({ requests: [request({ status: 500 })], takenAtMs: 500 }),
    fragment({}),
  );
  assert.ok(seen.kind === "answered");
  assert.deepEqual([seen.status, seen.address], [204, "10.0.0.1"]);
  assert.equal(seen.certificate?.subjectAltName, "DNS:a.example");
});

test("what no fragment covers was not tried: another cluster's, another place's, no request, no token", async () => {
  const untried = async (given: ProbeFragment, says: RegExp): Promise<void> => {
    const seen = await inside(given);
    assert.ok(seen.kind === "untried");
    assert.match(seen.says, says);
  };
  await untried(fragment({ clusterId: at("two") }), /no fragment has a request to A\.example/);
  await untried(fragment({ place: "outside" }), /no fragment has a request/);
  await untried(fragment({ requests: [] }), /no fragment has a request/);
  const without = { authenticated: false, status: 401, code: "X" };
  await untried(
    fragment({ requests: [request(without)] }),
    /the probe had no token; a\.example answered 401 X/,
  );
});

test("no answer is told with its code, and an untrusted connection gives no certificate", async () => {
  const lost = await inside(
    fragment({ requests: [request({ status: 0, code: "RequestTimedOut" })] }),
  );
  assert.ok(lost.kind === "unreachable");
  assert.equal(lost.code, "RequestTimedOut");
  const [connection] = fragment({}).connections;
  assert.ok(connection !== undefined);
  const seen = await inside(fragment({ connections: [{ ...connection, outcome: "untrusted" }] }));
  assert.ok(seen.kind === "answered");
  assert.equal(seen.certificate, undefined);
});

test("names are told inside and outside apart, and a missing one is an error and not an absence", async () => {
  const probes = fragmentProbes([fragment({})], place);
  assert.deepEqual((await probes.resolveInside("a.example")).addresses, ["10.0.0.1"]);
  const outside = await probes.resolvePublic("a.example");
  assert.match(outside.error ?? "", /no fragment has a\.example from outside/);
});

test("the newest sample is a fragment's, none where it found none, and an error where nobody asked", async () => {
  const question = { host: "x", promql: "y" };
  const sample = (newestMs: number | null) =>
    fragmentProbes(
      [fragment({ samples: [{ clusterId: at("one"), path: "metrics-query", newestMs }] })],
      place,
    );
  assert.equal(await sample(7).newestSampleMs(question), 7);
  assert.equal(await sample(null).newestSampleMs(question), null);
  const nobody = fragmentProbes([fragment({})], place);
  await assert.rejects(nobody.newestSampleMs(question), { code: "FragmentMissing" });
});
