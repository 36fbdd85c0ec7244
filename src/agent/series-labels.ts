/** The labels that a scraped series is sent with: its own, its target's, the external ones, and what rules make of them. */
import type { Label, Labels } from "../core/index.ts";
import { relabel } from "./relabel.ts";
import type { LabelMap } from "./relabel.ts";
import type { SampleSource, SeriesRules } from "./scrape.ts";
import type { MakeLabels } from "./series-cache.ts";
import { noLimits } from "./scrape-job.ts";

const plainRules: SeriesRules = {
  honorLabels: false,
  honorTimestamps: true,
  relabel: [],
  limits: noLimits,
};

export const rulesOf = ({ rules = plainRules }: SampleSource): SeriesRules => rules;

/** How a source's series get their labels. The function throws an Error where a series passes a limit of the job. */
export function labelMaker(
  source: SampleSource,
  external: Readonly<Record<string, string>>,
): MakeLabels {
  const target = { ...source.labels, job: source.job, instance: source.instance };
  const rules = rulesOf(source);
  return (scraped) => {
    const labels = joined(scraped, target, rules.honorLabels);
    if (rules.relabel.length > 0 && !relabel(labels, rules.relabel)) return undefined;
    if ((labels.get("__name__") ?? "") === "") return undefined;
    checkLimits(labels, rules);
    return withExternal(labels, external);
  };
}

/**
 * The labels of a scraped series: the target's and the external ones added. A label of the series that the target has as
 * well is kept as `exported_…`; an external label never replaces one. @see prometheus scrape/scrape.go, mutateSampleLabels
 */
export const seriesLabels = (
  scraped: Labels,
  target: Readonly<Record<string, string>>,
  external: Readonly<Record<string, string>>,
): Labels => withExternal(joined(scraped, target, false), external);

function joined(
  scraped: Labels,
  target: Readonly<Record<string, string>>,
  honorLabels: boolean,
): LabelMap {
  const labels: LabelMap = new Map();
  for (const { name, value } of scraped) labels.set(name, value);
  for (const [name, value] of Object.entries(target)) {
    const own = labels.get(name);
    if (own !== undefined) {
      if (honorLabels) continue;
      labels.set(exportedName(name, labels), own);
    }
    labels.set(name, value);
  }
  return labels;
}

function withExternal(labels: LabelMap, external: Readonly<Record<string, string>>): Labels {
  for (const [name, value] of Object.entries(external)) {
    if (!labels.has(name)) labels.set(name, value);
  }
  const sorted: Label[] = [...labels].map(([name, value]) => ({ name, value }));
  return sorted
    .filter(({ value }) => value !== "")
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function exportedName(name: string, taken: ReadonlyMap<string, string>): string {
  let exported = `exported_${name}`;
  while (taken.has(exported)) exported = `exported_${exported}`;
  return exported;
}

/** As in Prometheus, one series beyond a limit fails the whole scrape. */
function checkLimits(labels: LabelMap, { limits }: SeriesRules): void {
  const { labels: count, labelNameBytes, labelValueBytes } = limits;
  const metric = (labels.get("__name__") ?? "").slice(0, 64);
  if (count > 0 && labels.size > count) {
    throw new Error(`${metric} has ${labels.size} labels; label_limit is ${count}`);
  }
  if (labelNameBytes === 0 && labelValueBytes === 0) return;
  for (const [name, value] of labels) {
    const nameBytes = Buffer.byteLength(name);
    const valueBytes = Buffer.byteLength(value);
    if (labelNameBytes > 0 && nameBytes > labelNameBytes) {
      throw new Error(
        `${metric} has a label name of ${nameBytes} bytes; label_name_length_limit is ${labelNameBytes}`,
      );
    }
    if (labelValueBytes > 0 && valueBytes > labelValueBytes) {
      throw new Error(
        `${metric} has a value of ${valueBytes} bytes in its label ${name}; label_value_length_limit is ${labelValueBytes}`,
      );
    }
  }
}
