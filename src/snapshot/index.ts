/** Snapshots: the facts of an estate, read from Azure Resource Manager, a file or a plan, and what could not be read. */
export { cloudNames } from "./clouds.ts";
export type { CloudName } from "./clouds.ts";
export { completeCoverage } from "./coverage.ts";
export type { Coverage, Unread } from "./coverage.ts";
export type {
  ConnectionSeen,
  FileSeen,
  NameSeen,
  ProbeFragment,
  RequestSeen,
  SampleSeen,
} from "./fragment.ts";
