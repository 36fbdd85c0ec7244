/** `topk` and `bottomk`: the largest or smallest k of a group, which keep their labels. */
import { queryError } from "../errors.ts";
import type { Groups } from "./aggregate.ts";
import type { EvalContext } from "./eval-context.ts";
import { formatNumber } from "./numbers.ts";
import type { VectorBlock } from "./values.ts";

interface Input {
  readonly block: VectorBlock;
  readonly groups: Groups;
  /** k at each step; fractions are cut off. */
  readonly ks: Float64Array;
}

const INT64_LIMIT = 2 ** 63;

/**
 * Hides every sample that is not among its group's k best at its step. In an instant query the rows come out best first.
 * A heap of k decides as Prometheus's does, also between equal values.
 *
 * @throws CodedError QueryFailed (422) where k is no number.
 */
export function evaluateRanked(
  op: "topk" | "bottomk",
  { block, groups, ks }: Input,
  { pace }: EvalContext,
): VectorBlock {
  for (const k of ks) refuseParameter(k);
  const { steps, present } = block;
  const best = heapsOf(op, block, groups.labels.length);
  const order: number[] = [];
  for (let step = 0; step < steps; step++) {
    const k = Math.min(Math.trunc(ks[step] ?? 0), block.labels.length);
    for (let row = 0; row < block.labels.length; row++) {
      const at = row * steps + step;
      if (present[at] === 0) continue;
      present[at] = 0;
      if (k >= 1) best.offer(groups.ofRow[row] ?? 0, at, k);
    }
    best.take((at) => {
      present[at] = 1;
      if (steps === 1) order.push(at);
    });
    pace.spend(block.labels.length);
  }
  return steps === 1 ? reordered(block, order) : block;
}

function refuseParameter(k: number): void {
  if (Number.isNaN(k)) throw queryError("QueryFailed", "Parameter value is NaN");
  if (k < INT64_LIMIT && k >= -INT64_LIMIT) return;
  const side = k < 0 ? "underflows" : "overflows";
  throw queryError("QueryFailed", `Scalar value ${formatNumber(k)} ${side} int64`);
}

interface Heaps {
  offer(group: number, at: number, k: number): void;
  /** Gives every held sample, group by group, best first, and lets go of it. */
  take(use: (at: number) => void): void;
}

/** A heap of indexes a group, its worst sample on top. */
function heapsOf(op: "topk" | "bottomk", { values }: VectorBlock, count: number): Heaps {
  const heaps: number[][] = Array.from({ length: count }, () => []);
  const sign = op === "topk" ? 1 : -1;
  const worse = (a: number, b: number): boolean => {
    const left = values[a] ?? NaN;
    const right = values[b] ?? NaN;
    if (Number.isNaN(left)) return !Number.isNaN(right);
    return left * sign < right * sign;
  };
  return {
    offer(group, at, k) {
      const heap = heaps[group] ?? [];
      if (heap.length < k) {
        heap.push(at);
        siftUp(heap, heap.length - 1, worse);
        return;
      }
      const top = heap[0] ?? at;
      const topIsNan = Number.isNaN(values[top]);
      const wins = topIsNan
        ? !Number.isNaN(values[at])
        : (values[top] ?? NaN) * sign < (values[at] ?? NaN) * sign;
      if (!wins) return;
      heap[0] = at;
      siftDown(heap, 0, worse);
    },
    take(use) {
      for (const heap of heaps) {
        heap.sort((a, b) => (worse(a, b) ? 1 : worse(b, a) ? -1 : 0));
        for (const at of heap) use(at);
        heap.length = 0;
      }
    },
  };
}

type Worse = (a: number, b: number) => boolean;

function siftUp(heap: number[], from: number, worse: Worse): void {
  for (let child = from; child > 0;) {
    const parent = (child - 1) >> 1;
    if (!worse(heap[child] ?? 0, heap[parent] ?? 0)) return;
    swap(heap, child, parent);
    child = parent;
  }
}

function siftDown(heap: number[], from: number, worse: Worse): void {
  for (let parent = from; ;) {
    let child = 2 * parent + 1;
    if (child >= heap.length) return;
    if (child + 1 < heap.length && worse(heap[child + 1] ?? 0, heap[child] ?? 0)) child++;
    if (!worse(heap[child] ?? 0, heap[parent] ?? 0)) return;
    swap(heap, child, parent);
    parent = child;
  }
}

function swap(heap: number[], a: number, b: number): void {
  const held = heap[a] ?? 0;
  heap[a] = heap[b] ?? 0;
  heap[b] = held;
}

/** The rows of an instant block in this order; the others are gone. */
export function reordered(block: VectorBlock, order: readonly number[]): VectorBlock {
  return {
    ...block,
    labels: order.map((row) => block.labels[row] ?? []),
    dropName: order.map((row) => block.dropName[row] === true),
    values: Float64Array.from(order, (row) => block.values[row] ?? NaN),
    present: Uint8Array.from(order, (row) => block.present[row] ?? 0),
  };
}
