/** LS0211: what a cluster sends through is closed to public networks. */
import { idKey, sameId } from "../../arm/index.ts";
import { ingestionAccess, odsAccess, publicOrigin } from "../../rules/index.ts";
import { pass, unknown, warn } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { waysOf } from "../way/cluster-way.ts";
import type { ClusterWay, Station } from "../way/cluster-way.ts";
import { az, eachPrivateCluster, nameOf, placeOf } from "../way/words.ts";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  return way.stations.flatMap((station) => {
    const shared = publicUsers(facts, station);
    return shared.length > 0 ? [kept(way, station, shared)] : [judge(facts, way, station)];
  });
}

/** Clusters that are public by design and send through the same resource: then it is open for them. */
const publicUsers = (facts: CheckFacts, { id }: Station): readonly ClusterWay[] =>
  waysOf(facts).filter(
    ({ wants, stations }) => wants === undefined && stations.some((one) => sameId(one.id, id)),
  );

const kept = (way: ClusterWay, { id, name }: Station, users: readonly ClusterWay[]): Finding =>
  pass(
    id,
    `${name} stays open for ${users.map((user) => user.name).join(", ")}, which have no private link.`,
    {
      chain: [way.id],
    },
  );

function judge({ graph }: CheckFacts, way: ClusterWay, { id, name, kind, uses }: Station): Finding {
  const verdict =
    kind === "dce"
      ? ingestionAccess(graph, { origin: publicOrigin, dceId: id })
      : odsAccess(graph, { origin: publicOrigin, workspaceId: id });
  const { reasons } = verdict;
  const chain = [way.id];
  if (verdict.outcome === "unknown") {
    return unknown(id, reasons.at(-1)?.says ?? "", { chain, reasons });
  }
  if (verdict.outcome === "deny") {
    return pass(id, `${name} refuses public networks.`, { chain, reasons });
  }
  const says = `${name}, which ${way.name} uses for ${uses.join(" and ")}, still takes traffic from public networks: data that flows proves nothing about the way it took.`;
  return warn(id, says, { chain, reasons, fixes: [closing(kind, id)] });
}

/** The command that closes an endpoint or a workspace to public networks. */
export const closing = (kind: Station["kind"], id: string) =>
  kind === "dce"
    ? az(
        `Close ${nameOf(id)} to public networks, once every cluster that uses it is on the private link.`,
        "monitor data-collection endpoint update",
        {
          "--name": nameOf(id),
          "--public-network-access": "Disabled",
          ...placeOf(id),
        },
      )
    : az(
        `Close ${nameOf(id)} to ingestion from public networks, once everyone who sends to it is on a private link.`,
        "monitor log-analytics workspace update",
        {
          "--workspace-name": nameOf(id),
          "--ingestion-access": "Disabled",
          ...placeOf(id),
        },
      );

export const publicAccess: Check = {
  id: "LS0211",
  title: "what the cluster sends through is closed to public networks",
  severity: "warning",
  phase: "control",
  dependsOn: ["LS0307", "LS0701"],
  failureModes: ["F12"],
  run: (facts) => onceEach(eachPrivateCluster(facts, (way) => look(facts, way))),
};

/** One finding for each resource, however many clusters use it. */
function onceEach(findings: readonly Finding[]): readonly Finding[] {
  const bySubject = new Map<string, Finding>();
  for (const finding of findings) {
    const key = idKey(finding.subject);
    const before = bySubject.get(key);
    bySubject.set(
      key,
      before === undefined ? finding : { ...before, chain: [...before.chain, ...finding.chain] },
    );
  }
  return [...bySubject.values()];
}
