/** `show --workspace` of a Log Analytics workspace: its doors, the scopes that link it, and the rules that fill it. */
import { at, listAt, sameId, stringAt } from "../../arm/index.ts";
import type { JsonObject, ResourceId } from "../../arm/index.ts";
import { cloud, workspaceHosts } from "../../azure/index.ts";
import { listOfType } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { types } from "../types.ts";
import { tableLines } from "../views/table.ts";

/** What is shown: for programs, and for people. */
export interface Shown {
  readonly value: unknown;
  readonly lines: readonly string[];
}

interface RuleFacts {
  readonly name: string;
  readonly id: string;
  readonly endpoint: string | undefined;
  readonly streams: readonly string[];
}

/** What there is to know of a Log Analytics workspace. */
export async function logWorkspaceFacts(connection: Connection, id: ResourceId): Promise<Shown> {
  const workspace = (await connection.arm.get(id, types.law.apiVersion)) ?? {};
  const text = (...path: readonly string[]): string =>
    stringAt(workspace, "properties", ...path) ?? "";
  const customerId = text("customerId");
  const { ods } = workspaceHosts(customerId);
  const value = {
    id,
    region: stringAt(workspace, "location"),
    customerId,
    publicIngestion: text("publicNetworkAccessForIngestion"),
    publicQuery: text("publicNetworkAccessForQuery"),
    ingestionHost: ods,
    queryHost: cloud.logsQueryHost,
    retentionInDays: at(workspace, "properties", "retentionInDays"),
    dailyQuotaGb: at(workspace, "properties", "workspaceCapping", "dailyQuotaGb"),
    scopes: scopesOf(workspace),
    rules: await rulesInto(connection, id),
  };
  return { value, lines: logWorkspaceLines(stringAt(workspace, "name") ?? "", value) };
}

/** The scopes that link a workspace, by its own word. */
const scopesOf = (workspace: JsonObject): readonly string[] =>
  listAt(workspace, "properties", "privateLinkScopedResources").flatMap((entry) => {
    const scoped = stringAt(entry, "resourceId");
    return scoped === undefined ? [] : [scoped.split("/").slice(0, -2).join("/")];
  });

async function rulesInto(connection: Connection, id: ResourceId): Promise<readonly RuleFacts[]> {
  const items = await listOfType(connection, types.dcr.type);
  const rules = await Promise.all(
    items.map((item) => connection.arm.get(stringAt(item, "id") ?? "", types.dcr.apiVersion)),
  );
  return rules
    .filter((rule) => rule !== undefined)
    .filter((rule) =>
      listAt(rule, "properties", "destinations", "logAnalytics").some((destination) =>
        sameId(stringAt(destination, "workspaceResourceId"), id),
      ),
    )
    .map((rule) => ({
      name: stringAt(rule, "name") ?? "",
      id: stringAt(rule, "id") ?? "",
      endpoint: stringAt(rule, "properties", "dataCollectionEndpointId"),
      streams: listAt(rule, "properties", "dataFlows").flatMap((flow) =>
        listAt(flow, "streams").filter((stream) => typeof stream === "string"),
      ),
    }));
}

/** Resource Manager asks from a public network, whoever asks it. */
const throughArm = (publicQuery: string): string =>
  publicQuery === "Disabled"
    ? "by Resource Manager none, for it asks publicly"
    : "by Resource Manager, publicly";

/** The facts as lines for people. */
export function logWorkspaceLines(
  name: string,
  facts: {
    readonly region: string | undefined;
    readonly customerId: string;
    readonly publicIngestion: string;
    readonly publicQuery: string;
    readonly ingestionHost: string;
    readonly queryHost: string;
    readonly scopes: readonly string[];
    readonly rules: readonly RuleFacts[];
  },
): readonly string[] {
  const scopes = facts.scopes.map((scope) => scope.split("/").at(-1)).join(", ");
  return [
    ...tableLines([
      ["workspace", name],
      ["region", facts.region ?? ""],
      ["customer id", facts.customerId],
      ["public ingestion", facts.publicIngestion],
      ["public query", facts.publicQuery],
      ["scopes", scopes === "" ? "none: no private link reaches it" : scopes],
      ["records come in at", facts.ingestionHost],
      ["queries", `${facts.queryHost}; ${throughArm(facts.publicQuery)}`],
    ]),
    "",
    ...tableLines([
      ["data collection rule", "endpoint", "streams"],
      ...facts.rules.map((rule) => [
        rule.name,
        rule.endpoint?.split("/").at(-1) ?? "none",
        rule.streams.length > 2
          ? `${rule.streams.slice(0, 2).join(", ")} and ${rule.streams.length - 2} more`
          : rule.streams.join(", "),
      ]),
    ]),
  ];
}
