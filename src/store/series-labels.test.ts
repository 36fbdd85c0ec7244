/** Canonical labels: the fast way and the general one agree on every input. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, compareStrings, seededRandom } from "../core/index.ts";
import { encodeLabels } from "../wire/index.ts";
import { canonicalize, canonicalLabels } from "./series-labels.ts";

test("labels that are canonical already are told as the general way tells them", () => {
  const random = seededRandom(77);
  const names = ["__name__", "__name__", "a", "b", "c:d", "1", "", "ab", "ü"];
  const values = ["m", "x", "", "1", "é", "v".repeat(200), "a:b", "~"];
  const pick = (all: readonly string[]): string =>
    all[(random.bytes(1)[0] ?? 0) % all.length] as string;
  let canonical = 0;
  for (let round = 0; round < 5000; round++) {
    const count = (random.bytes(1)[0] ?? 0) % 5;
    const labels = Array.from({ length: count }, () => ({
      name: pick(names),
      value: pick(values),
    }));
    if (round % 2 === 0) labels.sort((a, b) => compareStrings(a.name, b.name));
    const raw = encodeLabels(labels);
    if (round % 5 === 0 && raw.length > 0) {
      const [at = 0, byte = 0] = random.bytes(2);
      raw[at % raw.length] = byte;
    }
    const outcome = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        return error instanceof CodedError ? error.code : error;
      }
    };
    const general = outcome(() => canonicalize(raw));
    assert.deepEqual(plain(outcome(() => canonicalLabels(raw))), plain(general));
    if (typeof general === "object" && general !== null && "labels" in general) canonical++;
  }
  assert.ok(canonical > 200);
});

/** Bytes as text, so that views of different memory compare. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner: unknown) =>
      inner instanceof Uint8Array ? Buffer.from(inner).toString("hex") : inner,
    ),
  );
