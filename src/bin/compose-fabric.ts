/** Composes the fabric: resolvers, private endpoints, the gateway, and the ways to the edge and to control. */
import { messageOf } from "../core/index.ts";
import { createFabric, identityTokenOver } from "../network/index.ts";
import { onPreferredPort } from "./listen.ts";
import { dataPaths, socketPaths } from "./paths.ts";
import type { FollowerParts } from "./follow-graph.ts";
import type { ProcessConfig, StartedPart } from "./platform-process.ts";

/** Starts the fabric on a platform's folders. `ready` has `adminSocket` and `gatewayPort`. */
export async function composeFabric(
  config: ProcessConfig,
  { source, clock, random, note }: FollowerParts,
): Promise<StartedPart> {
  const paths = dataPaths(config.data);
  const sockets = socketPaths(config.sockets);
  const local = (port: number | undefined) => ({ host: "127.0.0.1", port: port ?? 0 });
  const fabric = await onPreferredPort(config.ports["gatewayPort"], (gatewayPort) =>
    createFabric({
      source,
      folder: sockets.fabric,
      linkTablePath: paths.links,
      edge: { privateSocket: sockets.edgePrivate, publicAddress: local(config.edgePort) },
      control: { address: local(config.controlPort) },
      identityToken: identityTokenOver(sockets.identity),
      clock,
      random,
      accessLog: () => {},
      onFailure: (error) => note(messageOf(error)),
      gatewayPort,
    }),
  );
  return {
    ready: { adminSocket: fabric.adminSocket, gatewayPort: fabric.gatewayPort },
    close: fabric.close,
  };
}
