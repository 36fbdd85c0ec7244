/** Starts the lab: the cluster's objects, its controllers, the API server, the kubelets and the metrics endpoints. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../src/core/index.ts";
import type { Clock, Random } from "../../src/core/index.ts";
import { makePrivateFolder, openAuthority } from "../../src/tls/index.ts";
import { createAccess } from "./access.ts";
import type { Access } from "./access.ts";
import { apiListener } from "./api-server.ts";
import { clusterObjects, nodeNames } from "./cluster.ts";
import { createControllers } from "./controllers.ts";
import type { Controllers } from "./controllers.ts";
import { createKubelets } from "./kubelet.ts";
import type { Kubelets } from "./kubelet.ts";
import { kubeconfigOf } from "./kubeconfig.ts";
import { createWatches } from "./list-watch.ts";
import { createObjectStore } from "./object-store.ts";
import type { ObjectStore } from "./object-store.ts";
import { createPodLogs } from "./pod-log.ts";
import type { PodLogs } from "./pod-log.ts";
import { knownType } from "./resource-types.ts";
import { createScenarios, serveScenarios } from "./scenarios.ts";
import type { Scenarios } from "./scenarios.ts";
import { startNodeFiles } from "./node-files.ts";
import type { PodLog } from "./node-files.ts";
import { openTargets } from "./targets.ts";
import type { Targets } from "./targets.ts";
import { createWriter } from "./write.ts";

export interface LabOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Where the CA and the kubeconfig go; made with mode 0700. */
  readonly folder: string;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** How long a new pod is Pending after the start of the lab; 0 starts it at once. */
  readonly podStartMs?: number;
  /** Where the nodes' log files go: a folder for each node, as the node has `/var/log`. */
  readonly logFolder?: string;
  /** Pods of the namespace `linkscope`, each of which logs what a file says from now on. */
  readonly podLogs?: readonly PodLog[];
}

export interface Lab {
  readonly url: string;
  readonly caPem: string;
  readonly caPath: string;
  /** Of an administrator (`system:masters`). */
  readonly token: string;
  readonly kubeconfigPath: string;
  readonly store: ObjectStore;
  readonly access: Access;
  readonly logs: PodLogs;
  readonly scenarios: Scenarios;
  readonly targets: Targets;
  /** Lets the controllers work off what was written to the store directly. */
  readonly settle: () => void;
  /** Ends every open watch's connection. */
  readonly cut: () => void;
  /** Forgets the log of changes: who watches from before must list again. */
  readonly compact: () => void;
  readonly watchCount: () => number;
  readonly close: () => Promise<void>;
}

/** Starts a lab of its own; the caller closes it. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { clock, random, folder } = options;
  await makePrivateFolder(folder);
  // Clients judge certificates by the machine's time, whatever the cluster's clock says.
  const authority = await openAuthority({
    folder: join(folder, "ca"),
    clock: systemClock(),
    random,
  });
  const leaf = await authority.leafFor("127.0.0.1");
  const store = createObjectStore({ clock, random });
  const access = createAccess({ store, random });
  const logs = createPodLogs(clock);
  const kubelets = createKubelets({ store, access, clock, leaf });
  const watches = createWatches(store, clock);
  const targets = await openTargets({ store, clock, nodes: nodeNames });
  const controllers = createControllers({ store, clock, random, podStartMs: 0 });
  await fill({ store, kubelets, targets, clock, controllers });
  controllers.setPodStartMs(options.podStartMs ?? 0);
  const scenarios = createScenarios({ store, clock, kubelets, logs, controllers });
  const writer = createWriter({ store, random, clock, access, controllers });
  const server = createServer(
    { ...leaf },
    apiListener({
      store,
      access,
      watches,
      kubelets,
      logs,
      writer,
      clock,
      control: (exchange) => serveScenarios({ scenarios, watches, store }, exchange),
    }),
  );
  // A watch may be silent for long.
  server.requestTimeout = 0;
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(options.port ?? 0, "127.0.0.1", done);
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = access.issue({
    name: "lab-admin",
    groups: ["system:masters", "system:authenticated"],
  });
  const kubeconfigPath = join(folder, "kubeconfig");
  await writeFile(kubeconfigPath, kubeconfigOf({ url, caPem: authority.caPem, token }), {
    mode: 0o600,
  });
  const stopLogs = startLogs({ store, logs, clock });
  const stopFiles = startNodeFiles(options, { store, logs, controllers });
  return {
    url,
    caPem: authority.caPem,
    caPath: authority.caPath,
    token,
    kubeconfigPath,
    store,
    access,
    logs,
    scenarios,
    targets,
    settle: controllers.settle,
    cut: watches.cut,
    compact: store.compact,
    watchCount: watches.count,
    async close() {
      stopLogs();
      stopFiles();
      scenarios.stop();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await kubelets.close();
      await targets.close();
    },
  };
}

async function fill(parts: {
  readonly store: ObjectStore;
  readonly kubelets: Kubelets;
  readonly targets: Targets;
  readonly clock: Clock;
  readonly controllers: Controllers;
}): Promise<void> {
  const kubelet: Record<string, number> = {};
  for (const node of nodeNames) kubelet[node] = await parts.kubelets.listen(node);
  const ports = {
    kubelet,
    nodeExporter: parts.targets.nodeExporterPorts,
    kubeState: parts.targets.kubeStatePort,
    app: parts.targets.appPort,
  };
  for (const object of clusterObjects(ports, parts.clock.nowMs())) parts.store.put(object);
  parts.controllers.settle();
}

/** How many pods write logs. */
const WRITERS_MAX = 20;

/** The applications of the namespace `shop` write a line each second; those who follow a deleted pod are told its end. */
function startLogs({
  store,
  logs,
  clock,
}: {
  readonly store: ObjectStore;
  readonly logs: PodLogs;
  readonly clock: Clock;
}): () => void {
  const writing = new Map<string, { namespace: string; pod: string; container: string }>();
  const watch = (type: string, object: Parameters<ObjectStore["put"]>[0]): void => {
    const { namespace = "", name } = object.metadata;
    if (object.kind !== "Pod") return;
    if (type === "DELETED") {
      logs.end(namespace, name);
      writing.delete(`${namespace}/${name}`);
      return;
    }
    const app = object.metadata.labels?.["app"] ?? "";
    // A few talk; five thousand that did would only cost time.
    const talks = namespace === "shop" && app !== "" && writing.size < WRITERS_MAX;
    if (talks) writing.set(`${namespace}/${name}`, { namespace, pod: name, container: app });
  };
  for (const pod of store.list(knownType("pods"))) watch("ADDED", pod);
  const stop = store.subscribe(({ type, object }) => watch(type, object));
  for (const key of writing.values()) logs.append(key, "started");
  let count = 0;
  const write = (): void => {
    count++;
    for (const key of writing.values()) logs.append(key, `GET /item/${count} 200`);
    timer = clock.after(1000, write);
  };
  let timer = clock.after(1000, write);
  return () => {
    stop();
    timer.cancel();
  };
}
