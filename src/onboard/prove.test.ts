/** The proof: verdicts from evidence, probes in order, exit codes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock, limits } from "../core/index.ts";
import {
  dataArrival,
  exitOf,
  exitOfAll,
  judge,
  proofTarget,
  prove,
  untilArrived,
} from "./index.ts";
import type {
  Expected,
  NameEvidence,
  PathEvidence,
  ProbeRequest,
  Probes,
  RequestEvidence,
} from "./index.ts";
import { dce, dcr, endpointTo, ids, observedOf } from "./testing/plain-estate.ts";

const nowMs = Date.UTC(2026, 0, 1);
const inside = "10.1.9.4";
const outside = "203.0.113.20";
const certificate = {
  subject: "CN=x",
  issuer: "CN=ca",
  subjectAltName: "DNS:x",
  validTo: "",
  fingerprint256: "",
};
const answered = (
  status: number,
  address: string | undefined,
  bodyExcerpt = "",
): RequestEvidence => ({
  kind: "answered",
  address,
  certificate,
  status,
  bodyExcerpt,
});
const unreachable = (code: string): RequestEvidence => ({
  kind: "unreachable",
  address: undefined,
  code,
  says: "no.",
});
const untried: RequestEvidence = { kind: "untried", says: "no network." };
const named = (name: string, ...addresses: readonly string[]): NameEvidence => ({
  name,
  aliases: [],
  addresses,
});

const evidenceOf = (given: Partial<PathEvidence> = {}): PathEvidence => ({
  id: "metrics-ingestion",
  host: "x",
  insideName: named("x", inside),
  inside: answered(204, inside),
  publicName: named("x", outside),
  public: answered(403, outside, "no"),
  alsoInside: [],
  newestSampleMs: nowMs - 1_000,
  missing: [],
  ...given,
});
const judged = (given: Partial<PathEvidence>, expected?: Expected, closed = true) =>
  judge(evidenceOf(given), {
    expected: expected === undefined ? {} : { "metrics-ingestion": expected },
    privateAddresses: new Set([inside]),
    closedByFlag: new Set(closed ? ["metrics-ingestion"] : []),
    nowMs,
  });

const verdicts: readonly (readonly [string, Partial<PathEvidence>, string])[] = [
  ["works inside by an endpoint, and is refused outside", {}, "private"],
  ["works inside by an endpoint, and outside too", { public: answered(204, outside) }, "both"],
  ["works inside, by a public address", { inside: answered(204, outside) }, "public"],
  [
    "works inside by an address that only looks private",
    { inside: answered(204, "10.1.9.5") },
    "public",
  ],
  ["is refused inside and outside", { inside: answered(403, inside) }, "closed"],
  [
    "is refused inside, and works outside",
    { inside: answered(403, inside), public: answered(204, outside) },
    "broken",
  ],
  ["has no name inside", { inside: unreachable("NameNotFound") }, "broken"],
  ["has a bad certificate inside", { inside: unreachable("CertificateRefused") }, "broken"],
  ["fails inside", { inside: answered(500, inside) }, "broken"],
  ["could not be tried inside", { inside: untried }, "unknown"],
  ["works inside at an address that nobody told", { inside: answered(204, undefined) }, "unknown"],
  ["could not be tried outside", { public: untried }, "unknown"],
  [
    "gets no answer outside, as without internet",
    { public: unreachable("ConnectionFailed") },
    "unknown",
  ],
  ["gets neither answer nor refusal outside", { public: answered(401, outside) }, "unknown"],
  ["leads to the private endpoint even outside", { publicName: named("x", inside) }, "unknown"],
  ["needs a second name that leads out", { alsoInside: [named("global", outside)] }, "both"],
  ["needs a second name that leads nowhere", { alsoInside: [named("global")] }, "both"],
  ["needs a second name that is private", { alsoInside: [named("global", inside)] }, "private"],
];
for (const [what, given, verdict] of verdicts) {
  test(`a path that ${what} is ${verdict}`, () => assert.equal(judged(given).verdict, verdict));
}

test("a path without a certificate cannot be told", () => {
  const bare: RequestEvidence = {
    kind: "answered",
    address: inside,
    certificate: undefined,
    status: 204,
    bodyExcerpt: "",
  };
  assert.equal(judged({ inside: bare }).verdict, "unknown");
});

test("a private path holds while its newest sample is fresh, and not a moment longer", () => {
  assert.equal(judged({ newestSampleMs: nowMs - limits.proofFreshMs }).holds, true);
  assert.equal(judged({ newestSampleMs: nowMs - limits.proofFreshMs - 1 }).holds, false);
  const none = judged({ newestSampleMs: null });
  assert.equal(none.holds, false);
  assert.equal(none.reasons.at(-1), "No sample of this cluster came in the last 300 s.");
});

test("a path holds by what is expected of it", () => {
  const open = { public: answered(204, outside) };
  assert.equal(judged(open).holds, false);
  assert.equal(judged(open, "public").holds, true);
  assert.equal(judged({ inside: answered(204, outside) }, "public").holds, true);
  assert.equal(judged({}, "public").holds, false);
  assert.equal(
    judged({ inside: answered(403, inside), newestSampleMs: null }, "closed").holds,
    true,
  );
});

test("a path that is refused everywhere without a flag that says so is broken, as for a caller without the role", () => {
  const refused = { inside: answered(403, inside) };
  const { verdict, reasons } = judged(refused, undefined, false);
  assert.equal(verdict, "broken");
  assert.match(reasons.join(" "), /no flag in ARM closes both/);
});

test("a path whose newest sample could not be asked for is unknown, and no failure", () => {
  const { newestSampleMs: _, ...unasked } = evidenceOf();
  const rest = { expected: {}, privateAddresses: new Set([inside]), nowMs };
  const path = judge(unasked, { ...rest, closedByFlag: new Set() });
  assert.deepEqual([path.verdict, path.holds, exitOf([path])], ["unknown", false, 2]);
  const configuration = judge(
    { ...unasked, id: "configuration" },
    { ...rest, closedByFlag: new Set() },
  );
  assert.deepEqual([configuration.verdict, configuration.holds], ["private", true]);
});

test("a refusal is quoted by its code and message, and what is too long is cut where it shows", () => {
  const body = (message: string) => JSON.stringify({ error: { code: "Denied", message } });
  const [short] = judged({ public: answered(403, outside, body("Not by this way.")) }).reasons;
  assert.equal(
    short,
    "Outside: 403 from 203.0.113.20 with the same token: Denied: Not by this way.",
  );
  const [long] = judged({ public: answered(403, outside, "x".repeat(201)) }).reasons;
  assert.ok(long?.endsWith(`: ${"x".repeat(199)}…`));
});

test("what closes a path is read by the rules: a flag, and no endpoint of the network that is let in", () => {
  const scopeEndpoint = endpointTo(ids.scope, { addresses: [inside] });
  const dark = dce("MSProm-westeurope-aks", "Disabled");
  const closedBy = (resources: Parameters<typeof observedOf>[0]) =>
    [
      ...(proofTarget(observedOf(resources), { clusterId: ids.cluster })?.closedByFlag ?? []),
    ].sort();
  const associated = {
    [ids.dcr]: dcr(ids.workspace, ids.dce),
    [ids.association("x")]: { dataCollectionRuleId: ids.dcr },
    [ids.association("configurationAccessEndpoint")]: { dataCollectionEndpointId: ids.dce },
  };
  assert.deepEqual(closedBy({ ...associated, [ids.dce]: dce("MSProm-westeurope-aks") }), []);
  assert.deepEqual(closedBy({ ...associated, ...scopeEndpoint, [ids.dce]: dark }), [
    "configuration",
    "metrics-ingestion",
  ]);
  const link = { [`${ids.scope}/scopedResources/one`]: { linkedResourceId: ids.dce } };
  assert.deepEqual(closedBy({ ...associated, ...scopeEndpoint, ...link, [ids.dce]: dark }), []);
});

test("reasons say what was seen, in order", () => {
  assert.deepEqual(judged({}).reasons, [
    "Outside: 403 from 203.0.113.20 with the same token: no",
    "Inside: 204 from 10.1.9.4, an address of a private endpoint; certificate of DNS:x.",
    "The newest sample is 1 s old; 300 s are allowed.",
  ]);
});

const observed = observedOf({
  ...endpointTo(ids.scope, { addresses: [inside] }),
  [ids.dce]: dce("MSProm-westeurope-aks"),
  [ids.dcr]: dcr(ids.workspace, ids.dce),
  [ids.association("x")]: { dataCollectionRuleId: ids.dcr },
  [ids.association("configurationAccessEndpoint")]: { dataCollectionEndpointId: ids.dce },
});
const target = proofTarget(observed, { clusterId: ids.cluster });

/** Probes that answer alike, and remember what they were asked. */
function probesOf(given: Partial<Probes> = {}): Probes & { readonly asked: ProbeRequest[] } {
  const asked: ProbeRequest[] = [];
  const ask = (address: string, status: number) => (request: ProbeRequest) => {
    asked.push(request);
    return Promise.resolve(answered(status, address));
  };
  return {
    asked,
    resolveInside: (name) => Promise.resolve(named(name, inside)),
    requestInside: ask(inside, 200),
    resolvePublic: (name) => Promise.resolve(named(name, outside)),
    requestPublic: ask(outside, 403),
    newestSampleMs: () => Promise.resolve(nowMs),
    ...given,
  };
}

