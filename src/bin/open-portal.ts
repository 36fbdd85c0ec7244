/** Opens the portal on its port: the token, the page's files, the watch on the edge's counters, the listener. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import type { GraphSource } from "../arm/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { json, requestListener, serverOptions } from "../http/index.ts";
import { closeServer, listenLocal } from "./listen.ts";
import { dataPaths } from "./paths.ts";
import type { ProcessConfig, StartedPart } from "./platform-process.ts";
import { openPortalToken, portalAccess } from "./portal-access.ts";
import { portalAssets } from "./portal-assets.ts";
import { localText, watchRates } from "./portal-rates.ts";
import { portalHandler, portalHeaders } from "./portal.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Opens the portal. `ready` has `portalPort` and `portalToken`, the file of its token. */
export async function openPortal(
  config: ProcessConfig,
  parts: { readonly source: GraphSource; readonly clock: Clock; readonly random: Random },
): Promise<StartedPart> {
  const { source, clock, random } = parts;
  const paths = dataPaths(config.data);
  const token = await openPortalToken(paths.portalToken, random);
  let port = 0;
  const rates = watchRates({ metricsText: () => edgeMetrics(paths.platform), clock });
  const handler = portalHandler({
    source,
    access: portalAccess(token, () => port),
    assets: portalAssets(root),
    rates,
  });
  const server = createServer(
    serverOptions,
    requestListener(handler, ({ status, code, message }) =>
      json(status, { error: { code, message } }, portalHeaders),
    ),
  );
  port = await listenLocal(server, config.ports["portalPort"]);
  return {
    ready: { portalPort: port, portalToken: paths.portalToken },
    close: async () => {
      rates.close();
      await closeServer(server);
    },
  };
}

/** The edge's metrics text. Where it listens stands in platform.json, for it may move when it is started again. */
async function edgeMetrics(platformPath: string): Promise<string | undefined> {
  const { metrics } = JSON.parse(await readFile(platformPath, "utf8")) as { metrics?: unknown };
  return typeof metrics === "string" ? localText(metrics) : undefined;
}
