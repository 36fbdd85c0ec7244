/** An agent of the laboratory's cluster: real discovery and real scrapes; Azure's side is a script that takes the samples. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createAgent,
  defaultJobs,
  parseScrapeConfig,
  parseSettings,
} from "../../src/agent/index.ts";
import type { Agent, ScrapeJob } from "../../src/agent/index.ts";
import { lockFile } from "../../src/bin/file-lock.ts";
import { testReceiver } from "../../src/agent/testing/receiver.ts";
import type { TakenSample } from "../../src/agent/testing/receiver.ts";
import { kubernetesClient, openTransport, readKubeconfig } from "../../src/client/index.ts";
import type { Transport } from "../../src/client/index.ts";
import { seededRandom, systemClock } from "../../src/core/index.ts";

export interface LabAgent {
  readonly agent: Agent;
  readonly taken: readonly TakenSample[];
  /** Waits until the condition holds; says what there is when it does not come to. */
  readonly until: (says: string, holds: () => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The jobs of a settings ConfigMap; a problem in it fails the test. */
export function jobsOfSettings(text: string): readonly ScrapeJob[] {
  const parsed = parseSettings(text);
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  return defaultJobs(parsed.settings);
}

/** The jobs of a configuration; a problem in it fails the test. */
export function jobsOfConfig(text: string): readonly ScrapeJob[] {
  const parsed = parseScrapeConfig(text);
  if ("problems" in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.jobs;
}

/** @param options.transport Azure's side, where a test has one of its own; then nothing is in `taken`. */
export async function startLabAgent(
  lab: { readonly kubeconfigPath: string },
  jobs: readonly ScrapeJob[],
  options: { readonly transport?: Transport; readonly waitMs?: number } = {},
): Promise<LabAgent> {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-lab-agent-"));
  const clock = systemClock();
  const access = await readKubeconfig(lab.kubeconfigPath, { allowExec: false });
  const kubernetes = kubernetesClient({ access, clock, environment: {} });
  const receiver = testReceiver();
  const targetTransport = openTransport({ clock });
  const agent = createAgent({
    clusterId:
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c",
    region: "westeurope",
    externalLabels: { cluster: "lab" },
    transport: options.transport ?? receiver.transport,
    targetTransport,
    token: () => Promise.resolve("identity"),
    targets: [],
    sources: [],
    jobs,
    kubernetes,
    folder,
    lockFile,
    clock,
    random: seededRandom(1),
  });
  return {
    agent,
    taken: receiver.taken,
    async until(says, holds) {
      const endMs = clock.nowMs() + (options.waitMs ?? 20_000);
      while (!holds()) {
        if (clock.nowMs() > endMs) {
          const { targets, ...rest } = agent.state();
          const failures = targets.flatMap(({ lastFailure }) => lastFailure ?? []);
          throw new Error(
            `${says}: ${JSON.stringify({ failures: new Set(failures).size, first: failures[0], ...rest })}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    async close() {
      await agent.stop();
      kubernetes.close();
      targetTransport.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
