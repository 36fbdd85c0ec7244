/** Prints how many verdicts a second the rules give on one core, and what `check` costs on a large snapshot and on one cluster. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { withChanges } from "../src/arm/index.ts";
import type { Graph, ResourceId } from "../src/arm/index.ts";
import {
  configurationAccess,
  dcesOf,
  endpointsOf,
  ingestionAccess,
  lawsOf,
  logsQueryAccess,
  odsAccess,
  originOfEndpoint,
  publicOrigin,
  resolveName,
  scopedResourcesOf,
  servedHosts,
  workspaceQueryAccess,
  workspacesOf,
} from "../src/rules/index.ts";
import type { Origin } from "../src/rules/index.ts";
import { snapshotText } from "../src/snapshot/index.ts";
import type { Snapshot } from "../src/snapshot/index.ts";
import { bigEstate, promisedEstate } from "../test/conformance/doctor/big-estate.ts";
import { estateGraph } from "../test/conformance/doctor/estate-graph.ts";
import { quantile } from "./process-cpu.ts";

const ROUNDS = 3;
const ROUND_MS = 1_000;
const CHECK_RUNS = 3;
const command = resolve(import.meta.dirname, "../src/bin/linkscope.ts");

const graph = estateGraph(bigEstate(promisedEstate));

/** The same questions in another order each round, so that no round is the one before it. */
function shuffled<Value>(values: readonly Value[], seed: number): readonly Value[] {
  let state = seed >>> 0 || 1;
  const keyed = values.map((value) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return { value, key: state >>> 0 };
  });
  return keyed.toSorted((a, b) => a.key - b.key).map(({ value }) => value);
}

type Answer = { readonly outcome: string } | { readonly kind: string };

/** Questions of one rule. */
interface Batch {
  readonly count: number;
  /** Asks all of them, in an order that the seed gives; `tell` hears the answers. */
  readonly askAll: (seed: number, tell?: (answer: Answer) => void) => void;
}

function batch<Question>(
  questions: readonly Question[],
  ask: (question: Question) => Answer,
): Batch {
  const orders = new Map<number, readonly Question[]>();
  return {
    count: questions.length,
    askAll: (seed, tell) => {
      const order = orders.get(seed) ?? shuffled(questions, seed);
      orders.set(seed, order);
      if (tell === undefined) for (const question of order) ask(question);
      else for (const question of order) tell(ask(question));
    },
  };
}

const origins: readonly Origin[] = [
  publicOrigin,
  ...endpointsOf(graph).flatMap(({ id }) => originOfEndpoint(graph, id).origin ?? []),
];
const originAt = (index: number): Origin => origins[index % origins.length] ?? publicOrigin;

const originsByScope = new Map(
  origins.flatMap((origin) =>
    origin.kind === "private" ? [[origin.targetId, origin] as const] : [],
  ),
);
const scopesByLinked = new Map(
  scopedResourcesOf(graph).map(({ linkedId, scopeId }) => [linkedId, scopeId]),
);
/** Through the scope that links a resource. */
const ownOrigin = (id: ResourceId): Origin =>
  originsByScope.get(scopesByLinked.get(id) ?? "") ?? publicOrigin;

/** Verdicts on access: every endpoint and workspace by ways of its own and of others. */
function accessBatches(on: Graph): readonly Batch[] {
  const hosts = [...servedHosts(on).values()].filter(({ kind }) => kind === "configuration");
  const clusters = on.ofType("Microsoft.ContainerService/managedClusters");
  const ingestion = dcesOf(on).flatMap(({ id: dceId }, index) => [
    { origin: ownOrigin(dceId), dceId },
    { origin: originAt(index), dceId },
    { origin: publicOrigin, dceId },
  ]);
  const queries = workspacesOf(on).map(({ id: workspaceId }, index) => ({
    origin: originAt(index),
    workspaceId,
  }));
  const logs = lawsOf(on).flatMap(({ id: workspaceId }, index) => [
    { origin: ownOrigin(workspaceId), workspaceId, way: "direct" as const },
    { origin: originAt(index), workspaceId, way: "direct" as const },
  ]);
  const configurations = clusters.flatMap(({ id: clusterId }, index) => {
    const host = hosts[index % hosts.length];
    return host === undefined ? [] : [{ origin: originAt(index), host, clusterId }];
  });
  return [
    batch(ingestion, (question) => ingestionAccess(on, question)),
    batch(queries, (question) => workspaceQueryAccess(on, question)),
    batch(logs, (question) => odsAccess(on, question)),
    batch(logs, (question) => logsQueryAccess(on, question)),
    batch(configurations, (question) => configurationAccess(on, question)),
  ];
}

