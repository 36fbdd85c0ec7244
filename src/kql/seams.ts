/** The seam of KQL: text and tables in, SQL that is data out. */
import type { LogColumn, LogTable } from "../core/index.ts";

/** A value that SQL binds; nothing that a caller wrote ever stands in the SQL's text. Datetimes are microseconds since 1970 in UTC. */
export type SqlParameter =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "long"; readonly value: bigint }
  | { readonly type: "real"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "datetime"; readonly microseconds: bigint }
  | { readonly type: "timespan"; readonly microseconds: bigint }
  | { readonly type: "null"; readonly of: LogColumn["type"] };

export interface TranslateRequest {
  readonly text: string;
  /** What the text may name. A transformation has one table, `source`. */
  readonly tables: readonly LogTable[];
  /** What `now()` and `ago()` are, once for the whole query. */
  readonly nowMs: number;
  /** The API's `timespan`: rows of every table outside are not seen. Bounds inclusive, in milliseconds. */
  readonly timespan?: { readonly fromMs: number; readonly toMs: number };
  /** Only records whose `_ResourceId` this is are seen, whatever the case: a query through a resource's own id. */
  readonly resourceId?: string;
  /** A transformation may use fewer operators than a query. @see learn.microsoft.com/azure/azure-monitor/data-collection/data-collection-transformations-kql */
  readonly use: "query" | "transformation";
}

export interface KqlProblem {
  /** `unsupported`: right KQL that is refused by name. The others carry Kusto's own codes (`KS142`). */
  readonly kind: "syntax" | "semantic" | "unsupported";
  readonly code: string;
  readonly says: string;
  /** Offset and length in the text, in UTF-16 units. */
  readonly start: number;
  readonly length: number;
}

export type Translation =
  | {
      readonly ok: true;
      /** One SELECT in DuckDB's dialect, parameters as `$1` …; tables are quoted names of `tables`. */
      readonly sql: string;
      readonly parameters: readonly SqlParameter[];
      readonly columns: readonly LogColumn[];
      /** The tables that it reads, in the order of their first use. */
      readonly tables: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly KqlProblem[] };

/** Translates KQL in a worker of its own; a long or crashing parse never stops its caller. */
export interface KqlTranslator {
  /** @throws CodedError KqlTimeout (504), KqlUnavailable (503) when the worker is slow or gone. */
  translate(request: TranslateRequest): Promise<Translation>;
  /** Loads and warms the parser; the first query is then as quick as the second. */
  warm(): Promise<void>;
  close(): Promise<void>;
}
