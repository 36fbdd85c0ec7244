/** LS0308: the scope's blob zone hides no storage account of others. */
import { idKey } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { resolveName, storageAccountsOf } from "../../rules/index.ts";
import { fail, pass } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import { waysOf } from "../way/cluster-way.ts";
import { nameOf } from "../way/words.ts";

const shown = 5;

function look({ graph }: CheckFacts, vnetId: ResourceId): readonly Finding[] {
  const linked = storageAccountsOf(graph).filter(({ isLinked }) => isLinked);
  const answers = linked.map((account) => ({
    account,
    answer: resolveName(graph, { name: account.blobHost, vnetId }),
  }));
  const hidden = answers.filter(
    ({ answer }) => answer.outcome === "nxdomain" && answer.answeredBy === "private-zone",
  );
  const [first] = hidden;
  if (first === undefined) {
    return [pass(vnetId, `No storage account is hidden in ${nameOf(vnetId)}.`)];
  }
  const names = hidden.slice(0, shown).map(({ account }) => account.name);
  const more = hidden.length > shown ? ` and ${hidden.length - shown} more` : "";
  const zone = first.answer.zone;
  const says = `In ${nameOf(vnetId)} the zone ${zone?.name ?? ""} hides ${names.join(", ")}${more}: storage accounts with private endpoints elsewhere, of which this zone has no record.`;
  return [
    fail(zone?.id ?? vnetId, says, {
      chain: [vnetId, ...hidden.map(({ account }) => account.id)],
      reasons: first.answer.reasons,
      fixes: [
        step(
          "Let the scope's private endpoint write its one record (scadvisorcontentpl) into the central blob zone, and link that one; or give the accounts records in this zone.",
        ),
      ],
    }),
  ];
}

export const blobZone: Check = {
  id: "LS0308",
  title: "the scope's blob zone hides no storage account of others",
  severity: "error",
  phase: "dns",
  dependsOn: [],
  failureModes: ["F27"],
  run: (facts) => {
    const networks = new Map(
      waysOf(facts).flatMap(({ vnetIds }) => vnetIds.map((id) => [idKey(id), id] as const)),
    );
    return [...networks.values()].flatMap((id) => look(facts, id));
  },
};
