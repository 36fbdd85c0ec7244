/** The inventory of a cluster, by its API server: one agent of a cluster takes it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject, KubernetesClient, LogsConfiguration } from "../../client/index.ts";
import type { Clock, Random } from "../../core/index.ts";
import type { RecordSource } from "../logs/logs-agent.ts";
import type { LogsAgentSettings } from "../logs/logs-settings.ts";
import type { AgentRecord, RecordIntake } from "../logs/record-intake.ts";
import { isCollected, recordTypes } from "../logs/record-types.ts";
import type { RecordType } from "../logs/record-types.ts";
import {
  containerNodeInventory,
  deploymentMetric,
  eventKey,
  eventRecord,
  nodeInventory,
  serviceInventory,
  volumeInventory,
} from "./cluster-records.ts";
import type { Round } from "./cluster-records.ts";
import { batchTime, isFiltered, nameOf, text } from "./inventory-scope.ts";
import type { InventoryScope } from "./inventory-scope.ts";
import { startObjectCache } from "./object-cache.ts";
import type { ObjectCache } from "./object-cache.ts";
import { containerResources, nodeCapacity } from "./perf-records.ts";
import { startPeriodic } from "./periodic.ts";
import type { Periodic } from "./periodic.ts";
import { containerInventory, podInventory, servicesByPods } from "./pod-records.ts";
import { openSeenEvents } from "./seen-events.ts";
import type { SeenEvents } from "./seen-events.ts";

export interface ClusterInventoryOptions {
  readonly client: KubernetesClient;
  readonly scope: InventoryScope;
  readonly settings: LogsAgentSettings;
  /** What was sent of events lies in it. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ClusterInventory extends RecordSource {
  /** Lists that are not followed at the moment, with the reason, and why the last round failed. */
  failures(): readonly string[];
}

/** The rule's interval is not for events. @see learn.microsoft.com/azure/azure-monitor/containers/kubernetes-data-collection-configure */
const EVENTS_MS = 60_000;

/** An inventory that begins when the first configuration is taken. */
export function clusterInventory(options: ClusterInventoryOptions): ClusterInventory {
  let running: RunningInventory | undefined;
  return {
    take(configuration, intake) {
      running ??= new RunningInventory(options, intake);
      running.configuration = configuration;
      running.start();
    },
    failures: () => running?.failures() ?? [],
    stop: async () => running?.stop(),
  };
}

interface Caches {
  readonly pods: ObjectCache;
  readonly services: ObjectCache;
  readonly nodes: ObjectCache;
  readonly volumes: ObjectCache;
  readonly deployments: ObjectCache;
  readonly events: ObjectCache;
}

class RunningInventory {
  readonly #options: ClusterInventoryOptions;
  readonly #intake: RecordIntake;
  readonly #seen: SeenEvents;
  #caches: Caches | undefined;
  #rounds: readonly Periodic[] = [];
  configuration: LogsConfiguration | undefined;

  constructor(options: ClusterInventoryOptions, intake: RecordIntake) {
    this.#options = options;
    this.#intake = intake;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#seen = openSeenEvents(join(options.folder, "events.json"));
  }

