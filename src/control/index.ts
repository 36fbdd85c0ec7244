/** The ARM front door: routing, state, operations, and publishing the graph. */
export { createControl } from "./create-control.ts";
export type { Control, ControlOptions } from "./create-control.ts";
export type { ControlNote } from "./arm-api.ts";
export type { Authentication, May, Principal, ResourceProvider } from "./platform.ts";
export { resourceGroupType } from "./resource-groups.ts";
export { openDatabase } from "./state.ts";
