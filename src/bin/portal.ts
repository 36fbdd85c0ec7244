/** The portal: its page, and the topology as JSON for who holds its token. It reads and changes nothing. */
import type { GraphSource } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../http/index.ts";
import { topologyOf } from "../topology/index.ts";
import { portalError } from "./portal-access.ts";
import type { PortalAccess } from "./portal-access.ts";
import type { PortalAssets } from "./portal-assets.ts";
import type { RatesWatch } from "./portal-rates.ts";

export interface PortalOptions {
  readonly source: GraphSource;
  readonly access: PortalAccess;
  readonly assets: PortalAssets;
  readonly rates: Pick<RatesWatch, "rates">;
}

/**
 * What every answer carries. The page is one script and one style of its own: names of resources are text to it,
 * never markup, and trusted types hold that in the browser as well.
 */
export const portalHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;

/** The portal's listener as a handler. Its refusals are thrown as coded errors. */
export function portalHandler(options: PortalOptions): HttpHandler {
  const { access } = options;
  return async (request) => {
    access.checkHost(request);
    const response = request.path.startsWith("/api/")
      ? await answerApi(request, options)
      : await answerFile(request, options.assets);
    return { ...response, headers: { ...portalHeaders, ...response.headers } };
  };
}

async function answerApi(request: HttpRequest, options: PortalOptions): Promise<HttpResponse> {
  const { access, rates, source } = options;
  access.checkOrigin(request);
  switch (request.path) {
    case "/api/topology": {
      demandMethod(request, "GET");
      access.checkReader(request);
      const topology = topologyOf(source.current().graph);
      return json(200, { topology, rates: rates.rates(topology.flows) });
    }
    case "/api/session": {
      demandMethod(request, "POST");
      const body = await request.body(limits.portalBodyBytesMax);
      const { cookie, proof } = access.sessionFor(body.toString("utf8"));
      return json(200, { proof }, { "set-cookie": cookie });
    }
    default:
      throw portalError("PortalNotFound", "The portal has no such path.");
  }
}

function demandMethod({ method }: HttpRequest, wanted: string): void {
  if (method === wanted) return;
  throw portalError(
    "PortalMethodRefused",
    `This path takes ${wanted}, not ${method.slice(0, 20)}.`,
  );
}

async function answerFile(request: HttpRequest, assets: PortalAssets): Promise<HttpResponse> {
  if (request.method !== "HEAD") demandMethod(request, "GET");
  const asset = await assets.read(request.path);
  if (asset === undefined) throw portalError("PortalNotFound", "The portal has no such path.");
  return { status: 200, headers: { "content-type": asset.contentType }, body: asset.body };
}
