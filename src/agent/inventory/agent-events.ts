/**
 * KubeMonAgentEvents: what the agent has to say of itself, each hour and when it changes: errors of its settings, files that
 * it does not follow, records that it let go; or that there is nothing.
 * @see github.com/microsoft/Docker-Provider source/plugins/go/src/oms.go (flushKubeMonAgentEventRecords)
 */
import type { LogsConfiguration } from "../../client/index.ts";
import type { Clock } from "../../core/index.ts";
import type { RecordSource } from "../logs/logs-agent.ts";
import type { RecordIntake } from "../logs/record-intake.ts";
import { isCollected, recordTypes } from "../logs/record-types.ts";
import { batchTime } from "./inventory-scope.ts";
import type { InventoryScope } from "./inventory-scope.ts";
import { startPeriodic } from "./periodic.ts";
import type { Periodic } from "./periodic.ts";

export interface AgentProblem {
  /** `container.azm.ms/configmap` is Azure's, for its ConfigMap; `linkscope/agent-logs` is this agent's own. */
  readonly category: "container.azm.ms/configmap" | "linkscope/agent-logs";
  readonly message: string;
}

const HOUR_MS = 60 * 60 * 1000;
const LOOK_MS = 60 * 1000;

/**
 * @param options.computer where the agent runs. @param options.podName of the agent itself, where it is one.
 */
export function agentEvents(options: {
  readonly clock: Clock;
  readonly scope: InventoryScope;
  readonly computer: string;
  readonly podName: string;
  readonly problems: () => readonly AgentProblem[];
}): RecordSource {
  const { clock, scope, computer, podName, problems } = options;
  let configuration: LogsConfiguration | undefined;
  let rounds: Periodic | undefined;
  let sentKey = "";
  let sentMs = -Infinity;
  const firstSeen = new Map<string, string>();
  const round = (intake: RecordIntake): boolean => {
    if (configuration === undefined) return false;
    if (!isCollected(configuration.streams, recordTypes.agentEvents)) return true;
    const time = batchTime(clock.nowMs());
    const found = problems();
    const key = JSON.stringify(found);
    const isDue = clock.nowMs() - sentMs >= HOUR_MS;
    if (key === sentKey && !isDue) return true;
    const record = (category: string, level: string, message: string) => {
      const first = firstSeen.get(message) ?? time;
      firstSeen.set(message, first);
      return {
        Computer: computer,
        CollectionTime: time,
        Category: category,
        Level: level,
        ClusterId: scope.clusterId,
        ClusterName: scope.clusterName,
        Message: message,
        Tags: JSON.stringify({
          PodName: podName,
          ContainerId: "",
          FirstOccurrence: first,
          LastOccurrence: time,
          Count: 1,
        }),
      };
    };
    const records =
      found.length === 0
        ? [record("container.azm.ms/noerror", "Info", "No errors")]
        : found.map(({ category, message }) => record(category, "Error", message));
    const known = new Set(found.map(({ message }) => message));
    for (const message of firstSeen.keys()) if (!known.has(message)) firstSeen.delete(message);
    if (!intake.put(recordTypes.agentEvents, records)) return false;
    sentKey = key;
    sentMs = clock.nowMs();
    return true;
  };
  return {
    take(read, intake) {
      configuration = read;
      rounds ??= startPeriodic({ clock, intervalMs: () => LOOK_MS, round: () => round(intake) });
    },
    stop: async () => rounds?.stop(),
  };
}
