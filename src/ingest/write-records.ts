/** Records on their way into a workspace: transformed by each flow of their stream, then kept all or none. */
import type { ArmResource, ResourceId } from "../arm/index.ts";
import { freeLogTables, logTableOf } from "../azure/index.ts";
import { CodedError } from "../core/index.ts";
import type { KqlTranslator, Translation } from "../kql/index.ts";
import type { LawView } from "../rules/index.ts";
import type { LogAppend, LogBatch, LogsStore, WorkspaceLogs } from "../store/index.ts";
import type { JsonRecords } from "../wire/index.ts";
import { note } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { LogRoute } from "./log-destination.ts";

export interface WriteRecordsContext {
  readonly logs: Pick<LogsStore, "transform"> & {
    /** The logs of a workspace, configured as the graph says. */
    workspace(law: LawView): Promise<Pick<WorkspaceLogs, "append">>;
  };
  readonly kql: Pick<KqlTranslator, "translate">;
  /** Told what became of records, for the platform's own metrics. */
  readonly onRecords: (told: RecordsTold) => void;
}

export interface RecordsTold {
  /** The Log Analytics workspace. */
  readonly workspaceId: ResourceId;
  readonly table: string;
  readonly kept: number;
  /** Left out by a transformation. */
  readonly dropped: number;
  /** Past the daily cap: accepted, and not kept. */
  readonly capped: number;
  /** Field values that were cut to their limit. */
  readonly fieldsCut: number;
}

export interface RecordsToWrite {
  readonly law: LawView;
  readonly routes: readonly LogRoute[];
  readonly records: JsonRecords;
  /** Whose version a transformation belongs to; absent where there is none. */
  readonly rule: ArmResource | undefined;
  /** The monitored resource that the records are of: `_ResourceId`. */
  readonly resourceId: ResourceId | undefined;
}

/**
 * Writes the records to every route's table. Nothing is acknowledged before all of them are durable, and where one
 * cannot be kept none is.
 *
 * A workspace past its daily cap keeps none, and its sender is told nothing of it.
 * @see learn.microsoft.com/azure/azure-monitor/logs/daily-cap: collection of billable data stops for the rest of the day;
 *   that senders get the answer of success meanwhile is inferred.
 * @throws CodedError of the store and the translator; FeatureNotEmulated (501) for a transformation that is not supported.
 */
export async function writeRecords(
  exchange: Exchange,
  write: RecordsToWrite,
  context: WriteRecordsContext,
): Promise<LogAppend["kind"]> {
  const { law, records } = write;
  const shaped = await Promise.all(
    write.routes.map((route) => shape(exchange, { ...write, route }, context)),
  );
  const batches = shaped.map(({ batch }) => batch).filter((batch) => batch.records > 0);
  const workspace = await context.logs.workspace(law);
  const answer: LogAppend =
    batches.length === 0 ? { kind: "kept", records: 0 } : await workspace.append(batches);
  const capped = answer.kind === "capped";
  if (capped) {
    const resets = new Date(answer.resetsMs).toISOString();
    const says = `The daily cap of ${law.id} is reached; its records are dropped until ${resets}.`;
    note(exchange, { rule: "logs.daily-cap", says, source: CAP_SOURCE });
  }
  for (const { batch, dropped } of shaped) {
    context.onRecords({
      workspaceId: law.id,
      table: batch.table.name,
      kept: capped ? 0 : batch.records,
      capped: capped ? batch.records : 0,
      dropped,
      fieldsCut: records.fieldsCut,
    });
  }
  return answer.kind;
}

const CAP_SOURCE = "learn.microsoft.com/azure/azure-monitor/logs/daily-cap";

interface Shaped {
  readonly batch: LogBatch;
  readonly dropped: number;
}

/** One route's batch. */
async function shape(
  { nowMs }: Exchange,
  write: RecordsToWrite & { readonly route: LogRoute },
  context: WriteRecordsContext,
): Promise<Shaped> {
  const { law, route, resourceId } = write;
  const { table } = route;
  const { json, records, dropped } = await transformed(write, nowMs, context);
  // What a record says of its resource itself is not believed: without a known one there is none.
  const resource = resourceId?.toLowerCase() ?? "";
  const constants: Record<string, string> = {
    TenantId: law.customerId,
    Type: table.name,
    _ResourceId: resource,
    _SubscriptionId: resource.split("/")[2] ?? "",
  };
  return {
    batch: {
      table,
      json,
      records,
      receivedMs: nowMs,
      constants,
      billedBytes: freeLogTables.has(table.name) ? 0 : json.byteLength,
      solution: logTableOf(table.name)?.solution ?? "LogManagement",
    },
    dropped,
  };
}

async function transformed(
  { rule, route, records }: RecordsToWrite & { readonly route: LogRoute },
  nowMs: number,
  { kql, logs }: WriteRecordsContext,
): Promise<{ readonly json: Uint8Array; readonly records: number; readonly dropped: number }> {
  const { source, transformKql } = route;
  if (transformKql === undefined || rule === undefined || records.records === 0) {
    return { json: records.json, records: records.records, dropped: 0 };
  }
  const translation = await translated(rule, { source, text: transformKql, nowMs }, kql);
  if (!translation.ok) {
    const says = translation.problems.map((problem) => problem.says).join(" ");
    throw new CodedError(
      "FeatureNotEmulated",
      `The transformation of the data collection rule ${rule.id} is not supported: ${says}`,
      { status: 501 },
    );
  }
  const { sql, parameters, columns } = translation;
  return logs.transform({
    sql,
    parameters,
    columns,
    source,
    json: records.json,
    records: records.records,
    receivedMs: nowMs,
  });
}

/** By the rule's version (a changed rule is another object), then by the transformation's text and columns. */
const translations = new WeakMap<ArmResource, Map<string, Promise<Translation>>>();
/** What makes a translation good for one moment only. */
const timed = /\b(?:now|ago)\s*\(/;

function translated(
  rule: ArmResource,
  asked: { readonly text: string; readonly source: LogRoute["source"]; readonly nowMs: number },
  kql: Pick<KqlTranslator, "translate">,
): Promise<Translation> {
  const { text, source, nowMs } = asked;
  const translate = (): Promise<Translation> =>
    kql.translate({ text, tables: [source], nowMs, use: "transformation" });
  if (timed.test(text)) return translate();
  const known = translations.get(rule) ?? new Map<string, Promise<Translation>>();
  translations.set(rule, known);
  const key = `${text}\n${JSON.stringify(source.columns)}`;
  const kept = known.get(key);
  if (kept !== undefined) return kept;
  const translating = translate();
  known.set(key, translating);
  // A translator that was away is asked again.
  translating.catch(() => known.delete(key));
  return translating;
}
