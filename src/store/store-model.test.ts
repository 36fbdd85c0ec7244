/** The store against a naive model: random writes, broken ones among them, time passing and restarts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, seededRandom } from "../core/index.ts";
import type { RejectCode } from "./index.ts";
import { ALL_TIME, message, readable, storeFixture } from "./testing/fixture.ts";
import type { SeriesText } from "./testing/fixture.ts";

const MINUTE_MS = 60_000;

/** What became of one sample; undefined when it was appended. */
type Outcome = RejectCode | "repeated" | undefined;

/** What Prometheus's rules say of samples that come one after another. */
class Model {
  readonly series = new Map<string, [number, number][]>();

  append(id: string, sample: readonly [number, number], nowMs: number): Outcome {
    const [timestampMs, value] = sample;
    const samples = this.series.get(id) ?? [];
    const last = samples.at(-1);
    if (last !== undefined && timestampMs === last[0] && value === last[1]) return "repeated";
    if (timestampMs < nowMs - limits.headMs) return "TooOldSample";
    if (timestampMs > nowMs + limits.futureSampleMs) return "TooFarInFuture";
    if (last !== undefined && timestampMs === last[0]) return "DuplicateSample";
    if (last !== undefined && timestampMs < last[0]) return "OutOfOrderSample";
    samples.push([timestampMs, value]);
    this.series.set(id, samples);
    return undefined;
  }

  /** What is left in the head. */
  read(nowMs: number): (readonly [string, readonly (readonly [number, number])[]])[] {
    return [...this.series]
      .map(
        ([id, all]) =>
          [`m{id="${id}"}`, all.filter(([at]) => at >= nowMs - limits.headMs)] as const,
      )
      .filter(([, samples]) => samples.length > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

for (const seed of [1, 2, 3]) {
  test(`a thousand random steps agree with the model (seed ${seed})`, async (t) => {
    const fixture = await storeFixture(t, { walSegmentBytesMax: 2000 });
    let { workspace } = fixture;
    const { clock } = fixture;
    const random = seededRandom(seed);
    const below = (count: number): number => random.bytes(2).readUInt16LE() % count;
    let model = new Model();
    for (let step = 0; step < 1000; step++) {
      const nowMs = clock.nowMs();
      const kind = below(100);
      if (kind < 6) clock.advance(below(20) * MINUTE_MS);
      else if (kind < 8) workspace = await fixture.reopen();
      else if (kind < 9) clock.advance(limits.headMs + 11 * MINUTE_MS);
      else {
        const rows = Array.from({ length: 1 + below(6) }, () => ({
          id: String(below(30)),
          sample: [nowMs + (below(50) - 40) * MINUTE_MS, below(3)] as const,
        }));
        if (kind < 11) rows.push({ id: "x", sample: [nowMs - limits.headMs - below(3), 1] });
        if (kind < 13)
          rows.push({ id: "x", sample: [nowMs + limits.futureSampleMs + below(3), 1] });
        const texts = rows.map(({ id, sample }) => [{ __name__: "m", id }, [sample]] as SeriesText);
        const bytes = message(0, ...texts);
        if (kind > 90) {
          // What a broken message began must leave no trace.
          await assert.rejects(
            workspace.appendWriteRequest(Buffer.concat([bytes, Buffer.from([0x0a])])),
          );
        } else {
          const outcomes = rows.map(({ id, sample }) => model.append(id, sample, nowMs));
          const result = await workspace.appendWriteRequest(bytes);
          assert.deepEqual(new Map(result.refused), refusals(outcomes));
          assert.equal(result.samplesRepeated, outcomes.filter((one) => one === "repeated").length);
          assert.equal(result.samplesAppended, outcomes.filter((one) => one === undefined).length);
        }
      }
      if (step % 20 === 0 || kind < 9) {
        assert.deepEqual(readable(await workspace.select([], ALL_TIME)), model.read(clock.nowMs()));
      }
      model = forgetAged(model, clock.nowMs());
    }
    assert.deepEqual(fixture.notes, []);
  });
}

function refusals(outcomes: readonly Outcome[]): Map<string, number> {
  const refused = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome === undefined || outcome === "repeated") continue;
    refused.set(outcome, (refused.get(outcome) ?? 0) + 1);
  }
  return refused;
}

/** A series whose samples are all far past the head may be forgotten, its last time with them. */
function forgetAged(model: Model, nowMs: number): Model {
  const kept = new Model();
  for (const [id, samples] of model.series) {
    if ((samples.at(-1)?.[0] ?? 0) >= nowMs - limits.headMs) kept.series.set(id, samples);
  }
  return kept;
}