test("the target of a proof is read from what the cluster is associated with", () => {
  assert.ok(target !== undefined);
  assert.deepEqual(target.missing, []);
  assert.equal(target.workspaceId, ids.workspace);
  assert.equal(target.dcrImmutableId, "dcr-0123");
  assert.deepEqual([...target.privateAddresses], [inside]);
  assert.equal(proofTarget(observed, { clusterId: ids.vnet.replace("vnet", "none") }), undefined);
});

test("each path is asked inside and outside with the same request and the same token", async () => {
  assert.ok(target !== undefined);
  const probes = probesOf();
  const proof = await prove(probes, target, { clock: fakeClock(nowMs) });
  assert.deepEqual(
    proof.paths.map(({ id, verdict, holds }) => [id, verdict, holds]),
    [
      ["configuration", "private", true],
      ["metrics-ingestion", "private", true],
      ["metrics-query", "private", true],
    ],
  );
  assert.equal(proof.exit, 0);
  const byHost = new Map<string, ProbeRequest[]>();
  for (const request of probes.asked) {
    byHost.set(request.host, [...(byHost.get(request.host) ?? []), request]);
  }
  const pairs = [target.configurationHost, target.metricsHost, target.queryHost].map(
    (host) => byHost.get(host ?? "") ?? [],
  );
  for (const [first, second, ...more] of pairs) {
    assert.ok(first !== undefined);
    assert.deepEqual(first, second);
    assert.deepEqual(more, []);
  }
  assert.deepEqual(
    pairs.map(([first]) => first?.method),
    ["GET", "POST", "GET"],
  );
  assert.equal(pairs[0]?.[0]?.asCluster, ids.cluster);
  assert.match(
    pairs[1]?.[0]?.path ?? "",
    /^\/dataCollectionRules\/dcr-0123\/streams\/Microsoft-PrometheusMetrics\/api\/v1\/write/,
  );
});

