/** Sessions: who stands where. One for each `exec`, with a secret for the gateway and a Unix socket for the relay. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Duplex } from "node:stream";
import type { ResourceId } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import type { Random } from "../core/index.ts";
import { networkError } from "./dial.ts";
import type { Place } from "./route.ts";

export interface Session {
  /** Names the session; no secret. */
  readonly id: string;
  readonly place: Place;
  /** Whose tokens the managed-identity endpoint gives; undefined: nobody's. */
  readonly identityId: ResourceId | undefined;
  /**
   * Counts a connection to the session and ends it when the session ends.
   *
   * @throws CodedError TooManyConnections past `limits.connectionsPerSessionMax`.
   */
  readonly hold: (connection: Duplex) => void;
  /** Calls `run` once when the session ends. */
  readonly onEnd: (run: () => void) => void;
}

export interface SessionTable {
  /**
   * Begins a session. Its secret is given here and nowhere else.
   *
   * @throws CodedError TooManySessions past `limits.sessionsMax`.
   */
  readonly begin: (place: Place, identityId: ResourceId | undefined) => BegunSession;
  /** The session with this id whose secret this is; compares in constant time. */
  readonly authenticate: (id: string, secret: string) => Session | undefined;
  readonly get: (id: string) => Session | undefined;
  /** Ends a session and its connections; false when there is none of this id. */
  readonly end: (id: string) => boolean;
  readonly endAll: () => void;
  readonly size: () => number;
}

export interface BegunSession {
  readonly session: Session;
  /** 32 random bytes, base64url. */
  readonly secret: string;
}

interface HeldSession extends Session {
  readonly digest: Buffer;
  readonly stop: () => void;
}

export function createSessions(random: Random): SessionTable {
  const sessions = new Map<string, HeldSession>();
  return {
    begin: (place, identityId) => {
      if (sessions.size >= limits.sessionsMax) {
        const says = `${sessions.size} sessions are open; the limit is ${limits.sessionsMax}. End one first.`;
        throw networkError("TooManySessions", says);
      }
      const id = random.bytes(8).toString("hex");
      const secret = random.bytes(32).toString("base64url");
      const session = heldSession({ id, place, identityId, digest: digestOf(secret) });
      sessions.set(id, session);
      return { session, secret };
    },
    authenticate: (id, secret) => {
      const session = sessions.get(id);
      const digest = digestOf(secret);
      return session !== undefined && timingSafeEqual(digest, session.digest) ? session : undefined;
    },
    get: (id) => sessions.get(id),
    end: (id) => {
      const session = sessions.get(id);
      sessions.delete(id);
      session?.stop();
      return session !== undefined;
    },
    endAll: () => {
      const all = [...sessions.values()];
      sessions.clear();
      for (const session of all) session.stop();
    },
    size: () => sessions.size,
  };
}

function heldSession(
  fields: Pick<HeldSession, "id" | "place" | "identityId" | "digest">,
): HeldSession {
  const connections = new Set<Duplex>();
  const endings: (() => void)[] = [];
  return {
    ...fields,
    hold: (connection) => {
      if (connections.size >= limits.connectionsPerSessionMax) {
        const says = `The session holds ${connections.size} connections; the limit is ${limits.connectionsPerSessionMax}.`;
        throw networkError("TooManyConnections", says);
      }
      connections.add(connection);
      connection.once("close", () => connections.delete(connection));
    },
    onEnd: (run) => void endings.push(run),
    stop: () => {
      for (const run of endings.splice(0)) run();
      for (const connection of connections) connection.destroy();
    },
  };
}

/** Secrets are compared, and kept, by their digest: equal lengths, and nothing to read in memory. */
const digestOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();
