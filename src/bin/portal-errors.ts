/** Error codes of the portal's own listener. */
import type { ErrorCatalogue } from "../core/index.ts";

export const portalErrors = {
  PortalUnauthorized: {
    status: 401,
    fault: "caller",
    retry: false,
    means: "The request carries neither the portal's token nor the session that the token gives.",
    remedy:
      "Open the whole address that `./linkscope up` or `npm start` prints, with what follows its #.",
  },
  PortalHostRefused: {
    status: 421,
    fault: "caller",
    retry: false,
    means: "The Host header names neither 127.0.0.1 nor localhost with the portal's port.",
    remedy: "Open the address that `./linkscope up` prints, as it is.",
  },
  PortalOriginRefused: {
    status: 403,
    fault: "caller",
    retry: false,
    means: "The request was made by a page of another origin.",
    remedy: "Ask from the portal's own page, or from a program with the token.",
  },
  PortalMethodRefused: {
    status: 405,
    fault: "caller",
    retry: false,
    means: "The portal only reads: there is no such method at this path.",
    remedy: "Use GET; changes go through Azure Resource Manager.",
  },
  PortalNotFound: {
    status: 404,
    fault: "caller",
    retry: false,
    means: "The portal has no such path.",
    remedy: "There are /, /api/topology and /api/session.",
  },
  PortalNotBuilt: {
    status: 503,
    fault: "platform",
    retry: true,
    means: "The portal's page could not be bundled, so there is none to show.",
    remedy:
      "Run `node portal/build.ts` in the clone and read what it says; `npm ci` brings its parts.",
  },
} as const satisfies ErrorCatalogue;