/** Names of every service, asked in networks that hold them and in others, and in public DNS. */
function nameBatches(on: Graph): readonly Batch[] {
  const networks: readonly ResourceId[] = on
    .ofType("Microsoft.Network/virtualNetworks")
    .map(({ id }) => id);
  // Three hosts of each endpoint, scope after scope; a scope has two networks.
  const hostsPerScope = (promisedEstate.dces / promisedEstate.scopes) * 3;
  const questions = [...servedHosts(on).keys()].flatMap((name, index) => [
    { name, vnetId: networks[index % networks.length] },
    { name, vnetId: networks[(Math.floor(index / hostsPerScope) * 2) % networks.length] },
    { name, vnetId: undefined },
  ]);
  return [batch(questions, (question) => resolveName(on, question))];
}

interface Rate {
  readonly perSecond: number;
  readonly outcomes: ReadonlyMap<string, number>;
}

/** CPU time of this process alone, so that neighbours do not count. */
function rateOf(batches: readonly Batch[]): Rate {
  const outcomes = new Map<string, number>();
  // The first asking warms the indexes and the compiler, and tells what the answers are.
  for (const one of batches) {
    one.askAll(1, (answer) => {
      const key = "outcome" in answer ? answer.outcome : answer.kind;
      outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
    });
  }
  for (const one of batches) one.askAll(1);
  const count = batches.reduce((sum, one) => sum + one.count, 0);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of batches) one.askAll(round + 2);
    let asked = 0;
    const before = process.cpuUsage();
    const startedAt = performance.now();
    while (performance.now() - startedAt < ROUND_MS) {
      for (const one of batches) one.askAll(round + 2);
      asked += count;
    }
    const { user, system } = process.cpuUsage(before);
    rates.push(asked / ((user + system) / 1e6));
  }
  return { perSecond: quantile(rates, 0.5), outcomes };
}

/** The rate of questions that nobody has asked of a graph before: each round has a version of its own. */
function rateAtFirst(batchesOf: (on: Graph) => readonly Batch[]): number {
  const rates = Array.from({ length: ROUNDS }, (_, round) => {
    const batches = batchesOf(withChanges(graph, []));
    const count = batches.reduce((sum, one) => sum + one.count, 0);
    const before = process.cpuUsage();
    for (const one of batches) one.askAll(round + 1);
    const { user, system } = process.cpuUsage(before);
    return count / ((user + system) / 1e6);
  });
  return quantile(rates, 0.5);
}

