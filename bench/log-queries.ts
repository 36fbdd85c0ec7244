/** Ten questions of inventory and logs, in KQL, over a day of a cluster's records in segments: each as quick as it is when asked again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logTables } from "../src/azure/index.ts";
import { startLogEngine } from "../src/bin/start-log-engine.ts";
import { systemClock } from "../src/core/index.ts";
import type { LogTable } from "../src/core/index.ts";
import { createKqlTranslator } from "../src/kql/index.ts";
import type { KqlTranslator } from "../src/kql/index.ts";
import { openLogsStore } from "../src/store/index.ts";
import type { WorkspaceLogs } from "../src/store/index.ts";
import { Dice, makePods, makeRecord } from "./log-records.ts";
import type { Pod } from "./log-records.ts";
import { quantile } from "./process-cpu.ts";

const CUSTOMER = "00000000-0000-0000-0007-00000000000a";
const BATCH = 3_400;
const PODS = 400;
const DAY_MS = 24 * 60 * 60 * 1000;
const ASKED = 5;

const tableNamed = (name: string): LogTable => {
  const table = logTables.find((one) => one.name === name);
  if (table === undefined) throw new Error(`There is no table ${name}.`);
  return table;
};

const inventory = (pods: readonly Pod[], dice: Dice, time: string): object => {
  const pod = dice.of(pods);
  return {
    TimeGenerated: time,
    Computer: pod.node,
    ClusterName: "aks-prod",
    ClusterId:
      "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-prod",
    Namespace: pod.namespace,
    Name: pod.name,
    PodUid: pod.containerId.slice(0, 32),
    PodLabel: `[{"app":"${pod.container}"}]`,
    PodStatus: dice.below(50) === 0 ? "Pending" : "Running",
    PodIp: `10.244.${dice.below(12)}.${dice.below(250)}`,
    PodRestartCount: dice.below(3),
    ControllerKind: "ReplicaSet",
    ControllerName: pod.name.slice(0, -6),
    ContainerID: pod.containerId,
    ContainerName: pod.container,
    ContainerStatus: "running",
    ContainerRestartCount: dice.below(3),
  };
};

const perf = (pods: readonly Pod[], dice: Dice, time: string): object => {
  const pod = dice.of(pods);
  return {
    TimeGenerated: time,
    Computer: pod.node,
    ObjectName: "K8SContainer",
    CounterName: dice.of(["cpuUsageNanoCores", "memoryRssBytes", "memoryWorkingSetBytes"]),
    CounterValue: dice.below(1_000_000_000),
    InstanceName: pod.name,
  };
};

const event = (pods: readonly Pod[], dice: Dice, time: string): object => {
  const pod = dice.of(pods);
  return {
    TimeGenerated: time,
    Computer: pod.node,
    ClusterName: "aks-prod",
    ObjectKind: "Pod",
    Namespace: pod.namespace,
    Name: pod.name,
    Reason: dice.of(["BackOff", "Pulled", "Created", "Started", "Unhealthy"]),
    KubeEventType: "Normal",
    Message: `container ${pod.container} ${dice.hex(8)}`,
    Count: dice.below(20),
  };
};

const makers: readonly (readonly [share: number, table: LogTable, make: typeof perf])[] = [
  [
    86,
    tableNamed("ContainerLogV2"),
    (pods, dice, time) => makeRecord(pods, dice, Date.parse(time) - dice.below(1000)),
  ],
  [10, tableNamed("KubePodInventory"), inventory],
  [3, tableNamed("Perf"), perf],
  [1, tableNamed("KubeEvents"), event],
];

/** Appends `rows` records that end at `nowMs`, a day long. */
async function fill(workspace: WorkspaceLogs, rows: number, nowMs: number): Promise<void> {
  const dice = new Dice(11);
  const pods = makePods(PODS, dice);
  for (let from = 0, batch = 0; from < rows; from += BATCH, batch++) {
    // Every table comes all the time.
    let share = (batch * 37) % 100;
    const [, table, make] = makers.find(([part]) => (share -= part) < 0) ?? makers[0] ?? [];
    if (table === undefined || make === undefined) return;
    const timeMs = (index: number): number => nowMs - DAY_MS + ((from + index) / rows) * DAY_MS;
    const length = Math.min(BATCH, rows - from);
    const records = Array.from({ length }, (_, index) =>
      make(pods, dice, new Date(timeMs(index)).toISOString()),
    );
    const json = Buffer.from(JSON.stringify(records));
    const constants = { TenantId: CUSTOMER, Type: table.name, _ResourceId: "/subscriptions/s/x" };
    const receivedMs = Math.floor(timeMs(length));
    const one = { table, json, records: length, receivedMs, constants, billedBytes: json.length };
    while (!(await kept(workspace, one))) await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Whether it was taken; the engine may be behind. */
const kept = (workspace: WorkspaceLogs, batch: Parameters<WorkspaceLogs["append"]>[0][number]) =>
  workspace.append([batch]).then(
    () => true,
    (error: { readonly code?: string }) => {
      if (error.code === "LogsBusy") return false;
      throw error;
    },
  );

const questions: readonly string[] = [
  "ContainerLogV2 | where TimeGenerated > ago(1h) | summarize count() by PodNamespace",
  'ContainerLogV2 | where TimeGenerated > ago(6h) and LogSource == "stderr" | summarize count() by PodName | top 10 by count_',
  'ContainerLogV2 | where TimeGenerated > ago(1h) and PodNamespace == "team-a" | where tostring(LogMessage) contains "retrying" | take 100',
  "ContainerLogV2 | summarize count() by bin(TimeGenerated, 1h)",
  "ContainerLogV2 | where TimeGenerated > ago(4h) | top 100 by TimeGenerated desc | project TimeGenerated, PodName, LogMessage",
  "KubePodInventory | where TimeGenerated > ago(1h) | summarize arg_max(TimeGenerated, PodStatus, Computer) by PodUid",
  'KubePodInventory | where TimeGenerated > ago(1h) and PodStatus == "Pending" | distinct Namespace, Name',
  "KubePodInventory | summarize dcount(PodUid) by Namespace",
  'Perf | where ObjectName == "K8SContainer" and CounterName == "cpuUsageNanoCores" | summarize avg(CounterValue), max(CounterValue) by bin(TimeGenerated, 5m)',
  'KubeEvents | where Reason == "BackOff" | summarize count() by Namespace, bin(TimeGenerated, 1h) | sort by count_ desc',
];

async function askOnce(
  workspace: WorkspaceLogs,
  translator: KqlTranslator,
  text: string,
  nowMs: number,
): Promise<{ readonly ms: number; readonly rows: number }> {
  const startedMs = performance.now();
  const translation = await translator.translate({ text, tables: logTables, nowMs, use: "query" });
  if (!translation.ok) throw new Error(`${text}: ${JSON.stringify(translation.problems)}`);
  const { sql, parameters, columns, tables } = translation;
  const { rows } = await workspace.query({
    sql,
    parameters,
    columns,
    tables: tables.map(tableNamed),
    timeoutMs: 60_000,
    signal: new AbortController().signal,
  });
  return { ms: performance.now() - startedMs, rows: rows.length };
}

/** Fills a store, asks each question until it is warm, and prints the medians. */
export async function benchLogQueries(rows: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "linkscope-bench-logs-"));
  const clock = systemClock();
  const startEngine = () => startLogEngine(folder);
  const onNote = (says: string): void => console.error(says);
  const store = await openLogsStore({ folder, clock, startEngine, onNote });
  const translator = createKqlTranslator({ clock });
  try {
    const workspace = await store.workspace(CUSTOMER);
    const nowMs = Date.now();
    await fill(workspace, rows, nowMs);
    await store.merge(CUSTOMER);
    const { segments, segmentBytes } = workspace.stats();
    const size = `${segments} segments, ${(segmentBytes / 1e6).toFixed(0)} MB`;
    console.log(`filled: ${(rows / 1e6).toFixed(2)} M records of four tables, ${size}`);
    const medians: number[] = [];
    for (const text of questions) {
      await askOnce(workspace, translator, text, nowMs);
      const asked = [];
      for (let count = 0; count < ASKED; count++) {
        asked.push(await askOnce(workspace, translator, text, nowMs));
      }
      const median = quantile(
        asked.map(({ ms }) => ms),
        0.5,
      );
      medians.push(median);
      console.log(
        `${median.toFixed(0).padStart(6)} ms  ${String(asked[0]?.rows).padStart(5)} rows  ${text}`,
      );
    }
    console.log(
      `warm, KQL to rows: median ${quantile(medians, 0.5).toFixed(0)} ms, slowest ${Math.max(...medians).toFixed(0)} ms`,
    );
  } finally {
    await translator.close();
    await store.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
