/** Estate files: what they say, and every mistake with its place. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { at } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import {
  estateLogsRequests,
  estateRequests,
  estateResources,
  onboardErrors,
  parseEstate,
} from "./index.ts";

const subscriptionId = "00000000-0000-4000-8000-000000000001";
const exampleOf = (name: string): string =>
  readFileSync(new URL(`../../examples/${name}/linkscope.yaml`, import.meta.url), "utf8");
const example = exampleOf("private-metrics");

/** Mistakes as `line:column sentence`. */
const mistakes = (text: string): readonly string[] => {
  const reading = parseEstate(text);
  return reading.ok
    ? []
    : reading.problems.map(({ line, column, says }) => `${line}:${column} ${says}`);
};
const small = "linkscope: 1\nresourceGroup: rg\nregion: westeurope\n";

test("the example is an estate with one cluster, whose metrics are to be private", () => {
  const reading = parseEstate(example);
  assert.ok(reading.ok);
  const [request] = estateRequests(reading.estate, { subscriptionId });
  assert.match(
    request?.scopeId ?? "",
    /resourceGroups\/private-metrics\/providers\/Microsoft.Insights\/privateLinkScopes\/ampls-monitoring$/,
  );
  assert.equal(request?.closeShared, true);
  const types = estateResources(reading.estate, { subscriptionId }).map(({ id }) =>
    id.split("/").at(-2),
  );
  assert.deepEqual(types, ["resourceGroups", "virtualNetworks", "accounts", "managedClusters"]);
});

test("the example of both halves asks for metrics and for logs, and closes both ways of both", () => {
  const reading = parseEstate(exampleOf("private-monitoring"));
  assert.ok(reading.ok);
  const [metrics] = estateRequests(reading.estate, { subscriptionId });
  const [logs] = estateLogsRequests(reading.estate, { subscriptionId });
  assert.equal(metrics?.clusterId, logs?.clusterId);
  assert.equal(metrics?.scopeId, logs?.scopeId);
  assert.match(logs?.workspaceId ?? "", /Microsoft.OperationalInsights\/workspaces\/law-logs$/);
  assert.deepEqual(
    [logs?.auth, logs?.highLogScale, logs?.syslog, logs?.closeShared, logs?.closeQuery],
    ["managed-identity", true, false, true, true],
  );
});

const withLogs = (logs: string, more = ""): string => `${small}networks:
  n:
    addressSpace: [10.0.0.0/8]
    subnets: { s: 10.1.0.0/24 }
logAnalyticsWorkspaces:
  laws: {}
clusters:
  c:
    network: n
    subnet: s
${more}    logs: ${logs}
`;

test("logs without a workspace go to the default one", () => {
  const reading = parseEstate(withLogs("{ scope: ampls }"));
  assert.ok(reading.ok);
  const [request] = estateLogsRequests(reading.estate, { subscriptionId });
  assert.equal(request?.workspaceId, undefined);
  assert.equal(estateRequests(reading.estate, { subscriptionId }).length, 0);
});

test("what logs cannot have is a mistake at its place", () => {
  assert.deepEqual(mistakes(withLogs("{ workspace: other, scope: a }")), [
    "14:13 There is no workspace 'other' in this file.",
  ]);
  assert.deepEqual(mistakes(withLogs("{ scope: a, auth: legacy, syslog: true }")), [
    "14:37 'syslog' needs 'auth: managed-identity'.",
  ]);
  assert.deepEqual(mistakes(withLogs("{ scope: a }", "    private: false\n")), [
    "15:5 Container insights over a private link is for private clusters; 'private' is false.",
  ]);
  assert.deepEqual(
    mistakes(withLogs("{ workspace: law, scope: a }")).length,
    2,
    "three characters",
  );
  const metrics = "    metrics: { workspace: amw, scope: b }\n";
  const both = withLogs("{ scope: a }", metrics);
  assert.deepEqual(mistakes(both.replace("clusters:", "workspaces: { amw: {} }\nclusters:")), [
    "16:5 The scopes of metrics ('b') and logs ('a') differ; a network can have one.",
  ]);
});

test("what is left out has its default, and regions are taken in any spelling", () => {
  const text = `${small.replace("westeurope", "West Europe")}networks:
  n:
    addressSpace: [10.0.0.0/8]
    subnets: { s: 10.1.0.0/24 }
workspaces:
  amw: { region: eastus }
clusters:
  c:
    network: n
    subnet: s
    metrics: { workspace: amw, scope: ampls }
  plain: { network: n, subnet: s, private: false }
`;
  const reading = parseEstate(text);
  assert.ok(reading.ok, mistakes(text).join("\n"));
  const [cluster, plain] = reading.estate.clusters;
  assert.deepEqual(cluster, {
    name: "c",
    region: "westeurope",
    private: true,
    network: "n",
    subnet: "s",
    metrics: {
      workspace: "amw",
      scope: "ampls",
      subnet: "snet-private-endpoints",
      ingestionAccessMode: "PrivateOnly",
      queryAccessMode: "Open",
      closeShared: false,
      closeQuery: false,
    },
    logs: undefined,
  });
  assert.deepEqual([plain?.private, plain?.metrics], [false, undefined]);
  assert.equal(reading.estate.workspaces[0]?.region, "eastus");
  assert.equal(estateRequests(reading.estate, { subscriptionId }).length, 1);
});

