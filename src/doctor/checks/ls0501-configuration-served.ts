/** LS0501: a cluster's agents get their configuration, first from the global host, then from their own endpoint. */
import type { ResourceId } from "../../arm/index.ts";
import { cloud } from "../../azure/index.ts";
import type { Reason } from "../../core/index.ts";
import { configurationAccess, pathToHost, publicOrigin, servedHosts } from "../../rules/index.ts";
import { fail, pass, skipped, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { unreadLinks, untold } from "../way/untold.ts";
import { chainOf, eachCluster, nameOf, restartAgents } from "../way/words.ts";

interface Answer {
  readonly kind: "served" | "refused" | "unreached" | "untold";
  readonly host: string;
  readonly reasons: readonly Reason[];
}

/** Asks as an agent does: the global host, and where that sends it. */
function ask(facts: CheckFacts, way: ClusterWay, vnetId: ResourceId | undefined): Answer {
  const { graph } = facts;
  let host: string = cloud.globalHandlerHost;
  // The service redirects once; an endpoint never does.
  for (let turn = 0; turn < 2; turn++) {
    const served = servedHosts(graph).get(host);
    const path = pathToHost(graph, { host, vnetId });
    const origin = vnetId === undefined ? publicOrigin : path.origin;
    if (
      origin?.kind !== "private" &&
      untold(facts, way, { reasons: path.reasons, addresses: path.resolution.addresses }) !==
        undefined
    ) {
      return { kind: "untold", host, reasons: path.reasons };
    }
    if (served === undefined || origin === undefined) {
      return { kind: "unreached", host, reasons: path.reasons };
    }
    const access = configurationAccess(graph, { origin, host: served, clusterId: way.id });
    const reasons = [...path.reasons, ...access.reasons];
    if (access.kind === "serve") return { kind: "served", host, reasons };
    if (access.kind === "refuse") {
      const hidden = unreadLinks(facts);
      if (hidden === undefined) return { kind: "refused", host, reasons };
      const says = `Whether a scope links it is not known: ${hidden}`;
      const unread = { rule: "scope.links-unread", says, source: "the facts that were read" };
      return { kind: "untold", host, reasons: [...reasons, unread] };
    }
    host = access.endpoint.slice("https://".length);
  }
  return { kind: "refused", host, reasons: [] };
}

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  if (!way.metricsOn && (!way.logsOn || way.isLegacy)) {
    return [skipped(way.id, `No agent of ${way.name} asks for configuration.`)];
  }
  const networks = way.vnetIds.filter((id) => facts.graph.get(id) !== undefined);
  if (networks.length === 0 && way.wants !== undefined) {
    return [
      unknown(
        way.id,
        `The network of ${way.name} was not read, so that the way of its agents cannot be followed.`,
      ),
    ];
  }
  return (networks.length === 0 ? [undefined] : networks).map((vnetId) =>
    judge(way, vnetId, ask(facts, way, vnetId)),
  );
}

function judge(
  way: ClusterWay,
  vnetId: ResourceId | undefined,
  { kind, host, reasons }: Answer,
): Finding {
  const from = vnetId === undefined ? "the internet" : nameOf(vnetId);
  const chain = chainOf(way, vnetId);
  const why = reasons.at(-1)?.says ?? "";
  switch (kind) {
    case "served":
      return pass(
        way.id,
        `The agents of ${way.name} get their configuration from ${from} at ${host}.`,
        { chain, reasons },
      );
    case "untold":
      return unknown(
        way.id,
        `Whether the agents of ${way.name} reach ${host} is not known: ${why}`,
        { chain, reasons },
      );
    case "unreached":
      return fail(way.id, `The agents of ${way.name} do not reach ${host} from ${from}: ${why}`, {
        chain,
        reasons,
        fixes: [restartAgents],
      });
    case "refused":
      return fail(way.id, `${host} gives the agents of ${way.name} no configuration: ${why}`, {
        chain,
        reasons,
        fixes: [restartAgents],
      });
  }
}

export const configurationServed: Check = {
  id: "LS0501",
  title: "the agents get their configuration",
  severity: "error",
  phase: "agent",
  dependsOn: [
    "LS0202",
    "LS0205",
    "LS0207",
    "LS0208",
    "LS0301",
    "LS0303",
    "LS0304",
    "LS0305",
    "LS0306",
    "LS0307",
    "LS0401",
    "LS0402",
  ],
  failureModes: ["F01", "F02", "F07"],
  retryMs: 3 * 60 * 1000,
  run: (facts) => eachCluster(facts, (way) => look(facts, way)),
};
