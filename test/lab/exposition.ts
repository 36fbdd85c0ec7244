/** Metric families as values, and their two text forms: Prometheus text 0.0.4 and OpenMetrics 1.0. */

export type LabelSet = Readonly<Record<string, string>>;

export interface Sample {
  /** `_bucket`, `_sum`, `_count`; none for the plain value. A counter's `_total` is part of its family's name here. */
  readonly suffix?: string;
  readonly labels: LabelSet;
  readonly value: number;
  /** OpenMetrics only. */
  readonly exemplar?: { readonly labels: LabelSet; readonly value: number; readonly atMs: number };
}

export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

export const TEXT = "text/plain; version=0.0.4; charset=utf-8";
export const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** The form that an Accept header prefers of the two, by its quality values. */
export function negotiate(accept: string | undefined): typeof TEXT | typeof OPENMETRICS {
  const quality = (mediaType: string): number => {
    for (const part of (accept ?? "").split(",")) {
      if (!part.trim().startsWith(mediaType)) continue;
      const q = /;\s*q=([\d.]+)/.exec(part)?.[1];
      return q === undefined ? 1 : Number(q);
    }
    return 0;
  };
  return quality("application/openmetrics-text") > quality("text/plain") ? OPENMETRICS : TEXT;
}

export function renderFamilies(families: readonly Family[], form: string): string {
  const open = form === OPENMETRICS;
  const parts: string[] = [];
  for (const { name, type, help, samples } of families) {
    // OpenMetrics names a counter's family without the `_total` that its samples carry.
    const family = open && type === "counter" ? name.replace(/_total$/, "") : name;
    parts.push(`# HELP ${family} ${help}\n# TYPE ${family} ${type}\n`);
    for (const sample of samples) {
      parts.push(`${name}${sample.suffix ?? ""}${formatSet(sample.labels)} ${sample.value}`);
      const { exemplar } = sample;
      if (open && exemplar !== undefined) {
        parts.push(
          ` # ${formatSet(exemplar.labels) || "{}"} ${exemplar.value} ${exemplar.atMs / 1000}`,
        );
      }
      parts.push("\n");
    }
  }
  if (open) parts.push("# EOF\n");
  return parts.join("");
}

function formatSet(labels: LabelSet): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escape = (value: string): string =>
  value.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');

/** A family of one value per label set. */
export const family = (
  type: "counter" | "gauge",
  name: string,
  help: string,
  samples: readonly (readonly [LabelSet, number])[],
): Family => ({ name, type, help, samples: samples.map(([labels, value]) => ({ labels, value })) });
