/** LS0606: Grafana's identity may read the metrics workspace. */
import { dataActions } from "../../azure/index.ts";
import { roleAccess, types } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check } from "../check.ts";
import { listing } from "../facts.ts";
import { az, nameOf } from "../way/words.ts";
import { grafanaSources } from "./ls0605-grafana-endpoint.ts";

export const grafanaRole: Check = {
  id: "LS0606",
  title: "Grafana's identity may read the metrics workspace",
  severity: "error",
  phase: "data",
  dependsOn: ["LS0101"],
  failureModes: ["F16"],
  retryMs: 30 * 60 * 1000,
  run: (facts) =>
    grafanaSources(facts).map(({ grafana, workspaceId, ways }) => {
      const chain = [workspaceId, ...ways.map(({ id }) => id)];
      const { principalId } = grafana;
      if (principalId === undefined) {
        return unknown(grafana.id, `Which identity ${grafana.name} asks with is not told.`, {
          chain,
        });
      }
      const ask = { principalId, dataAction: dataActions.readMetrics, scope: workspaceId };
      const { outcome, reasons } = roleAccess(facts.graph, ask);
      if (outcome === "allow") {
        return pass(grafana.id, `${grafana.name} may read ${nameOf(workspaceId)}.`, {
          chain,
          reasons,
        });
      }
      const why = listing(facts, workspaceId, types.roleAssignment);
      if (why !== undefined) return unknown(grafana.id, why, { chain });
      const says = `The identity of ${grafana.name} (${principalId}) has no role that reads ${nameOf(workspaceId)}: its queries get 403.`;
      const fixes = [
        az("Let it read.", "role assignment create", {
          "--assignee-object-id": principalId,
          "--role": "Monitoring Data Reader",
          "--scope": workspaceId,
        }),
      ];
      return fail(grafana.id, says, { chain, reasons, fixes });
    }),
};
