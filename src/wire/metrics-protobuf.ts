/** Prometheus's protobuf exposition, read: delimited messages of io.prometheus.client.MetricFamily. */
import { limits } from "../core/index.ts";
import type { Label, Labels } from "../core/index.ts";
import { sortedLabels } from "./exposition.ts";
import type {
  Exemplar,
  Exposition,
  ExpositionSample,
  MetricMetadata,
  MetricType,
} from "./exposition.ts";
import { MessageError, messageReader } from "./protobuf-reader.ts";
import type { MessageReader } from "./protobuf-reader.ts";

/** By the numbers of io.prometheus.client.MetricType. */
const TYPES: readonly MetricType[] = [
  "counter",
  "gauge",
  "summary",
  "untyped",
  "histogram",
  "gaugehistogram",
];

/**
 * Parses one scrape's body. It never throws; the first mistake ends it, and is told with the byte that it is at as its
 * column, on line 1.
 *
 * Created timestamps are read and left: remote write 1.0 has no place for them. Of native histograms the sum, the count
 * and the classic buckets are taken, since Azure Monitor workspaces take no native ones over remote write.
 *
 * @see github.com/prometheus/client_model io/prometheus/client/metrics.proto
 */
export function parseMetricsProtobuf(
  bytes: Uint8Array,
  { samplesMax = limits.scrapeSeriesMax }: { readonly samplesMax?: number } = {},
): Exposition {
  const samples: ExpositionSample[] = [];
  const metadata = new Map<string, MetricMetadata>();
  const families = messageReader(bytes);
  try {
    while (!families.atEnd()) {
      const start = families.at;
      readFamily(families.message(), samples, metadata);
      if (samples.length > samplesMax) {
        samples.length = samplesMax;
        throw new MessageError(
          start,
          `There are more than ${samplesMax} samples; the rest is unread.`,
        );
      }
    }
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    return { samples, metadata, errors: [{ line: 1, column: error.at + 1, says: error.message }] };
  }
  return { samples, metadata, errors: [] };
}

function readFamily(
  reader: MessageReader,
  samples: ExpositionSample[],
  metadata: Map<string, MetricMetadata>,
): void {
  let name = "";
  let help = "";
  let type: MetricType = "counter";
  const metrics: MessageReader[] = [];
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) name = reader.string();
    else if (field === 2) help = reader.string();
    else if (field === 3) type = TYPES[reader.varint()] ?? "untyped";
    else if (field === 4) metrics.push(reader.message());
    else reader.skip();
  }
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) {
    throw new MessageError(reader.at, `'${name.slice(0, 64)}' is no metric name.`);
  }
  metadata.set(name, { type, help });
  for (const metric of metrics) readMetric(metric, name, samples);
}

interface Metric {
  readonly name: string;
  labels: Labels;
  timestampMs: number | undefined;
  /** What the metric says, before its labels and time are known. */
  readonly points: Point[];
}

interface Point {
  readonly suffix: string;
  readonly member?: Label;
  readonly value: number;
  readonly exemplar?: Exemplar | undefined;
}

function readMetric(reader: MessageReader, name: string, samples: ExpositionSample[]): void {
  const metric: Metric = { name, labels: [], timestampMs: undefined, points: [] };
  const labels: Label[] = [];
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) labels.push(readLabel(reader.message()));
    else if (field === 3) metric.points.push(readCounter(reader.message()));
    else if (field === 2 || field === 5) metric.points.push(readGauge(reader.message()));
    else if (field === 4) metric.points.push(...readSummary(reader.message()));
    else if (field === 7) metric.points.push(...readHistogram(reader.message()));
    else if (field === 6) metric.timestampMs = reader.signedVarint();
    else reader.skip();
  }
  const names = new Set(labels.map((label) => label.name));
  if (names.size < labels.length) throw new MessageError(reader.at, "A label is given twice.");
  const { timestampMs } = metric;
  for (const { suffix, member, value, exemplar } of metric.points) {
    const own = [...labels, { name: "__name__", value: name + suffix }];
    if (member !== undefined) own.push(member);
    const sample = { labels: sortedLabels(own), value, timestampMs };
    samples.push(exemplar === undefined ? sample : { ...sample, exemplar });
  }
}