test("a cluster whose name is no DNS prefix gets one that is", () => {
  const name = `aks_${"long-".repeat(12)}`.slice(0, 63);
  const reading = parseEstate(
    `${small}networks:\n  n:\n    addressSpace: [10.0.0.0/16]\n    subnets: { s: 10.0.0.0/24 }\nclusters:\n  ${name}: { network: n, subnet: s }\n`,
  );
  assert.ok(reading.ok);
  const body = estateResources(reading.estate, { subscriptionId }).at(-1)?.body;
  assert.match(
    String(at(body, "properties", "dnsPrefix")),
    /^[a-zA-Z0-9][a-zA-Z0-9-]{0,52}[a-zA-Z0-9]$/,
  );
});

test("every mistake is reported, each with its line and column, in order", () => {
  const text = `linkscope: 2
resourceGroup: rg.
region: moon
colour: red
networks:
  n:
    addressSpace: [10.0.0.0/16, 10.0.0.1/16]
    subnets:
      a: 10.0.0.0/24
      b: 10.0.0.128/25
      c: 10.9.0.0/24
      d: [x]
workspaces:
  a_b: {}
clusters:
  c:
    private: maybe
    network: m
    metrics:
      workspace: amw
      scope: 7
      queryAccessMode: Closed
  d: 5
`;
  assert.deepEqual(mistakes(text), [
    "1:12 'linkscope' is the format's version; 1 is the only one.",
    "2:16 'rg.': a resource group's name has 1 to 90 letters, digits, '_', '-', '.', '(' and ')', and does not end with '.'.",
    "3:9 'moon' is not a known region.",
    "4:1 'colour' is not a key of 'the file'.",
    "7:33 '10.0.0.1/16' is not an IPv4 prefix such as 10.1.0.0/16, with nothing set beyond its length.",
    "10:10 10.0.0.128/25 overlaps 10.0.0.0/24 of 'a'.",
    "11:10 10.9.0.0/24 lies outside the network's address space.",
    "12:10 '' is not an IPv4 prefix such as 10.1.0.0/16, with nothing set beyond its length.",
    "14:3 'a_b': a workspace's name has 3 to 44 letters, digits and '-', and begins and ends with a letter or digit.",
    "16:3 'c' needs 'subnet'.",
    "17:14 'private' should be true or false.",
    "18:5 There is no network 'm' in this file.",
    "20:7 There is no workspace 'amw' in this file.",
    "21:14 'scope' should be text.",
    "22:24 'queryAccessMode' should be one of Open, PrivateOnly.",
    "23:3 'd' should hold keys and values.",
    "23:3 'd' needs 'network'.",
    "23:3 'd' needs 'subnet'.",
  ]);
});

test("keys given twice, aliases, tags, broken YAML and what is no map are mistakes", () => {
  assert.match(mistakes(`${small}region: eastus\n`)[0] ?? "", /^4:1 Map keys must be unique/);
  assert.match(
    mistakes(`${small}networks: &n {}\nworkspaces: *n\n`)[0] ?? "",
    /^5:13 Aliases are not supported/,
  );
  assert.match(mistakes(`${small}networks: !mine {}\n`)[0] ?? "", /^4:11 /);
  assert.match(mistakes("linkscope: [1\n")[0] ?? "", /^\d+:\d+ /);
  assert.ok(mistakes("- 1\n").length > 0);
  assert.ok(mistakes("").length > 0);
});

test("a name that JavaScript would take for something else is just a wrong name", () => {
  const found = mistakes(
    `${small}networks:\n  __proto__: {}\n  constructor:\n    addressSpace: [10.0.0.0/8]\n`,
  );
  assert.match(found.join("\n"), /^5:3 '__proto__': a name has 1 to 80/m);
  assert.doesNotMatch(found.join("\n"), /constructor/);
});

test("a file at the limit is read, and one byte more is refused", () => {
  const fill = (bytes: number): string => `${small}# ${"x".repeat(bytes - small.length - 3)}\n`;
  assert.equal(parseEstate(fill(limits.estateBytesMax)).ok, true);
  assert.match(
    mistakes(fill(limits.estateBytesMax + 1))[0] ?? "",
    /has 262145 bytes; the limit is 262144/,
  );
});

test("a map at the limit is read, and one entry more is refused", () => {
  const workspaces = (count: number): string =>
    `${small}workspaces:\n${Array.from({ length: count }, (_, at) => `  amw-${at}:\n`).join("")}`;
  assert.equal(parseEstate(workspaces(limits.estateEntriesMax)).ok, true);
  assert.match(
    mistakes(workspaces(limits.estateEntriesMax + 1))[0] ?? "",
    /has more than 1000 entries/,
  );
});

test("mistakes in a file have one code", () => {
  assert.equal(onboardErrors.EstateInvalid.fault, "caller");
});
