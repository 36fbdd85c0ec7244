/** What the agent scrapes in its own cluster: the API server by the pod's service account, the jobs by Azure's ConfigMaps. */
import {
  defaultJobs,
  defaultSettings,
  parseScrapeConfig,
  parseSettings,
  sayProblems,
  scrapeConfigMap,
  settingsConfigMap,
} from "../agent/index.ts";
import type { FileProblem, ScrapeJob } from "../agent/index.ts";
import { inClusterAccess, kubernetesClient } from "../client/index.ts";
import type { KubernetesClient } from "../client/index.ts";
import { CodedError } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { configMapText, NAMESPACE } from "./config-map-text.ts";

export interface OwnClusterScraping {
  readonly kubernetes: KubernetesClient;
  readonly jobs: readonly ScrapeJob[];
  /** Of the settings; empty where they name none. */
  readonly clusterAlias: string;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Targets that the settings switch on and that this agent does not scrape. */
  readonly notScraped: readonly string[];
}

/**
 * Reads the cluster's settings, once; a change of them is taken at the next start.
 *
 * @param folder of the service account.
 * @throws CodedError ScrapeConfigInvalid with each problem; KubeconfigInvalid where this is no pod; those of the client.
 */
export async function ownClusterScraping(options: {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}): Promise<OwnClusterScraping> {
  const { environment, clock } = options;
  const access = await inClusterAccess(options);
  const kubernetes = kubernetesClient({ access, clock, environment });
  try {
    const settingsText = await configMapText(kubernetes, settingsConfigMap);
    const configText = await configMapText(kubernetes, scrapeConfigMap);
    const settings =
      settingsText === undefined ? { settings: defaultSettings } : parseSettings(settingsText);
    if ("problems" in settings) throw invalid(settingsConfigMap, settings.problems);
    const config =
      configText === undefined ? { jobs: [], externalLabels: {} } : parseScrapeConfig(configText);
    if ("problems" in config) throw invalid(scrapeConfigMap, config.problems);
    const { clusterAlias, notScraped } = settings.settings;
    const jobs = [...defaultJobs(settings.settings), ...config.jobs];
    refuseTwice(jobs);
    return { kubernetes, jobs, clusterAlias, notScraped, externalLabels: config.externalLabels };
  } catch (error) {
    kubernetes.close();
    throw error;
  }
}

const invalid = (name: string, problems: readonly FileProblem[]): CodedError =>
  new CodedError("ScrapeConfigInvalid", sayProblems(`${NAMESPACE}/${name}`, problems));

function refuseTwice(jobs: readonly ScrapeJob[]): void {
  const names = new Set<string>();
  for (const { name } of jobs) {
    if (names.has(name)) {
      throw new CodedError(
        "ScrapeConfigInvalid",
        `${NAMESPACE}/${scrapeConfigMap}: the job "${name}" has the name of another. Rename it.`,
      );
    }
    names.add(name);
  }
}
