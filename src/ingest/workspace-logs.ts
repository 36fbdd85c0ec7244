/** The logs of the graph's workspaces: opened when they are first used, and told what ARM's properties say. */
import { at } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { lawOf, lawOfTable, types } from "../rules/index.ts";
import type { LawView } from "../rules/index.ts";
import type { LogsStore, WorkspaceLogs } from "../store/index.ts";

export interface OpenedLogs {
  /** The logs of a workspace, configured as `graph` says. @throws CodedError of the store. */
  workspace(law: LawView): Promise<WorkspaceLogs>;
  /** Tells the opened workspaces what a newer graph says of them. */
  follow(graph: Graph): void;
  /** The opened workspaces that are still in the graph, by resource id. */
  opened(): Iterable<readonly [ResourceId, WorkspaceLogs]>;
}

type Settings = Parameters<WorkspaceLogs["configure"]>[0];

interface Opened {
  readonly id: ResourceId;
  readonly logs: WorkspaceLogs;
  configuredAs: string;
}

/** Opens workspaces of a store; `graph` is the one of that moment. */
export function openedLogs(store: LogsStore, graph: () => Graph): OpenedLogs {
  const opened = new Map<string, Promise<Opened>>();
  const ready = new Map<string, Opened>();
  const configure = (workspace: Opened, now: Graph): void => {
    const law = lawOf(now, workspace.id);
    if (law === undefined) return;
    const settings = logsSettings(now, law);
    const text = JSON.stringify([settings, [...settings.tableRetentionDays]]);
    if (text === workspace.configuredAs) return;
    workspace.configuredAs = text;
    workspace.logs.configure(settings);
  };
  const open = async (law: LawView): Promise<Opened> => {
    const logs = await store.workspace(law.customerId);
    const workspace = { id: law.id, logs, configuredAs: "" };
    configure(workspace, graph());
    ready.set(law.customerId, workspace);
    return workspace;
  };
  return {
    async workspace(law) {
      const known = opened.get(law.customerId) ?? open(law);
      opened.set(law.customerId, known);
      // What could not be opened is tried again by the next request.
      known.catch(() => opened.delete(law.customerId));
      return (await known).logs;
    },
    follow(now) {
      for (const [customerId, workspace] of ready) {
        if (lawOf(now, workspace.id) !== undefined) configure(workspace, now);
        else if (ready.delete(customerId)) opened.delete(customerId);
      }
    },
    *opened() {
      for (const { id, logs } of ready.values()) yield [id, logs];
    },
  };
}

const GB = 1_000_000_000;

/**
 * What ARM's properties mean for the store: the cap in bytes, retention in days for all and by table.
 *
 * @see SPEC operationalinsights Workspaces.json (workspaceCapping, retentionInDays) and Tables.json (retentionInDays, -1 is the workspace's)
 */
export function logsSettings(graph: Graph, law: LawView): Settings {
  const tables = graph
    .ofType(types.lawTable)
    .filter(({ id }) => lawOfTable(id)?.toLowerCase() === law.id.toLowerCase());
  const retention = tables.flatMap(({ name, properties }): readonly [string, number][] => {
    const days = at(properties, "totalRetentionInDays") ?? at(properties, "retentionInDays");
    return typeof days === "number" && days > 0 ? [[name, days]] : [];
  });
  return {
    resourceId: law.id,
    dailyQuotaBytes: law.dailyQuotaGb < 0 ? undefined : law.dailyQuotaGb * GB,
    retentionDays: law.retentionDays,
    tableRetentionDays: new Map(retention),
  };
}
