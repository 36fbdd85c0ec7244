/** The tenant's applications: client ids and their secrets, which are kept as scrypt hashes. */
import { scrypt, timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { CodedError, guid, limits } from "../core/index.ts";
import type { Clock, Random } from "../core/index.ts";

export interface Application {
  /** The client id. */
  readonly appId: string;
  /** The service principal's object id: what role assignments name. */
  readonly objectId: string;
  readonly displayName: string;
}

/** An application with its secret in clear: the one time that it is known. */
export interface ApplicationWithSecret extends Application {
  readonly secret: string;
}

export interface Applications {
  readonly get: (appId: string) => Application | undefined;
  readonly list: () => readonly Application[];
  /** @throws CodedError TooManyApplications. */
  readonly create: (displayName: string) => Promise<ApplicationWithSecret>;
  /** Gives the application a new secret; the old one is refused from then on. Undefined when there is no such application. */
  readonly rotateSecret: (appId: string) => Promise<ApplicationWithSecret | undefined>;
  /** Whether the secret is the application's, in constant time. Costs some 30 ms of a pool thread: it is scrypt. */
  readonly verifySecret: (appId: string, secret: string) => Promise<boolean>;
  /** @returns whether there was such an application. */
  readonly remove: (appId: string) => boolean;
}

/** The applications table of a database; made when missing. Writes are durable as the database is set up to be. */
export function openApplications(options: {
  readonly database: DatabaseSync;
  readonly clock: Clock;
  readonly random: Random;
}): Applications {
  const { database, clock, random } = options;
  database.exec(schema);
  const insert = database.prepare(
    "INSERT INTO applications (appId, objectId, displayName, salt, hash, createdMs) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const update = database.prepare("UPDATE applications SET salt = ?, hash = ? WHERE appId = ?");
  const select = database.prepare("SELECT * FROM applications WHERE appId = ?");
  const all = database.prepare("SELECT * FROM applications ORDER BY createdMs, appId");
  const count = database.prepare("SELECT count(*) AS size FROM applications");
  const drop = database.prepare("DELETE FROM applications WHERE appId = ?");
  const get = (appId: string): Application | undefined => applicationOf(select.get(key(appId)));
  return {
    get,
    list: () => all.all().flatMap((row) => applicationOf(row) ?? []),
    async create(displayName) {
      if (Number(count.get()?.["size"]) >= limits.applicationsMax) throw tooMany();
      const application = { appId: guid(random), objectId: guid(random), displayName };
      const { secret, salt, hash } = await newSecret(random);
      const { appId, objectId } = application;
      insert.run(appId, objectId, displayName, salt, hash, clock.nowMs());
      return { ...application, secret };
    },
    async rotateSecret(appId) {
      const application = get(appId);
      if (application === undefined) return undefined;
      const { secret, salt, hash } = await newSecret(random);
      update.run(salt, hash, application.appId);
      return { ...application, secret };
    },
    async verifySecret(appId, secret) {
      const row = select.get(key(appId));
      const salt = row?.["salt"];
      const hash = row?.["hash"];
      if (!(salt instanceof Uint8Array) || !(hash instanceof Uint8Array)) return false;
      return timingSafeEqual(await hashOf(secret, salt), hash);
    },
    remove: (appId) => drop.run(key(appId)).changes > 0,
  };
}

/**
 * The application that administers the platform. The first call makes it and returns its secret; later calls return it
 * without. The caller keeps the secret in a 0600 file; when that is lost, `rotateSecret` gives another.
 */
export async function bootstrapCredential(
  applications: Applications,
): Promise<Application & { readonly secret: string | undefined }> {
  const present = applications.list().find(({ displayName }) => displayName === bootstrapName);
  if (present !== undefined) return { ...present, secret: undefined };
  return applications.create(bootstrapName);
}

const bootstrapName = "linkscope-bootstrap";

const schema = `CREATE TABLE IF NOT EXISTS applications (
  appId TEXT PRIMARY KEY, objectId TEXT NOT NULL UNIQUE, displayName TEXT NOT NULL,
  salt BLOB NOT NULL, hash BLOB NOT NULL, createdMs INTEGER NOT NULL
) STRICT`;

const key = (appId: string): string => appId.toLowerCase();

function applicationOf(
  row: Readonly<Record<string, unknown>> | undefined,
): Application | undefined {
  if (row === undefined) return undefined;
  const { appId, objectId, displayName } = row;
  return {
    appId: String(appId),
    objectId: String(objectId),
    displayName: String(displayName),
  };
}

async function newSecret(
  random: Random,
): Promise<{ readonly secret: string; readonly salt: Buffer; readonly hash: Buffer }> {
  const secret = random.bytes(32).toString("base64url");
  const salt = random.bytes(16);
  return { secret, salt, hash: await hashOf(secret, salt) };
}

const derive = promisify<string, Uint8Array, number, Buffer>(scrypt);
const hashOf = (secret: string, salt: Uint8Array): Promise<Buffer> => derive(secret, salt, 32);

const tooMany = (): CodedError =>
  new CodedError(
    "TooManyApplications",
    `The tenant has ${limits.applicationsMax} applications, the most it may have. Delete those that are not used.`,
    { status: 400 },
  );
