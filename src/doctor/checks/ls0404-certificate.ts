/** LS0404: the certificate that a cluster sees is the service's own: nothing on the way re-signs it. */
import { idKey } from "../../arm/index.ts";
import type { ConnectionSeen } from "../../snapshot/index.ts";
import { fail, pass, skipped } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { probesInside } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { chainOf, eachPrivateCluster, restartAgents } from "../way/words.ts";

/** Who signs for Azure's services; and the platform's own authority, which signs for them here. @see learn.microsoft.com/azure/security/fundamentals/azure-ca-details */
const signers = ["microsoft", "digicert", "linkscope"];

const isResigned = ({ outcome, issuer }: ConnectionSeen): boolean =>
  outcome === "untrusted" ||
  (outcome === "connected" &&
    issuer !== "" &&
    !signers.some((signer) => issuer.toLowerCase().includes(signer)));

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const seen = probesInside(facts, { clusterId: way.id, vnetId: way.vnetIds[0] }).flatMap(
    ({ connections }) => connections,
  );
  if (seen.length === 0) {
    return [
      skipped(
        way.id,
        `Nobody has looked at certificates inside ${way.name}: ./linkscope probe --emit sh.`,
      ),
    ];
  }
  const resigned = seen.find(isResigned);
  if (resigned === undefined) {
    return [
      pass(
        way.id,
        `${seen.length} connections inside ${way.name} saw the services' own certificates.`,
      ),
    ];
  }
  const by = resigned.issuer === "" ? "an authority that is not trusted" : resigned.issuer;
  const says = `Inside ${way.name} the certificate of ${resigned.host} is signed by ${by}, not by Microsoft or DigiCert: something on the way opens the connection.`;
  const fixes = [
    step(
      "Take the monitoring hosts out of TLS inspection (firewall or proxy), best by letting the private endpoint's addresses go past it.",
    ),
    restartAgents,
  ];
  return [fail(way.id, says, { chain: chainOf(way, idKey(way.id)), fixes })];
}

export const certificate: Check = {
  id: "LS0404",
  title: "the cluster sees the services' own certificates",
  severity: "error",
  phase: "network",
  dependsOn: ["LS0401", "LS0403"],
  failureModes: ["F10"],
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