test("a proof fails for what fails, and cannot tell only where nothing fails", async () => {
  assert.ok(target !== undefined);
  const clock = fakeClock(nowMs);
  const blind = await prove(probesOf({ requestPublic: () => Promise.resolve(untried) }), target, {
    clock,
  });
  assert.equal(blind.exit, 2);
  const open = await prove(
    probesOf({ requestPublic: () => Promise.resolve(answered(200, outside)) }),
    target,
    { clock },
  );
  assert.equal(open.exit, 1);
  const asked = {
    configuration: "public",
    "metrics-ingestion": "public",
    "metrics-query": "public",
  } as const;
  const expected = await prove(
    probesOf({ requestPublic: () => Promise.resolve(answered(200, outside)) }),
    target,
    { clock, expected: asked },
  );
  assert.equal(expected.exit, 0);
  assert.equal(exitOfAll([expected, blind]), 2);
  assert.equal(exitOfAll([expected, blind, open]), 1);
  assert.equal(exitOfAll([expected]), 0);
});

test("a cluster that nobody onboarded cannot be proved, and the reasons say what is missing", async () => {
  const bare = proofTarget(observedOf(), { clusterId: ids.cluster });
  assert.ok(bare !== undefined);
  const proof = await prove(probesOf(), bare, { clock: fakeClock(nowMs) });
  assert.deepEqual(
    proof.paths.map(({ verdict }) => verdict),
    ["unknown", "unknown", "unknown"],
  );
  assert.ok(proof.paths[0]?.reasons.includes("aks is associated with no Prometheus rule."));
  assert.equal(proof.exit, 2);
});

test("data has arrived when probes pass by the endpoint and a sample is newer than its approval", async () => {
  assert.ok(target !== undefined);
  const clock = fakeClock(nowMs);
  const ask = (probes: Probes, sinceMs = nowMs - 1) =>
    dataArrival(probes, target, { clock, sinceMs });
  assert.equal((await ask(probesOf())).arrived, true);
  assert.equal((await ask(probesOf(), nowMs)).arrived, false);
  assert.equal(
    (await ask(probesOf({ newestSampleMs: () => Promise.resolve(null) }))).arrived,
    false,
  );
  const failing = await ask(
    probesOf({ newestSampleMs: () => Promise.reject(new Error("refused")) }),
  );
  assert.equal(failing.arrived, false);
  const publicly = await ask(
    probesOf({ requestInside: () => Promise.resolve(answered(200, outside)) }),
  );
  assert.match(publicly.says, /^configuration does not pass privately yet/);
});

test("waiting asks soon, then ever later up to the poll, until it is there, and no longer than it may", async () => {
  const first = limits.onboardFirstPollMs;
  const poll = limits.onboardPollMs;
  const waitMs = 15 * first + poll + 1;
  const run = async (arrivesAt: number) => {
    const clock = fakeClock(nowMs);
    const waits: number[] = [];
    const state = { done: false };
    const done = untilArrived(
      () => {
        const arrived = clock.nowMs() - nowMs >= arrivesAt;
        return arrived
          ? Promise.resolve({ arrived, says: "here" })
          : Promise.reject(new Error("not yet"));
      },
      { clock, startMs: nowMs, waitMs, onWait: (_, elapsedMs) => void waits.push(elapsedMs) },
    ).finally(() => void (state.done = true));
    while (!state.done) {
      await new Promise(setImmediate);
      clock.advance(1);
    }
    return [(await done).says, ...waits];
  };
  const soon = [0, first, 3 * first, 7 * first, 15 * first];
  assert.deepEqual(await run(0), ["here"]);
  assert.deepEqual(await run(7 * first), ["here", ...soon.slice(0, 3)]);
  // The fifth wait would be longer than a poll, and the last ends with the time.
  const late = [...soon, 15 * first + poll];
  assert.deepEqual(await run(waitMs), ["here", ...late]);
  assert.deepEqual(await run(waitMs + 1), ["not yet", ...late, waitMs]);
});
