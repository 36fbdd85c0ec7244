/** The last requests by their ids, for control, which decides who may read each; on the socket that only control opens. */
import { json } from "../http/index.ts";
import type { HttpHandler } from "../http/index.ts";
import type { AccessEntry } from "./access-log.ts";

/** Where on the socket a request is asked for: `/requests/{id}`. */
export const explainedPath = "/requests/";

/** Answers `GET /requests/{id}` with the entry of the access log; everything else is `next`'s. */
export const explainedRequests =
  (find: (requestId: string) => AccessEntry | undefined, next: HttpHandler): HttpHandler =>
  (request) => {
    if (!request.path.startsWith(explainedPath)) return next(request);
    const entry = find(request.path.slice(explainedPath.length));
    return Promise.resolve(entry === undefined ? { status: 404 } : json(200, { ...entry }));
  };
