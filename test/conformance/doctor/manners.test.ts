/** How the doctor behaves: one root and not a wall, patience, plain words about what is public by design, and no guesses. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { graphFrom, parseId } from "../../../src/arm/index.ts";
import type { ArmResource } from "../../../src/arm/index.ts";
import { checks, completeFacts, explainLine, runChecks } from "../../../src/doctor/index.ts";
import type { CheckFacts, CheckResult } from "../../../src/doctor/index.ts";
import { factsOfCase } from "./case-facts.ts";
import { nowMs } from "./case-probes.ts";
import { estateGraph, estateResources } from "./estate-graph.ts";
import { parseEstateLine } from "./estate-lines.ts";
import { healthyEstate } from "./healthy-estates.ts";
import { loadCases, loadEstates, parseCases } from "./parse-cases.ts";

const results = (facts: CheckFacts): readonly CheckResult[] => runChecks(checks, facts).results;
const alarms = (facts: CheckFacts): readonly string[] =>
  results(facts)
    .filter(({ finding }) => finding.status === "fail" || finding.status === "warn")
    .map(({ check, finding }) => `${check.id}: ${finding.says}`);
const factsOf = (text: string): CheckFacts => {
  const [one] = parseCases(
    "manners",
    `# one\nfailure F01\n${text}\nexpect fail LS0202 x`,
    loadEstates(),
  );
  assert.ok(one !== undefined);
  return factsOfCase(one);
};

test("F07: a cascade of symptoms has one root, and every other trouble is explained by it", () => {
  const found = results(
    factsOf(`estate private
with cluster prod configuration=-
probe file /etc/mdsd.d/config-cache/metricsextension/TokenConfig.json absent
probe request localhost 503 health
probe request global 403 configuration
probe newest metrics none
probe newest logs none`),
  ).filter(({ finding }) => finding.status === "fail");
  const roots = found.filter(({ explainedBy }) => explainedBy === undefined);
  assert.deepEqual(
    roots.map(({ check }) => check.id),
    ["LS0202"],
  );
  assert.ok(found.length >= 4);
  for (const { explainedBy } of found.slice(1)) assert.equal(explainedBy?.check, "LS0202");
  // And the loudest line of the cascade is called a symptom.
  const [known] = explainLine("dial tcp 127.0.0.1:55680: connect: connection refused");
  assert.equal(known?.kind, "symptom");
  assert.equal(known.checks[0], "LS0202");
});

test("F29: a workspace's own endpoint and rule in its managed group are followed by their ids, and are no fault", () => {
  const managed = (resources: readonly ArmResource[]): readonly ArmResource[] =>
    JSON.parse(
      JSON.stringify(resources).replaceAll(
        "/resourceGroups/estate/providers/Microsoft.Insights/dataCollection",
        "/resourceGroups/MA_amw_westeurope_managed/providers/Microsoft.Insights/dataCollection",
      ),
    ) as readonly ArmResource[];
  const lines = loadEstates().get("private") ?? [];
  const graph = graphFrom(managed(estateResources(lines)));
  const facts = completeFacts(graph, { nowMs });
  assert.deepEqual(alarms(facts), []);
  const said = results(facts).find(({ check }) => check.id === "LS0205");
  assert.match(said?.finding.subject ?? "", /MA_amw_westeurope_managed/);
});

test("F32: whatever moves a name or an association ends with restarting the agents, which keep old connections", () => {
  const moving = new Set([
    "LS0202",
    "LS0203",
    "LS0205",
    "LS0206",
    "LS0302",
    "LS0303",
    "LS0304",
    "LS0305",
    "LS0306",
    "LS0310",
    "LS0403",
    "LS0404",
  ]);
  const seen = new Set<string>();
  for (const one of loadCases()) {
    for (const { check, finding, explainedBy } of results(factsOfCase(one))) {
      if (finding.status !== "fail" || explainedBy !== undefined || !moving.has(check.id)) continue;
      seen.add(check.id);
      assert.match(
        finding.fixes.at(-1)?.says ?? "",
        /Delete the agents' pods/,
        `${one.name}: ${check.id}`,
      );
    }
  }
  assert.deepEqual(seen, moving);
});

test("F33: what takes time has its own deadline: access modes ten minutes, roles thirty, configuration three, health fifteen", () => {
  const minutes = new Map(checks.map(({ id, retryMs }) => [id as string, (retryMs ?? 0) / 60_000]));
  assert.equal(minutes.get("LS0209"), 10);
  assert.equal(minutes.get("LS0502"), 30);
  assert.equal(minutes.get("LS0606"), 30);
  assert.equal(minutes.get("LS0501"), 3);
  assert.equal(minutes.get("LS0503"), 15);
  assert.equal(minutes.get("LS0205"), 5);
  // What no waiting mends has none.
  assert.equal(minutes.get("LS0203"), 0);
  assert.equal(minutes.get("LS0210"), 0);
});

test("F33: a role that is a minute too young waits, and one of thirty minutes is judged", () => {
  const at = (createdOn: string): string | undefined =>
    results(
      factsOf(`estate private
with role writer at=prom
set prom/providers/Microsoft.Authorization/roleAssignments/* properties.createdOn "${createdOn}"`),
    ).find(({ check }) => check.id === "LS0502")?.finding.status;
  assert.equal(at("2026-01-01T11:30:01Z"), "waiting");
  assert.equal(at("2026-01-01T11:30:00Z"), "pass");
});

test("F36: no finding and no page says that something is not supported", () => {
  const folder = new URL("../../../docs/checks/", import.meta.url);
  for (const page of readdirSync(folder)) {
    assert.doesNotMatch(
      readFileSync(new URL(page, folder), "utf8"),
      /not supported|unsupported/i,
      page,
    );
  }
  for (const one of loadCases()) {
    for (const { finding } of results(factsOfCase(one))) {
      assert.doesNotMatch(finding.says, /not supported|unsupported/i, finding.says);
    }
  }
});

test("F37: the endpoint that a rule names and the one of the cluster's configuration are told apart", () => {
  const facts = factsOf("estate private\nwith cluster prod configuration=-");
  const root = results(facts).find(
    ({ check, finding }) => check.id === "LS0202" && finding.status === "fail",
  );
  assert.match(
    root?.finding.says ?? "",
    /The endpoint that its rule names is for ingestion, and does not serve for this\./,
  );
  const whole = results(factsOf("estate private\nwith scope ampls links=-dce-prod"));
  const both = whole.find(
    ({ check, finding }) => check.id === "LS0205" && finding.status === "fail",
  );
  assert.match(both?.finding.says ?? "", /uses for configuration and metrics/);
});

test("F40: addresses of any range are private when an interface has them, and only then", () => {
  const lines = loadEstates().get("private") ?? [];
  for (const [network, own] of [
    ["100.64.", "10.0."],
    ["165.21.", "10.0."],
  ] as const) {
    const moved = JSON.parse(
      JSON.stringify(estateResources(lines)).replaceAll(`"${own}`, `"${network}`),
    ) as readonly ArmResource[];
    assert.deepEqual(alarms(completeFacts(graphFrom(moved), { nowMs })), [], network);
  }
  // An address of the network that nothing has is no private endpoint, whatever range it is of.
  const orphan = factsOf(
    "estate private\nrecord privatelink.monitor.azure.com global.handler.control 10.0.4.200",
  );
  assert.ok(alarms(orphan).some((line) => line.startsWith("LS0307")));
});

test("F40: names that stay public by design, and the noise of search domains, are no fault", () => {
  const facts = factsOf(`estate private
probe name westeurope.handler.control.monitor.azure.com 203.0.113.3
probe name login.microsoftonline.com 203.0.113.2
probe name global.handler.control.monitor.azure.com.kube-system.svc.cluster.local nxdomain
probe name dc.services.visualstudio.com nxdomain`);
  assert.deepEqual(alarms(facts), []);
});

test("F40: a lookup that failed once and then answered is no fault", () => {
  const private_ = factsOf("estate private");
  const address = results(private_).length > 0 ? "10.0.4.10" : "";
  const facts = factsOf(`estate private
probe name global error timed out
probe name global ${address}`);
  assert.deepEqual(alarms(facts), []);
});

test("F40: estates of sovereign clouds are judged as others are", () => {
  const clouds = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const { cloud, lines } = healthyEstate(seed);
    if (cloud === "AzureCloud" || clouds.has(cloud)) continue;
    clouds.add(cloud);
    assert.deepEqual(alarms(completeFacts(estateGraph(lines), { nowMs, cloud })), []);
  }
  assert.equal(clouds.size, 2);
});

test("the doctor is quiet about a cluster that is public by design, and says why it is not judged", () => {
  const facts = completeFacts(estateGraph(loadEstates().get("public") ?? []), { nowMs });
  const found = results(facts);
  assert.deepEqual(alarms(facts), []);
  const skips = found.filter(({ finding }) => finding.status === "skipped");
  assert.ok(skips.some(({ finding }) => finding.says.includes("public by design")));
});

test("a cluster without a network of its own is judged by what is known, and the rest is unknown or skipped", () => {
  const lines = [...(loadEstates().get("private") ?? [])].map((line) =>
    line.kind === "cluster"
      ? parseEstateLine("cluster prod metrics=prom logs=insights configuration=dce-prod")
      : line,
  );
  const facts = completeFacts(estateGraph(lines), { nowMs });
  assert.deepEqual(alarms(facts), []);
  assert.ok(
    results(facts).some(
      ({ check, finding }) => check.id === "LS0501" && finding.status === "unknown",
    ),
  );
});

test("names in a finding's command are its words, however hostile they are", () => {
  const facts = factsOf("estate private\nwith cluster prod configuration=-");
  const hostile = graphFrom(
    JSON.parse(
      JSON.stringify([...facts.graph.all()]).replaceAll(
        "managedClusters/prod",
        "managedClusters/$(rm -rf ~)",
      ),
    ) as readonly ArmResource[],
  );
  const root = results(completeFacts(hostile, { nowMs })).find(
    ({ check, finding }) => check.id === "LS0202" && finding.status === "fail",
  );
  const argv = root?.finding.fixes[0]?.argv ?? [];
  assert.equal(argv[0], "az");
  assert.match(argv.at(-1) ?? "", /managedClusters\/\$\(rm -rf ~\)$/);
});

test("a record with another address is mended whole: the right one is written, then the wrong one goes", () => {
  const facts = factsOf(
    "estate private\nrecord privatelink.monitor.azure.com global.handler.control 10.9.9.9",
  );
  const found = results(facts).find(
    ({ check, finding }) => check.id === "LS0303" && finding.status === "fail",
  );
  const commands = (found?.finding.fixes ?? []).flatMap(({ argv }) => {
    const verb = argv?.find((word) => word.endsWith("-record"));
    return argv === undefined ? [] : [[verb, argv[argv.indexOf("--ipv4-address") + 1]]];
  });
  assert.deepEqual(
    commands.map(([verb]) => verb),
    ["add-record", "remove-record"],
  );
  assert.notEqual(commands[0]?.[1], "10.9.9.9");
  assert.equal(commands[1]?.[1], "10.9.9.9");
});

test("whatever type could not be read, nothing fails for its silence", () => {
  const whole = factsOf("estate private");
  const unreadTypes = [
    "Microsoft.Network/privateDnsZones/A",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Insights/privateLinkScopes/privateEndpointConnections",
    "Microsoft.Insights/privateLinkScopes/scopedResources",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
  ];
  for (const type of unreadTypes) {
    const isType = (one: string): boolean => one.toLowerCase() === type.toLowerCase();
    const unread = { path: `/${type}`, status: 403, code: "AuthorizationFailed", says: "no right" };
    const coverage: CheckFacts["coverage"] = {
      ofResource: (id) => (isType(parseId(id)?.type ?? "") ? unread : undefined),
      ofList: (_scope, listed) => (isType(listed) ? unread : undefined),
      unread: [unread],
    };
    const left = [...whole.graph.all()].filter((one) => !isType(one.type));
    assert.ok(left.length < [...whole.graph.all()].length, type);
    const found = results({ ...whole, graph: graphFrom(left), coverage });
    const failed = found.filter(({ finding }) => finding.status === "fail");
    const said = failed.map(({ check, finding }) => `${check.id} ${finding.says}`);
    assert.deepEqual(said, [], type);
    assert.ok(
      found.some(({ finding }) => finding.status === "unknown"),
      type,
    );
  }
});
