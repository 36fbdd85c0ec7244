/** What `agent` scrapes in a Kubernetes cluster: its options, and the jobs that its files make. */
import { readFile } from "node:fs/promises";
import {
  defaultJobs,
  defaultSettings,
  parseScrapeConfig,
  parseSettings,
  sayProblems,
} from "../../agent/index.ts";
import type { AgentSettings, FileProblem, ScrapeConfig, ScrapeJob } from "../../agent/index.ts";
import {
  inClusterAccess,
  kubernetesClient,
  readKubeconfig,
  serviceAccountFolder,
} from "../../client/index.ts";
import type { KubernetesAccess, KubernetesClient } from "../../client/index.ts";
import { CodedError, messageOf } from "../../core/index.ts";
import type { CliContext, CommandInput, OptionSpec } from "../command.ts";

export const clusterOptions: readonly OptionSpec[] = [
  {
    flags: "--kubeconfig <file>",
    help: "discover targets in this cluster; in-cluster takes the pod's service account",
  },
  { flags: "--kube-context <name>", help: "a context of the kubeconfig other than its current" },
  {
    flags: "--kubeconfig-exec",
    help: "let the kubeconfig run a program for its credential",
  },
  {
    flags: "--settings <file>",
    help: "what is scraped by default, as the ConfigMap ama-metrics-settings-configmap has it",
  },
  {
    flags: "--scrape-config <file>",
    help: "more jobs: the ConfigMap ama-metrics-prometheus-config, or a Prometheus configuration",
  },
];

const IN_CLUSTER = "in-cluster";

export interface ClusterScraping {
  readonly jobs: readonly ScrapeJob[];
  readonly kubernetes: KubernetesClient | undefined;
  /** Of the settings; empty where they name none. */
  readonly clusterAlias: string;
  readonly externalLabels: Readonly<Record<string, string>>;
}

/**
 * Reads what the options name; without any of them there is nothing to discover.
 *
 * @throws CodedError ScrapeConfigInvalid with each problem's line and column; those of `readKubeconfig`.
 */
export async function clusterScraping(
  input: CommandInput,
  context: CliContext,
): Promise<ClusterScraping> {
  const kubeconfig = input.text("kubeconfig");
  const settingsFile = input.text("settings");
  const config = await configOf(input.text("scrape-config"));
  const settings = await settingsOf(settingsFile);
  if (kubeconfig === undefined) {
    const needy = config.jobs.find((job) => job.kubernetes.length > 0);
    if (needy !== undefined || settingsFile !== undefined) {
      const what = needy === undefined ? "--settings" : `the job "${needy.name}"`;
      throw new CodedError(
        "WrongUse",
        `${what} scrapes a Kubernetes cluster. Name it with --kubeconfig FILE, or --kubeconfig ${IN_CLUSTER}.`,
      );
    }
    return { ...config, kubernetes: undefined, clusterAlias: "" };
  }
  const access = await accessOf(kubeconfig, input, context);
  const { clock, environment } = context;
  const byDefault = defaultJobs(settings);
  const names = new Set(byDefault.map(({ name }) => name));
  const twice = config.jobs.find(({ name }) => names.has(name));
  if (twice !== undefined) {
    throw new CodedError(
      "ScrapeConfigInvalid",
      `${input.text("scrape-config")}: the job "${twice.name}" has the name of a default job. Rename it, or switch that one off with --settings.`,
    );
  }
  for (const target of settings.notScraped) {
    context.note(`agent: the settings switch ${target} on, which this agent does not scrape\n`);
  }
  return {
    jobs: [...byDefault, ...config.jobs],
    kubernetes: kubernetesClient({ access, clock, environment }),
    clusterAlias: settings.clusterAlias,
    externalLabels: config.externalLabels,
  };
}

/**
 * The access that `--kubeconfig` names: a file, or the pod's own service account.
 *
 * @throws CodedError KubeconfigInvalid, KubeconfigExecRefused.
 */
export function accessOf(
  kubeconfig: string,
  input: CommandInput,
  { environment }: Pick<CliContext, "environment">,
): Promise<KubernetesAccess> {
  if (kubeconfig === IN_CLUSTER) {
    return inClusterAccess({ folder: serviceAccountFolder, environment });
  }
  const name = input.text("kube-context");
  return readKubeconfig(kubeconfig, {
    allowExec: input.flag("kubeconfig-exec"),
    ...(name === undefined ? {} : { context: name }),
  });
}

async function configOf(path: string | undefined): Promise<ScrapeConfig> {
  if (path === undefined) return { jobs: [], externalLabels: {} };
  const parsed = parseScrapeConfig(await textOf(path));
  if ("problems" in parsed) throw invalid(path, parsed.problems);
  return parsed;
}

async function settingsOf(path: string | undefined): Promise<AgentSettings> {
  if (path === undefined) return defaultSettings;
  const parsed = parseSettings(await textOf(path));
  if ("problems" in parsed) throw invalid(path, parsed.problems);
  return parsed.settings;
}

const textOf = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((error: unknown) => {
    throw new CodedError("ScrapeConfigInvalid", `${path}: ${messageOf(error)}.`, { cause: error });
  });

const invalid = (path: string, problems: readonly FileProblem[]): CodedError =>
  new CodedError("ScrapeConfigInvalid", sayProblems(path, problems));
