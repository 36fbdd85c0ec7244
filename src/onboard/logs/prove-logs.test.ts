/** The proof of logs: its target, the requests of its probes, and verdicts of the paths that metrics have not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cloud, workspaceHosts } from "../../azure/index.ts";
import { fakeClock, limits } from "../../core/index.ts";
import { dataArrival, proofTarget, prove } from "../index.ts";
import type { LogsQuestion, Observed, ProbeRequest, Probes, RequestEvidence } from "../index.ts";
import { dce, endpointTo, ids, observedOf } from "../testing/plain-estate.ts";
import type { Plain } from "../testing/plain-estate.ts";
import { clusterWith, customerId, logIds, logsRule, logWorkspace } from "../testing/plain-logs.ts";

const nowMs = Date.UTC(2026, 0, 1);
const inside = "10.1.9.4";
const outside = "203.0.113.20";
const closed = {
  publicNetworkAccessForIngestion: "Disabled",
  publicNetworkAccessForQuery: "Disabled",
};
const addon = (useAADAuth: string): Plain =>
  clusterWith({
    addonProfiles: {
      omsagent: {
        enabled: true,
        config: { logAnalyticsWorkspaceResourceID: logIds.workspace, useAADAuth },
      },
    },
  });

/** A cluster with logs alone: rule, endpoint for configuration, workspace, and the scope that links them. */
function estate(more: Parameters<typeof observedOf>[0] = {}): Observed {
  const link = (name: string, linkedResourceId: string): Plain => ({
    [`${ids.scope}/scopedResources/${name}`]: { linkedResourceId },
  });
  return observedOf({
    ...endpointTo(ids.scope, { addresses: [inside] }),
    [ids.scope]: { location: "global" },
    ...link("law", logIds.workspace),
    ...link("dce", logIds.configurationDce),
    ...logWorkspace(closed),
    [logIds.configurationDce]: dce("MSCI-config-westeurope-aks", "Disabled"),
    [logIds.rule]: logsRule([logIds.workspace]),
    [ids.association("ContainerInsightsExtension")]: { dataCollectionRuleId: logIds.rule },
    [ids.association("configurationAccessEndpoint")]: {
      dataCollectionEndpointId: logIds.configurationDce,
    },
    ...addon("true"),
    ...more,
  });
}

const targetOf = (observed: Observed) => {
  const target = proofTarget(observed, { clusterId: ids.cluster });
  assert.ok(target !== undefined);
  return target;
};

const certificate = {
  subject: "CN=x",
  issuer: "CN=ca",
  subjectAltName: "DNS:x",
  validTo: "",
  fingerprint256: "",
};
const answered = (status: number, address: string): Promise<RequestEvidence> =>
  Promise.resolve({ kind: "answered", address, certificate, status, bodyExcerpt: "" });

/** Everything passes inside and is refused outside; ARM answers `arm` to everybody. */
function probesOf(
  arm: number,
  newest: (question: LogsQuestion) => number | null = () => nowMs - 1_000,
): Probes & { readonly asked: ProbeRequest[]; readonly questions: LogsQuestion[] } {
  const asked: ProbeRequest[] = [];
  const questions: LogsQuestion[] = [];
  const ask = (address: string, status: number) => (request: ProbeRequest) => {
    asked.push(request);
    return request.host === cloud.armHost ? answered(arm, outside) : answered(status, address);
  };
  const named = (address: string) => (name: string) =>
    Promise.resolve({ name, aliases: [], addresses: [address] });
  return {
    asked,
    questions,
    resolveInside: named(inside),
    resolvePublic: named(outside),
    requestInside: ask(inside, 200),
    requestPublic: ask(outside, 403),
    newestSampleMs: () => Promise.reject(new Error("nobody asks for samples")),
    newestRecordMs: (question) => {
      questions.push(question);
      return Promise.resolve(newest(question));
    },
  };
}

