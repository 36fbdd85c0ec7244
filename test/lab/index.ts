/** The laboratory: a Kubernetes API server with a synthetic cluster, for tests. Nothing under src/ imports it. */
export { startLab } from "./start-lab.ts";
export type { Lab, LabOptions } from "./start-lab.ts";
export type { Scenarios } from "./scenarios.ts";
export { nodeNames, SYNTHETIC } from "./cluster.ts";
export { knownType, resourceTypes } from "./resource-types.ts";
export type { KubeObject } from "./kube.ts";
