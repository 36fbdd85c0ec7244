/** `/metadata/endpoints`: how a client that knows only ARM's address finds the rest. Needs no token. */
import { cloud } from "../azure/index.ts";
import { json } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { refuse } from "./platform.ts";
import { methodNotAllowed, versionInvalid, versionMissing } from "./refusals.ts";

const versions = ["2015-01-01", "2019-05-01"];

/**
 * The endpoints: as one object for 2015-01-01 (`az cloud register`), as a list of clouds for 2019-05-01
 * (`ARM_CLOUD_METADATA_URL`).
 *
 * At ARM's own host the login endpoint is the login host. Elsewhere (`https://localhost:PORT`) it is the same origin
 * with `/adfs`, by which MSAL asks no discovery service on the internet. The graph, gallery and portal endpoints are
 * demanded by clients and lead to the same origin, which answers there with an error that names the path.
 */
export function metadataEndpoints(request: HttpRequest): HttpResponse {
  if (request.method !== "GET")
    return refuse(methodNotAllowed(request.method, "'/metadata/endpoints'"));
  const version = request.query.get("api-version");
  if (version === null) return refuse(versionMissing());
  if (!versions.includes(version)) return refuse(versionInvalid(version, versions));
  const { origin } = request;
  const atHome = request.host === cloud.armHost;
  const loginEndpoint = atHome ? `https://${cloud.loginHost}/` : `${origin}/adfs`;
  const audiences = [`${origin}/`];
  const shared = {
    graphEndpoint: `${origin}/graph`,
    galleryEndpoint: `${origin}/`,
    portalEndpoint: `${origin}/`,
  };
  if (version === "2015-01-01") {
    return json(200, { ...shared, authentication: { loginEndpoint, audiences } });
  }
  return json(200, [
    {
      portal: shared.portalEndpoint,
      authentication: {
        loginEndpoint,
        audiences,
        tenant: atHome ? "common" : "adfs",
        identityProvider: atHome ? "AAD" : "ADFS",
      },
      graph: shared.graphEndpoint,
      gallery: shared.galleryEndpoint,
      resourceManager: `${origin}/`,
      name: atHome ? cloud.name : "Linkscope",
      suffixes: {},
    },
  ]);
}