function readLabel(reader: MessageReader): Label {
  let name = "";
  let value = "";
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) name = reader.string();
    else if (field === 2) value = reader.string();
    else reader.skip();
  }
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
    throw new MessageError(reader.at, `'${name.slice(0, 64)}' is no label name.`);
  }
  return { name, value };
}

function readGauge(reader: MessageReader): Point {
  let value = 0;
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) value = reader.double();
    else reader.skip();
  }
  return { suffix: "", value };
}

function readCounter(reader: MessageReader): Point {
  let value = 0;
  let exemplar: Exemplar | undefined;
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) value = reader.double();
    else if (field === 2) exemplar = readExemplar(reader.message());
    else reader.skip();
  }
  return { suffix: "", value, exemplar };
}

function readSummary(reader: MessageReader): readonly Point[] {
  let count = 0;
  let sum = 0;
  const quantiles: Point[] = [];
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) count = reader.varint();
    else if (field === 2) sum = reader.double();
    else if (field === 3) quantiles.push(readQuantile(reader.message()));
    else reader.skip();
  }
  return [...quantiles, { suffix: "_sum", value: sum }, { suffix: "_count", value: count }];
}

function readQuantile(reader: MessageReader): Point {
  let quantile = 0;
  let value = 0;
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) quantile = reader.double();
    else if (field === 2) value = reader.double();
    else reader.skip();
  }
  return { suffix: "", member: { name: "quantile", value: floatText(quantile) }, value };
}

function readHistogram(reader: MessageReader): readonly Point[] {
  let count = 0;
  let countFloat = 0;
  let sum = 0;
  const buckets: Point[] = [];
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) count = reader.varint();
    else if (field === 4) countFloat = reader.double();
    else if (field === 2) sum = reader.double();
    else if (field === 3) buckets.push(readBucket(reader.message()));
    else reader.skip();
  }
  const total = countFloat > 0 ? countFloat : count;
  if (!buckets.some(({ member }) => member?.value === "+Inf")) {
    buckets.push({ suffix: "_bucket", member: { name: "le", value: "+Inf" }, value: total });
  }
  return [...buckets, { suffix: "_sum", value: sum }, { suffix: "_count", value: total }];
}

function readBucket(reader: MessageReader): Point {
  let count = 0;
  let countFloat = 0;
  let bound = 0;
  let exemplar: Exemplar | undefined;
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) count = reader.varint();
    else if (field === 4) countFloat = reader.double();
    else if (field === 2) bound = reader.double();
    else if (field === 3) exemplar = readExemplar(reader.message());
    else reader.skip();
  }
  const member = { name: "le", value: floatText(bound) };
  return { suffix: "_bucket", member, value: countFloat > 0 ? countFloat : count, exemplar };
}

function readExemplar(reader: MessageReader): Exemplar {
  const labels: Label[] = [];
  let value = 0;
  let timestampMs: number | undefined;
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) labels.push(readLabel(reader.message()));
    else if (field === 2) value = reader.double();
    else if (field === 3) timestampMs = readTimestamp(reader.message());
    else reader.skip();
  }
  return { labels: sortedLabels(labels), value, timestampMs };
}

function readTimestamp(reader: MessageReader): number {
  let seconds = 0;
  let nanoseconds = 0;
  for (let field = reader.field(); field !== undefined; field = reader.field()) {
    if (field === 1) seconds = reader.signedVarint();
    else if (field === 2) nanoseconds = reader.signedVarint();
    else reader.skip();
  }
  return seconds * 1000 + Math.trunc(nanoseconds / 1e6);
}

/** OpenMetrics's way to write a bound: `1.0`, `0.5`, `+Inf`. */
function floatText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  if (Number.isNaN(value)) return "NaN";
  const text = String(value);
  return /^-?\d+$/.test(text)
    ? `${text}.0`
    : text.replace(/e\+?(-?)(\d)$/, "e$10$2").replace(/e(\d)/, "e+$1");
}
