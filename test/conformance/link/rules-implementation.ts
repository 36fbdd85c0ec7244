/** The rules as an implementation of the cases: pure functions, no socket. */
import { parseId } from "../../../src/arm/index.ts";
import type { Graph } from "../../../src/arm/index.ts";
import type { Reason, Verdict } from "../../../src/core/index.ts";
import {
  configurationAccess,
  endpointsOf,
  ingestionAccess,
  logsQueryAccess,
  odsAccess,
  originOfEndpoint,
  pathToHost,
  publicOrigin,
  resolveName,
  servedHosts,
  workspaceQueryAccess,
} from "../../../src/rules/index.ts";
import type { Origin } from "../../../src/rules/index.ts";
import type { Question } from "./case-graph.ts";
import type { Answer } from "./given.ts";

const ids = (reasons: readonly Reason[]): readonly string[] => reasons.map(({ rule }) => rule);
const nameOf = (id: string): string => parseId(id)?.name ?? id;

/** Answers a question by the rules alone. */
export function answerByRules(graph: Graph, question: Question): Answer {
  if (question.ask === "resolve") return resolve(graph, question);
  const { origin, reasons } = arrival(graph, question);
  if (origin === undefined) return { outcome: "unreachable", rules: ids(reasons) };
  const rules = (more: readonly Reason[]): readonly string[] => ids([...reasons, ...more]);
  const { targetId = "", clusterId = "" } = question;
  const verdict = verdictOf(graph, { ask: question.ask, origin, targetId });
  if (verdict !== undefined) return { outcome: verdict.outcome, rules: rules(verdict.reasons) };
  const host = servedHosts(graph).get(question.host);
  if (host === undefined) throw new Error(`${question.host} is not served`);
  const access = configurationAccess(graph, { origin, host, clusterId });
  const detail = access.kind === "redirect" ? nameOf(access.dceId) : undefined;
  return { outcome: access.kind, detail, rules: rules(access.reasons) };
}

function verdictOf(
  graph: Graph,
  {
    ask,
    origin,
    targetId,
  }: { readonly ask: Question["ask"]; readonly origin: Origin; readonly targetId: string },
): Verdict | undefined {
  switch (ask) {
    case "ingest":
    case "write-logs":
      return ingestionAccess(graph, { origin, dceId: targetId });
    case "query":
      return workspaceQueryAccess(graph, { origin, workspaceId: targetId });
    case "send":
      return odsAccess(graph, { origin, workspaceId: targetId });
    case "logs":
      return logsQueryAccess(graph, { origin, workspaceId: targetId, way: "direct" });
    case "arm-logs":
      return logsQueryAccess(graph, { origin, workspaceId: targetId, way: "arm" });
    case "configuration":
    case "resolve":
      return undefined;
  }
}

function arrival(
  graph: Graph,
  { from, host }: Question,
): { readonly origin?: Origin | undefined; readonly reasons: readonly Reason[] } {
  // Outside there is one public DNS and one way in; its reasons would be the same in every case.
  if (from.kind === "public") return { origin: publicOrigin, reasons: [] };
  if (from.kind === "vnet") return pathToHost(graph, { host, vnetId: from.vnetId });
  const { verdict, origin } = originOfEndpoint(graph, from.endpointId);
  return { origin, reasons: verdict.reasons };
}

function resolve(graph: Graph, { from, host, recordType }: Question): Answer {
  const vnetId = from.kind === "vnet" ? from.vnetId : undefined;
  const { outcome, addresses, reasons } = resolveName(graph, { name: host, vnetId, recordType });
  const holder = endpointsOf(graph).find((endpoint) =>
    endpoint.addresses.some(({ address }) => address === addresses[0]),
  );
  const detail = holder === undefined ? addresses[0] : holder.name;
  return { outcome, detail, rules: ids(reasons) };
}
