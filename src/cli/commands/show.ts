/** `show`: a workspace with its endpoints and rules, a data collection endpoint with the scopes that link it, or what there is. */
import { at, listAt, parseId, sameId, stringAt } from "../../arm/index.ts";
import type { JsonObject, ResourceId } from "../../arm/index.ts";
import { CodedError } from "../../core/index.ts";
import type { Command, CommandInput } from "../command.ts";
import { connect, findResource, listOfType } from "../platform/connect.ts";
import type { Connection } from "../platform/connect.ts";
import { types } from "../types.ts";
import { tableLines } from "../views/table.ts";
import { logWorkspaceFacts } from "./show-log-workspace.ts";
import type { Shown } from "./show-log-workspace.ts";

export const show: Command = {
  name: "show",
  summary:
    "Show a workspace's endpoints, rules and query endpoint; an endpoint's scopes; or all resources.",
  options: [
    { flags: "--workspace <name>", help: "a workspace of metrics or of logs, by name or id" },
    { flags: "--dce <name>", help: "a data collection endpoint, by name or id" },
    {
      flags: "-o, --output <format>",
      help: "how to print it",
      choices: ["text", "json"],
      default: "text",
    },
  ],
  exitCodes: { 0: "shown", 1: "not found, or could not be read", 2: "wrong use" },
  examples: ["./linkscope show", "./linkscope show --workspace amw-one"],
  async run(input, context) {
    if (input.text("workspace") !== undefined && input.text("dce") !== undefined) {
      throw new CodedError("WrongUse", "Show a --workspace or a --dce, not both.");
    }
    const connection = connect(input, context);
    try {
      const shown = await facts(input, connection);
      context.out(
        input.text("output") === "json"
          ? `${JSON.stringify(shown.value)}\n`
          : `${shown.lines.join("\n")}\n`,
      );
      return 0;
    } finally {
      connection.close();
    }
  },
};

async function facts(input: CommandInput, connection: Connection): Promise<Shown> {
  const workspace = input.text("workspace");
  const dce = input.text("dce");
  if (workspace !== undefined) return eitherWorkspace(connection, workspace);
  if (dce !== undefined) {
    const id = await findResource(connection, types.dce.type, dce);
    const value = endpointFacts((await connection.arm.get(id, types.dce.apiVersion)) ?? {});
    return { value, lines: endpointLines(value) };
  }
  return everything(connection);
}

/** Workspaces of metrics and of logs may have one name: then only an id tells them apart. */
async function eitherWorkspace(connection: Connection, named: string): Promise<Shown> {
  const id = await findResource(connection, [types.workspace.type, types.law.type], named);
  return parseId(id)?.type.toLowerCase() === types.law.type.toLowerCase()
    ? logWorkspaceFacts(connection, id)
    : workspaceFacts(connection, id);
}

async function everything(connection: Connection): Promise<Shown> {
  const path = `/subscriptions/${connection.file.subscriptionId}/resources`;
  const value = await connection.arm.list(path, "2021-04-01");
  if (value.length === 0) {
    const says =
      "There are no resources yet. `./linkscope start` builds an estate; any client of ARM can as well.";
    return { value, lines: [says] };
  }
  const rows = value.map((item) => [
    stringAt(item, "type") ?? "",
    parseId(stringAt(item, "id") ?? "")?.names.join("/") ?? "",
    stringAt(item, "location") ?? "",
    (stringAt(item, "id") ?? "").split("/")[4] ?? "",
  ]);
  rows.sort((a, b) => ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1));
  return { value, lines: tableLines([["type", "name", "location", "group"], ...rows]) };
}

interface EndpointFacts {
  readonly name: string;
  readonly id: string;
  readonly region: string;
  readonly publicAccess: string;
  readonly configuration: string;
  readonly metricsIngestion: string;
  readonly logsIngestion: string;
  /** The scopes that link it. */
  readonly scopes: readonly string[];
}

function endpointFacts(dce: JsonObject): EndpointFacts {
  const text = (...path: readonly string[]): string => stringAt(dce, ...path) ?? "";
  const scopes = listAt(dce, "properties", "privateLinkScopedResources").flatMap((entry) => {
    const scoped = stringAt(entry, "resourceId");
    return scoped === undefined ? [] : [scoped.split("/").slice(0, -2).join("/")];
  });
  return {
    name: text("name"),
    id: text("id"),
    region: text("location"),
    publicAccess: text("properties", "networkAcls", "publicNetworkAccess"),
    configuration: text("properties", "configurationAccess", "endpoint"),
    metricsIngestion: text("properties", "metricsIngestion", "endpoint"),
    logsIngestion: text("properties", "logsIngestion", "endpoint"),
    scopes,
  };
}

