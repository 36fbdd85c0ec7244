/** Who may see the portal: who holds its token. The page shows names of resources, and other users of the machine can open the port. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { CodedError } from "../core/index.ts";
import type { Random } from "../core/index.ts";
import type { HttpRequest } from "../http/index.ts";
import { openPrivateFile } from "../tls/index.ts";
import { portalErrors } from "./portal-errors.ts";

/** The token of a platform's portal: made once, kept in a 0600 file of the data folder. */
export async function openPortalToken(path: string, random: Random): Promise<string> {
  const text = await openPrivateFile(
    path,
    random,
    () => `${random.bytes(32).toString("base64url")}\n`,
  );
  return text.trim();
}

/** A refusal by its code, with its own status. */
export const portalError = (code: keyof typeof portalErrors, says: string): CodedError =>
  new CodedError(code, says, { status: portalErrors[code].status });

/**
 * Both halves open the portal, neither alone: no script reads the cookie, and only pages of this very port read what the
 * page keeps. A browser shows a cookie to every port of a machine, other users' servers among them.
 */
export interface PortalSession {
  /** The header that sets the cookie. */
  readonly cookie: string;
  /** What the page keeps, and sends as `x-linkscope-proof`. */
  readonly proof: string;
}

export interface PortalAccess {
  /** @throws CodedError PortalHostRefused: a name of the attacker's that leads here (DNS rebinding). */
  readonly checkHost: (request: HttpRequest) => void;
  /** @throws CodedError PortalOriginRefused: a page of another origin asked. Programs send no such header. */
  readonly checkOrigin: (request: HttpRequest) => void;
  /** @throws CodedError PortalUnauthorized without the token, or the cookie and the session's proof. */
  readonly checkReader: (request: HttpRequest) => void;
  /** The session of who shows the token. @throws CodedError PortalUnauthorized. */
  readonly sessionFor: (token: string) => PortalSession;
}

/** The checks of one portal. `port` is known once it listens. */
export function portalAccess(token: string, port: () => number): PortalAccess {
  // Cookies know no ports: each platform's has a name of its own. Its value says nothing of the token.
  const cookieName = (): string => `linkscope-portal-${port()}`;
  const derived = (use: string): string =>
    createHmac("sha256", token).update(`linkscope portal ${use}`).digest("base64url");
  const [cookie, proof] = [derived("cookie"), derived("proof")];
  const unauthorized = (): CodedError =>
    portalError(
      "PortalUnauthorized",
      "The portal shows names of resources, so it wants its token. Open the whole address that `./linkscope up` prints.",
    );
  const origins = (): readonly string[] => hosts(port()).map((host) => `http://${host}`);
  return {
    checkHost({ headers }) {
      const host = headers["host"]?.toLowerCase() ?? "";
      if (hosts(port()).includes(host)) return;
      throw portalError(
        "PortalHostRefused",
        `The portal does not answer for the host '${host.slice(0, 100)}'.`,
      );
    },
    checkOrigin({ headers }) {
      const site = headers["sec-fetch-site"] ?? "none";
      const origin = headers["origin"];
      const isOwn = origin === undefined || origins().includes(origin.toLowerCase());
      if ((site === "same-origin" || site === "none") && isOwn) return;
      throw portalError("PortalOriginRefused", "A page of another origin may not ask the portal.");
    },
    checkReader({ headers }) {
      const bearer = /^Bearer ([\w-]{1,100})$/i.exec(headers["authorization"] ?? "")?.[1];
      if (bearer !== undefined && isSame(bearer, token)) return;
      const shown = cookieIn(headers["cookie"] ?? "", cookieName());
      const isProven = isSame(headers["x-linkscope-proof"] ?? "", proof);
      if (shown !== undefined && isSame(shown, cookie) && isProven) return;
      throw unauthorized();
    },
    sessionFor(shown) {
      if (!isSame(shown, token)) throw unauthorized();
      return {
        cookie: `${cookieName()}=${cookie}; Path=/api; HttpOnly; SameSite=Strict`,
        proof,
      };
    },
  };
}

const hosts = (port: number): readonly string[] => [`127.0.0.1:${port}`, `localhost:${port}`];

/** Compares secrets in a time that says nothing of where they differ, nor of their lengths. */
function isSame(shown: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(shown), digest(secret));
}

function cookieIn(header: string, name: string): string | undefined {
  for (const part of header.split(";")) {
    const equals = part.indexOf("=");
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}
