/** What a probe must ask so that proofs and checks can tell: made by asking for the evidence and writing down what was asked. */
import { idKey, stringAt } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { fixedAddresses } from "../../azure/index.ts";
import { collectEvidence, proofTarget } from "../../onboard/index.ts";
import type { LogsQuestion, ProbeRequest, Probes } from "../../onboard/index.ts";

export interface PlannedRequest {
  /** The path of the telemetry that it speaks of: `metrics-ingestion`. */
  readonly purpose: string;
  readonly request: ProbeRequest;
}

export interface ProbePlan {
  readonly clusterId: ResourceId;
  readonly vnetId: ResourceId | undefined;
  /** Names to resolve, hosts to connect to. */
  readonly hosts: readonly string[];
  readonly requests: readonly PlannedRequest[];
  readonly promql: { readonly host: string; readonly query: string } | undefined;
  readonly kql: readonly LogsQuestion[];
  /** Client ids of the identities whose tokens an agent of the cluster uses, the likeliest first. */
  readonly clientIds: readonly string[];
  /** Files that agents have once they are configured; a `*` stands for any name. */
  readonly files: readonly string[];
  /** Azure's own resolver, to be compared with the place's. */
  readonly azureResolver: string;
}

/**
 * Where the agents keep the configuration that they fetched.
 * @see Azure/prometheus-collector otelcollector/main/main.go; microsoft/Docker-Provider
 */
export const agentFiles: readonly string[] = [
  "/etc/mdsd.d/config-cache/metricsextension/TokenConfig.json",
  "/etc/mdsd.d/config-cache/configchunks/*.json",
];

/** The plan for one cluster; undefined when it is not in the graph. */
export async function probePlan(
  graph: Graph,
  clusterId: ResourceId,
): Promise<ProbePlan | undefined> {
  const target = proofTarget({ graph, unreadable: [] }, { clusterId });
  if (target === undefined) return undefined;
  const notes = noteTaker();
  const evidence = await collectEvidence(notes.probes, target);
  const purposes = new Map(evidence.map(({ id, host }) => [host, id as string]));
  return {
    clusterId: target.clusterId,
    vnetId: target.vnetId,
    hosts: [...notes.hosts],
    requests: notes.requests.map((request) => ({
      purpose: purposes.get(request.host) ?? "reach",
      request,
    })),
    promql: notes.promql[0],
    kql: notes.kql,
    clientIds: clientIdsOf(graph, target.clusterId),
    files: agentFiles,
    azureResolver: fixedAddresses.dns,
  };
}

/** Probes that answer nothing and write down what they were asked. */
function noteTaker() {
  const hosts = new Set<string>();
  const requests: ProbeRequest[] = [];
  const promql: { host: string; query: string }[] = [];
  const kql: LogsQuestion[] = [];
  const name = (asked: string) => {
    hosts.add(asked);
    return Promise.resolve({ name: asked, aliases: [], addresses: [], error: "not asked" });
  };
  const untried = { kind: "untried", says: "not asked" } as const;
  const probes: Probes = {
    resolveInside: name,
    resolvePublic: name,
    requestInside: (request) => {
      requests.push(request);
      return Promise.resolve(untried);
    },
    requestPublic: () => Promise.resolve(untried),
    newestSampleMs: ({ host, promql: query }) => {
      promql.push({ host, query });
      return Promise.resolve(null);
    },
    newestRecordMs: (question) => {
      kql.push(question);
      return Promise.resolve(null);
    },
  };
  return { probes, hosts, requests, promql, kql };
}

function clientIdsOf(graph: Graph, clusterId: ResourceId): readonly string[] {
  const cluster = graph.get(clusterId);
  const addons = cluster?.properties["addonProfiles"];
  const ofAddons = Object.entries(typeof addons === "object" && addons !== null ? addons : {})
    .filter(([name]) => idKey(name) === "omsagent")
    .flatMap(([, addon]) => stringAt(addon, "identity", "clientId") ?? []);
  const kubelet = stringAt(cluster?.properties, "identityProfile", "kubeletidentity", "clientId");
  // A client id is a GUID; anything else would stand in a URL of the script.
  return [...new Set([...ofAddons, ...(kubelet === undefined ? [] : [kubelet])])].filter((id) =>
    /^[0-9a-fA-F-]{36}$/.test(id),
  );
}