const endpointLines = (dce: EndpointFacts): readonly string[] =>
  tableLines([
    ["endpoint", dce.name],
    ["region", dce.region],
    ["public access", dce.publicAccess],
    [
      "scopes",
      dce.scopes.length === 0 ? "none: no private link reaches it" : dce.scopes.join(", "),
    ],
    ["configuration", dce.configuration],
    ["metrics", dce.metricsIngestion],
    ["logs", dce.logsIngestion],
  ]);

interface RuleFacts {
  readonly name: string;
  readonly id: string;
  readonly endpoint: string | undefined;
}

async function workspaceFacts(connection: Connection, id: ResourceId): Promise<Shown> {
  const workspace = (await connection.arm.get(id, types.workspace.apiVersion)) ?? {};
  const [rules, dces] = await Promise.all([all(connection, types.dcr), all(connection, types.dce)]);
  const own = rules.filter((rule) =>
    listAt(rule, "properties", "destinations", "monitoringAccounts").some((account) =>
      sameId(stringAt(account, "accountResourceId"), id),
    ),
  );
  const standard = stringAt(
    workspace,
    "properties",
    "defaultIngestionSettings",
    "dataCollectionEndpointResourceId",
  );
  const used = [
    standard,
    ...own.map((rule) => stringAt(rule, "properties", "dataCollectionEndpointId")),
  ];
  const endpoints = dces
    .filter((dce) => used.some((one) => sameId(one, stringAt(dce, "id"))))
    // The one with the workspace's own name first: it is the one that the workspace came with.
    .sort((a, b) => rank(a, standard) - rank(b, standard))
    .map(endpointFacts);
  const value = {
    id,
    region: stringAt(workspace, "location"),
    publicQuery: stringAt(workspace, "properties", "publicNetworkAccess"),
    queryEndpoint: stringAt(workspace, "properties", "metrics", "prometheusQueryEndpoint"),
    privateEndpoints: listAt(workspace, "properties", "privateEndpointConnections").length,
    dataCollectionEndpoints: endpoints,
    rules: own.map((rule): RuleFacts => ({
      name: stringAt(rule, "name") ?? "",
      id: stringAt(rule, "id") ?? "",
      endpoint: stringAt(rule, "properties", "dataCollectionEndpointId"),
    })),
  };
  return { value, lines: workspaceLines(workspace, value) };
}

const rank = (dce: JsonObject, standard: string | undefined): number =>
  sameId(stringAt(dce, "id"), standard) ? 0 : 1;

function workspaceLines(
  workspace: JsonObject,
  facts: {
    readonly queryEndpoint: string | undefined;
    readonly publicQuery: string | undefined;
    readonly privateEndpoints: number;
    readonly dataCollectionEndpoints: readonly EndpointFacts[];
    readonly rules: readonly RuleFacts[];
  },
): readonly string[] {
  const scopeNames = (dce: EndpointFacts): string =>
    dce.scopes.map((scope) => scope.split("/").at(-1)).join(", ") || "none";
  return [
    ...tableLines([
      ["workspace", stringAt(workspace, "name") ?? ""],
      ["region", stringAt(workspace, "location") ?? ""],
      ["query endpoint", facts.queryEndpoint ?? ""],
      ["public query", facts.publicQuery ?? ""],
      ["private endpoints", String(facts.privateEndpoints)],
      ["state", String(at(workspace, "properties", "provisioningState") ?? "")],
    ]),
    "",
    ...tableLines([
      ["data collection endpoint", "region", "public access", "scopes", "metrics ingestion"],
      ...facts.dataCollectionEndpoints.map((dce) => [
        dce.name,
        dce.region,
        dce.publicAccess,
        scopeNames(dce),
        dce.metricsIngestion,
      ]),
    ]),
    "",
    ...tableLines([
      ["data collection rule", "endpoint"],
      ...facts.rules.map((rule) => [rule.name, rule.endpoint?.split("/").at(-1) ?? "none"]),
    ]),
  ];
}

async function all(
  connection: Connection,
  { type, apiVersion }: { readonly type: string; readonly apiVersion: string },
): Promise<readonly JsonObject[]> {
  const items = await listOfType(connection, type);
  const read = await Promise.all(
    items.map((item) => connection.arm.get(stringAt(item, "id") ?? "", apiVersion)),
  );
  return read.filter((item) => item !== undefined);
}
