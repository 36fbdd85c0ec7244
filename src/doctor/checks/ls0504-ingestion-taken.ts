/** LS0504: what a cluster's agents send is taken. */
import type { ResourceId } from "../../arm/index.ts";
import { ingestionAccess, odsAccess, pathToHost, publicOrigin } from "../../rules/index.ts";
import type { Origin } from "../../rules/index.ts";
import type { Reason, Verdict } from "../../core/index.ts";
import { fail, pass, skipped, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay, Station } from "../way/cluster-way.ts";
import { unreadLinks, untold } from "../way/untold.ts";
import { chainOf, eachCluster, nameOf, restartAgents } from "../way/words.ts";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  if (!way.metricsOn && !way.logsOn) return [skipped(way.id, `${way.name} sends nothing.`)];
  const networks = way.vnetIds.filter((id) => facts.graph.get(id) !== undefined);
  if (networks.length === 0 && way.wants !== undefined) return [];
  const senders = way.stations.filter(({ uses }) => uses.some((use) => use !== "configuration"));
  return (networks.length === 0 ? [undefined] : networks).flatMap((vnetId) =>
    senders.map((station) => judge(facts, way, { station, vnetId })),
  );
}

function judge(
  facts: CheckFacts,
  way: ClusterWay,
  { station, vnetId }: { readonly station: Station; readonly vnetId: ResourceId | undefined },
): Finding {
  const { graph } = facts;
  const { id, kind } = station;
  const host = station.hosts.find((one) => kind === "law" || !one.includes(".handler.")) ?? "";
  const from = vnetId === undefined ? "the internet" : nameOf(vnetId);
  const path = pathToHost(graph, { host, vnetId });
  const origin = vnetId === undefined ? publicOrigin : path.origin;
  const chain = chainOf(way, vnetId);
  if (origin?.kind !== "private") {
    const { reasons } = path;
    const untellable = untold(facts, way, { reasons, addresses: path.resolution.addresses });
    if (untellable !== undefined) {
      const says = `Whether ${way.name} reaches ${host} is not known: ${untellable}`;
      return unknown(id, says, { chain, reasons });
    }
  }
  if (origin === undefined) {
    const why = path.reasons.at(-1);
    const { reasons } = path;
    return fail(id, `${way.name} does not reach ${host} from ${from}: ${why?.says ?? ""}`, {
      chain,
      reasons,
      fixes: [restartAgents],
    });
  }
  return taken(facts, { way, station, origin, before: path.reasons, from, chain });
}

interface Arrival {
  readonly way: ClusterWay;
  readonly station: Station;
  readonly origin: Origin;
  /** Why the way leads there. */
  readonly before: readonly Reason[];
  readonly from: string;
  readonly chain: readonly ResourceId[];
}

/** Whether the station takes what arrives there. */
function taken(
  facts: CheckFacts,
  { way, station: { id, name, kind }, origin, before, from, chain }: Arrival,
): Finding {
  const verdict: Verdict =
    kind === "dce"
      ? ingestionAccess(facts.graph, { origin, dceId: id })
      : odsAccess(facts.graph, { origin, workspaceId: id });
  const reasons = [...before, ...verdict.reasons];
  if (verdict.outcome === "allow") {
    return pass(id, `${name} takes what ${way.name} sends from ${from}.`, { chain, reasons });
  }
  const hidden = unreadLinks(facts);
  if (hidden !== undefined) {
    const says = `Whether ${name} takes what ${way.name} sends from ${from} is not known: ${hidden}`;
    return unknown(id, says, { chain, reasons });
  }
  const says = `${name} does not take what ${way.name} sends from ${from}: ${verdict.reasons.at(-1)?.says ?? ""}`;
  return verdict.outcome === "deny"
    ? fail(id, says, { chain, reasons, fixes: [restartAgents] })
    : unknown(id, says, { chain, reasons });
}

export const ingestionTaken: Check = {
  id: "LS0504",
  title: "what the agents send is taken",
  severity: "error",
  phase: "agent",
  dependsOn: [
    "LS0201",
    "LS0205",
    "LS0206",
    "LS0208",
    "LS0214",
    "LS0301",
    "LS0303",
    "LS0304",
    "LS0305",
    "LS0306",
    "LS0307",
    "LS0401",
    "LS0402",
  ],
  failureModes: ["F02", "F13"],
  retryMs: 5 * 60 * 1000,
  run: (facts) => eachCluster(facts, (way) => look(facts, way)),
};
