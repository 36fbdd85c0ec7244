/** The agent's process as the lab's tests start it: with a service account of the lab, as a pod would have it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Lab } from "./start-lab.ts";

/** Writes what a kubelet would mount, readable to the agent's user. */
export function writeServiceAccount(lab: Lab, folder: string, token: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeFileSync(join(folder, "ca.crt"), lab.caPem);
  writeFileSync(join(folder, "namespace"), "linkscope");
  writeFileSync(join(folder, "token"), token);
}

/** The pod's environment, with the service account's folder and the queue's as the process sees them. */
export function podEnvironment(
  lab: Lab,
  folders: { readonly serviceAccount: string; readonly data: string },
): Record<string, string> {
  const { hostname, port } = new URL(lab.url);
  return {
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    LINKSCOPE_CLUSTER_ID:
      "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-lab",
    LINKSCOPE_REGION: "westeurope",
    LINKSCOPE_LISTEN: "127.0.0.1:0",
    LINKSCOPE_SERVICE_ACCOUNT_FOLDER: folders.serviceAccount,
    LINKSCOPE_DATA: folders.data,
    // Nobody answers there: no test dials out.
    LINKSCOPE_CONFIGURATION_ENDPOINT: "https://127.0.0.1:9",
    HTTPS_PROXY: "http://127.0.0.1:9",
  };
}

export interface RunningAgent {
  readonly cluster: string;
  readonly port: number;
  /** SIGTERM; answers its exit code. */
  readonly stop: () => Promise<number | null>;
}

/** Starts a program that is the agent. @throws Error with its exit code when it ends before it is ready. */
export async function startAgentProcess(
  [program = "", ...words]: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<RunningAgent> {
  const child: ChildProcess = spawn(program, words, {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit") as Promise<[number | null]>;
  if (child.stdout === null) throw new Error("The agent has no output.");
  const line = once(createInterface(child.stdout), "line") as Promise<[string]>;
  const first = await Promise.race([line, ended]);
  if (typeof first[0] !== "string") throw new Error(`The agent ended with ${String(first[0])}.`);
  const { cluster, port } = JSON.parse(first[0]) as { cluster: string; port: number };
  return {
    cluster,
    port,
    async stop() {
      child.kill("SIGTERM");
      return (await ended)[0];
    },
  };
}
