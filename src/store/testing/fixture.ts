/** What the store's tests share: a store in a folder of its own on a fake clock, and short forms of messages. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fakeClock, labelsOf, seededRandom } from "../../core/index.ts";
import type { FakeClock, Matcher, SeriesColumns } from "../../core/index.ts";
import { formatLabels } from "../../core/index.ts";
import { encodeWriteRequest } from "../../wire/index.ts";
import type { WriteSample } from "../../wire/index.ts";
import { openMetricsStore } from "../index.ts";
import type { MetricsStore, StoreLimits, StoreNote, WorkspaceMetrics } from "../index.ts";

export const ACCOUNT = "11111111-2222-4333-8444-555555555555";

export interface StoreFixture {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly notes: StoreNote[];
  /** Opens the store again, as a new process would, and answers the workspace. */
  reopen(): Promise<WorkspaceMetrics>;
  /** The store that is open. */
  store(): MetricsStore;
}

export async function storeFixture(
  t: TestContext,
  limits: Partial<StoreLimits> = {},
): Promise<StoreFixture & { readonly workspace: WorkspaceMetrics }> {
  const folder = await mkdtemp(join(tmpdir(), "linkscope-store-"));
  const clock = fakeClock();
  const notes: StoreNote[] = [];
  let store: MetricsStore | undefined;
  const reopen = async (): Promise<WorkspaceMetrics> => {
    await store?.close();
    const onNote = (_: string, note: StoreNote): void => void notes.push(note);
    store = await openMetricsStore({ folder, clock, random: seededRandom(7), onNote, limits });
    return store.workspace(ACCOUNT);
  };
  t.after(async () => {
    await store?.close();
    await rm(folder, { recursive: true, force: true });
  });
  const workspace = await reopen();
  return { folder, clock, notes, reopen, store: () => store as MetricsStore, workspace };
}

/** `[{ __name__: "up", job: "a" }, [[0, 1], [1000, "stale"]]]`: labels, and times after `startMs` with values. */
export type SeriesText = readonly [
  Readonly<Record<string, string>>,
  readonly (readonly [number, WriteSample["value"]])[],
];

export function message(startMs: number, ...series: readonly SeriesText[]): Buffer {
  return encodeWriteRequest(
    series.map(([labels, samples]) => ({
      labels: labelsOf(labels),
      samples: samples.map(([afterMs, value]) => ({ timestampMs: startMs + afterMs, value })),
    })),
  );
}

export const ALL_TIME = { mintMs: -Infinity, maxtMs: Infinity };

export const metric = (value: string): Matcher => ({ name: "__name__", kind: "=", value });

/** Columns as text and numbers: labels, then times and values. Values are told by their bits where they are NaN. */
export function readable(
  columns: readonly SeriesColumns[],
  startMs = 0,
): (readonly [string, readonly (readonly [number, number | string])[]])[] {
  return columns.map(({ labels, timestampsMs, values, length }) => {
    const bits = new BigUint64Array(values.buffer, values.byteOffset, length);
    const samples = Array.from(
      { length },
      (_, index) =>
        [
          (timestampsMs[index] ?? 0) - startMs,
          Number.isNaN(values[index]) ? (bits[index] ?? 0n).toString(16) : (values[index] ?? 0),
        ] as const,
    );
    return [formatLabels(labels), samples] as const;
  });
}
