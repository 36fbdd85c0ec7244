/** LS0701: from outside, with a valid token, everything that is meant to be closed refuses. */
import { sameId } from "../../arm/index.ts";
import { servedHosts } from "../../rules/index.ts";
import type { RequestSeen } from "../../snapshot/index.ts";
import { fail, pass, skipped, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { probesOutside } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay, Station } from "../way/cluster-way.ts";
import { chainOf, eachPrivateCluster, nameOf } from "../way/words.ts";
import { closing } from "./ls0211-public-access.ts";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const requests = probesOutside(facts).flatMap((fragment) => fragment.requests);
  if (requests.length === 0) {
    return [
      skipped(
        way.id,
        "Nobody has tried from outside: ./linkscope probe there, and check --from outside.",
      ),
    ];
  }
  return way.stations.flatMap(({ id, kind }) =>
    requests
      .filter(({ host }) =>
        sameId(servedHosts(facts.graph).get(host.toLowerCase())?.resourceId, id),
      )
      .map((request) => judge(way, { id, kind }, request)),
  );
}

function judge(
  way: ClusterWay,
  { id, kind }: Pick<Station, "id" | "kind">,
  { host, status, authenticated, says: told }: RequestSeen,
): Finding {
  const chain = chainOf(way);
  if (status === 403) return pass(id, `${host} refuses outside (403).`, { chain });
  if (status === 0)
    return unknown(id, `${host} gave no answer outside, and no answer is no refusal: ${told}`, {
      chain,
    });
  if (!authenticated) {
    return unknown(
      id,
      `${host} answered ${status} outside to a request without a token; only one with a token tells.`,
      { chain },
    );
  }
  if (status >= 200 && status < 300) {
    return fail(
      id,
      `${host} took a request from outside (${status}): ${nameOf(id)} is open to public networks.`,
      { chain, fixes: [closing(kind, id)] },
    );
  }
  return unknown(
    id,
    `${host} answered ${status} outside, which is neither an answer nor a refusal.`,
    { chain },
  );
}

export const closedOutside: Check = {
  id: "LS0701",
  title: "from outside everything that is meant to be closed refuses",
  severity: "error",
  phase: "outside",
  dependsOn: [],
  failureModes: ["F12"],
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