const proofOf = (
  probes: Probes,
  observed: Observed,
  expected: Parameters<typeof prove>[2]["expected"] = {},
) => prove(probes, targetOf(observed), { clock: fakeClock(nowMs), expected });

test("a cluster with logs alone is proven without metrics: private by ODS and query host, closed by ARM", async () => {
  const proof = await proofOf(probesOf(403), estate());
  assert.deepEqual(
    proof.paths.map(({ id, verdict, expected, holds }) => [id, verdict, expected, holds]),
    [
      ["configuration", "private", "private", true],
      ["logs-ingestion", "private", "private", true],
      ["logs-query", "private", "private", true],
      ["logs-query-arm", "closed", "closed", true],
    ],
  );
  assert.equal(proof.exit, 0);
});

test("queries by ARM of a workspace that is open to public queries are open, by its flag, and do not hold unasked", async () => {
  const observed = estate(logWorkspace({ ...closed, publicNetworkAccessForQuery: "Enabled" }));
  const proof = await proofOf(probesOf(200), observed);
  const byArm = proof.paths.find(({ id }) => id === "logs-query-arm");
  assert.deepEqual([byArm?.verdict, byArm?.holds], ["open", false]);
  assert.ok(byArm?.reasons.some((says) => says.includes("publicNetworkAccessForQuery is Enabled")));
  assert.equal(proof.exit, 1);
  const expected = await proofOf(probesOf(200), observed, { "logs-query-arm": "public" });
  assert.equal(expected.exit, 0);
});

test("the probe writes nothing, with the token that the agent's channel has, inside and outside", async () => {
  const probes = probesOf(403);
  await proofOf(probes, estate());
  const { ods } = workspaceHosts(customerId);
  const [first, second] = probes.asked.filter(({ host }) => host === ods);
  assert.deepEqual(first, second);
  assert.equal(first?.asCluster, ids.cluster);
  assert.deepEqual(JSON.parse(Buffer.from(first?.body ?? []).toString()), {
    DataType: "CONTAINER_LOG_BLOB",
    IPName: "Containers",
    DataItems: [],
  });
  assert.match(
    first?.ingestionToken?.path ?? "",
    new RegExp(`/agentConfigurations/dcr-4567/channels/ods-${customerId}/issueIngestionToken`),
  );
});

test("at high scale the endpoint is a path of its own", async () => {
  const observed = estate({
    [logIds.rule]: {
      ...logsRule([logIds.workspace], ["Microsoft-ContainerLogV2-HighScale"]),
      dataCollectionEndpointId: logIds.ingestionDce,
    },
    [logIds.ingestionDce]: {
      ...dce("MSCI-ingest-westeurope-aks", "Disabled"),
      immutableId: "dce-9",
    },
  });
  const probes = probesOf(403);
  const proof = await proofOf(probes, observed);
  const paths = proof.paths.map(({ id }) => id);
  assert.deepEqual(paths.slice(1, 3), ["logs-ingestion", "logs-ingestion-dce"]);
  const ods = probes.asked.find(({ path }) => path.startsWith("/OperationalData.svc/"));
  const said = Buffer.from(ods?.body ?? []).toString();
  assert.match(said, /KUBE_POD_INVENTORY_BLOB/, "a type that the rule takes there");
  const without = probesOf(403, ({ kql }) => (kql.startsWith("ContainerLogV2") ? null : nowMs));
  const silent = await proofOf(without, observed);
  const stale = silent.paths.filter(({ holds }) => !holds).map(({ id }) => id);
  assert.deepEqual(stale, ["logs-ingestion-dce"], "inventory says nothing of the endpoint");
  const arrival = await dataArrival(without, targetOf(observed), {
    clock: fakeClock(nowMs),
    sinceMs: 0,
    signal: "logs",
  });
  assert.equal(arrival.arrived, false, "both ways must have brought something");
  const request = probes.asked.find(({ path }) => path.startsWith("/dataCollectionRules/"));
  assert.match(request?.path ?? "", /dcr-4567\/streams\/Microsoft-ContainerLogV2-HighScale\?/);
  assert.match(request?.ingestionToken?.path ?? "", /channels\/gigl-dce-9\/issueIngestionToken/);
});

