/** The log read back into the head: every whole record once; tails cut, damaged segments set aside, each told of. */
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Head } from "./head.ts";
import type { StoreNote } from "./store-note.ts";
import { decodeRecord } from "./wal-record.ts";
import { readSegment, segmentNumbers, segmentPath, syncFolder } from "./wal-segment.ts";
import type { SealedSegment, SegmentItem } from "./wal-segment.ts";

export interface Replayed {
  readonly segments: readonly SealedSegment[];
  readonly segmentsSetAside: number;
  /** The number of the next segment. */
  readonly nextSegment: number;
}

export interface ReplayOptions {
  readonly folder: string;
  readonly head: Head;
  readonly nowMs: number;
  readonly note: (kind: StoreNote["kind"], says: string) => void;
}

/** Makes the folder if it is missing, and replays its segments in order. */
export async function replayLog(options: ReplayOptions): Promise<Replayed> {
  const { folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await completeSettingAside(folder);
  const { numbers, next } = await segmentNumbers(folder);
  const segments: SealedSegment[] = [];
  let segmentsSetAside = 0;
  for (const number of numbers) {
    const isLast = number === numbers.at(-1);
    const { segment, setAside } = await replaySegment(number, isLast, options);
    if (segment !== undefined) segments.push(segment);
    if (setAside) segmentsSetAside++;
    // A page holds rows of about one time, so that it can be dropped when that is past.
    options.head.rows.seal(Infinity);
  }
  return { segments, segmentsSetAside, nextSegment: next };
}

async function replaySegment(
  number: number,
  isLast: boolean,
  options: ReplayOptions,
): Promise<{ readonly segment: SealedSegment | undefined; readonly setAside: boolean }> {
  const { folder, note } = options;
  const path = segmentPath(folder, number);
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    const read = await replayRecords(readSegment(file, size), options);
    const { end, maxTimestampMs } = read;
    const sealed = { number, path, bytes: end, maxTimestampMs };
    if (read.failure === undefined) return { segment: sealed, setAside: false };
    const lost = size - end;
    if (read.failure.kind === "torn" && isLast) {
      if (end === 0) await rm(path);
      else await file.truncate(end);
      await file.datasync();
      note("torn-tail-cut", `${path}: ${read.failure.says}; ${lost} bytes were cut off.`);
      return { segment: end === 0 ? undefined : sealed, setAside: false };
    }
    await setAside(path, await readStart(file, end));
    await syncFolder(folder);
    note(
      "segment-set-aside",
      `${path}: ${read.failure.says}, at byte ${read.failure.at}. The ${end} bytes before it are kept; the whole file is ${path}.damaged, and the samples in its last ${lost} bytes are missing.`,
    );
    return { segment: end === 0 ? undefined : sealed, setAside: true };
  } finally {
    await file.close();
  }
}

async function replayRecords(
  items: AsyncGenerator<SegmentItem>,
  { head, nowMs }: ReplayOptions,
): Promise<{
  readonly end: number;
  readonly maxTimestampMs: number;
  readonly failure: Exclude<SegmentItem, { kind: "record" }> | undefined;
}> {
  const seriesOf: number[] = [];
  let end = 0;
  let maxTimestampMs = -Infinity;
  for await (const item of items) {
    if (item.kind !== "record") return { end, maxTimestampMs, failure: item };
    const says = decodeRecord(item.payload, seriesOf.length, {
      series: (labelBytes) => void seriesOf.push(head.restoreSeries(labelBytes)),
      sample(reference, timestampMs, bits) {
        if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs;
        head.restore(seriesOf[reference] as number, { timestampMs, ...bits }, nowMs);
      },
    });
    if (says !== undefined) {
      const failure = { kind: "damaged", at: end, says: `a record has ${says}` } as const;
      return { end, maxTimestampMs, failure };
    }
    end = item.endsAt;
  }
  return { end, maxTimestampMs, failure: undefined };
}

async function readStart(file: FileHandle, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end);
  let filled = 0;
  while (filled < end) {
    const { bytesRead } = await file.read(bytes, filled, end - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Renames the segment, after what is good of it was written beside it. */
async function setAside(path: string, kept: Buffer): Promise<void> {
  if (kept.length === 0) return rename(path, `${path}.damaged`);
  const keptPath = `${path}.kept`;
  const file = await open(keptPath, "w", 0o600);
  try {
    await file.writeFile(kept);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(path, `${path}.damaged`);
  await rename(keptPath, path);
}

/** Completes what a crash left half done: a kept part without its segment takes its name, one beside it is dropped. */
async function completeSettingAside(folder: string): Promise<void> {
  const names = new Set(await readdir(folder));
  for (const name of names) {
    if (!name.endsWith(".wal.kept")) continue;
    const segment = name.slice(0, -".kept".length);
    if (names.has(segment)) await rm(join(folder, name));
    else await rename(join(folder, name), join(folder, segment));
  }
}
