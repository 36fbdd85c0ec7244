/** The closing changes of logs: the scope's modes, the endpoints, and the workspace's two public flags. */
import { isObject, sameId } from "../../arm/index.ts";
import type { JsonObject, ResourceId } from "../../arm/index.ts";
import { apiVersions } from "../arm-access.ts";
import { change, keep } from "../change.ts";
import { nameOf } from "../desired-collection.ts";
import { bodyOf, merged } from "../matching.ts";
import { closeDce, closeScope } from "../plan-closing.ts";
import type { Affected, Change, StaysPublic, Step } from "../plan-types.ts";
import { isLogWorkspace } from "./log-workspace.ts";
import { usersOfLogWorkspace } from "./log-workspace-users.ts";
import { closedDceBody } from "./plan-logs-collection.ts";
import type { LogsContext } from "./logs-context.ts";

/** With managed identity: the scope's modes, each endpoint, the workspace; all once data has come. */
export const planLogsClosing = (
  context: LogsContext,
  { endpointId }: { readonly endpointId: ResourceId },
): readonly Change[] => [
  closeScope(context, { endpointId, step: "close" }),
  ...context.collection.linkedIds
    .filter((id) => !isLogWorkspace(id))
    .map((dceId) => closeEndpoint(context, dceId)),
  closeWorkspace(context, { step: "close", flags: ["ingestion", "query"] }),
];

/** Of the legacy order: the workspace's public ingestion, first of all, and the scope's modes, before the addon. */
export const isolateWorkspace = (
  context: LogsContext,
  { endpointId }: { readonly endpointId: ResourceId },
): readonly [Change, Change] => [
  closeWorkspace(context, { step: "isolate", flags: ["ingestion"] }),
  closeScope(context, { endpointId, step: "isolate" }),
];

/** Of the legacy order: public queries, once data has come. */
export const closeQuery = (context: LogsContext, { before }: { readonly before: Change }): Change =>
  closeWorkspace(context, { step: "close", flags: ["query"], after: before });

/** An endpoint that the plan makes is closed from the first. */
function closeEndpoint(context: LogsContext, dceId: ResourceId): Change {
  const { graph } = context;
  if (graph.get(dceId) !== undefined) return closeDce(context, { dceId, made: closedDceBody("") });
  const at = { id: dceId, step: "close", apiVersion: apiVersions.dataCollection } as const;
  return keep(at, "asWanted", `The endpoint ${nameOf(dceId)} refuses public traffic.`);
}

type Flag = "ingestion" | "query";

const flagNames = {
  ingestion: "publicNetworkAccessForIngestion",
  query: "publicNetworkAccessForQuery",
} as const;

const askedBy = { ingestion: "--close-shared", query: "--close-query" } as const;

const isOpen = ({ workspace }: LogsContext, flag: Flag): boolean =>
  (flag === "ingestion" ? workspace.publicIngestion : workspace.publicQuery) !== "Disabled";

const isAsked = ({ request }: LogsContext, flag: Flag): boolean =>
  flag === "ingestion" ? request.closeShared : request.closeQuery;

/** The workspace's public flags: they change only where it is asked for. */
function closeWorkspace(
  context: LogsContext,
  asked: { readonly step: Step; readonly flags: readonly Flag[]; readonly after?: Change },
): Change {
  const { graph, found, request, workspace } = context;
  const { id, name } = workspace;
  const { step, flags } = asked;
  const at = { id, step, apiVersion: apiVersions.logWorkspace } as const;
  const open = flags.filter((flag) => isOpen(context, flag));
  const closing = open.filter((flag) => isAsked(context, flag));
  if (open.length === 0) {
    return keep(at, "asWanted", `The workspace ${name} refuses public ${wordsOf(flags)}.`);
  }
  if (closing.length === 0) {
    const says = `The workspace ${name} takes public ${wordsOf(open)}; ${open.map((flag) => askedBy[flag]).join(" and ")} ${open.length === 1 ? "closes them" : "close them"}.`;
    return keep(at, "notAsked", says);
  }
  const standing = graph.get(id);
  const base = asked.after?.after ?? (standing === undefined ? {} : bodyOf(standing));
  const closed = Object.fromEntries(closing.map((flag) => [flagNames[flag], "Disabled"]));
  const after = merged(base, { properties: closed });
  // Of a workspace that the plan makes nothing is known yet; it is as it was made.
  const before = found.get(id) === undefined ? {} : steady(base);
  const users = { workspaceId: id, clusterId: request.clusterId };
  const affects: readonly Affected[] = closing.flatMap((flag) =>
    usersOfLogWorkspace(graph, { ...users, flag }),
  );
  const says = `Close the workspace ${name} to public ${wordsOf(closing)}.`;
  const because = step === "isolate" ? "closedFirst" : "dataArrived";
  return change(
    { ...at, says, dependsOn: [id] },
    { action: "update", because, before, after, affects },
  );
}

const wordsOf = (flags: readonly Flag[]): string =>
  flags.map((flag) => (flag === "query" ? "queries" : "ingestion")).join(" and ");

/** Without what the service itself changes over time: when the cap resets, when the price tier was set. */
function steady(body: JsonObject): JsonObject {
  const own = isObject(body["properties"]) ? body["properties"] : {};
  const kept = Object.entries(own).filter(([name]) => !["workspaceCapping", "sku"].includes(name));
  return { ...body, properties: Object.fromEntries(kept) };
}

/** The paths that stay public after the changes, and the flag that would close each. */
export function logsStayPublic(
  context: LogsContext,
  changes: readonly Change[],
): readonly StaysPublic[] {
  const { workspace, logs } = context;
  const line = (
    path: StaysPublic["path"],
    id: ResourceId,
    flag: StaysPublic["flag"],
  ): StaysPublic => ({
    path,
    id,
    flag,
    says: `${path} stays public at ${nameOf(id)}; ${flag} closes it.`,
  });
  const dceLine = (path: StaysPublic["path"], id: ResourceId | undefined) =>
    changes.some((one) => sameId(one.id, id) && one.step === "close" && one.because === "shared")
      ? [line(path, id ?? "", "--close-shared")]
      : [];
  const flagLines = (flag: Flag, paths: readonly StaysPublic["path"][]) =>
    isOpen(context, flag) && !isAsked(context, flag)
      ? paths.map((path) => line(path, workspace.id, askedBy[flag]))
      : [];
  return [
    ...dceLine("configuration", logs?.configurationDceId),
    ...flagLines("ingestion", ["logs-ingestion"]),
    ...dceLine("logs-ingestion-dce", logs?.ingestionDceId),
    ...flagLines("query", ["logs-query", "logs-query-arm"]),
  ];
}
