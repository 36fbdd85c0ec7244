/** What the agent of a node takes beside its files: performance by the kubelet, heartbeats, and facts of its pods. */
import { listAt, nodeView, openTransport, stringAt } from "../../client/index.ts";
import type {
  JsonObject,
  KubernetesClient,
  LogsConfiguration,
  Transport,
} from "../../client/index.ts";
import { CodedError } from "../../core/index.ts";
import type { Clock, Random } from "../../core/index.ts";
import type { ContainerFacts } from "../logs/collection-plan.ts";
import type { LogsAgentSettings } from "../logs/logs-settings.ts";
import type { RecordSource } from "../logs/logs-agent.ts";
import type { RecordIntake } from "../logs/record-intake.ts";
import { isCollected, recordTypes } from "../logs/record-types.ts";
import type { Round } from "./cluster-records.ts";
import { batchTime, text } from "./inventory-scope.ts";
import type { InventoryScope } from "./inventory-scope.ts";
import { startObjectCache } from "./object-cache.ts";
import type { ObjectCache } from "./object-cache.ts";
import { heartbeat, nodeMetrics, usageRecords } from "./perf-records.ts";
import { startPeriodic } from "./periodic.ts";
import type { Periodic } from "./periodic.ts";
import { podFacts } from "./pod-facts.ts";

export interface NodeAgentOptions {
  /** The node's name. */
  readonly node: string;
  /** Absent: heartbeats only. */
  readonly client?: KubernetesClient;
  readonly scope: InventoryScope;
  readonly settings: LogsAgentSettings;
  readonly clock: Clock;
  readonly random: Random;
}

export interface NodeAgent extends RecordSource {
  readonly facts: ContainerFacts;
  failures(): readonly string[];
}

const HEARTBEAT_MS = 60_000;
const KUBELET_TIMEOUT_MS = 5_000;

/** An agent of a node. It follows the node and its pods at once, and sends when the first configuration is taken. */
export function nodeAgent(options: NodeAgentOptions): NodeAgent {
  return new RunningNodeAgent(options);
}

class RunningNodeAgent implements NodeAgent {
  readonly #options: NodeAgentOptions;
  readonly #nodes: ObjectCache | undefined;
  readonly #pods: ObjectCache | undefined;
  /** To the kubelet, which makes its own certificate; what authenticates it is the cluster's network (as Azure's agent has it). */
  readonly #kubelet: Transport;
  readonly facts: ContainerFacts;
  #configuration: LogsConfiguration | undefined;
  #rounds: readonly Periodic[] = [];

  constructor(options: NodeAgentOptions) {
    this.#options = options;
    const { client, clock, random, node, settings } = options;
    this.#kubelet = openTransport({ clock, verify: false });
    if (client !== undefined) {
      const source = { client, clock, random };
      this.#nodes = startObjectCache(source, "/api/v1/nodes", `metadata.name=${node}`);
      this.#pods = startObjectCache(source, "/api/v1/pods", `spec.nodeName=${node}`);
    }
    this.facts = podFacts(this.#pods, settings);
  }

  take(configuration: LogsConfiguration, intake: RecordIntake): void {
    this.#configuration = configuration;
    if (this.#rounds.length > 0) return;
    const { clock } = this.#options;
    this.#rounds = [
      startPeriodic({
        clock,
        intervalMs: () => HEARTBEAT_MS,
        round: () => this.#heartbeat(intake),
      }),
      ...(this.#nodes === undefined
        ? []
        : [
            startPeriodic({
              clock,
              intervalMs: () => this.#configuration?.settings.intervalMs ?? HEARTBEAT_MS,
              round: () => this.#performance(intake),
            }),
          ]),
    ];
  }

  failures(): readonly string[] {
    const { node } = this.#options;
    const lists = [this.#nodes, this.#pods].flatMap((cache) => cache?.state().failure ?? []);
    return [...lists, ...this.#rounds.flatMap((round) => round.failure() ?? [])].map(
      (says) => `${node}: ${says}`,
    );
  }

  async stop(): Promise<void> {
    for (const round of this.#rounds) await round.stop();
    await Promise.all([this.#nodes?.stop(), this.#pods?.stop()]);
    this.#kubelet.close();
  }

  #heartbeat(intake: RecordIntake): boolean {
    const { node } = this.#options;
    const object = this.#node();
    if (this.#nodes !== undefined && object === undefined) return false;
    const osName = text(object, "status", "nodeInfo", "osImage");
    const addresses = listAt(object ?? null, "status", "addresses")
      .filter((one) => stringAt(one, "type") === "InternalIP")
      .map((one) => text(one, "address"));
    intake.put(recordTypes.heartbeat, [
      heartbeat({ name: node, osName, addresses }, this.#round()),
    ]);
    return true;
  }

  async #performance(intake: RecordIntake): Promise<boolean> {
    const configuration = this.#configuration;
    const object = this.#node();
    if (configuration === undefined || object === undefined) return false;
    const { streams, settings } = configuration;
    const isWanted =
      isCollected(streams, recordTypes.perf) || isCollected(streams, recordTypes.insightsMetrics);
    if (!isWanted) return true;
    const summary = await this.#summary(object);
    const what = { node: this.#options.node, settings, round: this.#round() };
    if (isCollected(streams, recordTypes.perf)) {
      intake.put(recordTypes.perf, usageRecords(summary, what));
    }
    if (isCollected(streams, recordTypes.insightsMetrics)) {
      intake.put(recordTypes.insightsMetrics, nodeMetrics(summary, what));
    }
    return true;
  }

  #node(): JsonObject | undefined {
    return this.#nodes?.get("", this.#options.node);
  }

  #round(): Round {
    const { scope, clock } = this.#options;
    return { scope, time: batchTime(clock.nowMs()) };
  }

  /**
   * The kubelet's `/stats/summary`: directly, with the agent's own token; where it cannot be reached, as from outside of the
   * cluster, or there is no token, by way of the API server, which asks for the right to the node's proxy.
   */
  async #summary(node: JsonObject): Promise<JsonObject> {
    const token = await this.#options.client?.token();
    const byProxy = (): Promise<JsonObject> | undefined =>
      this.#options.client?.read(
        `/api/v1/nodes/${encodeURIComponent(this.#options.node)}/proxy/stats/summary`,
        {},
      );
    if (token === undefined) return (await byProxy()) ?? {};
    try {
      return await this.#askKubelet(node, token);
    } catch (error) {
      const isAway =
        error instanceof CodedError &&
        (error.code === "ConnectionFailed" || error.code === "RequestTimedOut");
      if (!isAway) throw error;
      const found = await byProxy()?.catch(() => undefined);
      if (found === undefined) throw error;
      return found;
    }
  }

  async #askKubelet(node: JsonObject, token: string): Promise<JsonObject> {
    const { addresses, kubeletPort } = nodeView(node);
    const address = addresses.find(([type]) => type === "InternalIP")?.[1] ?? "";
    const host = address.includes(":") ? `[${address}]` : address;
    const url = `https://${host}:${kubeletPort}/stats/summary`;
    const response = await this.#kubelet.send({
      method: "GET",
      url,
      headers: { authorization: `Bearer ${token}` },
      timeoutMs: KUBELET_TIMEOUT_MS,
    });
    if (response.status !== 200) {
      const says = response.body.toString("utf8").slice(0, 200).trim();
      throw new CodedError(
        "KubeletRefused",
        `${url} answered ${response.status}: ${says}. The agent needs the right to get nodes/stats, and a token.`,
      );
    }
    return JSON.parse(response.body.toString("utf8")) as JsonObject;
  }
}
