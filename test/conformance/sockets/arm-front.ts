/** ARM's host for the cases: it knows its callers, and passes queries of logs on to the edge as control does. It has no other resource. */
import { createServer } from "node:https";
import { cloud } from "../../../src/azure/index.ts";
import { armLogsHeaders } from "../../../src/edge/arm-logs-query.ts";
import type { Edge } from "../../../src/edge/index.ts";
import { json, requestListener, serverOptions } from "../../../src/http/index.ts";
import { closeServer, listenLocal } from "../../../src/bin/listen.ts";
import { sniCallback } from "../../../src/tls/index.ts";
import type { Authority } from "../../../src/tls/index.ts";
import { asker } from "./dressed-graph.ts";

export interface ArmFront {
  readonly port: number;
  readonly close: () => Promise<void>;
}

const tail = "/providers/microsoft.insights/logs";

/** Starts it. `token` is the one bearer token that it knows. */
export async function startArmFront(parts: {
  readonly edge: Pick<Edge, "armLogsQueries">;
  readonly authority: Authority;
  readonly token: () => string;
}): Promise<ArmFront> {
  let count = 0;
  const server = createServer(
    {
      ...serverOptions,
      SNICallback: sniCallback(parts.authority, (host) => host === cloud.armHost),
    },
    requestListener(
      async (request) => {
        if (request.headers["authorization"] !== `Bearer ${parts.token()}`) return json(401, {});
        if (!request.path.endsWith(tail)) return json(404, {});
        count += 1;
        const requestId = `arm-${count}`;
        const headers = {
          ...request.headers,
          [armLogsHeaders.principal]: asker,
          [armLogsHeaders.resource]: encodeURIComponent(request.path.slice(0, -tail.length)),
          [armLogsHeaders.requestId]: requestId,
          [armLogsHeaders.host]: cloud.armHost,
        };
        const answer = await parts.edge.armLogsQueries({ ...request, headers });
        return { ...answer, headers: { ...answer.headers, "x-ms-request-id": requestId } };
      },
      (error) => json(error.status, { error: { code: error.code, message: error.message } }),
    ),
  );
  server.on("tlsClientError", () => {});
  return { port: await listenLocal(server, undefined), close: () => closeServer(server) };
}
