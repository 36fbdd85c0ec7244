/**
 * The lab as a process: `node test/lab/main.ts [--port N] [--folder PATH] [--pod-start-ms N] [--log-folder PATH]
 * [--pod-log NAME[:stderr]=FILE]…`; ends at SIGTERM, SIGINT, and when the process that forked it is gone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock, systemRandom } from "../../src/core/index.ts";
import { nodeNames } from "./cluster.ts";
import { podLogOf } from "./node-files.ts";
import { knownType } from "./resource-types.ts";
import { startLab } from "./start-lab.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    folder: { type: "string" },
    "pod-start-ms": { type: "string", default: "500" },
    "log-folder": { type: "string" },
    "pod-log": { type: "string", multiple: true, default: [] },
  },
});
const own = values.folder === undefined;
const folder = values.folder ?? mkdtempSync(join(tmpdir(), "linkscope-lab-"));
const lab = await startLab({
  clock: systemClock(),
  random: systemRandom(),
  folder,
  port: Number(values.port),
  podStartMs: Number(values["pod-start-ms"]),
  ...(values["log-folder"] === undefined ? {} : { logFolder: values["log-folder"] }),
  podLogs: values["pod-log"].map(podLogOf),
});
const { url, caPath, token, kubeconfigPath } = lab;
process.stdout.write(
  `${JSON.stringify({ ready: true, url, ca: caPath, token, kubeconfig: kubeconfigPath, nodes: nodeNames })}\n`,
);
// A cluster in use has something that does not run: a pod that crashes gives it warnings.
if (values["log-folder"] !== undefined) {
  const pods = lab.store.list(knownType("pods"));
  const pod = pods.find(({ metadata }) => metadata.labels?.["app"] === "worker");
  if (pod !== undefined) lab.scenarios.crashLoop({ namespace: "shop", name: pod.metadata.name });
}
let ending = false;
const end = (): void => {
  if (ending) return;
  ending = true;
  void lab.close().finally(() => {
    if (own) rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  });
};
process.once("SIGTERM", end);
process.once("SIGINT", end);
process.once("disconnect", end);
