/** Snapshots: the facts of an estate, read from Azure Resource Manager, a file or a plan, and what could not be read. */
export type { CloudName } from "../azure/index.ts";
export { completeCoverage, coverageOf } from "./coverage.ts";
export type { Coverage, CoverageRecord, Unread } from "./coverage.ts";
export { snapshotErrors } from "./errors.ts";
export type { SnapshotCode } from "./errors.ts";
export type {
  ConnectionSeen,
  FileSeen,
  NameSeen,
  ProbeFragment,
  RequestSeen,
  SampleSeen,
} from "./fragment.ts";
export { clusterTypes } from "./inventory-types.ts";
export { keptType, keptTypes } from "./kept-types.ts";
export type { KeptType } from "./kept-types.ts";
export { readSnapshot } from "./read-snapshot.ts";
export { openReads } from "./reads.ts";
export type { ArmAnswer, ArmSend, Reads } from "./reads.ts";
export { graphOf, snapshotText } from "./snapshot.ts";
export type { Snapshot } from "./snapshot.ts";
export { takeSnapshot } from "./take-snapshot.ts";
export type { SnapshotSource } from "./take-snapshot.ts";