test("records are as fresh as allowed, and a millisecond older is stale", async () => {
  for (const [ageMs, exit] of [
    [limits.proofFreshMs, 0],
    [limits.proofFreshMs + 1, 1],
  ] as const) {
    const proof = await proofOf(
      probesOf(403, () => nowMs - ageMs),
      estate(),
    );
    assert.equal(proof.exit, exit);
  }
});

test("where one table has no record of the cluster, the next is asked", async () => {
  const probes = probesOf(403, ({ kql }) => (kql.startsWith("KubePodInventory") ? nowMs : null));
  assert.equal((await proofOf(probes, estate())).exit, 0);
  const asked = probes.questions.map(({ kql }) => kql.split(" ")[0]);
  assert.deepEqual(asked, ["ContainerLogV2", "ContainerLog", "KubePodInventory"]);
  const without = await proofOf(
    probesOf(403, () => null),
    estate(),
  );
  const ingestion = without.paths.find(({ id }) => id === "logs-ingestion");
  assert.ok(ingestion?.reasons.includes("No record of this cluster was found."));
  assert.equal(without.exit, 1);
});

test("what is missing for logs is said, and nothing of metrics", async () => {
  const { missing, logs, signals } = targetOf(
    estate({ [ids.association("configurationAccessEndpoint")]: undefined }),
  );
  assert.deepEqual(signals, ["logs"]);
  assert.deepEqual(missing, ["aks has no configurationAccessEndpoint."]);
  assert.deepEqual(logs?.missing, missing);
  const unassociated = targetOf(
    estate({ [ids.association("ContainerInsightsExtension")]: undefined }),
  );
  assert.ok(unassociated.logs?.missing[0]?.includes("no Container insights rule"));
});

test("a legacy cluster has no configuration path, and its probe registers as its agents do", async () => {
  const observed = estate({
    ...addon("false"),
    [ids.association("configurationAccessEndpoint")]: undefined,
    [ids.association("ContainerInsightsExtension")]: undefined,
  });
  const target = targetOf(observed);
  assert.equal(target.logs?.auth, "legacy");
  assert.deepEqual(target.missing, []);
  const probes = probesOf(403);
  const proof = await proofOf(probes, observed);
  assert.deepEqual(
    proof.paths.map(({ id, holds }) => [id, holds]),
    [
      ["logs-ingestion", true],
      ["logs-query", true],
      ["logs-query-arm", true],
    ],
  );
  const { ods, oms } = workspaceHosts(customerId);
  const [request] = probes.asked.filter(({ host }) => host === ods);
  assert.deepEqual(request?.legacyAgent, {
    workspaceId: logIds.workspace,
    customerId,
    omsHost: oms,
  });
  assert.equal(request?.ingestionToken, undefined);
});

test("data has arrived when a record is newer than the approval, and the way there is private", async () => {
  const clock = fakeClock(nowMs);
  const target = targetOf(estate());
  const arrivalOf = (probes: Probes, sinceMs: number) =>
    dataArrival(probes, target, { clock, sinceMs, signal: "logs" });
  const fresh = await arrivalOf(probesOf(403), nowMs - 2_000);
  assert.ok(fresh.arrived);
  assert.match(fresh.says, /a record from 2025-12-31T23:59:59/);
  const old = await arrivalOf(probesOf(403), nowMs);
  assert.match(old.says, /the newest record of aks is from/);
  const probes = probesOf(403);
  const refused = await arrivalOf({ ...probes, requestInside: () => answered(403, inside) }, 0);
  assert.match(refused.says, /configuration does not pass privately yet/);
  const { newestRecordMs: _, ...without } = probesOf(403);
  assert.match((await arrivalOf(without, 0)).says, /could not be asked for/);
});