  start(): void {
    if (this.#caches !== undefined) return;
    const { client, clock, random, settings } = this.#options;
    const follow = (path: string, fieldSelector?: string): ObjectCache =>
      startObjectCache({ client, clock, random }, path, fieldSelector);
    const caches: Caches = {
      pods: follow("/api/v1/pods"),
      services: follow("/api/v1/services"),
      nodes: follow("/api/v1/nodes"),
      volumes: follow("/api/v1/persistentvolumes"),
      deployments: follow("/apis/apps/v1/deployments"),
      events: follow("/api/v1/events", settings.normalEvents ? undefined : "type!=Normal"),
    };
    this.#caches = caches;
    this.#rounds = [
      startPeriodic({
        clock,
        intervalMs: () => this.configuration?.settings.intervalMs ?? EVENTS_MS,
        round: () => this.#round(caches),
      }),
      startPeriodic({ clock, intervalMs: () => EVENTS_MS, round: () => this.#events(caches) }),
    ];
  }

  failures(): readonly string[] {
    const lists = Object.values(this.#caches ?? {}) as readonly ObjectCache[];
    return [
      ...lists.flatMap(({ path, state }) => {
        const { failure } = state();
        return failure === undefined ? [] : [`${path}: ${failure}`];
      }),
      ...this.#rounds.flatMap((round) => round.failure() ?? []),
    ];
  }

  async stop(): Promise<void> {
    for (const round of this.#rounds) await round.stop();
    const caches = Object.values(this.#caches ?? {}) as readonly ObjectCache[];
    await Promise.all(caches.map((cache) => cache.stop()));
  }

  /** One round of all that is taken by the interval. False until the lists were read. */
  #round(caches: Caches): boolean {
    const { configuration } = this;
    const { pods, services, nodes, volumes, deployments } = caches;
    if (configuration === undefined) return false;
    if (![pods, services, nodes].every((cache) => cache.state().synced)) return false;
    const round = this.#roundNow();
    const kept = (cache: ObjectCache): readonly JsonObject[] =>
      [...cache.values()].filter((object) => !isFiltered(configuration.settings, nameOf(object)));
    const keptPods = kept(pods);
    const allNodes = [...nodes.values()];
    const { environment } = this.#options.settings;
    const put = this.#putter(configuration);
    put(recordTypes.nodeInventory, () => allNodes.map((node) => nodeInventory(node, round)));
    put(recordTypes.containerNodeInventory, () =>
      allNodes.map((node) => containerNodeInventory(node, round)),
    );
    put(recordTypes.podInventory, () => {
      const serviceOf = servicesByPods(services.values());
      return keptPods.flatMap((pod) => podInventory(pod, serviceOf, round));
    });
    put(recordTypes.containerInventory, () =>
      keptPods.flatMap((pod) => containerInventory(pod, { time: round.time, environment })),
    );
    put(recordTypes.services, () => kept(services).map((one) => serviceInventory(one, round)));
    put(recordTypes.persistentVolumes, () =>
      [...volumes.values()]
        .filter((one) => !isFiltered(configuration.settings, claimOf(one)))
        .map((one) => volumeInventory(one, round)),
    );
    put(recordTypes.perf, () => [
      ...allNodes.flatMap((node) => nodeCapacity(node, round)),
      ...keptPods.flatMap((pod) =>
        containerResources(pod, nodes.get("", text(pod, "spec", "nodeName")), round),
      ),
    ]);
    put(recordTypes.insightsMetrics, () =>
      kept(deployments).map((one) => deploymentMetric(one, round)),
    );
    return true;
  }

  /** Events that were not sent yet. */
  #events({ events }: Caches): boolean {
    const { configuration } = this;
    if (configuration === undefined || !events.state().synced) return false;
    const round = this.#roundNow();
    const keys = new Set<string>();
    const fresh: AgentRecord[] = [];
    for (const event of events.values()) {
      const key = eventKey(event);
      keys.add(key);
      const record = eventRecord(event, round);
      const about = { name: String(record["Name"]), namespace: String(record["Namespace"]) };
      if (!this.#seen.has(key) && !isFiltered(configuration.settings, about)) fresh.push(record);
    }
    if (!isCollected(configuration.streams, recordTypes.events)) return true;
    if (fresh.length > 0 && !this.#intake.put(recordTypes.events, fresh)) return false;
    this.#seen.keep(keys);
    return true;
  }

  #putter({ streams }: LogsConfiguration) {
    return (type: RecordType, records: () => readonly AgentRecord[]): void => {
      if (!isCollected(streams, type)) return;
      const made = records();
      if (made.length > 0) this.#intake.put(type, made);
    };
  }

  #roundNow(): Round {
    const { scope, clock } = this.#options;
    return { scope, time: batchTime(clock.nowMs()) };
  }
}

/** A volume is of the namespace of its claim. */
const claimOf = (volume: JsonObject): { readonly name: string; readonly namespace: string } => ({
  name: text(volume, "spec", "claimRef", "name"),
  namespace: text(volume, "spec", "claimRef", "namespace"),
});
