/** A store of logs in memory for tests of the edge: what was appended stands there as it came, and a test says what is refused. */
import type { KqlTranslator, TranslateRequest, Translation } from "../../kql/index.ts";
import type {
  LogAppend,
  LogBatch,
  LogQuestion,
  LogsStore,
  WorkspaceLogs,
} from "../../store/index.ts";

type Settings = Parameters<WorkspaceLogs["configure"]>[0];
type Transform = LogsStore["transform"];

export interface LogsInMemory {
  readonly store: LogsStore;
  readonly kql: Pick<KqlTranslator, "translate">;
  /** Every append, oldest first, by workspace. */
  readonly appended: { readonly customerId: string; readonly batches: readonly LogBatch[] }[];
  readonly settings: Map<string, Settings>;
  /** Every question; each is answered by one row that names the workspace. */
  readonly questions: { readonly customerId: string; readonly question: LogQuestion }[];
  readonly translations: TranslateRequest[];
  /** What the next ones answer; a test sets them. */
  answer: (() => Promise<LogAppend>) | undefined;
  translation: Translation | undefined;
  transform: Transform | undefined;
  /** The records of a workspace's table, parsed. */
  records(customerId: string, table: string): readonly Readonly<Record<string, unknown>>[];
  clear(): void;
}

export function logsInMemory(): LogsInMemory {
  const workspace = (customerId: string): WorkspaceLogs => ({
    async append(batches) {
      const answer = await logs.answer?.();
      if (answer !== undefined) return answer;
      logs.appended.push({ customerId, batches });
      return { kind: "kept", records: batches.reduce((sum, { records }) => sum + records, 0) };
    },
    query(question) {
      logs.questions.push({ customerId, question });
      return Promise.resolve({ rows: [["from", customerId]], cut: false });
    },
    configure: (settings) => void logs.settings.set(customerId, settings),
    stats: () => ({
      recordsKept: logs.appended.length,
      recordsCapped: 0,
      walBytes: 0,
      segmentBytes: 0,
      segments: 0,
      billedBytesToday: 0,
    }),
  });
  const logs: LogsInMemory = {
    appended: [],
    settings: new Map(),
    questions: [],
    translations: [],
    answer: undefined,
    translation: undefined,
    transform: undefined,
    store: {
      workspace: async (customerId) => workspace(customerId),
      remove: async () => {},
      close: async () => {},
      async transform(asked) {
        if (logs.transform === undefined) throw new Error("no transformation was expected");
        return logs.transform(asked);
      },
    },
    kql: {
      async translate(request) {
        logs.translations.push(request);
        if (logs.translation === undefined) throw new Error("no translation was expected");
        return logs.translation;
      },
    },
    records: (customerId, table) =>
      logs.appended
        .filter((append) => append.customerId === customerId)
        .flatMap(({ batches }) => batches.filter((batch) => batch.table.name === table))
        .flatMap(
          ({ json }) => JSON.parse(Buffer.from(json).toString()) as Record<string, unknown>[],
        ),
    clear() {
      logs.appended.length = 0;
      logs.questions.length = 0;
      logs.translations.length = 0;
      logs.answer = undefined;
      logs.translation = undefined;
      logs.transform = undefined;
    },
  };
  return logs;
}
