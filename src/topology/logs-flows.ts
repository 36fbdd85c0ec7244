/** The paths of a cluster's logs, and of the outside to each Log Analytics workspace. */
import { idKey, isObject, listAt, sameId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, ResourceId } from "../arm/index.ts";
import { cloud } from "../azure/index.ts";
import type { Outcome } from "../core/index.ts";
import {
  associationsWith,
  dceOf,
  ingestionAccess,
  lawOf,
  lawsOf,
  logsQueryAccess,
  odsAccess,
  publicOrigin,
} from "../rules/index.ts";
import type { LawView } from "../rules/index.ts";
import { outsideId } from "./flow-of.ts";
import type { Question } from "./flow-of.ts";
import type { Flow, FlowVerdict } from "./topology.ts";

/** What a cluster sends logs by: a rule with its workspace, or for a legacy agent the workspace alone. */
export interface LogsWay {
  readonly law: LawView;
  readonly rule: ArmResource | undefined;
}

/** Where a cluster's logs go: by the rules that run ContainerInsights, and by the addon where it is enabled. */
export function logsWaysOf(graph: Graph, cluster: ArmResource): readonly LogsWay[] {
  const byRule = associationsWith(graph, cluster.id).flatMap(({ dcrId }): readonly LogsWay[] => {
    const rule = dcrId === undefined ? undefined : graph.get(dcrId);
    if (!runsContainerInsights(rule)) return [];
    return lawIdsOf(rule).flatMap((id) => {
      const law = lawOf(graph, id);
      return law === undefined ? [] : [{ law, rule }];
    });
  });
  const law = lawOf(graph, addonWorkspace(cluster) ?? "");
  const isNew = law !== undefined && !byRule.some((way) => sameId(way.law.id, law.id));
  return isNew ? [...byRule, { law, rule: undefined }] : byRule;
}

const runsContainerInsights = (rule: ArmResource | undefined): boolean =>
  listAt(rule?.properties, "dataSources", "extensions").some(
    (extension) => stringAt(extension, "extensionName")?.toLowerCase() === "containerinsights",
  );

/** The Log Analytics workspaces that a rule sends to. */
export const lawIdsOf = (rule: ArmResource | undefined): readonly ResourceId[] =>
  listAt(rule?.properties, "destinations", "logAnalytics").flatMap(
    (destination) => stringAt(destination, "workspaceResourceId") ?? [],
  );

/** The workspace of the monitoring addon, where it is enabled; its keys are spelled in any case. */
function addonWorkspace({ properties }: ArmResource): ResourceId | undefined {
  const addon = valueOf(properties["addonProfiles"], "omsagent");
  if (valueOf(addon, "enabled") !== true) return undefined;
  const id = valueOf(valueOf(addon, "config"), "logAnalyticsWorkspaceResourceID");
  return typeof id === "string" ? id : undefined;
}

const valueOf = (value: Json | undefined, key: string): Json | undefined =>
  isObject(value)
    ? Object.entries(value).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1]
    : undefined;

/** The requests that a cluster makes for its logs: to the workspace, to an ingestion endpoint at high scale, and queries. */
export function logsQuestions(graph: Graph, cluster: ArmResource): readonly Question[] {
  const ways = logsWaysOf(graph, cluster);
  const laws = [...new Map(ways.map(({ law }) => [idKey(law.id), law])).values()];
  return [
    ...laws.map((law) => odsQuestion(graph, law)),
    ...ways.flatMap((way) => highScaleQuestion(graph, way)),
    ...laws.map((law) => queryQuestion(graph, law)),
  ];
}

const odsQuestion = (graph: Graph, { id, hosts }: LawView): Question => ({
  path: "logs-ingestion",
  kinds: ["ods"],
  host: hosts.ods,
  targetId: id,
  beyond: [],
  alsoNames: [],
  access: (origin) => odsAccess(graph, { origin, workspaceId: id }),
});

function highScaleQuestion(graph: Graph, { law, rule }: LogsWay): readonly Question[] {
  const streams = listAt(rule?.properties, "dataFlows").flatMap((flow) => listAt(flow, "streams"));
  const isHighScale = streams.some((name) => String(name).endsWith("-HighScale"));
  const dce = dceOf(graph, stringAt(rule?.properties, "dataCollectionEndpointId") ?? "");
  if (!isHighScale || dce?.logsHost === undefined) return [];
  return [
    {
      path: "logs-ingestion-dce",
      kinds: ["logs-ingestion"],
      host: dce.logsHost,
      targetId: dce.id,
      beyond: [law.id],
      alsoNames: [],
      access: (origin) => ingestionAccess(graph, { origin, dceId: dce.id }),
    },
  ];
}

const queryQuestion = (graph: Graph, { id }: LawView): Question => ({
  path: "logs-query",
  kinds: ["logs-query"],
  host: cloud.logsQueryHost,
  targetId: id,
  beyond: [],
  alsoNames: [],
  access: (origin) => logsQueryAccess(graph, { origin, workspaceId: id, way: "direct" }),
});

const verdicts: Readonly<Record<Outcome, FlowVerdict>> = {
  allow: "public",
  deny: "closed",
  unknown: "unknown",
};

/** What meets each workspace from outside: records, queries, and queries by Resource Manager, which come from no network. */
export function outsideLogsFlows(graph: Graph): readonly Flow[] {
  const origin = publicOrigin;
  return lawsOf(graph).flatMap(({ id: workspaceId, name }): readonly Flow[] => {
    const id = idKey(workspaceId);
    const flow = (of: Pick<Flow, "path" | "title"> & { kinds: readonly string[] }) => ({
      path: of.path,
      title: of.title,
      stops: [outsideId, id],
      counted: { kinds: of.kinds, resourceId: id, way: "public" },
      outsideReasons: [],
    });
    const records = odsAccess(graph, { origin, workspaceId });
    const queries = logsQueryAccess(graph, { origin, workspaceId, way: "direct" });
    const byArm = logsQueryAccess(graph, { origin, workspaceId, way: "arm" });
    return [
      {
        ...flow({ path: "outside", title: `outside: ${name}`, kinds: ["ods", "oms"] }),
        id: `outside ${id}`,
        verdict: verdicts[records.outcome],
        reasons: records.reasons,
      },
      {
        ...flow({ path: "outside", title: `outside: queries of ${name}`, kinds: ["logs-query"] }),
        id: `outside query ${id}`,
        verdict: verdicts[queries.outcome],
        reasons: queries.reasons,
      },
      {
        ...flow({
          path: "logs-query-arm",
          title: `Resource Manager: ${name}`,
          kinds: ["logs-query-arm"],
        }),
        id: `logs-query-arm ${id}`,
        verdict: verdicts[byArm.outcome],
        reasons: byArm.reasons,
      },
    ];
  });
}
