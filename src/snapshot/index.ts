/** Snapshots: the facts of an estate, read from Azure Resource Manager, a file or a plan, and what could not be read. */
export type { CloudName } from "../azure/index.ts";
export { completeCoverage, coverageOf } from "./coverage.ts";
export type { Coverage, CoverageRecord, Unread } from "./coverage.ts";
export { fragmentText, looksLikeFragment, readFragment } from "./fragment-lines.ts";
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
export { redacted } from "./redact.ts";
export { readSnapshot } from "./read-snapshot.ts";
export type { ArmAnswer, ArmSend } from "./reads.ts";
export { graphOf, respelled, snapshotText } from "./snapshot.ts";
export type { Snapshot } from "./snapshot.ts";
export type { SnapshotSource } from "./take-snapshot.ts";

/** Reading from ARM, with the clients that it needs; what only reads files does without. */
export const loadCollection = () => import("./take-snapshot.ts");
/** The way to real Azure, with Azure's own libraries. */
export const loadAzure = () => import("./azure-source.ts");

/** What is laid over a snapshot: templates, plans, fragments; loaded only where it is asked for. */
export const loadOverlays = () => import("./overlay/overlays.ts");
/** The role that a snapshot needs. */
export const loadRole = () => import("./role.ts");