const million = (perSecond: number): string => `${(perSecond / 1e6).toFixed(2)} M/s`;
const parts = ({ outcomes }: Rate): string =>
  [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(", ");

const access = rateOf(accessBatches(graph));
const names = rateOf(nameBatches(graph));
const first = rateAtFirst(nameBatches);
process.stdout.write(
  `verdicts on access: ${million(access.perSecond)} of one core (${parts(access)}); on names: ${million(names.perSecond)} (${parts(names)}), and ${million(first)} when asked for the first time; promised: 1 M/s\n`,
);

/** A snapshot in which everything was read: every list that a check can ask for. */
function snapshotOf(on: Graph): Snapshot {
  const insights = "Microsoft.Insights";
  const lists: readonly (readonly [type: string, child: string])[] = [
    ["Microsoft.ContainerService/managedClusters", `${insights}/dataCollectionRuleAssociations`],
    [`${insights}/privateLinkScopes`, `${insights}/privateLinkScopes/scopedResources`],
    [`${insights}/privateLinkScopes`, `${insights}/privateLinkScopes/privateEndpointConnections`],
    [
      "Microsoft.Network/privateEndpoints",
      "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    ],
    ["Microsoft.Network/privateDnsZones", "Microsoft.Network/privateDnsZones/A"],
  ];
  return {
    cloud: "AzureCloud",
    source: "azure",
    takenAtMs: Date.now(),
    redacted: false,
    clusters: on.ofType("Microsoft.ContainerService/managedClusters").map(({ id }) => id),
    resources: [...on.all()],
    record: {
      lists: lists.flatMap(([type, child]) =>
        on.ofType(type).map(({ id }) => `${id}/${listWord(type, child)}`),
      ),
      absent: [],
      unread: [],
    },
  };
}

/** How a list is called below its resource: a child by its own name, an extension by its whole type. */
const listWord = (type: string, child: string): string =>
  child.startsWith(`${type}/`) ? child.slice(type.length + 1) : `providers/${child}`;

interface Check {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
  readonly exit: number | null;
}

/** Runs `check` on a file; its peak memory is the kernel's own count. */
async function check(file: string): Promise<Check> {
  const startedAt = performance.now();
  const report = join(folder, "resources.json");
  const child = spawn(
    process.execPath,
    [
      "--import",
      resolve(import.meta.dirname, "resource-usage.mjs"),
      "--max-semi-space-size=32",
      command,
      "check",
      "--snapshot",
      file,
      "-o",
      "short",
    ],
    {
      stdio: ["ignore", "ignore", "inherit"],
      // As the launcher has it, the young generation too: what was stripped and compiled once is kept.
      env: {
        ...process.env,
        LINKSCOPE_BENCH_USAGE: report,
        NODE_COMPILE_CACHE: join(folder, "compiled"),
      },
    },
  );
  const exit = await new Promise<number | null>((ended) => child.once("exit", ended));
  const wallMs = performance.now() - startedAt;
  const { cpuMs, peakMb } = JSON.parse(readFileSync(report, "utf8")) as Pick<
    Check,
    "cpuMs" | "peakMb"
  >;
  return { wallMs, cpuMs, peakMb, exit };
}

const folder = mkdtempSync(join(tmpdir(), "linkscope-bench-"));
try {
  for (const [what, size, promise] of [
    ["1,000 clusters, 200 scopes, 5,000 DCEs, 2,000 zone links", promisedEstate, "2 s, 500 MB"],
    ["one cluster", { scopes: 1, clusters: 1, dces: 2, zoneLinks: 5 }, "0.5 s"],
  ] as const) {
    const on = size === promisedEstate ? graph : estateGraph(bigEstate(size));
    const file = join(folder, "snapshot.json");
    writeFileSync(file, snapshotText(snapshotOf(on)));
    await check(file);
    const runs: Check[] = [];
    for (let run = 0; run < CHECK_RUNS; run++) runs.push(await check(file));
    const wall = quantile(
      runs.map(({ wallMs }) => wallMs),
      0.5,
    );
    const cpu = quantile(
      runs.map(({ cpuMs }) => cpuMs),
      0.5,
    );
    const peak = Math.max(...runs.map(({ peakMb }) => peakMb));
    const exits = [...new Set(runs.map(({ exit }) => exit))].join(",");
    const megabytes = (statSync(file).size / 1e6).toFixed(1);
    process.stdout.write(
      `check of ${what} (${on.size} resources, ${megabytes} MB): ${(wall / 1000).toFixed(2)} s wall, ${(cpu / 1000).toFixed(2)} s CPU, ${peak.toFixed(0)} MB at most, exit ${exits}; promised: ${promise}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
