/** The ARM front door: routing, state, operations, and publishing the graph. */
export { explainedVersion, findRequests } from "./explained-requests.ts";
export { passLogsQueries } from "./pass-logs-query.ts";
export { createControl } from "./create-control.ts";
export type { Control, ControlOptions } from "./create-control.ts";
export type { ControlNote } from "./arm-api.ts";
export type { Authentication, May, Principal } from "./platform.ts";
export { openDatabase } from "./state.ts";
export { connectGraphFeed } from "./connect-graph-feed.ts";
export type { GraphFeed, GraphFeedOptions } from "./connect-graph-feed.ts";
export { serveGraphFeed } from "./serve-graph-feed.ts";
export type { GraphFeedServer } from "./serve-graph-feed.ts";
export { controlErrors } from "./errors.ts";
