/** LS0503: the agents in the pods have what they need: their files are there, and the services answered them. */
import { stringAt } from "../../arm/index.ts";
import type { RequestSeen } from "../../snapshot/index.ts";
import { fail, pass, skipped, waiting } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { probesInside } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { chainOf, eachPrivateCluster, restartAgents } from "../way/words.ts";

/** The health page waits fifteen minutes for configuration before it fails. @see github.com/Azure/prometheus-collector otelcollector/main/main.go */
const graceMs = 15 * 60 * 1000;

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const fragments = probesInside(facts, { clusterId: way.id, vnetId: way.vnetIds[0] });
  const files = fragments.flatMap((fragment) => fragment.files);
  const requests = fragments.flatMap((fragment) => fragment.requests);
  if (files.length === 0 && requests.length === 0) {
    return [
      skipped(
        way.id,
        `Nobody has looked into the agents' pods of ${way.name}: ./linkscope probe --emit sh.`,
      ),
    ];
  }
  const symptoms = [
    ...files.filter(({ present }) => !present).map(({ path }) => `${path} is missing`),
    ...requests
      .filter(isBad)
      .map(
        ({ host, purpose, status, code }) =>
          `${purpose} at ${host} got ${status === 0 ? "no answer" : status}${code === "" ? "" : ` ${code}`}`,
      ),
  ];
  const chain = chainOf(way);
  if (symptoms.length === 0)
    return [pass(way.id, `The agents of ${way.name} have configuration and tokens.`, { chain })];
  const ageMs = facts.takenAtMs - changedMs(facts, way);
  if (ageMs >= 0 && ageMs < graceMs) {
    const says = `${symptoms.join("; ")}; the association of ${way.name} is ${Math.floor(ageMs / 60_000)} minutes old, and agents have ${graceMs / 60_000} to come up.`;
    return [waiting(way.id, says, { chain })];
  }
  return [
    fail(way.id, `Inside ${way.name} ${symptoms.join("; ")}.`, { chain, fixes: [restartAgents] }),
  ];
}

/** What agents themselves ask; queries are people's, and closed by design where they are. */
const asked: ReadonlySet<string> = new Set([
  "configuration",
  "metrics-ingestion",
  "logs-ingestion",
  "logs-ingestion-dce",
]);

/** A 421 is how the global host sends an agent on; without a token that fits, an answer says nothing of the agents. */
function isBad({ purpose, status, authenticated }: RequestSeen): boolean {
  const works = (status >= 200 && status < 300) || status === 421;
  if (purpose === "health") return !works;
  return asked.has(purpose) && !works && (status === 0 || authenticated);
}

/** When the association was last changed, where Azure tells. */
function changedMs({ graph }: CheckFacts, { configuration }: ClusterWay): number {
  const data = graph.get(configuration?.id ?? "")?.systemData;
  return Date.parse(stringAt(data, "lastModifiedAt") ?? stringAt(data, "createdAt") ?? "");
}

export const agentState: Check = {
  id: "LS0503",
  title: "the agents have configuration and tokens",
  severity: "error",
  phase: "agent",
  dependsOn: ["LS0201", "LS0202", "LS0310", "LS0403", "LS0404", "LS0406", "LS0501"],
  failureModes: ["F07", "F33"],
  retryMs: graceMs,
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
