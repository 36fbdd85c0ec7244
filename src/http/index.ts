/** HTTP as values, and the listener that turns sockets into them. */
export { drainBody } from "./drain-body.ts";
export { httpErrors } from "./errors.ts";
export { json } from "./messages.ts";
export type { HttpHandler, HttpRequest, HttpResponse } from "./messages.ts";
export { readRequest, requestListener, serverOptions } from "./server.ts";
