/** The edge: TLS, the way in, the verdict, and the service behind it. */
export { openAccessLog } from "./access-log.ts";
export type { AccessEntry, AccessLog } from "./access-log.ts";
export { createEdge } from "./edge.ts";
export type { Edge, EdgeOptions } from "./edge.ts";
export { edgeErrors } from "./errors.ts";
export { explainedRequests } from "./explained-requests.ts";
